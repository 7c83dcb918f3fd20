//! APGD: projected gradients that choose their own steps.

use snode_ode::Real;

use super::{
    Attack, Attacker, Image, Loss, Point, Products, Step, check_iterations, check_not_negative,
    random_point,
};
use crate::AttackError;
use crate::norm::{Norm, project};

/// Projected gradients with momentum and step lengths of their own (S61): APGD, the parameter-free
/// attack of AutoAttack (Croce and Hein, "Reliable evaluation of adversarial robustness with an
/// ensemble of diverse parameter-free attacks", ICML 2020, Algorithm 1).
///
/// Steps begin with 2ε. At checkpoints, which come closer and closer, a step is halved and the best
/// point so far is returned to if the loss rose in fewer than three quarters of the steps since the last
/// one, or if it is no higher than there with the same step length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AutoPgd {
    /// The norm of steps and of the ball.
    pub norm: Norm,
    /// ε, the radius of the ball.
    pub radius: f64,
    /// How many steps, from every start.
    pub iterations: usize,
    /// What is made larger.
    pub loss: Loss,
    /// Whether it starts at a random point of the ball's surface; else at the clean image.
    pub random_start: bool,
    /// How often it starts anew. Needs random starts.
    pub restarts: usize,
}

impl Default for AutoPgd {
    /// AutoAttack's: 100 steps from one random start, the cross-entropy; ε = 0.5 in the 2-norm.
    fn default() -> Self {
        Self {
            norm: Norm::Two,
            radius: 0.5,
            iterations: 100,
            loss: Loss::CrossEntropy,
            random_start: true,
            restarts: 0,
        }
    }
}

/// ρ: the part of the steps in which the loss must rise.
const RISING: f64 = 0.75;
/// α: how much of a step is the new one's; the rest is momentum.
const FRESH: f64 = 0.75;

impl<T: Real> Attack<T> for AutoPgd {
    fn name(&self) -> &'static str {
        "apgd"
    }

    fn norm(&self) -> Norm {
        self.norm
    }

    fn check(&self, classes: usize) -> Result<(), AttackError> {
        check_iterations(self.iterations)?;
        check_not_negative("radius", self.radius)?;
        let holds = self.restarts == 0 || self.random_start;
        AttackError::require(holds, "restarts", self.restarts, "only with a random start")?;
        AttackError::require(self.restarts <= 10_000, "restarts", self.restarts, "0 to 10000")?;
        self.loss.check(classes)
    }

    fn products(&self, _: usize) -> usize {
        1
    }

    fn begin<'a>(&'a self, image: Image<'a, T>) -> Box<dyn Attacker<T> + 'a> {
        Box::new(AutoPgdAttacker {
            options: self,
            done: if self.random_start { None } else { Some(0) },
            starts_left: self.restarts,
            value: f64::NAN,
            previous: image.clean.to_vec(),
            best: Best { value: f64::NAN, x: Vec::new(), gradient: Vec::new() },
            steps: StepLengths::new(self.radius, self.iterations),
            image,
        })
    }
}

/// The point with the largest loss since the last start.
struct Best<T> {
    value: f64,
    x: Vec<T>,
    gradient: Vec<T>,
}

struct AutoPgdAttacker<'a, T> {
    options: &'a AutoPgd,
    image: Image<'a, T>,
    /// Steps from the present start so far; nothing before it.
    done: Option<usize>,
    /// Starts still to come after the present one.
    starts_left: usize,
    /// The loss at the present point.
    value: f64,
    /// The point before the present one.
    previous: Vec<T>,
    best: Best<T>,
    steps: StepLengths,
}

/// The length of steps, and what it depends on.
struct StepLengths {
    length: f64,
    /// Steps from one checkpoint to the next, and what is taken from it at each, and its least.
    interval: usize,
    shorter: usize,
    shortest: usize,
    /// Steps since the last checkpoint, and in how many of them the loss rose.
    since: usize,
    rises: usize,
    /// The loss one step ago.
    last: f64,
    /// The largest loss at the last checkpoint, and whether the length was halved there.
    best_at_checkpoint: f64,
    halved: bool,
}

impl StepLengths {
    fn new(radius: f64, iterations: usize) -> Self {
        let part = |percent: usize| (iterations * percent / 100).max(1);
        Self {
            length: 2.0 * radius,
            interval: part(22),
            shorter: part(3),
            shortest: part(6),
            since: 0,
            rises: 0,
            last: f64::NAN,
            best_at_checkpoint: f64::NAN,
            halved: true,
        }
    }

    /// Begins at a point with this loss.
    fn begin(&mut self, value: f64) {
        (self.last, self.best_at_checkpoint) = (value, value);
    }

