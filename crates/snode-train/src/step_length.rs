//! The step length from the sensitivity problem (S9).

use faer::MatRef;
use snode_ode::Real;

use crate::{Cost, OptionError, TrainError};

/// φ′ of (S9): the derivative by η of the cost with x(T) replaced by x(T) + ηξ(T) and (W, b) by
/// (W, b) + ηd. φ is convex, so φ′ grows.
///
/// Everything but the cross-entropy is a line `constant` + `slope`·η; the cross-entropy needs the
/// first C rows of x(T) and ξ(T), which are copied here once.
#[derive(Debug, Default)]
pub struct LinearisedCost {
    constant: f64,
    slope: f64,
    mu2: f64,
    classes: usize,
    /// z and ξ − ξ_label of the first C components, sample by sample: the softmax does not see a
    /// common shift, and ⟨ξ, softmax − y⟩ becomes a sum without cancellation.
    outputs: Vec<(f64, f64)>,
}

/// The penalty's part of φ′ without its factor μ₄: ⟨(W,b), d⟩ and ‖d‖², in the norm of the penalty.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DecayProducts {
    /// ⟨(W,b), d⟩.
    pub parameters_direction: f64,
    /// ‖d‖².
    pub direction_direction: f64,
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

impl LinearisedCost {
    /// Sets φ′ from x(T) and ξ(T), both n×M (or from the scores of both, C×M), one label a column; `centre` is that of the
    /// μ₃ term. The memory is reused. φ′ of no data points is 0.
    ///
    /// # Panics
    /// If `output` and `sensitivity` differ in shape, there are more labels than columns, or a label
    /// is not a row.
    pub fn set<T: Real>(
        &mut self,
        cost: &Cost,
        output: MatRef<'_, T>,
        sensitivity: MatRef<'_, T>,
        labels: &[usize],
        centre: f64,
        decay: DecayProducts,
    ) {
        let per_sample = 1.0 / labels.len().max(1) as f64;
        self.mu2 = cost.mu2 * per_sample;
        self.classes = cost.classes;
        self.outputs.clear();
        let (mut to_target, mut to_centre, mut squares) = (0.0, 0.0, 0.0);
        for (column, &label) in labels.iter().enumerate() {
            let (x, xi) = (output.col(column), sensitivity.col(column));
            let xi_label = xi[label].to_f64();
            for i in 0..x.nrows() {
                let (x, xi) = (x[i].to_f64(), xi[i].to_f64());
                let target = if i == label { cost.target_on } else { cost.target_off };
                to_target += xi * (x - target);
                to_centre += xi * (x - centre);
                squares += xi * xi;
                if i < self.classes && self.mu2 != 0.0 {
                    self.outputs.push((x, xi - xi_label));
                }
            }
        }
        let (mu1, mu3) = (cost.mu1 * per_sample, cost.mu3 * per_sample);
        self.constant = mu1 * to_target + mu3 * to_centre + cost.mu4 * decay.parameters_direction;
        self.slope = (mu1 + mu3) * squares + cost.mu4 * decay.direction_direction;
    }

    /// φ′(η) and φ″(η).
    pub fn derivatives(&self, eta: f64) -> (f64, f64) {
        let (mut first, mut second) = (self.constant + self.slope * eta, self.slope);
        if self.mu2 != 0.0 {
            for sample in self.outputs.chunks_exact(self.classes) {
                let largest =
                    sample.iter().map(|(z, xi)| z + eta * xi).fold(f64::NEG_INFINITY, f64::max);
                let (mut sum, mut mean, mut square) = (0.0, 0.0, 0.0);
                for (z, xi) in sample {
                    let weight = (z + eta * xi - largest).exp();
                    sum += weight;
                    mean += weight * xi;
                    square += weight * xi * xi;
                }
                mean /= sum;
                first += self.mu2 * mean;
                second += self.mu2 * (square / sum - mean * mean).max(0.0);
            }
        }
        (first, second)
    }

    /// The root of φ′ for η > 0, φ′(0) being negative: one division without cross-entropy, a
    /// bracket grown from the Newton step and safeguarded Newton iterations with it.
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
        if self.mu2 == 0.0 {
            let eta = -self.constant / self.slope;
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
            if first >= 0.0 && second > 0.0 {
                return Ok(at(self.refine(low, high), false));
            }
            if first >= 0.0 {
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

    use super::*;

    fn linearised(cost: &Cost, x: &Mat<f64>, xi: &Mat<f64>, labels: &[usize]) -> LinearisedCost {
        let mut phi = LinearisedCost::default();
        phi.set(cost, x.as_ref(), xi.as_ref(), labels, 0.1, DecayProducts::default());
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
    fn separated(mu3: f64) -> LinearisedCost {
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
