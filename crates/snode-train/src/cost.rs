//! The cost functional (S4) and its derivative by the output.

use faer::{Mat, MatMut, MatRef};
use snode_ode::{Activation, Network, Readout, Real, SolveError};

use crate::probe::curvature_probe;
use crate::{CostValue, Line, Loss, Penalty, TargetKind, TargetsRef, TrainError};

/// The weights and targets of (S4):
///
/// J = (1/M) Σᵢ \[ μ₁/2 ‖xᵢ(T) − yᵢ‖² + μ₂ H(yᵢ, softmax(xᵢ(T)\[0..C\])) + μ₃/2 ‖xᵢ(T) − Tσ(0)1‖² \]
///     + μ₄/2 (‖W‖² + ‖b‖²).
///
/// Under a readout other than `components` the scores zᵢ take the place of xᵢ(T) (S41).
///
/// As a [`Loss`] it is the first three terms; an [`Objective`](crate::Objective) made of it has the fourth as its
/// penalty.
///
/// ```
/// use snode_train::Cost;
/// let cost = Cost::cross_entropy(10);
/// assert_eq!((cost.mu1, cost.mu2, cost.mu3, cost.mu4), (0.0, 1.0, 0.01, 0.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Weight of the squared distance to the target.
    pub mu1: f64,
    /// Weight of the cross-entropy.
    pub mu2: f64,
    /// Weight of the centring term, which makes the cost coercive under cross-entropy.
    pub mu3: f64,
    /// Weight decay.
    pub mu4: f64,
    /// The norm of the μ₄ term.
    pub penalty: Penalty,
    /// C, the number of classes; class c is component c of the output.
    pub classes: usize,
    /// Target of the components that are not the class, beyond the first C too.
    pub target_off: f64,
    /// Target of the class's component.
    pub target_on: f64,
    /// The centre of the μ₃ term in every component, or `None` for (S4)'s Tσ(0); for scores 0.
    pub centre: Option<f64>,
}

impl Cost {
    /// The L²-loss: μ = (1, 0, 0, 0), targets 0 and 1.
    pub fn l2(classes: usize) -> Self {
        Self {
            mu1: 1.0,
            mu2: 0.0,
            mu3: 0.0,
            mu4: 0.0,
            penalty: Penalty::L2,
            classes,
            target_off: 0.0,
            target_on: 1.0,
            centre: None,
        }
    }

    /// The cross-entropy loss: μ = (0, 1, 0.01, 0).
    pub fn cross_entropy(classes: usize) -> Self {
        Self { mu1: 0.0, mu2: 1.0, mu3: 0.01, ..Self::l2(classes) }
    }

