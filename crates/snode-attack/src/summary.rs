//! What per-image results come to: success curves, Table 3, robust accuracy.

use snode_ode::Real;

use crate::AttackError;
use crate::norm::Norm;
use crate::outcome::{AttackResults, Outcome};

/// An attack in a few numbers: a line of the paper's Table 3.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AttackSummary {
    /// How many images there were.
    pub images: usize,
    /// How many were predicted wrongly before, and left alone.
    pub wrong_before: usize,
    /// How many were attacked and resisted.
    pub resisted: usize,
    /// How many were attacked and fooled.
    pub fooled: usize,
    /// Mean ‖δ‖₂ over the fooled images; NaN if there are none, as all that follows.
    pub mean_norm2: f64,
    /// The largest.
    pub most_norm2: f64,
    /// Mean ‖δ‖∞ over the fooled images.
    pub mean_norm_infinity: f64,
    /// The largest.
    pub most_norm_infinity: f64,
    /// Mean number of steps over the attacked images.
    pub mean_iterations: f64,
    /// Seconds for each attacked image.
    pub seconds_per_image: f64,
}

impl AttackSummary {
    /// The part of the attacked images that was fooled, 0 to 1: "susceptible" in the paper's Table 3.
    /// NaN if none was attacked.
    pub fn susceptible(&self) -> f64 {
        self.fooled as f64 / self.attacked() as f64
    }

    /// How many images were attacked.
    pub fn attacked(&self) -> usize {
        self.resisted + self.fooled
    }
}

impl<T: Real> AttackResults<T> {
    /// The strongest of several attacks on the same images: of every image the smallest perturbation,
    /// by `norm`, that any of them found, the first of equals. Steps and seconds are added up.
    ///
    /// What follows from it, [`robust_accuracy`](Self::robust_accuracy) above all, is that of the
    /// attacks as an ensemble: an image is robust if it resists all of them (S62). Of each attack only
    /// the perturbation that is smallest by its own norm is known; so give those of one norm together.
    ///
    /// # Errors
    /// [`AttackError::Shape`] if there are no attacks, or they were not on the same images.
    pub fn strongest(attacks: &[&Self], norm: Norm) -> Result<Self, AttackError> {
        let (first, others) = attacks.split_first().ok_or(AttackError::Shape {
            operation: "attacks of an ensemble",
            expected: (1, 0),
            found: (0, 0),
        })?;
        let mut all = (*first).clone();
        for attack in others {
            let pairs = || all.images.iter().zip(&attack.images);
            let same = pairs().filter(|(image, other)| image.label == other.label).count();
            let expected = (all.images.len(), all.images.len());
            let found = (attack.images.len(), same);
            AttackError::require_shape("images and equal labels of an ensemble", expected, found)?;
            all.seconds += attack.seconds;
            for (image, other) in all.images.iter_mut().zip(&attack.images) {
                let iterations = image.iterations + other.iterations;
                if other.is_smaller(image, norm) {
                    *image = other.clone();
                }
                image.iterations = iterations;
            }
        }
        Ok(all)
    }

    /// The results in a few numbers.
    pub fn summary(&self) -> AttackSummary {
        let count = |outcome| self.images.iter().filter(|i| i.outcome == outcome).count();
        let (two, infinity) = (self.norms(Norm::Two), self.norms(Norm::Infinity));
        let (resisted, fooled) = (count(Outcome::Resisted), count(Outcome::Fooled));
        let attacked = (resisted + fooled) as f64;
        let iterations: usize = self.images.iter().map(|image| image.iterations).sum();
        let mean = |norms: &[f64]| norms.iter().sum::<f64>() / norms.len() as f64;
        let most = |norms: &[f64]| norms.last().copied().unwrap_or(f64::NAN);
        AttackSummary {
            images: self.images.len(),
            wrong_before: count(Outcome::WrongBefore),
            resisted,
            fooled,
            mean_norm2: mean(&two),
            most_norm2: most(&two),
            mean_norm_infinity: mean(&infinity),
            most_norm_infinity: most(&infinity),
            mean_iterations: iterations as f64 / attacked,
            seconds_per_image: self.seconds / attacked,
        }
    }

    /// The norms of the smallest successful perturbations, from the smallest to the largest.
    pub fn norms(&self, norm: Norm) -> Vec<f64> {
        let fooled = self.images.iter().filter(|image| image.outcome == Outcome::Fooled);
        let mut norms: Vec<f64> = fooled.map(|image| image.norm(norm)).collect();
        norms.sort_by(f64::total_cmp);
        norms
    }

    /// (S13): the part of the attacked images whose smallest perturbation is no larger than ε, at
    /// each ε where it rises, as (ε, part).
    pub fn success_curve(&self, norm: Norm) -> Vec<(f64, f64)> {
        let attacked = self.summary().attacked() as f64;
        let norms = self.norms(norm);
        let last_of_equals = |(i, e): &(usize, &f64)| norms.get(i + 1).is_none_or(|next| next > e);
        let rises = norms.iter().enumerate().filter(last_of_equals);
        rises.map(|(i, &epsilon)| (epsilon, (i + 1) as f64 / attacked)).collect()
    }

    /// The part of all images that is still predicted rightly when perturbations up to ε are
    /// allowed: 1 − (wrong before + fooled within ε)/N. At ε = 0 the accuracy. NaN if there are no
    /// images.
    pub fn robust_accuracy(&self, norm: Norm, epsilon: f64) -> f64 {
        let summary = self.summary();
        let within = self.norms(norm).iter().take_while(|&&norm| norm <= epsilon).count();
        (summary.attacked() - within) as f64 / summary.images as f64
    }
}
