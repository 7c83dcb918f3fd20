//! Huber's loss for real targets (S73).

use faer::{MatMut, MatRef};
use snode_ode::{Network, Real};

use super::residual::{check_components, fitting, residuals};
use super::{Line, Loss};
use crate::{CostValue, OptionError, TargetKind, TargetsRef, TrainError};

/// Huber's loss (S73): half the square of residuals up to δ, and linear beyond, so that single data
/// points far away do not rule the fit.
///
/// ```
/// use snode_train::HuberLoss;
/// let loss = HuberLoss { components: 1, delta: 0.5 };
/// assert_eq!(loss.value_and_slope(0.2), (0.2 * 0.2 / 2.0, 0.2));
/// assert_eq!(loss.value_and_slope(-2.0), (0.5 * (2.0 - 0.25), -0.5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HuberLoss {
    /// m ≥ 1, the components of a target.
    pub components: usize,
    /// δ > 0, in the units of the targets.
    pub delta: f64,
}

impl HuberLoss {
    /// H_δ(r) and its derivative.
    pub fn value_and_slope(&self, residual: f64) -> (f64, f64) {
        let (size, delta) = (residual.abs(), self.delta);
        let value =
            if size <= delta { residual * residual / 2.0 } else { delta * (size - delta / 2.0) };
        (value, self.slope(residual))
    }

    /// max(−δ, min(r, δ)); NaN stays NaN.
    fn slope(&self, residual: f64) -> f64 {
        if residual > self.delta {
            self.delta
        } else if residual < -self.delta {
            -self.delta
        } else {
            residual
        }
    }
}

impl<T: Real> Loss<T> for HuberLoss {
    fn scores(&self) -> usize {
        self.components
    }

    fn target_kind(&self) -> TargetKind {
        TargetKind::Values
    }

    fn value_and_terminal(
        &self,
        _: &Network<T>,
        output: MatRef<'_, T>,
        targets: TargetsRef<'_>,
        mut terminal: MatMut<'_, T>,
    ) -> Result<CostValue, TrainError> {
        Loss::<T>::check(self)?;
        let values = fitting(self.components, output, targets)?;
        let per_point = 1.0 / values.ncols() as f64;
        let mut sum = 0.0;
        for (i, j, residual) in residuals(output, values) {
            let (value, slope) = self.value_and_slope(residual);
            sum += value;
            terminal[(i, j)] = T::from_f64(per_point * slope);
        }
        Ok(CostValue { other: per_point * sum, ..CostValue::default() })
    }

    fn linearise(
        &self,
        _: &Network<T>,
        [output, sensitivity]: [MatRef<'_, T>; 2],
        targets: TargetsRef<'_>,
        line: &mut Line,
    ) -> Result<(), TrainError> {
        let values = fitting(self.components, output, targets)?;
        for (i, j, residual) in residuals(output, values) {
            line.values.extend([residual, sensitivity[(i, j)].to_f64()]);
        }
        Ok(())
    }

    fn add_rest(&self, line: &Line, eta: f64, derivatives: &mut [f64; 2]) {
        let per_point = (2 * self.components) as f64 / line.values.len() as f64;
        let (mut first, mut second) = (0.0, 0.0);
        for pair in line.values.chunks_exact(2) {
            let (residual, xi) = (pair[0] + eta * pair[1], pair[1]);
            first += xi * self.slope(residual);
            if residual.abs() <= self.delta {
                second += xi * xi;
            }
        }
        derivatives[0] += per_point * first;
        derivatives[1] += per_point * second;
    }

    fn attains_minimum(&self) -> bool {
        true
    }

    fn check(&self) -> Result<(), TrainError> {
        check_components(self.components)?;
        let is_length = self.delta.is_finite() && self.delta > 0.0;
        Ok(OptionError::require("huber_delta", self.delta, is_length, "more than 0, finite")?)
    }
}