    /// Refuses what cannot be trained: weights that are negative or not finite or all zero, and an
    /// L² target below the largest input when σ ≥ 0 (states only grow then).
    ///
    /// # Errors
    /// [`TrainError::Cost`] with the reason.
    pub fn check(&self, activation: Activation, largest_input: f64) -> Result<(), TrainError> {
        let weights = [("mu1", self.mu1), ("mu2", self.mu2), ("mu3", self.mu3), ("mu4", self.mu4)];
        for (name, weight) in weights {
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(TrainError::Cost(format!(
                    "{name} is {weight}; it must be finite and ≥ 0"
                )));
            }
        }
        self.penalty.check()?;
        if self.mu1 == 0.0 && self.mu2 == 0.0 {
            return Err(TrainError::Cost("mu1 and mu2 are both 0: nothing to learn".into()));
        }
        if self.classes == 0 {
            return Err(no_classes());
        }
        let lowest = self.target_off.min(self.target_on);
        if !(self.target_off.is_finite() && self.target_on.is_finite()) {
            return Err(TrainError::Cost("a target is not finite".into()));
        }
        if self.mu1 > 0.0 && activation.is_non_negative() && lowest < largest_input {
            return Err(TrainError::Cost(format!(
                "with {activation} states can only grow in depth, but the L² target {lowest} lies \
                 below the inputs, which reach {largest_input}: encode the inputs below the \
                 targets (background 0, foreground −1) or choose another activation"
            )));
        }
        Ok(())
    }

    /// The centre of the μ₃ term for a network: where inputs at 0 and zero parameters end up; 0 for scores.
    pub fn centre_for<T: Real>(&self, network: &Network<T>) -> f64 {
        self.centre.unwrap_or_else(|| match network.readout() {
            Readout::Components => network.grid().horizon() * network.activation().at_zero(),
            _ => 0.0,
        })
    }

    /// The first three terms of J and, in `terminal`, λ(T) = ∂J/∂x(T) (both n×M; or C×M, for scores).
    ///
    /// `centre` is that of the μ₃ term ([`Self::centre_for`]). The sums are taken in f64.
    ///
    /// # Errors
    /// If there is not one label a column, or one is not below C, or the output has fewer than C rows,
    /// or there are no columns, or `terminal` has another shape.
    pub fn value_and_terminal<T: Real>(
        &self,
        output: MatRef<'_, T>,
        labels: &[usize],
        centre: f64,
        mut terminal: MatMut<'_, T>,
    ) -> Result<CostValue, TrainError> {
        self.check_labels(output, labels)?;
        if terminal.shape() != output.shape() {
            return Err(TrainError::Solve(SolveError::Shape {
                operation: "the cost's derivative".into(),
                expected: output.shape(),
                found: terminal.shape(),
            }));
        }
        let per_sample = 1.0 / labels.len() as f64;
        let (mu1, mu2, mu3) = (self.mu1 * per_sample, self.mu2 * per_sample, self.mu3 * per_sample);
        let mut sum = CostValue::default();
        for (column, &label) in labels.iter().enumerate() {
            let x = output.col(column);
            let mut lambda = terminal.as_mut().col_mut(column);
            let normaliser = if mu2 == 0.0 {
                0.0
            } else {
                log_sum_exp((0..self.classes).map(|c| x[c].to_f64()))
            };
            for i in 0..output.nrows() {
                let value = x[i].to_f64();
                let distance = value - if i == label { self.target_on } else { self.target_off };
                let offset = value - centre;
                let mut derivative = mu1 * distance + mu3 * offset;
                sum.l2 += distance * distance;
                sum.centring += offset * offset;
                if mu2 != 0.0 && i < self.classes {
                    derivative += mu2 * (value - normaliser).exp();
                }
                if i == label {
                    sum.cross_entropy += normaliser - value;
                    derivative -= mu2;
                }
                lambda[i] = T::from_f64(derivative);
            }
        }
        Ok(CostValue {
            l2: mu1 / 2.0 * sum.l2,
            cross_entropy: if mu2 == 0.0 { 0.0 } else { mu2 * sum.cross_entropy },
            centring: mu3 / 2.0 * sum.centring,
            ..CostValue::default()
        })
    }

    /// The first three terms of J.
    ///
    /// # Errors
    /// As [`Self::value_and_terminal`].
    pub fn value<T: Real>(
        &self,
        output: MatRef<'_, T>,
        labels: &[usize],
        centre: f64,
    ) -> Result<CostValue, TrainError> {
        let mut terminal = Mat::zeros(output.nrows(), output.ncols());
        self.value_and_terminal(output, labels, centre, terminal.as_mut())
    }

    fn check_labels<T>(&self, output: MatRef<'_, T>, labels: &[usize]) -> Result<(), TrainError> {
        if self.classes == 0 {
            return Err(no_classes());
        }
        if output.nrows() < self.classes {
            return Err(TrainError::Width { width: output.nrows(), classes: self.classes });
        }
        if labels.len() != output.ncols() {
            return Err(TrainError::LabelCount { labels: labels.len(), columns: output.ncols() });
        }
        if labels.is_empty() {
            return Err(TrainError::EmptyBatch);
        }
        match labels.iter().find(|&&label| label >= self.classes) {
            Some(&label) => Err(TrainError::Label { label, classes: self.classes }),
            None => Ok(()),
        }
    }
}

impl<T: Real> Loss<T> for Cost {
    fn scores(&self) -> usize {
        self.classes
    }

    fn target_kind(&self) -> TargetKind {
        TargetKind::Classes
    }

    fn value_and_terminal(
        &self,
        network: &Network<T>,
        output: MatRef<'_, T>,
        targets: TargetsRef<'_>,
        terminal: MatMut<'_, T>,
    ) -> Result<CostValue, TrainError> {
        let centre = self.centre_for(network);
        self.value_and_terminal(output, targets.classes()?, centre, terminal)
    }

