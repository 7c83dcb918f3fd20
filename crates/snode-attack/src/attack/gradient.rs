//! Attacks along the gradient of a loss: FGSM and PGD.

use snode_ode::Real;

use super::{
    Attack, Attacker, Image, Loss, Point, Products, Step, check_iterations, check_not_negative,
    random_point,
};
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

    fn begin<'a>(&'a self, image: Image<'a, T>) -> Box<dyn Attacker<T> + 'a> {
        let options = ProjectedGradient {
            norm: self.norm,
            radius: Some(self.radius),
            step: self.radius,
            iterations: 1,
            random_start: false,
            restarts: 0,
            loss: Loss::CrossEntropy,
        };
        Box::new(GradientAttacker::new(options, image))
    }
}

/// Steps of fixed length along the gradient of a loss, projected onto a ball around the
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
    /// What is made larger.
    pub loss: Loss,
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
            loss: Loss::CrossEntropy,
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

    fn check(&self, classes: usize) -> Result<(), AttackError> {
        self.loss.check(classes)?;
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

    fn begin<'a>(&'a self, image: Image<'a, T>) -> Box<dyn Attacker<T> + 'a> {
        Box::new(GradientAttacker::new(*self, image))
    }
}

struct GradientAttacker<'a, T> {
    options: ProjectedGradient,
    image: Image<'a, T>,
    /// Steps from the present start so far; nothing before it.
    done: Option<usize>,
    /// Starts still to come after the present one.
    starts_left: usize,
}

impl<'a, T: Real> GradientAttacker<'a, T> {
    fn new(options: ProjectedGradient, image: Image<'a, T>) -> Self {
        let done = if options.random_start { None } else { Some(0) };
        Self { options, image, done, starts_left: options.restarts }
    }
}

impl<T: Real> Attacker<T> for GradientAttacker<'_, T> {
    fn look(&mut self, at: Point<'_, T>, w: &mut [T]) -> Step {
        if self.done == Some(self.options.iterations) {
            if self.starts_left == 0 {
                return Step::End;
            }
            self.starts_left -= 1;
            self.done = None;
        }
        self.options.loss.slope(at.z, self.image.class, w);
        Step::On
    }

    fn advance(&mut self, at: Point<'_, T>, products: &Products<'_, T>, next: &mut [T]) {
        match self.done {
            None => {
                let Image { clean, rng, .. } = &mut self.image;
                let radius = self.options.radius.unwrap_or(0.0);
                random_point::inside(self.options.norm, clean, radius, rng, next);
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
