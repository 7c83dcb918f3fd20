//! Attacks along the gradient of the cross-entropy: FGSM and PGD.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use snode_ode::Real;

use super::{Attack, Image, Point, Products, Pursuit, Step, check_iterations, check_not_negative};
use crate::AttackError;
use crate::norm::{Norm, project};

/// One step along the gradient of the cross-entropy (Goodfellow, Shlens and Szegedy, "Explaining and
/// harnessing adversarial examples", ICLR 2015): ε times its sign in the ∞-norm, ε times the gradient
/// over its length in the 2-norm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FastGradient {
    /// The norm of the perturbation.
    pub norm: Norm,
    /// ε.
    pub radius: f64,
}

impl Default for FastGradient {
    /// The sign method with ε = 0.1.
    fn default() -> Self {
        Self { norm: Norm::Infinity, radius: 0.1 }
    }
}

impl<T: Real> Attack<T> for FastGradient {
    fn name(&self) -> &'static str {
        "fgsm"
    }

    fn norm(&self) -> Norm {
        self.norm
    }

    fn check(&self, _: usize) -> Result<(), AttackError> {
        check_not_negative("radius", self.radius)
    }

    fn products(&self, _: usize) -> usize {
        1
    }

    fn begin<'a>(&'a self, image: Image<'a, T>) -> Box<dyn Pursuit<T> + 'a> {
        let options = ProjectedGradient {
            norm: self.norm,
            radius: Some(self.radius),
            step: self.radius,
            iterations: 1,
            random_start: false,
            restarts: 0,
        };
        Box::new(Ascent::new(options, image))
    }
}

/// Steps of fixed length along the gradient of the cross-entropy, projected onto a ball around the
/// clean image (Madry et al., "Towards deep learning models resistant to adversarial attacks", ICLR
/// 2018; the basic iterative method without its random start).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProjectedGradient {
    /// The norm of steps and of the ball: a step goes along the gradient over its length in the
    /// 2-norm, and along its sign in the ∞-norm.
    pub norm: Norm,
    /// ε, the radius of the ball; there is none if not given.
    pub radius: Option<f64>,
    /// The length of a step.
    pub step: f64,
    /// How many steps, from every start.
    pub iterations: usize,
    /// Whether it starts at a random point of the ball: uniform in the ∞-norm, in a random direction
    /// with a uniform distance in the 2-norm. Needs a radius.
    pub random_start: bool,
    /// How often it starts anew. Needs random starts.
    pub restarts: usize,
}

impl Default for ProjectedGradient {
    /// 30 steps of 0.03 in the 2-norm from the clean image, as the paper has them.
    fn default() -> Self {
        Self {
            norm: Norm::Two,
            radius: None,
            step: 0.03,
            iterations: 30,
            random_start: false,
            restarts: 0,
        }
    }
}

impl<T: Real> Attack<T> for ProjectedGradient {
    fn name(&self) -> &'static str {
        "pgd"
    }

    fn norm(&self) -> Norm {
        self.norm
    }

    fn check(&self, _: usize) -> Result<(), AttackError> {
        check_not_negative("step", self.step)?;
        check_iterations(self.iterations)?;
        check_not_negative("radius", self.radius.unwrap_or(0.0))?;
        let holds = !self.random_start || self.radius.is_some();
        AttackError::require(holds, "random start", true, "only with a radius")?;
        let holds = self.restarts == 0 || self.random_start;
        AttackError::require(holds, "restarts", self.restarts, "only with a random start")?;
        AttackError::require(self.restarts <= 10_000, "restarts", self.restarts, "0 to 10000")
    }

    fn products(&self, _: usize) -> usize {
        1
    }

    fn begin<'a>(&'a self, image: Image<'a, T>) -> Box<dyn Pursuit<T> + 'a> {
        Box::new(Ascent::new(*self, image))
    }
}

struct Ascent<'a, T> {
    options: ProjectedGradient,
    image: Image<'a, T>,
    /// Steps from the present start so far; nothing before it.
    done: Option<usize>,
    /// Starts still to come after the present one.
    starts_left: usize,
}

