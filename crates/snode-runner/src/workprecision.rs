//! Work against precision: how far schemes are from a tight reference, and what that takes.

use faer::{Mat, MatRef};
use snode_experiment::images::evaluation_set;
use snode_experiment::threads::pool;
use snode_experiment::{ObjectiveChoice, SchemeName, is_adaptive, with_precision};
use snode_ode::{
    Endpoint, Interpolation, Method, Network, Parameters, Perturbation, Problem, Real, SchemeChoice,
};
use snode_store::{read_network, read_network_as_f64};
use snode_train::{BatchCost, Stopwatch, Targets, TrainError};

use crate::error::{Error, Result};
use crate::number::Number;
use crate::refine::on_layers;
use crate::stored::{known_objective, scheme_for, stored_solver};
use crate::subject::Subject;

/// The relative and absolute tolerance of the reference, in double precision.
pub const REFERENCE: f64 = 1e-12;
/// How often each solve is timed; the shortest time counts.
const ROUNDS: usize = 3;

/// Which schemes are measured, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkOptions {
    /// The schemes.
    pub schemes: Vec<SchemeName>,
    /// The tolerances, relative and absolute, of the adaptive ones.
    pub tolerances: Vec<f64>,
    /// The numbers of steps of the others: multiples and divisors of the run's layers. Those layers, twice
    /// and four times as many, if empty.
    pub steps: Vec<usize>,
    /// On how many images, the first ones.
    pub images: usize,
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct WorkPrecision {
    /// On how many images.
    pub images: usize,
    /// The layers of the run.
    pub layers: usize,
    /// A point for each scheme at each tolerance or number of steps.
    pub points: Vec<WorkPoint>,
}

/// A scheme at one tolerance, or with one number of steps. Arrays are of the direct problem, x(T); the
/// gradient; and the sensitivity problem, ξ(T).
#[derive(Clone, Copy, Debug)]
pub struct WorkPoint {
    /// The scheme.
    pub scheme: SchemeName,
    /// The tolerance of an adaptive one.
    pub tolerance: Option<f64>,
    /// The steps of another one.
    pub steps: Option<usize>,
    /// ‖found − reference‖ / ‖reference‖ (S80).
    pub errors: [f64; 3],
    /// Seconds of the three problems; that of the adjoint problem with the gradient.
    pub seconds: [f64; 3],
    /// Right-hand sides of the three problems.
    pub right_hand_sides: [usize; 3],
}

/// What the arrays of a [`WorkPoint`] are of.
pub const QUANTITIES: [&str; 3] = ["x(T)", "gradient", "sensitivity"];

/// The observed order p of each fixed-step scheme in error ∼ h^p (S81): the slope of the line of least
/// squares through log error against log h. Nothing where there are fewer than two errors above 0.
pub fn orders(points: &[WorkPoint]) -> Vec<(SchemeName, [Option<f64>; 3])> {
    let mut names: Vec<SchemeName> = Vec::new();
    for point in points.iter().filter(|point| point.steps.is_some()) {
        if !names.contains(&point.scheme) {
            names.push(point.scheme);
        }
    }
    let order = |name: SchemeName, quantity: usize| {
        let of_scheme = points.iter().filter(|point| point.scheme == name);
        let logarithms: Vec<(f64, f64)> = of_scheme
            .filter_map(|point| Some((point.steps? as f64, point.errors[quantity])))
            .filter(|(_, error)| *error > 0.0 && error.is_finite())
            .map(|(steps, error)| (-steps.ln(), error.ln()))
            .collect();
        slope(&logarithms)
    };
    names.into_iter().map(|name| (name, [0, 1, 2].map(|quantity| order(name, quantity)))).collect()
}

fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    let (x, y) = (x / count, y / count);
    let products = points.iter().map(|point| (point.0 - x) * (point.1 - y));
    let squares: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    (squares > 0.0).then(|| products.sum::<f64>() / squares)
}

/// Measures the network of `subject` on its first images.
///
/// # Errors
/// If an option is refused, or the network cannot be read or solved.
pub fn work_precision(
    subject: &Subject,
    options: &WorkOptions,
    threads: Option<usize>,
) -> Result<WorkPrecision> {
    let layers = subject.summary.grid.steps();
    let cases = cases(subject, options, layers)?;
    let images = options.images.min(subject.split.len());
    let points = pool(threads)?.install(|| -> Result<Vec<WorkPoint>> {
        let reference = reference(subject, images)?;
        with_precision!(subject.summary.precision, T => {
            let problem = Setting::<T>::new(subject, images, read_network::<T>(&subject.run)?.network)?;
            cases.iter().map(|case| problem.point(case, &reference)).collect()
        })
    })?;
    Ok(WorkPrecision { images, layers, points })
}

