//! Checks of a configuration's derivatives: Taylor remainders and the adjoint identity.

use faer::{Mat, MatRef};
use snode_ode::{Network, Parameters, Perturbation, Real, Scheme};

use crate::{BatchCost, Objective, TargetsRef, TrainError};

/// What was measured. Exact derivatives give rates of 2 (3/2 where [`snode_ode::Activation::has_kink`]) and a gap
/// of the order of round-off.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientCheck {
    /// The step sizes ε, falling by halves.
    pub steps: Vec<f64>,
    /// |J(p + εd) − J(p) − ε⟨∇J, d⟩|.
    pub cost_remainders: Vec<f64>,
    /// ‖x(T; p + εd) − x(T; p) − εξ(T)‖.
    pub state_remainders: Vec<f64>,
    /// The fitted order of the cost's remainder; none if fewer than three remainders stand above what
    /// the accuracy explains, so that nothing was checked.
    pub cost_rate: Option<f64>,
    /// The fitted order of the state's remainder, likewise.
    pub state_rate: Option<f64>,
    /// |⟨Jd, w⟩ − ⟨d, Jᵀw⟩| / (‖Jd‖ ‖w‖) with w = Jd, for the derivative J of x(T) by the parameters. As
    /// w is no other than Jd, a gradient that is wrong by a factor leaves a gap as large.
    pub parameter_gap: f64,
    /// The same for the derivative by the input.
    pub input_gap: f64,
}

/// How far what a scheme computes may be trusted, relative to its size: remainders below that say
/// nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Accuracy {
    /// Of x(T), beside round-off.
    pub states: f64,
    /// Of λ(0) and ξ(T).
    pub derivatives: f64,
    /// Of ⟨∇J, d⟩, relative to ‖∇J‖ ‖d‖: where the gradient is sampled at nodes, the error of the
    /// inner product as an integral.
    pub gradient: f64,
}

impl Accuracy {
    /// Of schemes whose derivatives are those of their own discrete solution, up to round-off.
    pub const EXACT: Self = Self { states: 0.0, derivatives: 0.0, gradient: 0.0 };
}

/// How many step sizes are tried.
const STEPS: usize = 14;
/// To how many of the smallest usable steps a rate is fitted: the larger ones carry higher orders.
const FITTED: usize = 4;
/// To how many at least: two points are on a line whatever they are.
const FEWEST: usize = 3;

