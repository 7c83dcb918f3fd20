//! The squared loss for real targets (S72).

use faer::{MatMut, MatRef};
use snode_ode::{Network, Real};

use super::residual::{check_components, fitting, residuals};
use super::{Line, Loss};
use crate::{CostValue, TargetKind, TargetsRef, TrainError};

/// Half the squared distance of the first m components of x(T), or of the scores, to the target (S72):
/// φ = ½‖z − y‖².
///
/// ```
/// use snode_train::{Loss, SquaredLoss, TargetKind};
/// let loss = SquaredLoss { components: 2 };
/// assert_eq!(Loss::<f64>::target_kind(&loss), TargetKind::Values);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SquaredLoss {
    /// m ≥ 1, the components of a target.
    pub components: usize,
}

impl<T: Real> Loss<T> for SquaredLoss {
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
        let values = fitting(self.components, output, targets)?;
        let per_point = 1.0 / values.ncols() as f64;
        let mut sum = 0.0;
        for (i, j, residual) in residuals(output, values) {
            sum += residual * residual;
            terminal[(i, j)] = T::from_f64(per_point * residual);
        }
        Ok(CostValue { other: per_point / 2.0 * sum, ..CostValue::default() })
    }

    fn linearise(
        &self,
        _: &Network<T>,
        [output, sensitivity]: [MatRef<'_, T>; 2],
        targets: TargetsRef<'_>,
        line: &mut Line,
    ) -> Result<(), TrainError> {
        let values = fitting(self.components, output, targets)?;
        let per_point = 1.0 / values.ncols() as f64;
        let (mut products, mut squares) = (0.0, 0.0);
        for (i, j, residual) in residuals(output, values) {
            let xi = sensitivity[(i, j)].to_f64();
            products += xi * residual;
            squares += xi * xi;
        }
        line.constant = per_point * products;
        line.slope = per_point * squares;
        Ok(())
    }

    fn attains_minimum(&self) -> bool {
        true
    }

    fn check(&self) -> Result<(), TrainError> {
        check_components(self.components)
    }
}
