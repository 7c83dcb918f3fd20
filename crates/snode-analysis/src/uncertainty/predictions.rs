//! Which classes noise leads to, without running noisy data.

use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use snode_data::streams::{self, Purpose};

use super::chi::LengthTail;
use super::distribution::ScoreDistributions;
use crate::AnalysisError;

/// Probabilities of some of the classes of each image at each level of noise (S65).
///
/// Scores are z̄ + s A ζ with A Aᵀ the covariance and ζ standard normal. Along a direction θ of ζ the set
/// of lengths at which a class wins is an interval, [lo, hi], so that only directions are drawn, in pairs
/// ±θ; the length is integrated exactly: P = P(‖ζ‖ ≥ lo/s) − P(‖ζ‖ > hi/s). One set of directions
/// serves all levels, and probabilities far below one over their number are found too.
struct Lengths<'a> {
    distributions: &'a ScoreDistributions,
    directions: usize,
    seed: u64,
    tail: LengthTail,
}

/// The largest number of directions.
const MOST_DIRECTIONS: usize = 1_000_000;

impl<'a> Lengths<'a> {
    fn new(
        distributions: &'a ScoreDistributions,
        directions: usize,
        seed: u64,
    ) -> Result<Self, AnalysisError> {
        let allowed = (1..=MOST_DIRECTIONS).contains(&directions);
        let range = "1 to 1000000";
        AnalysisError::require("number of directions", directions as f64, allowed, range)?;
        let tail = LengthTail::new(distributions.classes().max(1));
        Ok(Self { distributions, directions, seed, tail })
    }

    /// The probability that `class` of image `j` wins, or that it does not, for each level.
    fn probability(&self, j: usize, class: usize, event: Event, levels: &[f64]) -> Vec<f64> {
        let n = self.distributions.classes();
        let scores = self.distributions.scores(j);
        let factor = self.distributions.factor(j);
        let mut rng = streams::rng(self.seed, Purpose::Directions, j as u64);
        let (mut zeta, mut along) = (vec![0.0; n], vec![0.0; n]);
        let mut sums = vec![0.0; levels.len()];
        for _ in 0..self.directions.div_ceil(2) {
            zeta.fill_with(|| StandardNormal.sample(&mut rng));
            let length = zeta.iter().map(|v: &f64| v * v).sum::<f64>().sqrt();
            for (i, along) in along.iter_mut().enumerate() {
                let row = factor[i * n..=i * n + i].iter().zip(&zeta);
                *along = row.map(|(a, zeta)| a * zeta).sum::<f64>() / length;
            }
            for sign in [1.0, -1.0] {
                let won = interval(scores, &along, sign, class);
                for (sum, &level) in sums.iter_mut().zip(levels) {
                    *sum += match event {
                        Event::Wins => won.map_or(0.0, |won| self.within(won, level)),
                        Event::Loses => won.map_or(1.0, |won| self.outside(won, level)),
                    };
                }
            }
        }
        let drawn = 2 * self.directions.div_ceil(2);
        sums.into_iter().map(|sum| sum / drawn as f64).collect()
    }

    /// The probability of a length from lo to hi under noise of a level.
    fn within(&self, (lo, hi): (f64, f64), level: f64) -> f64 {
        if level == 0.0 {
            return f64::from(u8::from(lo == 0.0));
        }
        self.tail.beyond(lo / level) - self.tail.beyond(hi / level)
    }

    /// One minus that, without cancellation where it is small.
    fn outside(&self, (lo, hi): (f64, f64), level: f64) -> f64 {
        if lo > 0.0 || level == 0.0 {
            return 1.0 - self.within((lo, hi), level);
        }
        self.tail.beyond(hi / level)
    }
}

/// What the probability is of.
#[derive(Clone, Copy)]
enum Event {
    Wins,
    Loses,
}

/// The lengths r ≥ 0 at which z + r `sign` `along` is largest in `class`; nothing if there are none.
fn interval(scores: &[f64], along: &[f64], sign: f64, class: usize) -> Option<(f64, f64)> {
    let (mut lo, mut hi) = (0.0_f64, f64::INFINITY);
    for other in (0..scores.len()).filter(|&other| other != class) {
        let gap = scores[class] - scores[other];
        let slope = sign * (along[class] - along[other]);
        if slope < 0.0 {
            hi = hi.min(-gap / slope);
        } else if slope > 0.0 {
            lo = lo.max(-gap / slope);
        } else if gap < 0.0 {
            return None;
        }
    }
    // Of equal scores the first wins; that is a matter of one length.
    (lo <= hi && hi >= 0.0).then_some((lo.max(0.0), hi))
}

impl ScoreDistributions {
    /// The probability that noise changes the class predicted for each image, `[level][image]`
    /// (S65), with this many directions drawn an image.
    ///
    /// # Errors
    /// [`AnalysisError::Option`] if a level is negative or not finite, or there are no directions.
    pub fn flip_probabilities(
        &self,
        levels: &[f64],
        directions: usize,
        seed: u64,
    ) -> Result<Vec<Vec<f64>>, AnalysisError> {
        self.probabilities(Event::Loses, levels, directions, seed, |j| self.predicted(j))
    }

    /// The accuracy that is to be expected at each level of noise: the mean over images of the
    /// probability of its label (S65). NaN if there are no images.
    ///
    /// # Errors
    /// As [`flip_probabilities`](Self::flip_probabilities); also if there is not one label an image, or
    /// one is no class.
    pub fn predicted_accuracy(
        &self,
        labels: &[usize],
        levels: &[f64],
        directions: usize,
        seed: u64,
    ) -> Result<Vec<f64>, AnalysisError> {
        let (count, found) = (self.images(), labels.len());
        let is_one_each = found == count && labels.iter().all(|&label| label < self.classes());
        let allowed = "one an input, each of them a class";
        AnalysisError::require("number of labels", found as f64, is_one_each, allowed)?;
        let right = self.probabilities(Event::Wins, levels, directions, seed, |j| labels[j])?;
        Ok(right.iter().map(|of_level| of_level.iter().sum::<f64>() / count as f64).collect())
    }

    /// `[level][image]`: the probability of one class each.
    fn probabilities(
        &self,
        event: Event,
        levels: &[f64],
        directions: usize,
        seed: u64,
        class: impl Fn(usize) -> usize + Sync,
    ) -> Result<Vec<Vec<f64>>, AnalysisError> {
        for &level in levels {
            let allowed = level.is_finite() && level >= 0.0;
            AnalysisError::require("noise level", level, allowed, "0 or more")?;
        }
        let lengths = Lengths::new(self, directions, seed)?;
        let by_image: Vec<Vec<f64>> = (0..self.images())
            .into_par_iter()
            .map(|j| lengths.probability(j, class(j), event, levels))
            .collect();
        let of_level = |level: usize| by_image.iter().map(|image| image[level]).collect();
        Ok((0..levels.len()).map(of_level).collect())
    }
}