/// What is measured at one point.
struct Case {
    scheme: SchemeName,
    choice: SchemeChoice,
    tolerance: Option<f64>,
    steps: Option<usize>,
}

fn cases(subject: &Subject, options: &WorkOptions, layers: usize) -> Result<Vec<Case>> {
    let (summary, experiment) = (&subject.summary, subject.experiment.as_ref());
    let mut steps = options.steps.clone();
    if steps.is_empty() {
        steps = vec![layers, 2 * layers, 4 * layers];
    }
    let wrong = |n: &&usize| **n == 0 || !(n.is_multiple_of(layers) || layers.is_multiple_of(**n));
    if let Some(wrong) = steps.iter().find(wrong) {
        return Err(Error::Refused(format!(
            "--steps: found {wrong}; expected multiples or divisors of {layers}, the run's layers, \
             whose nodes all have in common"
        )));
    }
    let mut cases = Vec::new();
    for &scheme in &options.schemes {
        if is_adaptive(scheme) {
            for &tolerance in &options.tolerances {
                let choice = scheme_for(Some(scheme), Some(tolerance), summary, experiment)?;
                cases.push(Case { scheme, choice, tolerance: Some(tolerance), steps: None });
            }
        } else {
            let choice = scheme_for(Some(scheme), None, summary, experiment)?;
            let case = |&steps| Case { scheme, choice, tolerance: None, steps: Some(steps) };
            cases.extend(steps.iter().map(case));
        }
    }
    Ok(cases)
}

/// What the three problems give, in double precision.
struct Solution {
    x: Mat<f64>,
    gradient: Parameters<f64>,
    xi: Mat<f64>,
}

fn reference(subject: &Subject, images: usize) -> Result<Solution> {
    let network = read_network_as_f64(&subject.run)?.network;
    let problem = Setting::<f64>::new(subject, images, network)?;
    let choice =
        scheme_for(Some(SchemeName::Dopri5), None, &subject.summary, subject.experiment.as_ref())?;
    let choice = match choice {
        SchemeChoice::Adaptive(options) => {
            let tight = options.tolerance(REFERENCE);
            SchemeChoice::Adaptive(snode_ode::AdaptiveOptions { method: Method::Dopri5, ..tight })
        }
        other => other,
    };
    Ok(problem.solve(&choice, None, 1)?.0)
}

/// A network with a batch, for one floating-point type.
struct Setting<T> {
    /// Its grid has a node at T.
    network: Network<T>,
    interpolation: Interpolation,
    x0: Mat<T>,
    targets: Targets,
    objective: Option<ObjectiveChoice>,
}

impl<T: Number> Setting<T> {
    fn new(subject: &Subject, images: usize, network: Network<T>) -> Result<Self> {
        let (summary, experiment) = (&subject.summary, subject.experiment.as_ref());
        let split = subject.first(Some(images))?;
        let set = evaluation_set::<T>(subject.split_name.text(), &split, subject.encoding)?;
        let network = network.with_endpoint(Endpoint::Included);
        let lifting = network.lifting();
        let mut x0 = Mat::zeros(lifting.width(), set.x.ncols());
        lifting.lift(set.x.as_ref(), x0.as_mut());
        let solver = stored_solver(summary, experiment).unwrap_or_default();
        let interpolation = solver.interpolation.unwrap_or(Interpolation::Hermite);
        let objective = known_objective(summary, experiment);
        Ok(Self { network, interpolation, x0, targets: set.targets, objective })
    }

    /// ∂J/∂x(T) of the run's cost, or of ½‖x(T)‖² where that is not known, as a mean over the images.
    fn terminal(&self, network: &Network<T>, output: MatRef<'_, T>) -> Result<Mat<T>> {
        let Some(objective) = &self.objective else {
            return Ok(mean_of(output));
        };
        let mut batch = BatchCost::new(objective.build::<T>());
        batch.evaluate(network, output, self.targets.as_ref())?;
        Ok(batch.terminal().to_owned())
    }

