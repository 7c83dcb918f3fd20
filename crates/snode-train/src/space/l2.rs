use snode_ode::{Parameters, Real};

use super::GradientSpace;

/// L²(0,T): the representative is the gradient (S6) as it stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct L2;

impl<T: Real> GradientSpace<T> for L2 {
    fn is_l2(&self) -> bool {
        true
    }

    fn represent(&mut self, gradient: &Parameters<T>, representative: &mut Parameters<T>) {
        representative.copy_from(gradient);
    }
}
