//! Where the attack on one image stands.

use snode_ode::Real;

use crate::attack::{Attacker, Point, Products, Step};
use crate::network::class;
use crate::norm::{Bounds, Norm};
use crate::outcome::{Attacked, Outcome};

/// An image with its attacker, while it has a place in the batch.
pub(crate) struct AttackState<'a, T> {
    /// Its column.
    pub(crate) image: usize,
    clean: &'a [T],
    class: usize,
    attacker: Box<dyn Attacker<T> + 'a>,
    pub(crate) x: Vec<T>,
    next: Vec<T>,
    steps: usize,
    first_success: Option<usize>,
    /// Its smallest success so far, and the norm of that.
    pub(crate) smallest: Option<(f64, Vec<T>)>,
    pub(crate) ended: bool,
}

impl<'a, T: Real> AttackState<'a, T> {
    /// An image at its clean point.
    pub(crate) fn new(
        image: usize,
        clean: &'a [T],
        class: usize,
        attacker: Box<dyn Attacker<T> + 'a>,
    ) -> Self {
        Self {
            image,
            clean,
            class,
            attacker,
            x: clean.to_vec(),
            next: clean.to_vec(),
            steps: 0,
            first_success: None,
            smallest: None,
            ended: false,
        }
    }

    /// Keeps a success, and asks the attacker what it wants.
    pub(crate) fn look(&mut self, norm: Norm, stop_on_success: bool, z: &[T], w: &mut [T]) {
        let fooled = class(z.iter().copied()) != self.class;
        if fooled {
            self.first_success.get_or_insert(self.steps);
            let size = norm.distance(&self.x, self.clean);
            if self.smallest.as_ref().is_none_or(|(smallest, _)| size < *smallest) {
                self.smallest = Some((size, self.x.clone()));
            }
        }
        let point = Point { x: &self.x, z, fooled };
        self.ended = (fooled && stop_on_success) || self.attacker.look(point, w) == Step::End;
    }

    /// Goes on to the next point.
    pub(crate) fn advance(&mut self, bounds: Bounds, z: &[T], products: &Products<'_, T>) {
        let fooled = class(z.iter().copied()) != self.class;
        let point = Point { x: &self.x, z, fooled };
        self.attacker.advance(point, products, &mut self.next);
        bounds.clip(&mut self.next);
        std::mem::swap(&mut self.x, &mut self.next);
        self.steps += 1;
    }

    /// What there is to say of the image so far; it is judged later.
    pub(crate) fn into_result(self, result: &mut Attacked<T>) {
        result.iterations = self.steps;
        result.first_success = self.first_success;
        if let Some((_, adversarial)) = self.smallest {
            result.outcome = Outcome::Fooled;
            result.adversarial = Some(adversarial);
        }
    }
}
