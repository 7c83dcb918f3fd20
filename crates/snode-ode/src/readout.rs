//! How a final state becomes scores (S41).

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::{AffineMap, MapError, Real};

/// The fixed linear map z = R x(T) from the final state to the scores of C classes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Readout {
    /// The first C components of the state.
    #[default]
    Components,
    /// The mean of channel j over all pixels is the score of class j, times the gain.
    ChannelMeans {
        /// κ, above 0.
        gain: f64,
    },
    /// Entries ±1/√n, drawn once from a seed of their own, times the gain: a fixed classifier.
    Pattern {
        /// κ, above 0.
        gain: f64,
        /// Where the signs come from.
        seed: u64,
    },
}

impl Readout {
    /// What the readouts are called.
    pub const NAMES: [&'static str; 3] = ["components", "channel-means", "pattern"];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Components => Self::NAMES[0],
            Self::ChannelMeans { .. } => Self::NAMES[1],
            Self::Pattern { .. } => Self::NAMES[2],
        }
    }

    /// κ; 1 for components.
    pub fn gain(self) -> f64 {
        match self {
            Self::Components => 1.0,
            Self::ChannelMeans { gain } | Self::Pattern { gain, .. } => gain,
        }
    }

    /// Refuses a readout that a map has not.
    ///
    /// # Errors
    /// If there are no classes, fewer channels than classes (than components, for a pattern), or the gain is not
    /// positive and finite.
    pub fn check(self, map: AffineMap, classes: usize) -> Result<(), MapError> {
        let most = match self {
            Self::Pattern { .. } => map.width(),
            Self::Components | Self::ChannelMeans { .. } => map.channels(),
        };
        let range = format!("1 to {most}, for a readout of {}", self.name());
        MapError::require((1..=most).contains(&classes), "classes", &classes, &range)?;
        let gain = self.gain();
        MapError::require(gain.is_finite() && gain > 0.0, "gain", &gain, &"more than 0, finite")
    }

    /// R, C×n.
    fn matrix<T: Real>(self, map: AffineMap, classes: usize) -> Mat<T> {
        let (n, channels) = (map.width(), map.channels());
        match self {
            Self::Components => Mat::identity(classes, n),
            Self::ChannelMeans { gain } => {
                let mean = T::from_f64(gain / map.pixels() as f64);
                Mat::from_fn(classes, n, |c, i| if i % channels == c { mean } else { T::ZERO })
            }
            Self::Pattern { gain, seed } => {
                let size = T::from_f64(gain / (n as f64).sqrt());
                let mut matrix = Mat::zeros(classes, n);
                for class in 0..classes {
                    let mut signs = ChaCha8Rng::seed_from_u64(seed);
                    signs.set_stream(class as u64);
                    for i in 0..n {
                        let is_positive = signs.next_u32().is_multiple_of(2);
                        matrix[(class, i)] = if is_positive { size } else { -size };
                    }
                }
                matrix
            }
        }
    }
}

/// A readout of C classes, ready to be applied: z = R x(T), and Rᵀ.
#[derive(Clone, Debug)]
pub struct Scores<T> {
    readout: Readout,
    map: AffineMap,
    classes: usize,
    /// R, where it is not the first rows of the identity.
    matrix: Option<Mat<T>>,
}

impl<T: Real> Scores<T> {
    /// The scores of `classes` classes.
    ///
    /// # Errors
    /// If [`Readout::check`] refuses them.
    pub fn new(readout: Readout, map: AffineMap, classes: usize) -> Result<Self, MapError> {
        readout.check(map, classes)?;
        let matrix = (readout != Readout::Components).then(|| readout.matrix(map, classes));
        Ok(Self { readout, map, classes, matrix })
    }

    /// Whether these are the scores of this readout.
    pub fn is_of(&self, readout: Readout, map: AffineMap, classes: usize) -> bool {
        (self.readout, self.map, self.classes) == (readout, map, classes)
    }

