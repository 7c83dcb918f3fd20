//! Random permutations.

use rand_chacha::rand_core::RngCore;

use crate::streams::{self, Purpose};

/// A random permutation of `0..n`, the algorithm of which [`Batches`](crate::Batches) documents.
pub(crate) fn permutation(n: usize, seed: u64, purpose: Purpose, index: u64) -> Vec<usize> {
    let mut rng = streams::rng(seed, purpose, index);
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        let j = below(&mut rng, i as u64 + 1) as usize;
        order.swap(i, j);
    }
    order
}

/// A uniform number in `0..bound`, by Lemire's multiplication with rejection; `bound` is not 0.
fn below(rng: &mut impl RngCore, bound: u64) -> u64 {
    let rejected = bound.wrapping_neg() % bound; // 2^64 mod bound
    loop {
        let product = u128::from(rng.next_u64()) * u128::from(bound);
        if product as u64 >= rejected {
            return (product >> 64) as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permutation_is_about_equally_frequent() {
        let mut counts = std::collections::HashMap::new();
        for index in 0..6000 {
            *counts.entry(permutation(3, 5, Purpose::Splits, index)).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        // 1000 each on average with a standard deviation of 29.
        assert!(counts.values().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn permutations_of_nothing_and_one_are_trivial() {
        assert!(permutation(0, 5, Purpose::Splits, 0).is_empty());
        assert_eq!(permutation(1, 5, Purpose::Splits, 0), [0]);
    }

    /// Always the smallest words first, which the rejection must skip.
    struct Counting(u64);

    impl RngCore for Counting {
        fn next_u32(&mut self) -> u32 {
            self.next_u64() as u32
        }
        fn next_u64(&mut self) -> u64 {
            self.0 += 1;
            self.0 - 1
        }
        fn fill_bytes(&mut self, _: &mut [u8]) {
            unreachable!()
        }
    }

    #[test]
    fn words_that_would_bias_the_result_are_rejected() {
        // 2^64 mod 3 = 1: the word 0 alone is one too many.
        let mut rng = Counting(0);
        assert_eq!(below(&mut rng, 3), 0);
        assert_eq!(rng.0, 2);
    }
}
