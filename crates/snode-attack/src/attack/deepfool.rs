//! DeepFool.

use snode_ode::Real;

use super::boundary::closest_of;
use super::{
    Attack, Attacker, Image, Margin, Norm, Point, Products, Step, check_iterations,
    check_not_negative, unit_vectors,
};
use crate::AttackError;

/// Newton-like steps onto the closest boundary of the linearised map, until it is crossed
/// (Moosavi-Dezfooli, Fawzi and Frossard, "DeepFool", CVPR 2016, Algorithm 2).
///
/// Steps r = ((z_c − z_j)/‖v_j‖ + 10⁻⁴) v_j/‖v_j‖ are summed up, and points are x₀ + (1 + η) Σ r. The
/// closest relative of the moving target, whose steps have one length.
///
/// The 10⁻⁴ is not in the paper but in its authors' code. Where the box cuts steps short, each covers
/// a part of the distance only: without it such an image comes ever closer to the boundary and does
/// not get across.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeepFool {
    /// η.
    pub overshoot: f64,
    /// How many steps at most.
    pub iterations: usize,
}

/// What is added to the distance in every step.
const FURTHER: f64 = 1e-4;

impl Default for DeepFool {
    /// That of the paper: η = 0.02, 50 steps.
    fn default() -> Self {
        Self { overshoot: 0.02, iterations: 50 }
    }
}

impl<T: Real> Attack<T> for DeepFool {
    fn name(&self) -> &'static str {
        "deepfool"
    }

    fn check(&self, _: usize) -> Result<(), AttackError> {
        check_iterations(self.iterations)?;
        check_not_negative("overshoot", self.overshoot)
    }

    fn products(&self, classes: usize) -> usize {
        classes
    }

    fn begin<'a>(&'a self, image: Image<'a, T>) -> Box<dyn Attacker<T> + 'a> {
        let sum = vec![0.0; image.clean.len()];
        Box::new(DeepFoolAttacker { options: self, image, done: 0, sum })
    }
}

struct DeepFoolAttacker<'a, T> {
    options: &'a DeepFool,
    image: Image<'a, T>,
    /// Steps so far.
    done: usize,
    /// Σ r.
    sum: Vec<f64>,
}

impl<T: Real> Attacker<T> for DeepFoolAttacker<'_, T> {
    fn look(&mut self, at: Point<'_, T>, w: &mut [T]) -> Step {
        if at.fooled || self.done == self.options.iterations {
            return Step::End;
        }
        unit_vectors(w, self.image.classes);
        Step::On
    }

    fn advance(&mut self, at: Point<'_, T>, products: &Products<'_, T>, next: &mut [T]) {
        self.done += 1;
        if let Some(way) = closest_of(at.z, self.image.class, products, Margin::Additive(0.0)) {
            let scale = (way.distance + FURTHER) / Norm::Two.of(&way.direction);
            for (sum, v) in self.sum.iter_mut().zip(&way.direction) {
                *sum += scale * v.to_f64();
            }
        }
        for ((next, clean), sum) in next.iter_mut().zip(self.image.clean).zip(&self.sum) {
            *next = T::from_f64(clean.to_f64() + (1.0 + self.options.overshoot) * sum);
        }
    }
}
