//! The moving target of Algorithm 2.

use snode_ode::Real;

use super::boundary::closest_of;
use super::{
    Attack, Attacker, Image, Margin, Point, Products, Step, check_iterations, check_not_negative,
    step_along, unit_vectors,
};
use crate::AttackError;

/// Steps of fixed length towards whichever class is closest in the linearised map, chosen anew at
/// every step (S11, S12; Algorithm 2 of the paper with a moving target).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MovingTarget {
    /// s, the length of a step in the 2-norm.
    pub step: f64,
    /// How many steps at most.
    pub iterations: usize,
    /// How far beyond the boundary it aims.
    pub margin: Margin,
}

impl Default for MovingTarget {
    /// The paper's: 30 steps of 0.03, κ = 0.975.
    fn default() -> Self {
        Self { step: 0.03, iterations: 30, margin: Margin::default() }
    }
}

impl<T: Real> Attack<T> for MovingTarget {
    fn name(&self) -> &'static str {
        "moving-target"
    }

    fn check(&self, _: usize) -> Result<(), AttackError> {
        check_not_negative("step", self.step)?;
        check_iterations(self.iterations)?;
        self.margin.check()
    }

    fn products(&self, classes: usize) -> usize {
        classes
    }

    fn begin<'a>(&'a self, image: Image<'a, T>) -> Box<dyn Attacker<T> + 'a> {
        Box::new(MovingTargetAttacker { options: self, image, done: 0 })
    }
}

struct MovingTargetAttacker<'a, T> {
    options: &'a MovingTarget,
    image: Image<'a, T>,
    /// Steps so far.
    done: usize,
}

impl<T: Real> Attacker<T> for MovingTargetAttacker<'_, T> {
    fn look(&mut self, _: Point<'_, T>, w: &mut [T]) -> Step {
        if self.done == self.options.iterations {
            return Step::End;
        }
        unit_vectors(w, self.image.classes);
        Step::On
    }

    fn advance(&mut self, at: Point<'_, T>, products: &Products<'_, T>, next: &mut [T]) {
        self.done += 1;
        let Image { class, rng, .. } = &mut self.image;
        let way = closest_of(at.z, *class, products, self.options.margin);
        let direction = way.map(|way| way.direction).unwrap_or_default();
        step_along(at.x, self.options.step, &direction, rng, next);
    }
}