    /// Everything but the cross-entropy is a line; the cross-entropy needs z and ξ − ξ_label of the first C
    /// components: the softmax does not see a common shift, and ⟨ξ, softmax − y⟩ becomes a sum without
    /// cancellation.
    fn linearise(
        &self,
        network: &Network<T>,
        [output, sensitivity]: [MatRef<'_, T>; 2],
        targets: TargetsRef<'_>,
        line: &mut Line,
    ) -> Result<(), TrainError> {
        let labels = targets.classes()?;
        self.check_labels(output, labels)?;
        let centre = self.centre_for(network);
        let per_sample = 1.0 / labels.len() as f64;
        let (mut to_target, mut to_centre, mut squares) = (0.0, 0.0, 0.0);
        for (column, &label) in labels.iter().enumerate() {
            let (x, xi) = (output.col(column), sensitivity.col(column));
            let xi_label = xi[label].to_f64();
            for i in 0..x.nrows() {
                let (x, xi) = (x[i].to_f64(), xi[i].to_f64());
                let target = if i == label { self.target_on } else { self.target_off };
                to_target += xi * (x - target);
                to_centre += xi * (x - centre);
                squares += xi * xi;
                if i < self.classes && self.mu2 != 0.0 {
                    line.values.extend([x, xi - xi_label]);
                }
            }
        }
        let (mu1, mu3) = (self.mu1 * per_sample, self.mu3 * per_sample);
        line.constant = mu1 * to_target + mu3 * to_centre;
        line.slope = (mu1 + mu3) * squares;
        Ok(())
    }

    fn add_rest(&self, line: &Line, eta: f64, [first, second]: &mut [f64; 2]) {
        let sample_len = 2 * self.classes;
        let mu2 = self.mu2 * (1.0 / (line.values.len() / sample_len) as f64);
        for sample in line.values.chunks_exact(sample_len) {
            let pairs = || sample.chunks_exact(2).map(|pair| (pair[0], pair[1]));
            let largest = pairs().map(|(z, xi)| z + eta * xi).fold(f64::NEG_INFINITY, f64::max);
            let (mut sum, mut mean, mut square) = (0.0, 0.0, 0.0);
            for (z, xi) in pairs() {
                let weight = (z + eta * xi - largest).exp();
                sum += weight;
                mean += weight * xi;
                square += weight * xi * xi;
            }
            mean /= sum;
            *first += mu2 * mean;
            *second += mu2 * (square / sum - mean * mean).max(0.0);
        }
    }

    fn final_values(&self, output: MatRef<'_, T>, draw: u64) -> Mat<T> {
        curvature_probe([self.mu1 + self.mu3, self.mu2], self.classes, output, draw)
    }
}

fn no_classes() -> TrainError {
    TrainError::Cost("there are no classes".into())
}

/// ln Σ exp(zᵢ) without overflow.
pub(crate) fn log_sum_exp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    largest + values.map(|z| (z - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_entropy_stays_finite_for_huge_outputs() {
        let output = Mat::from_fn(4, 1, |i, _| if i == 1 { 1e4 } else { -1e4 });
        let value = Cost::cross_entropy(3).value(output.as_ref(), &[0], 0.0).unwrap();
        assert_eq!(value.cross_entropy, 2e4);
    }

    #[test]
    fn terminal_value_is_the_derivative() {
        let cost = Cost { mu1: 0.7, mu2: 1.3, mu3: 0.2, ..Cost::l2(3) };
        let x = Mat::from_fn(5, 2, |i, j| (i as f64 - 2.0 * j as f64).sin());
        let mut terminal = Mat::zeros(5, 2);
        cost.value_and_terminal(x.as_ref(), &[2, 0], 0.5, terminal.as_mut()).unwrap();
        let step = 1e-6;
        for j in 0..2 {
            for i in 0..5 {
                let shifted = |by: f64| {
                    let mut y = x.clone();
                    y[(i, j)] += by;
                    cost.value(y.as_ref(), &[2, 0], 0.5).unwrap().total()
                };
                let slope = (shifted(step) - shifted(-step)) / (2.0 * step);
                assert!((slope - terminal[(i, j)]).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let cost = Cost::l2(3);
        let x = Mat::<f64>::zeros(5, 2);
        assert!(matches!(cost.value(x.as_ref(), &[0], 0.0), Err(TrainError::LabelCount { .. })));
        assert!(matches!(cost.value(x.as_ref(), &[0, 3], 0.0), Err(TrainError::Label { .. })));
        let narrow = Mat::<f64>::zeros(2, 2);
        assert!(matches!(cost.value(narrow.as_ref(), &[0, 1], 0.0), Err(TrainError::Width { .. })));
        let none = Mat::<f64>::zeros(4, 0);
        assert!(matches!(cost.value(none.as_ref(), &[], 0.0), Err(TrainError::EmptyBatch)));
        let error = Cost::l2(0).value(x.as_ref(), &[0, 1], 0.0).unwrap_err();
        assert_eq!(error.to_string(), "the cost: there are no classes");
        let mut small = Mat::zeros(3, 2);
        let error = cost.value_and_terminal(x.as_ref(), &[0, 1], 0.0, small.as_mut()).unwrap_err();
        assert!(matches!(error, TrainError::Solve(SolveError::Shape { .. })), "{error}");
    }

    #[test]
    fn targets_below_the_inputs_need_an_activation_that_can_sink() {
        let cost = Cost::l2(10);
        assert!(cost.check(Activation::Relu, 0.0).is_ok());
        assert!(cost.check(Activation::Relu, 1.0).is_err());
        assert!(cost.check(Activation::Tanh, 1.0).is_ok());
        assert!(Cost::cross_entropy(10).check(Activation::Relu, 1.0).is_ok());
        assert!(Cost { mu3: -1.0, ..cost }.check(Activation::Tanh, 0.0).is_err());
    }
}
