//! The L2 attack of Carlini and Wagner.

use snode_ode::Real;

use super::{Attack, Attacker, Image, Point, Products, Step, check_iterations, check_not_negative};
use crate::AttackError;

/// Minimises ‖δ‖₂² + c max(z_c − max_{j≠c} z_j, −k) over the images of the box by Adam, with a binary
/// search over c (Carlini and Wagner, "Towards evaluating the robustness of neural networks", IEEE S&P
/// 2017, §VI).
///
/// The box is parametrised by x = middle + half·tanh(w). As in the authors' code Adam starts at the
/// clean image for every c, which is multiplied by ten until it fools once, and is then searched for
/// between the largest that failed and the smallest that did not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CarliniWagner {
    /// How many values of c.
    pub searches: usize,
    /// Steps of Adam for each.
    pub iterations: usize,
    /// Adam's learning rate, for w.
    pub learning_rate: f64,
    /// The first c.
    pub constant: f64,
    /// k, by how much the other class must win for the search to call c large enough. An image counts
    /// as fooled as soon as its class changes.
    pub confidence: f64,
}

impl Default for CarliniWagner {
    /// Nine values of c, the first 0.001, 300 steps of rate 0.05 each, k = 0: 2,700 steps an image.
    ///
    /// A pixel on a face of the box has w = ±7.25. A step of Adam changes w by about its rate; with the
    /// authors' 0.01 it takes hundreds of steps until such a pixel moves, and their 1,000 to 10,000 a
    /// value of c allow for that. With the rate 0.05 300 steps come as far as 1,000 do with 0.01.
    fn default() -> Self {
        Self { searches: 9, iterations: 300, learning_rate: 0.05, constant: 1e-3, confidence: 0.0 }
    }
}

/// c is not made larger than this.
const LARGEST_CONSTANT: f64 = 1e10;
/// Clean images are moved this part into the box, for w to be finite.
const INWARDS: f64 = 0.999_999;

impl<T: Real> Attack<T> for CarliniWagner {
    fn name(&self) -> &'static str {
        "carlini-wagner"
    }

    fn check(&self, _: usize) -> Result<(), AttackError> {
        check_iterations(self.iterations)?;
        let holds = (1..=100).contains(&self.searches);
        AttackError::require(holds, "searches", self.searches, "1 to 100")?;
        check_not_negative("learning rate", self.learning_rate)?;
        let holds = self.constant > 0.0 && self.constant <= LARGEST_CONSTANT;
        AttackError::require(holds, "constant", self.constant, "more than 0, at most 1e10")?;
        check_not_negative("confidence", self.confidence)
    }

    fn products(&self, _: usize) -> usize {
        1
    }

    fn begin<'a>(&'a self, image: Image<'a, T>) -> Box<dyn Attacker<T> + 'a> {
        let (middle, half) = (
            f64::midpoint(image.bounds.lower, image.bounds.upper),
            (image.bounds.upper - image.bounds.lower) / 2.0,
        );
        let start: Vec<f64> =
            image.clean.iter().map(|x| ((x.to_f64() - middle) / half * INWARDS).atanh()).collect();
        let n = start.len();
        Box::new(CarliniWagnerAttacker {
            options: self,
            image,
            middle,
            half,
            w: start.clone(),
            start,
            adam: Adam { first: vec![0.0; n], second: vec![0.0; n] },
            constant: self.constant,
            failed: 0.0,
            fooled: None,
            fools: false,
            done: 0,
            searched: 0,
            starts_over: false,
        })
    }
}

/// Adam's moments.
struct Adam {
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Adam {
    /// The step number `step` (from 1) along a gradient, in place of it.
    fn step(&mut self, step: usize, learning_rate: f64, gradient: &mut [f64]) {
        let corrections = [0.9_f64, 0.999].map(|beta| 1.0 - beta.powf(step as f64));
        for ((g, first), second) in gradient.iter_mut().zip(&mut self.first).zip(&mut self.second) {
            *first = 0.9 * *first + 0.1 * *g;
            *second = 0.999 * *second + 0.001 * *g * *g;
            *g = learning_rate * (*first / corrections[0])
                / ((*second / corrections[1]).sqrt() + 1e-8);
        }
    }
}

struct CarliniWagnerAttacker<'a, T> {
    options: &'a CarliniWagner,
    image: Image<'a, T>,
    /// x = middle + half·tanh(w).
    middle: f64,
    half: f64,
    w: Vec<f64>,
    /// w of the clean image.
    start: Vec<f64>,
    adam: Adam,
    /// c.
    constant: f64,
    /// The largest c that did not fool.
    failed: f64,
    /// The smallest that did.
    fooled: Option<f64>,
    /// Whether the present one has.
    fools: bool,
    /// Steps for the present one so far.
    done: usize,
    /// Values of c that are through.
    searched: usize,
    /// Whether the next point is the clean image again.
    starts_over: bool,
}

impl<T: Real> CarliniWagnerAttacker<'_, T> {
    /// z_c − z_j for the strongest other class j, and j.
    fn lead(&self, z: &[T]) -> (f64, usize) {
        let class = self.image.class;
        let others = z.iter().enumerate().filter(|(j, _)| *j != class);
        let (rival, most) = others.fold((class, f64::NEG_INFINITY), |best, (j, z)| {
            if z.to_f64() > best.1 { (j, z.to_f64()) } else { best }
        });
        (z[class].to_f64() - most, rival)
    }

    /// Goes on to another c.
    fn next_constant(&mut self) {
        if self.fools {
            self.fooled = Some(self.fooled.map_or(self.constant, |c| c.min(self.constant)));
        } else {
            self.failed = self.failed.max(self.constant);
        }
        self.constant = match self.fooled {
            Some(fooled) => f64::midpoint(self.failed, fooled),
            None => (10.0 * self.constant).min(LARGEST_CONSTANT),
        };
        self.searched += 1;
        (self.done, self.fools) = (0, false);
        self.w.copy_from_slice(&self.start);
        self.adam.first.fill(0.0);
        self.adam.second.fill(0.0);
    }
}

impl<T: Real> Attacker<T> for CarliniWagnerAttacker<'_, T> {
    fn look(&mut self, at: Point<'_, T>, w: &mut [T]) -> Step {
        let (lead, rival) = self.lead(at.z);
        self.fools |= at.fooled && lead <= -self.options.confidence;
        self.starts_over = self.done == self.options.iterations;
        if self.starts_over {
            self.next_constant();
        }
        if self.searched == self.options.searches || self.options.iterations == 0 {
            return Step::End;
        }
        w.fill(T::ZERO);
        if lead > -self.options.confidence {
            w[self.image.class] = T::ONE;
            w[rival] = -T::ONE;
        }
        Step::On
    }

    fn advance(&mut self, at: Point<'_, T>, products: &Products<'_, T>, next: &mut [T]) {
        if self.starts_over {
            next.copy_from_slice(self.image.clean);
            return;
        }
        self.done += 1;
        let points = at.x.iter().zip(self.image.clean).zip(products.get(0));
        let mut gradient: Vec<f64> = points
            .zip(&self.w)
            .map(|(((x, clean), g), w)| {
                let by_x = 2.0 * (x.to_f64() - clean.to_f64()) + self.constant * g.to_f64();
                let tanh = w.tanh();
                by_x * self.half * (1.0 - tanh * tanh)
            })
            .collect();
        self.adam.step(self.done, self.options.learning_rate, &mut gradient);
        for ((next, w), step) in next.iter_mut().zip(&mut self.w).zip(&gradient) {
            *w -= step;
            *next = T::from_f64(self.middle + self.half * w.tanh());
        }
    }
}