    /// Takes note of the loss after a step. Whether the step length was halved.
    fn note(&mut self, value: f64, best: f64) -> bool {
        self.rises += usize::from(value > self.last);
        self.last = value;
        self.since += 1;
        if self.since < self.interval {
            return false;
        }
        let oscillates = self.rises as f64 <= RISING * self.since as f64;
        let stands_still = !self.halved && self.best_at_checkpoint >= best;
        self.halved = oscillates || stands_still;
        if self.halved {
            self.length /= 2.0;
        }
        self.best_at_checkpoint = best;
        self.interval = self.interval.saturating_sub(self.shorter).max(self.shortest);
        (self.since, self.rises) = (0, 0);
        self.halved
    }
}

impl<T: Real> AutoPgdAttacker<'_, T> {
    /// A random point, with nothing known of any other.
    fn start(&mut self, next: &mut [T]) {
        let AutoPgd { norm, radius, iterations, .. } = *self.options;
        random_point::on_surface(norm, self.image.clean, radius, &mut self.image.rng, next);
        self.done = Some(0);
        self.steps = StepLengths::new(radius, iterations);
    }

    /// Whether the best point is to be gone on from instead of the present one, `at`.
    fn note(&mut self, at: Point<'_, T>, gradient: &[T], done: usize) -> bool {
        let begins = done == 0;
        if begins || self.value > self.best.value {
            let (x, gradient) = (at.x.to_vec(), gradient.to_vec());
            self.best = Best { value: self.value, x, gradient };
        }
        if begins {
            self.steps.begin(self.value);
            self.previous.copy_from_slice(at.x);
            return false;
        }
        self.steps.note(self.value, self.best.value)
    }

    /// The step from `x` along `gradient`, with momentum if it is not the first.
    fn step(&self, x: &[T], gradient: &[T], first: bool, next: &mut [T]) {
        let AutoPgd { norm, radius, .. } = *self.options;
        let length = match norm {
            Norm::Two => norm.of(gradient),
            Norm::Infinity => 1.0,
        };
        for ((next, x), g) in next.iter_mut().zip(x).zip(gradient) {
            let g = g.to_f64();
            let along = match norm {
                Norm::Two => g / length,
                Norm::Infinity if g == 0.0 => 0.0,
                Norm::Infinity => g.signum(),
            };
            // Where the model is flat there is nowhere to go.
            let along = if along.is_finite() { along } else { 0.0 };
            *next = T::from_f64(x.to_f64() + self.steps.length * along);
        }
        project(norm, self.image.clean, radius, next);
        if first {
            return;
        }
        self.image.bounds.clip(next);
        for ((next, x), previous) in next.iter_mut().zip(x).zip(&self.previous) {
            let (stepped, x, previous) = (next.to_f64(), x.to_f64(), previous.to_f64());
            *next = T::from_f64(x + FRESH * (stepped - x) + (1.0 - FRESH) * (x - previous));
        }
        project(norm, self.image.clean, radius, next);
    }
}

impl<T: Real> Attacker<T> for AutoPgdAttacker<'_, T> {
    fn look(&mut self, at: Point<'_, T>, w: &mut [T]) -> Step {
        if self.done == Some(self.options.iterations) {
            if self.starts_left == 0 {
                return Step::End;
            }
            self.starts_left -= 1;
            self.done = None;
        }
        self.value = self.options.loss.value(at.z, self.image.class);
        self.options.loss.slope(at.z, self.image.class, w);
        Step::On
    }

    fn advance(&mut self, at: Point<'_, T>, products: &Products<'_, T>, next: &mut [T]) {
        let Some(done) = self.done else {
            return self.start(next);
        };
        let gradient = products.get(0);
        if self.note(at, gradient, done) {
            let Best { x, gradient, .. } = &self.best;
            self.step(x, gradient, false, next);
            self.previous.clone_from(&self.best.x);
        } else {
            self.step(at.x, gradient, done == 0, next);
            self.previous.copy_from_slice(at.x);
        }
        self.done = Some(done + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The checkpoints of Algorithm 1 for 100 steps: 22, 41, 57, 70, 80, 87, 93, 99.
    #[test]
    fn checkpoints_are_those_of_the_paper() {
        let mut steps = StepLengths::new(1.0, 100);
        steps.begin(0.0);
        // A loss that never rises: every checkpoint halves the step.
        let halved: Vec<usize> = (1..=100).filter(|_| steps.note(0.0, 0.0)).collect();
        assert_eq!(halved, [22, 41, 57, 70, 80, 87, 93, 99]);
        assert_eq!(steps.length, 2.0 / 256.0);
    }

    #[test]
    fn a_loss_that_rises_keeps_the_step_until_it_stands_still() {
        let mut steps = StepLengths::new(1.0, 100);
        steps.begin(0.0);
        assert!((1..=41).all(|k| !steps.note(f64::from(k), f64::from(k))));
        // Up and down below the best: rises in half of the steps.
        let halved: Vec<usize> =
            (42..=57).filter(|k| steps.note(f64::from(k % 2), 41.0)).map(|k| k as usize).collect();
        assert_eq!((halved, steps.length), (vec![57], 1.0));
    }
}
