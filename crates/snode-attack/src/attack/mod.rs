//! Methods of attack: one file each.

mod auto_pgd;
mod boundary;
mod carlini_wagner;
mod deepfool;
mod gradient;
mod loss;
mod moving_target;
mod random_point;
mod targeted;

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use snode_ode::Real;

pub use auto_pgd::AutoPgd;
pub use boundary::{Approach, Margin, approach, closest};
pub use carlini_wagner::CarliniWagner;
pub use deepfool::DeepFool;
pub use gradient::{FastGradient, ProjectedGradient};
pub use loss::Loss;
pub use moving_target::MovingTarget;
pub use targeted::{Target, Targeted};

use crate::AttackError;
use crate::norm::{Bounds, Norm};

/// A method of attack: how one image is led across the boundary of its class.
///
/// A method knows nothing of batches. For every image it begins a [`Attacker`], which is asked in
/// turns which directions of the output it wants derivatives of, and where to go with them.
/// Implement it to plug in another method; [`attack`](crate::attack) does the rest: it solves for
/// all images of a batch at once, recognises successes and keeps the smallest.
pub trait Attack<T: Real>: Sync {
    /// Its name in configurations and files.
    fn name(&self) -> &'static str;

    /// The norm by which the smallest successful perturbation is kept.
    fn norm(&self) -> Norm {
        Norm::Two
    }

    /// Checks its options against a model with this many classes.
    ///
    /// # Errors
    /// [`AttackError::Option`] for one out of its range.
    fn check(&self, classes: usize) -> Result<(), AttackError>;

    /// How many products Jᵀ w an image takes in a step, for a model with this many classes.
    fn products(&self, classes: usize) -> usize;

    /// Begins with one image.
    fn begin<'a>(&'a self, image: Image<'a, T>) -> Box<dyn Attacker<T> + 'a>;
}

/// An image under attack.
pub struct Image<'a, T> {
    /// The clean image, n numbers.
    pub clean: &'a [T],
    /// The class the model predicts for it, which is its label.
    pub class: usize,
    /// C, at least 2.
    pub classes: usize,
    /// The box it must stay in.
    pub bounds: Bounds,
    /// Random numbers of its own.
    pub rng: ChaCha8Rng,
}

/// Where an attack on an image stands.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a, T> {
    /// x, n numbers.
    pub x: &'a [T],
    /// z(x), C numbers.
    pub z: &'a [T],
    /// Whether the predicted class is another one than that of the clean image.
    pub fooled: bool,
}

/// Derivatives of an image's outputs: Jᵀ w for each of the wanted w, n numbers.
pub struct Products<'a, T> {
    /// Column `products`·i is that of the first of them.
    pub(crate) columns: faer::MatRef<'a, T>,
    pub(crate) points: usize,
    pub(crate) point: usize,
}

impl<T: Real> Products<'_, T> {
    /// Jᵀ w of the w with this number.
    ///
    /// # Panics
    /// If there is no such w.
    pub fn get(&self, number: usize) -> &[T] {
        let column = self.columns.col(number * self.points + self.point);
        column.try_as_col_major().map_or(&[], faer::ColRef::as_slice)
    }
}

/// Whether an attack on an image goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It goes on at the new point.
    On,
    /// It has gone as far as it goes.
    End,
}

/// The course of an attack on one image. Points begin at the clean image.
pub trait Attacker<T: Real>: Send {
    /// Looks at a point before derivatives are taken there: whether it goes on, and if so which
    /// weights w of the outputs it wants Jᵀ w of, C numbers one after the other for each.
    fn look(&mut self, at: Point<'_, T>, w: &mut [T]) -> Step;

    /// Writes the next point. It is clipped to the box afterwards.
    fn advance(&mut self, at: Point<'_, T>, products: &Products<'_, T>, next: &mut [T]);
}

/// The unit vectors: with them as weights, products are the rows of the sensitivity matrix (S10).
fn unit_vectors<T: Real>(w: &mut [T], classes: usize) {
    w.fill(T::ZERO);
    for one in w.iter_mut().step_by(classes + 1) {
        *one = T::ONE;
    }
}

/// `next` = `x` + `length` `direction`/‖`direction`‖₂, or a random direction where it is 0 or not
/// finite.
fn step_along<T: Real>(
    x: &[T],
    length: f64,
    direction: &[T],
    rng: &mut ChaCha8Rng,
    next: &mut [T],
) {
    let norm = Norm::Two.of(direction);
    if norm > 0.0 && norm.is_finite() {
        let scale = length / norm;
        for ((next, x), v) in next.iter_mut().zip(x).zip(direction) {
            *next = T::from_f64(x.to_f64() + scale * v.to_f64());
        }
    } else {
        let random: Vec<f64> = (0..x.len()).map(|_| StandardNormal.sample(rng)).collect();
        let norm = random.iter().map(|v| v * v).sum::<f64>().sqrt();
        let scale = if norm > 0.0 { length / norm } else { 0.0 };
        for ((next, x), v) in next.iter_mut().zip(x).zip(&random) {
            *next = T::from_f64(x.to_f64() + scale * v);
        }
    }
}

/// Checks a number of steps.
fn check_iterations(iterations: usize) -> Result<(), AttackError> {
    let allowed = "0 to 1000000";
    AttackError::require(iterations <= 1_000_000, "iterations", iterations, allowed)
}

/// Checks a number that must be finite, and 0 or more.
fn check_not_negative(option: &'static str, value: f64) -> Result<(), AttackError> {
    let allowed = "0 or more, finite";
    AttackError::require(value.is_finite() && value >= 0.0, option, value, allowed)
}
