//! The step length from the sensitivity problem (S9), (S71).

use faer::MatRef;
use snode_ode::{Network, Real, SolveError};

use crate::{DecayProducts, Line, Objective, OptionError, TargetsRef, TrainError};

/// φ′ of (S71), of which (S9) is the paper's: the derivative by η of the objective with x(T) replaced by x(T) + ηξ(T)
/// and (W, b) by (W, b) + ηd. φ is convex, so φ′ grows.
///
/// What is quadratic is a line `constant` + `slope`·η; for the rest the loss keeps what it needs of x(T)
/// and ξ(T), in memory that is used again.
#[derive(Clone, Debug)]
pub struct LinearisedCost<T: Real> {
    objective: Objective<T>,
    line: Line,
}

/// The minimiser of φ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepLength {
    /// η.
    pub eta: f64,
    /// φ′(0) = ⟨∇J, d⟩, negative for a direction of descent.
    pub initial_slope: f64,
    /// φ′(η): 0 up to round-off, or negative if the step was capped.
    pub residual: f64,
    /// Whether the caller's largest step was taken instead of the root.
    pub capped: bool,
}

/// How often the bracket may be doubled before φ′ is said to have no root.
const DOUBLINGS: usize = 60;
/// How many Newton and bisection steps a root may take; more than double precision ever needs.
const REFINEMENTS: usize = 200;

impl<T: Real> LinearisedCost<T> {
    /// Of an objective; φ′ is 0 until it is [set](Self::set).
    pub fn new(objective: impl Into<Objective<T>>) -> Self {
        Self { objective: objective.into(), line: Line::default() }
    }

    /// Sets φ′ from x(T) and ξ(T) of `network`, both n×M (or from the scores of both), and the targets. φ′ of
    /// no data points is the penalty's.
    ///
    /// # Errors
    /// If outputs, sensitivities or targets do not fit.
    pub fn set(
        &mut self,
        network: &Network<T>,
        outputs: [MatRef<'_, T>; 2],
        targets: TargetsRef<'_>,
        decay: DecayProducts,
    ) -> Result<(), TrainError> {
        self.line.clear();
        let [output, sensitivity] = outputs;
        if output.shape() != sensitivity.shape() {
            return Err(TrainError::Solve(SolveError::Shape {
                operation: "the cost along a direction".into(),
                expected: output.shape(),
                found: sensitivity.shape(),
            }));
        }
        if !targets.is_empty() {
            self.objective.loss().linearise(network, outputs, targets, &mut self.line)?;
        }
        let mu4 = self.objective.mu4;
        self.line.constant += mu4 * decay.parameters_direction;
        self.line.slope += mu4 * decay.direction_direction;
        Ok(())
    }

    /// φ′(η) and φ″(η).
    pub fn derivatives(&self, eta: f64) -> (f64, f64) {
        let Line { constant, slope, values } = &self.line;
        let mut derivatives = [constant + slope * eta, *slope];
        if !values.is_empty() {
            self.objective.loss().add_rest(&self.line, eta, &mut derivatives);
        }
        derivatives.into()
    }

    /// The root of φ′ for η > 0, φ′(0) being negative: one division where φ′ is a line, else a bracket
    /// grown from the Newton step and safeguarded Newton iterations.
    ///
    /// `largest` caps the step.
    ///
    /// # Errors
    /// [`TrainError::NoStepLength`] if φ′ stays negative as far as the bracket grows and there is
    /// no cap; [`TrainError::Diverged`] if φ′ is not finite; [`TrainError::Option`] if the cap is not
    /// positive.
    pub fn minimise(&self, largest: Option<f64>) -> Result<StepLength, TrainError> {
        if let Some(largest) = largest {
            OptionError::require("max_step", largest, largest > 0.0, "more than 0")?;
        }
        let (initial_slope, curvature) = self.derivatives(0.0);
        if !(initial_slope.is_finite() && curvature.is_finite()) {
            return Err(TrainError::Diverged {
                quantity: "the slope of the linearised cost",
                value: initial_slope,
                limit: None,
            });
        }
        let at = |eta: f64, capped| StepLength {
            eta,
            initial_slope,
            residual: self.derivatives(eta).0,
            capped,
        };
        if initial_slope >= 0.0 {
            return Ok(at(0.0, false));
        }
        let cap = largest.unwrap_or(f64::INFINITY);
        if cap.is_finite() && self.derivatives(cap).0 <= 0.0 {
            return Ok(at(cap, true));
        }
        if self.line.values.is_empty() {
            let eta = -self.line.constant / self.line.slope;
            if !eta.is_finite() {
                return Err(TrainError::NoStepLength { reached: 0.0, slope: initial_slope });
            }
            return Ok(at(eta, false));
        }
        let guess = -initial_slope / curvature;
        let mut low = 0.0;
        let mut high = if guess.is_finite() && guess > 0.0 { guess } else { 1.0 }.min(cap);
        for _ in 0..DOUBLINGS {
            let (first, second) = self.derivatives(high);
            let is_minimum = second > 0.0 || self.objective.loss().attains_minimum();
            if first > 0.0 || (first == 0.0 && is_minimum) {
                return Ok(at(self.refine(low, high), false));
            }
            if first == 0.0 {
                // Flat: the slope has underflowed on its way to 0.
                break;
            }
            low = high;
            high = (2.0 * high).min(cap);
        }
        Err(TrainError::NoStepLength { reached: low, slope: self.derivatives(low).0 })
    }

    /// The root between `low` (φ′ < 0) and `high` (φ′ ≥ 0): Newton where it stays inside the
    /// bracket, bisection where it does not, until φ′ vanishes or the bracket closes.
    fn refine(&self, mut low: f64, mut high: f64) -> f64 {
        let mut eta = high;
        let mut best = (f64::INFINITY, eta);
        for _ in 0..REFINEMENTS {
            let (first, second) = self.derivatives(eta);
            if first.abs() < best.0 {
                best = (first.abs(), eta);
            }
            if first == 0.0 {
                break;
            } else if first < 0.0 {
                low = eta;
            } else {
                high = eta;
            }
            let newton = eta - first / second;
            let inside = newton > low && newton < high;
            let next = if inside { newton } else { low + (high - low) / 2.0 };
            if next == eta || next <= low || next >= high {
                break;
            }
            eta = next;
        }
        best.1
    }
}

#[cfg(test)]
mod tests {
    use faer::Mat;
    use snode_ode::{Activation, Endpoint, Grid, Initialisation};