    /// C.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// R, C×n, where it is not the first rows of the identity.
    pub fn matrix(&self) -> Option<MatRef<'_, T>> {
        self.matrix.as_ref().map(Mat::as_ref)
    }

    /// `scores` (C×M) = R `state`, for states or perturbations of them (n×M).
    ///
    /// # Panics
    /// If a shape does not fit.
    pub fn read(&self, state: MatRef<'_, T>, mut scores: MatMut<'_, T>) {
        match &self.matrix {
            None => scores.copy_from(state.subrows(0, self.classes)),
            Some(matrix) => {
                matmul(scores.as_mut(), Accum::Replace, matrix.as_ref(), state, T::ONE, Par::Seq);
            }
        }
    }

    /// `state` (n×M) = Rᵀ `weights` (C×M).
    ///
    /// # Panics
    /// If a shape does not fit.
    pub fn pull_back(&self, weights: MatRef<'_, T>, mut state: MatMut<'_, T>) {
        match &self.matrix {
            None => {
                state.fill(T::ZERO);
                state.subrows_mut(0, self.classes).copy_from(weights);
            }
            Some(matrix) => {
                matmul(state, Accum::Replace, matrix.transpose(), weights, T::ONE, Par::Seq);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(readout: Readout) -> (AffineMap, Scores<f64>) {
        let map = AffineMap::convolution(4, (3, 2), 3).unwrap();
        (map, Scores::new(readout, map, 3).unwrap())
    }

    const READOUTS: [Readout; 3] = [
        Readout::Components,
        Readout::ChannelMeans { gain: 2.5 },
        Readout::Pattern { gain: 2.0, seed: 4 },
    ];

    #[test]
    fn pulling_back_is_the_transpose_of_reading() {
        for readout in READOUTS {
            let (map, scores) = scores(readout);
            let x = Mat::from_fn(map.width(), 2, |i, j| (i as f64 - 3.0 * j as f64).sin());
            let w = Mat::from_fn(3, 2, |i, j| (2 * i + j) as f64 - 1.5);
            let (mut z, mut back) = (Mat::zeros(3, 2), Mat::zeros(map.width(), 2));
            scores.read(x.as_ref(), z.as_mut());
            scores.pull_back(w.as_ref(), back.as_mut());
            let (a, b) = ((z.transpose() * &w)[(1, 1)], (x.transpose() * &back)[(1, 1)]);
            assert!((a - b).abs() < 1e-14, "{readout:?}");
        }
    }

    #[test]
    fn readouts_are_what_they_say() {
        let (map, means) = scores(READOUTS[1]);
        let x = Mat::from_fn(map.width(), 1, |i, _| (i % 4) as f64);
        let mut z = Mat::zeros(3, 1);
        means.read(x.as_ref(), z.as_mut());
        assert!((z[(2, 0)] - 5.0).abs() < 1e-14);
        // Rows of a pattern have the length of the gain, and are not alike.
        let pattern = READOUTS[2].matrix::<f64>(map, 3);
        let products = &pattern * pattern.transpose();
        assert!((products[(1, 1)] - 4.0).abs() < 1e-14 && products[(0, 1)].abs() < 3.0);
        assert_ne!(pattern, Readout::Pattern { gain: 2.0, seed: 5 }.matrix::<f64>(map, 3));
    }

    #[test]
    fn readouts_that_a_map_has_not_are_refused() {
        let map = AffineMap::convolution(4, (3, 2), 3).unwrap();
        assert!(Readout::ChannelMeans { gain: 1.0 }.check(map, 5).is_err());
        assert!(Readout::Components.check(map, 5).is_err());
        assert!(Readout::Pattern { gain: 1.0, seed: 0 }.check(map, 5).is_ok());
        assert!(Readout::Components.check(AffineMap::dense(5), 5).is_ok());
        assert!(Readout::Pattern { gain: 0.0, seed: 0 }.check(map, 3).is_err());
        assert!(Readout::Components.check(map, 0).is_err());
    }
}
