//! The diagonal metric (S53).

use rayon::prelude::*;
use snode_ode::{Parameters, Real};

use super::inner::Between;
use super::running_mean::kept;
use super::{Batch, GradientSpace, Inner};
use crate::{Memory, TrainError};

/// The inner product ⟨v, w⟩ = ⟨(√q + ε) ⊙ v, w⟩ with q the running mean of the squares of the
/// gradients that batches begin with, and ε = δ √(mean of q).
///
/// Combined with a space of functions of depth, whose representative of u is Hu, it is the one whose
/// representative is p ⊙ H(p ⊙ u), p = (√q + ε)^(−½).
pub struct Diagonal<T> {
    inner: Inner<T>,
    decay: f64,
    damping: f64,
    /// q.
    squares: Parameters<T>,
    /// The sum of q over each node.
    sums: Vec<f64>,
    seen: u64,
}

/// The names of what is remembered.
const SQUARES: &str = "squares";
const SEEN: &str = "squares_seen";

impl<T: Real> Diagonal<T> {
    /// For parameters like `parameters`; `decay` and `damping` are ρ and δ.
    pub fn new(inner: Inner<T>, decay: f64, damping: f64, parameters: &Parameters<T>) -> Self {
        let squares = parameters.zeros_like();
        let sums = vec![0.0; parameters.nodes()];
        Self { inner, decay, damping, squares, sums, seen: 0 }
    }

    /// ε, or 1 where there is nothing to divide by.
    fn epsilon(&mut self) -> T {
        let len = self.squares.node_len();
        self.sums
            .par_iter_mut()
            .zip(self.squares.as_slice().par_chunks_exact(len))
            .for_each(|(sum, node)| *sum = node.iter().map(|q| q.to_f64()).sum());
        let mean = self.sums.iter().sum::<f64>() / (len * self.sums.len()) as f64;
        if mean > 0.0 { T::from_f64(self.damping * mean.sqrt()) } else { T::ONE }
    }

    /// `out` = `weight`(√q + ε) ⊙ `values`.
    fn scale(
        squares: &Parameters<T>,
        values: &Parameters<T>,
        out: &mut Parameters<T>,
        weight: impl Fn(T) -> T + Sync,
    ) {
        let len = squares.node_len();
        out.as_mut_slice()
            .par_chunks_exact_mut(len)
            .zip(values.as_slice().par_chunks_exact(len))
            .zip(squares.as_slice().par_chunks_exact(len))
            .for_each(|((out, values), squares)| {
                for ((out, value), square) in out.iter_mut().zip(values).zip(squares) {
                    *out = *value * weight(square.sqrt());
                }
            });
    }
}

impl<T: Real> GradientSpace<T> for Diagonal<T> {
    fn see(&mut self, batch: &Batch<'_, '_, T>) -> Result<(), TrainError> {
        let keep = kept(self.decay, self.seen);
        let (keep, add) = (T::from_f64(keep), T::from_f64(1.0 - keep));
        let len = self.squares.node_len();
        self.squares
            .as_mut_slice()
            .par_chunks_exact_mut(len)
            .zip(batch.gradient.as_slice().par_chunks_exact(len))
            .for_each(|(squares, gradient)| {
                for (q, u) in squares.iter_mut().zip(gradient) {
                    *q = keep * *q + add * *u * *u;
                }
            });
        self.seen += 1;
        Ok(())
    }

    fn represent(&mut self, gradient: &Parameters<T>, representative: &mut Parameters<T>) {
        let epsilon = self.epsilon();
        let squares = &self.squares;
        let Some(Between { space, from, to }) = self.inner.between() else {
            Self::scale(squares, gradient, representative, |root| T::ONE / (root + epsilon));
            return;
        };
        let half = |root: T| T::ONE / (root + epsilon).sqrt();
        Self::scale(squares, gradient, from, half);
        space.represent(from, to);
        Self::scale(squares, to, representative, half);
    }

    fn remember(&self, memory: Memory<T>) -> Memory<T> {
        memory.with_array(SQUARES, self.squares.clone()).with_number(SEEN, self.seen as f64)
    }

    fn resume(&mut self, memory: &mut Memory<T>) -> Result<(), TrainError> {
        self.squares = memory.take_array(SQUARES, &self.squares)?;
        self.seen = memory.count(SEEN)?;
        Ok(())
    }
}