impl<'a, T: Real> Ascent<'a, T> {
    fn new(options: ProjectedGradient, image: Image<'a, T>) -> Self {
        let done = if options.random_start { None } else { Some(0) };
        Self { options, image, done, starts_left: options.restarts }
    }

    /// A random point of the ball.
    fn start(&mut self, next: &mut [T]) {
        let Image { clean, rng, .. } = &mut self.image;
        let radius = self.options.radius.unwrap_or(0.0);
        let (random, scale): (Vec<f64>, f64) = match self.options.norm {
            Norm::Infinity => {
                ((0..clean.len()).map(|_| rng.random_range(-1.0..=1.0)).collect(), radius)
            }
            Norm::Two => {
                let random: Vec<f64> =
                    (0..clean.len()).map(|_| StandardNormal.sample(rng)).collect();
                let length = random.iter().map(|v| v * v).sum::<f64>().sqrt();
                let part: f64 = rng.random_range(0.0..=1.0);
                (random, if length > 0.0 { part * radius / length } else { 0.0 })
            }
        };
        for ((next, clean), v) in next.iter_mut().zip(*clean).zip(&random) {
            *next = T::from_f64(clean.to_f64() + scale * v);
        }
    }
}

impl<T: Real> Pursuit<T> for Ascent<'_, T> {
    fn look(&mut self, at: Point<'_, T>, w: &mut [T]) -> Step {
        if self.done == Some(self.options.iterations) {
            if self.starts_left == 0 {
                return Step::End;
            }
            self.starts_left -= 1;
            self.done = None;
        }
        cross_entropy_slope(at.z, self.image.class, w);
        Step::On
    }

    fn advance(&mut self, at: Point<'_, T>, products: &Products<'_, T>, next: &mut [T]) {
        match self.done {
            None => {
                self.start(next);
                self.done = Some(0);
            }
            Some(done) => {
                let gradient = products.get(0);
                let length = match self.options.norm {
                    Norm::Two => Norm::Two.of(gradient),
                    Norm::Infinity => 1.0,
                };
                for ((next, x), g) in next.iter_mut().zip(at.x).zip(gradient) {
                    let g = g.to_f64();
                    let along = match self.options.norm {
                        Norm::Two => g / length,
                        Norm::Infinity if g == 0.0 => 0.0,
                        Norm::Infinity => g.signum(),
                    };
                    // Where the model is flat there is nowhere to go.
                    let along = if along.is_finite() { along } else { 0.0 };
                    *next = T::from_f64(x.to_f64() + self.options.step * along);
                }
                self.done = Some(done + 1);
            }
        }
        // Clipping to a box around the clean image never leaves the ball, so the order is free.
        if let Some(radius) = self.options.radius {
            project(self.options.norm, self.image.clean, radius, next);
        }
    }
}

/// The slope of the cross-entropy by the outputs, softmax(z) − e_c, over 1 − softmax(z)_c: the same
/// direction, but it does not vanish where the model is sure of itself.
fn cross_entropy_slope<T: Real>(z: &[T], class: usize, w: &mut [T]) {
    let others = || z.iter().enumerate().filter(|(j, _)| *j != class).map(|(_, z)| z.to_f64());
    let largest = others().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = others().map(|z| (z - largest).exp()).sum();
    for (j, (w, z)) in w.iter_mut().zip(z).enumerate() {
        *w = if j == class { -T::ONE } else { T::from_f64((z.to_f64() - largest).exp() / total) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_has_the_direction_of_softmax_minus_label() {
        let z = [0.3_f64, -1.2, 2.0, 0.7];
        let total: f64 = z.iter().map(|z| z.exp()).sum();
        for class in 0..4 {
            let mut w = [0.0; 4];
            cross_entropy_slope(&z, class, &mut w);
            let rest = 1.0 - z[class].exp() / total;
            for j in 0..4 {
                let label = f64::from(u8::from(j == class));
                assert!((w[j] * rest - (z[j].exp() / total - label)).abs() < 1e-15);
            }
        }
        let mut w = [0.0_f32; 3];
        cross_entropy_slope(&[300.0_f32, 0.0, 1.0], 0, &mut w);
        assert!((w[1] + w[2] - 1.0).abs() < 1e-6 && w[0] == -1.0, "{w:?}");
    }
}