    use super::*;
    use crate::Cost;

    fn linearised(
        cost: &Cost,
        x: &Mat<f64>,
        xi: &Mat<f64>,
        labels: &[usize],
    ) -> LinearisedCost<f64> {
        let grid = Grid::new(1.0, 2, Endpoint::Excluded).unwrap();
        let network =
            Network::initial(x.nrows(), grid, Activation::Tanh, Initialisation::Constant, 1);
        let mut phi = LinearisedCost::new(Cost { centre: Some(0.1), ..*cost });
        let outputs = [x.as_ref(), xi.as_ref()];
        phi.set(&network, outputs, labels.into(), DecayProducts::default()).unwrap();
        phi
    }

    #[test]
    fn derivative_is_that_of_the_cost_along_the_line() {
        let cost = Cost { mu1: 0.4, mu2: 1.0, mu3: 0.05, ..Cost::l2(3) };
        let x = Mat::from_fn(4, 3, |i, j| (1.3 * i as f64 - j as f64).sin());
        let xi = Mat::from_fn(4, 3, |i, j| (0.7 * i as f64 + 2.0 * j as f64).cos());
        let labels = [0, 2, 1];
        let phi = linearised(&cost, &x, &xi, &labels);
        let value = |eta: f64| {
            let moved = Mat::from_fn(4, 3, |i, j| x[(i, j)] + eta * xi[(i, j)]);
            cost.value(moved.as_ref(), &labels, 0.1).unwrap().total()
        };
        for eta in [-1.0, 0.0, 0.5, 3.0] {
            let step = 1e-5;
            let slope = (value(eta + step) - value(eta - step)) / (2.0 * step);
            let (first, second) = phi.derivatives(eta);
            assert!((slope - first).abs() < 1e-9);
            let curvature =
                (phi.derivatives(eta + step).0 - phi.derivatives(eta - step).0) / (2.0 * step);
            assert!((curvature - second).abs() < 1e-9);
        }
    }

    /// Outputs that are all separated along ξ: cross-entropy alone falls for ever.
    fn separated(mu3: f64) -> LinearisedCost<f64> {
        let cost = Cost { mu3, ..Cost::cross_entropy(2) };
        let x = Mat::from_fn(2, 2, |i, j| if i == j { 1.0 } else { 0.0 });
        let xi = Mat::from_fn(2, 2, |i, j| if i == j { 1.0 } else { -1.0 });
        linearised(&cost, &x, &xi, &[0, 1])
    }

    #[test]
    fn a_missing_root_is_an_error_or_a_capped_step() {
        assert!(matches!(separated(0.0).minimise(None), Err(TrainError::NoStepLength { .. })));
        let capped = separated(0.0).minimise(Some(5.0)).unwrap();
        assert!(capped.capped && capped.eta == 5.0 && capped.residual < 0.0);
    }

    #[test]
    fn centring_makes_the_root_exist() {
        let step = separated(0.01).minimise(None).unwrap();
        assert!(step.eta > 0.0 && !step.capped);
        assert!(step.residual.abs() < 1e-15);
    }

    #[test]
    fn a_max_step_that_is_none_is_refused() {
        for largest in [0.0, -1.0, f64::NAN] {
            let error = separated(0.01).minimise(Some(largest)).unwrap_err();
            assert!(matches!(error, TrainError::Option(OptionError { option: "max_step", .. })));
        }
    }

    #[test]
    fn not_a_number_is_an_error() {
        let cost = Cost::cross_entropy(2);
        let x = Mat::from_fn(2, 1, |_, _| f64::NAN);
        let phi = linearised(&cost, &x, &x, &[0]);
        assert!(matches!(phi.minimise(Some(1.0)), Err(TrainError::Diverged { .. })));
    }
}