    /// Solves the three problems; the shortest times of so many rounds, and right-hand sides.
    fn solve(
        &self,
        choice: &SchemeChoice,
        steps: Option<usize>,
        rounds: usize,
    ) -> Result<(Solution, [f64; 3], [usize; 3])> {
        let layers = steps.unwrap_or(self.network.grid().steps());
        let network = on_layers(self.network.clone(), layers, self.interpolation)?
            .with_endpoint(choice.endpoint());
        let mut scheme = choice.build::<T>().map_err(|error| Error::Refused(error.to_string()))?;
        let failed = |error| Error::Train(TrainError::Solve(error));
        let mut gradient = network.parameters().zeros_like();
        let along = || Perturbation { parameters: Some(network.parameters()), input: None };
        let mut seconds = [f64::INFINITY; 3];
        let (mut x, mut xi, mut calls) = (Mat::zeros(0, 0), Mat::zeros(0, 0), [0; 3]);
        for _ in 0..rounds.max(1) {
            let mut clock = Stopwatch::start();
            let mut trajectory = scheme.direct(&network, self.x0.as_ref()).map_err(failed)?;
            let mut times = [clock.lap(), 0.0, 0.0];
            let terminal = self.terminal(&network, trajectory.output())?;
            clock.lap();
            trajectory.adjoint(terminal.as_ref(), Some(&mut gradient)).map_err(failed)?;
            times[1] = clock.lap();
            let solved = trajectory.sensitivity(along()).map_err(failed)?;
            times[2] = clock.lap();
            (x, xi) = (wide(solved.output), wide(solved.sensitivity));
            let problems = [Problem::Direct, Problem::Adjoint, Problem::Sensitivity];
            calls = problems.map(|problem| trajectory.statistics(problem).right_hand_sides);
            seconds.iter_mut().zip(times).for_each(|(least, time)| *least = least.min(time));
        }
        Ok((Solution { x, gradient: wide_parameters(&gradient), xi }, seconds, calls))
    }

    fn point(&self, case: &Case, reference: &Solution) -> Result<WorkPoint> {
        let (found, seconds, right_hand_sides) = self.solve(&case.choice, case.steps, ROUNDS)?;
        let layers = self.network.grid().steps();
        let gradient = gradient_error(&found, case.steps.unwrap_or(layers), reference, layers);
        let errors =
            [relative(&found.x, &reference.x), gradient, relative(&found.xi, &reference.xi)];
        let Case { scheme, tolerance, steps, .. } = *case;
        Ok(WorkPoint { scheme, tolerance, steps, errors, seconds, right_hand_sides })
    }
}

/// The error of the gradient at the nodes that both grids have, without the two next to each end: there
/// the gradient of a Runge–Kutta scheme carries the ends of its quadrature. NaN if there are none.
fn gradient_error(found: &Solution, steps: usize, reference: &Solution, layers: usize) -> f64 {
    let common = steps.min(layers);
    let (mut gap, mut size) = (0.0, 0.0);
    for node in 2..(common + 1).saturating_sub(2) {
        let own = found.gradient.node(node * (steps / common));
        let exact = reference.gradient.node(node * (layers / common));
        gap += own.iter().zip(exact).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        size += exact.iter().map(|value| value.powi(2)).sum::<f64>();
    }
    if size > 0.0 { (gap / size).sqrt() } else { f64::NAN }
}

/// x/M, the derivative of the mean of ½‖x‖² over M columns.
fn mean_of<T: Real>(x: MatRef<'_, T>) -> Mat<T> {
    let columns = x.ncols().max(1) as f64;
    Mat::from_fn(x.nrows(), x.ncols(), |i, j| T::from_f64(x[(i, j)].to_f64() / columns))
}

fn wide_parameters<T: Real>(parameters: &Parameters<T>) -> Parameters<f64> {
    let mut wide = Parameters::zeros(parameters.map(), parameters.nodes());
    for node in 0..parameters.nodes() {
        let values = wide.node_mut(node).iter_mut().zip(parameters.node(node));
        values.for_each(|(wide, value)| *wide = value.to_f64());
    }
    wide
}

fn wide<T: Real>(a: MatRef<'_, T>) -> Mat<f64> {
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)].to_f64())
}

fn relative(found: &Mat<f64>, exact: &Mat<f64>) -> f64 {
    (found - exact).norm_l2() / exact.norm_l2()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// error = h^p exactly.
    #[test]
    fn the_order_of_a_power_is_its_exponent() {
        let point = |steps: usize| WorkPoint {
            scheme: SchemeName::Rk4,
            tolerance: None,
            steps: Some(steps),
            errors: [4, 3, 2].map(|order| 3.0 * (steps as f64).powi(-order)),
            seconds: [0.0; 3],
            right_hand_sides: [0; 3],
        };
        let found = orders(&[point(10), point(20), point(40)]);
        assert_eq!((found.len(), found[0].0), (1, SchemeName::Rk4));
        for (order, expected) in found[0].1.into_iter().zip([4.0, 3.0, 2.0]) {
            assert!((order.unwrap() - expected).abs() < 1e-12);
        }
        assert_eq!(orders(&[point(10)])[0].1, [None; 3]);
    }
}
