//! The targeted attack of Algorithm 2.

use snode_ode::Real;

use super::{
    Attack, Attacker, Image, Margin, Point, Products, Step, check_iterations, check_not_negative,
    step_along,
};
use crate::AttackError;

/// Which class an image is led to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// All other classes one after the other, each from the clean image: the paper's nine attacks.
    #[default]
    Every,
    /// This one. Images of this very class are led nowhere.
    Class(usize),
}

/// Steps of fixed length towards one class in the linearised map (S11, S12; Algorithm 2 of the paper
/// with a fixed target).
///
/// An image counts as fooled when its class changes, to whichever.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Targeted {
    /// Which.
    pub target: Target,
    /// s, the length of a step in the 2-norm.
    pub step: f64,
    /// How many steps at most, for each target.
    pub iterations: usize,
    /// How far beyond the boundary it aims.
    pub margin: Margin,
}

impl Default for Targeted {
    /// The paper's: all targets, 30 steps of 0.03 each, κ = 0.975.
    fn default() -> Self {
        Self { target: Target::Every, step: 0.03, iterations: 30, margin: Margin::default() }
    }
}

impl<T: Real> Attack<T> for Targeted {
    fn name(&self) -> &'static str {
        "targeted"
    }

    fn check(&self, classes: usize) -> Result<(), AttackError> {
        check_not_negative("step", self.step)?;
        check_iterations(self.iterations)?;
        if let Target::Class(target) = self.target {
            let allowed = format!("0 to {}", classes.saturating_sub(1));
            AttackError::require(target < classes, "target", target, &allowed)?;
        }
        self.margin.check()
    }

    fn products(&self, _: usize) -> usize {
        1
    }

    fn begin<'a>(&'a self, image: Image<'a, T>) -> Box<dyn Attacker<T> + 'a> {
        let targets = match self.target {
            Target::Every => (0..image.classes).collect(),
            Target::Class(target) => vec![target],
        };
        let mut targets: Vec<usize> =
            targets.into_iter().filter(|&target| target != image.class).collect();
        targets.reverse();
        Box::new(TargetedAttacker { options: self, image, targets, done: 0, starts_over: false })
    }
}

struct TargetedAttacker<'a, T> {
    options: &'a Targeted,
    image: Image<'a, T>,
    /// The present one last, and before it those still to come.
    targets: Vec<usize>,
    /// Steps towards the present one so far.
    done: usize,
    /// Whether the next point is the clean image again.
    starts_over: bool,
}

impl<T: Real> Attacker<T> for TargetedAttacker<'_, T> {
    fn look(&mut self, _: Point<'_, T>, w: &mut [T]) -> Step {
        self.starts_over = self.done == self.options.iterations;
        if self.starts_over {
            self.targets.pop();
            self.done = 0;
        }
        w.fill(T::ZERO);
        match self.targets.last() {
            Some(&target) if self.options.iterations > 0 => {
                // v_j of (S11) is one adjoint column: there is no need of the whole matrix.
                w[target] = T::from_f64(self.options.margin.factor());
                w[self.image.class] = -T::ONE;
                Step::On
            }
            _ => Step::End,
        }
    }

    fn advance(&mut self, at: Point<'_, T>, products: &Products<'_, T>, next: &mut [T]) {
        if self.starts_over {
            next.copy_from_slice(self.image.clean);
            return;
        }
        self.done += 1;
        step_along(at.x, self.options.step, products.get(0), &mut self.image.rng, next);
    }
}
