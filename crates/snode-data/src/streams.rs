//! Independent streams of random numbers, all from one seed.
//!
//! Everything random in an experiment comes from a [`ChaCha8Rng`] chosen by three numbers: the
//! experiment's seed, what the numbers are for, and an index within that purpose (an epoch, an
//! image, …). Streams for different triples are independent, so drawing more numbers for one
//! purpose never changes another, and any piece of a run can be computed again on its own, in any
//! order and on any number of threads, with the same result.
//!
//! # The algorithm
//!
//! Pinned, so that other programs can reproduce it: `ChaCha` with 8 rounds; the 32-byte key is the
//! seed (8 bytes, little-endian), the purpose's number (8 bytes, little-endian) and the 16 ASCII
//! bytes `snode streams v1`; the 64-bit stream number is the index; the block counter starts at 0.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// What random numbers are for. The numbers never change; new purposes get new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(u64)]
pub enum Purpose {
    /// Initial values of trained parameters.
    Initialisation = 0,
    /// The order of images in an epoch; the index is the epoch.
    Batches = 1,
    /// Noise on images; the index is the image, plus 2³² times the draw where there are several.
    Noise = 2,
    /// Random starts and choices of adversarial attacks.
    Attacks = 3,
    /// The choice of a subset or validation split.
    Splits = 4,
    /// Noise on parameters; the index is the node in depth, plus 2³² times the draw.
    ParameterNoise = 5,
    /// Perturbation of inputs in training; the index is 2³² times the epoch, plus the number of the data
    /// point in the order of that epoch.
    Perturbation = 6,
    /// Directions in which predictions under noise are integrated; the index is the image.
    Directions = 7,
    /// How the images of an epoch are varied; the index is the epoch.
    Variations = 8,
}

/// The start of a stream of random numbers.
///
/// ```
/// use rand_chacha::rand_core::RngCore;
/// use snode_data::streams::{Purpose, rng};
///
/// let mut epoch_3 = rng(42, Purpose::Batches, 3);
/// let mut again = rng(42, Purpose::Batches, 3);
/// assert_eq!(epoch_3.next_u64(), again.next_u64());
/// assert_ne!(epoch_3.next_u64(), rng(42, Purpose::Batches, 4).next_u64());
/// ```
pub fn rng(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut key = *b"................snode streams v1";
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(index);
    rng
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::RngCore;
    use std::collections::HashSet;

    /// If this fails, the algorithm has changed and runs can no longer be repeated. The references
    /// come from another implementation of the algorithm as documented.
    #[test]
    fn streams_are_pinned() {
        let first_word = |seed, purpose, index| rng(seed, purpose, index).next_u64();
        assert_eq!(first_word(42, Purpose::Initialisation, 7), 13_487_212_442_238_367_962);
        let largest = first_word(u64::MAX, Purpose::Splits, u64::MAX);
        assert_eq!(largest, 13_327_091_224_576_221_488);
    }

    #[test]
    fn streams_differ_by_seed_purpose_and_index() {
        use Purpose::{
            Attacks, Batches, Directions, Initialisation, Noise, ParameterNoise, Perturbation,
            Splits,
        };
        let mut first_words = HashSet::new();
        for seed in [0, 1, 2, u64::MAX] {
            let purposes = [
                Initialisation,
                Batches,
                Noise,
                Attacks,
                Splits,
                ParameterNoise,
                Perturbation,
                Directions,
            ];
            for purpose in purposes {
                for index in [0, 1, 2, u64::MAX] {
                    assert!(first_words.insert(rng(seed, purpose, index).next_u64()));
                }
            }
        }
    }
}