/// Measures how well gradient and sensitivity are the derivatives of cost and state, for the batch `x0`
/// (n×M), along a direction d in the parameters: half of it is `direction`, half the gradient itself, so
/// that ⟨∇J, d⟩ is not small by chance and an error of the gradient's length is seen.
///
/// Steps begin where the state moves by about a tenth of its size, so that the second-order term
/// stands far above round-off in `f32` too. Remainders that `accuracy` explains are left out of the
/// rates.
///
/// # Errors
/// If shapes or targets do not fit or a state is not finite.
pub fn check_gradient<'t, T: Real>(
    scheme: &mut dyn Scheme<T>,
    network: &Network<T>,
    objective: impl Into<Objective<T>>,
    x0: MatRef<'_, T>,
    targets: impl Into<TargetsRef<'t>>,
    direction: &Parameters<T>,
    accuracy: Accuracy,
) -> Result<GradientCheck, TrainError> {
    let grid = *network.grid();
    let (objective, targets) = (objective.into(), targets.into());
    let mut batch = BatchCost::new(objective.clone());
    let total_cost = |batch: &mut BatchCost<T>, output: MatRef<'_, T>, network: &Network<T>| {
        let mut value = batch.evaluate(network, output, targets)?;
        value.decay = objective.penalty_of(network.parameters(), &grid);
        Ok::<f64, TrainError>(value.total())
    };

    let mut trajectory = scheme.direct(network, x0)?;
    let output = trajectory.output().to_owned();
    let initial_cost = total_cost(&mut batch, output.as_ref(), network)?;
    let mut gradient = network.parameters().zeros_like();
    trajectory.adjoint(batch.terminal(), Some(&mut gradient))?;
    objective.add_penalty(network.parameters(), &grid, &mut gradient);
    let length = |p: &Parameters<T>| p.inner(p, &grid).max(0.0).sqrt();
    let inverse = |length: f64| if length > 0.0 { T::from_f64(1.0 / length) } else { T::ZERO };
    let mut d = direction.clone();
    d.combine(inverse(length(direction)), &gradient, inverse(length(&gradient)));
    let direction = &d;
    let slope = gradient.inner(direction, &grid);
    let largest_slope = length(&gradient) * length(direction);
    let along = Perturbation { parameters: Some(direction), input: None };
    let xi = trajectory.sensitivity(along)?.sensitivity.to_owned();

    // The adjoint identity with w = J d: ‖J d‖² = ⟨d, Jᵀ J d⟩.
    let mut pulled_back = network.parameters().zeros_like();
    trajectory.adjoint(xi.as_ref(), Some(&mut pulled_back))?;
    let parameter_gap = relative_gap(inner(&xi, &xi), pulled_back.inner(direction, &grid));
    let xi0 = Mat::from_fn(output.nrows(), output.ncols(), |i, j| {
        T::from_f64(((i * 3 + j * 5) as f64).cos())
    });
    let along = Perturbation { parameters: None, input: Some(xi0.as_ref()) };
    let input_xi = trajectory.sensitivity(along)?.sensitivity.to_owned();
    let input_pulled_back = trajectory.adjoint(input_xi.as_ref(), None)?.to_owned();
    let input_gap = relative_gap(inner(&input_xi, &input_xi), inner(&xi0, &input_pulled_back));

    let largest = 0.1 * norm(&output).max(f64::MIN_POSITIVE) / norm(&xi).max(f64::MIN_POSITIVE);
    let mut check = GradientCheck {
        steps: Vec::new(),
        cost_remainders: Vec::new(),
        state_remainders: Vec::new(),
        cost_rate: None,
        state_rate: None,
        parameter_gap,
        input_gap,
    };
    let mut moved = network.clone();
    let mut step = largest;
    for _ in 0..STEPS {
        // The step actually taken is the one the number type can hold.
        let taken = T::from_f64(step);
        moved.parameters_mut().copy_from(network.parameters());
        moved.parameters_mut().axpy(taken, direction);
        let trajectory = scheme.direct(&moved, x0)?;
        let there = trajectory.output();
        let taken = taken.to_f64();
        let state = Mat::<f64>::from_fn(output.nrows(), output.ncols(), |i, j| {
            there[(i, j)].to_f64() - output[(i, j)].to_f64() - taken * xi[(i, j)].to_f64()
        });
        let value = total_cost(&mut batch, there, &moved)?;
        check.steps.push(taken);
        check.cost_remainders.push((value - initial_cost - taken * slope).abs());
        check.state_remainders.push(norm(&state));
        step /= 2.0;
    }
    let epsilon = T::EPSILON.to_f64();
    let points = (targets.len() as f64).sqrt();
    // Where single kinks are passed, now more and now fewer, a few steps say nothing.
    let fitted = if network.activation().has_kink() { STEPS } else { FITTED };
    // An adaptive solve's error is some ten times the tolerance, hundreds of times where its steps
    // change; a remainder a few times as large has the right order.
    let values = |round_off: f64| 10.0 * round_off * epsilon + 1e3 * accuracy.states;
    let cost_noise = |step: f64| {
        let derivative = (accuracy.derivatives + accuracy.gradient) * largest_slope;
        values(0.4) * initial_cost.abs() + derivative * step
    };
    let state_noise = |step: f64| {
        values(3.0) * norm(&output).max(points) + accuracy.derivatives * norm(&xi) * step
    };
    check.cost_rate = rate(&check.steps, &check.cost_remainders, &cost_noise, fitted);
    check.state_rate = rate(&check.steps, &check.state_remainders, &state_noise, fitted);
    Ok(check)
}

/// The slope of ln remainder over ln step, by least squares over the last `fitted` remainders before
/// those at the end that are no more than noise. None if there are fewer than three.
fn rate(
    steps: &[f64],
    remainders: &[f64],
    noise: &dyn Fn(f64) -> f64,
    fitted: usize,
) -> Option<f64> {
    let speaks = |(step, remainder): (&f64, &f64)| *remainder > noise(*step);
    let end = steps.iter().zip(remainders).rposition(speaks).map_or(0, |last| last + 1);
    let points: Vec<(f64, f64)> = steps[..end]
        .iter()
        .zip(&remainders[..end])
        .filter(|(_, remainder)| **remainder > 0.0)
        .map(|(step, remainder)| (step.ln(), remainder.ln()))
        .collect();
    if points.len() < FEWEST {
        return None;
    }
    let points = &points[points.len().saturating_sub(fitted)..];
    let count = points.len() as f64;
    let mean_x = points.iter().map(|p| p.0).sum::<f64>() / count;
    let mean_y = points.iter().map(|p| p.1).sum::<f64>() / count;
    let covariance: f64 = points.iter().map(|p| (p.0 - mean_x) * (p.1 - mean_y)).sum();
    let variance: f64 = points.iter().map(|p| (p.0 - mean_x).powi(2)).sum();
    Some(covariance / variance)
}

/// |a − b| relative to a, which is the square of a norm.
fn relative_gap(a: f64, b: f64) -> f64 {
    (a - b).abs() / a.max(f64::MIN_POSITIVE)
}

fn inner<T: Real>(a: &Mat<T>, b: &Mat<T>) -> f64 {
    (0..a.ncols())
        .flat_map(|j| (0..a.nrows()).map(move |i| (i, j)))
        .map(|at| a[at].to_f64() * b[at].to_f64())
        .sum()
}

fn norm<T: Real>(a: &Mat<T>) -> f64 {
    inner(a, a).sqrt()
}
