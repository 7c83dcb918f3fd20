//! The Kronecker-factored metric (S54).

use faer::linalg::matmul::matmul;
use faer::linalg::triangular_inverse::invert_lower_triangular;
use faer::{Accum, Mat, MatMut, MatRef, Par, Side};
use rayon::prelude::*;
use snode_ode::{Parameters, Real};

use super::inner::Between;
use super::moments::Moments;
use super::{Batch, GradientSpace, Inner};
use crate::{Memory, TrainError};

/// The inner product ⟨V, V′⟩ = h Σ_k ⟨S_k V_k A_k, V′_k⟩ of parameters V_k = [W_k | b_k] with factors
/// S_k (n×n) and A_k (n+1 × n+1) from the moments: the representative of U is S_k⁻¹ U_k A_k⁻¹.
///
/// Combined with a space of functions of depth, whose representative of U is HU, it is the one whose
/// representative is K_Sᵀ H(K_S U K_Aᵀ) K_A, where K is the inverse of a Cholesky factor: S⁻¹ = K_SᵀK_S.
pub struct Kronecker<T> {
    inner: Inner<T>,
    moments: Moments<T>,
    /// δ.
    damping: f64,
    every: usize,
    /// S⁻¹ for every node, or K_S with a space of functions of depth.
    left: Vec<T>,
    /// A⁻¹ for every node, or K_A.
    right: Vec<T>,
    /// What stands between the two products.
    between: Parameters<T>,
    /// How many batches have been seen.
    seen: u64,
}

/// The name of the number of batches in the memory.
const SEEN: &str = "moments_seen";

impl<T: Real> Kronecker<T> {
    /// For parameters like `parameters`; `decay` and `damping` are ρ and δ, `every` the
    /// batches from one update of the factors to the next.
    pub fn new(
        inner: Inner<T>,
        decay: f64,
        damping: f64,
        every: usize,
        parameters: &Parameters<T>,
    ) -> Self {
        let ((rows, columns), nodes) = (sides(parameters), parameters.nodes());
        Self {
            inner,
            moments: Moments::new(decay, parameters.map(), nodes),
            damping,
            every,
            left: vec![T::ZERO; nodes * rows * rows],
            right: vec![T::ZERO; nodes * columns * columns],
            between: parameters.zeros_like(),
            seen: 0,
        }
    }

    /// Makes the inverses of what the moments are now.
    fn factorise(&mut self) -> Result<(), TrainError> {
        let (rows, columns) = sides(&self.between);
        let (moments, damping, is_root) = (&self.moments, self.damping, !self.inner.is_l2());
        self.left
            .par_chunks_exact_mut(rows * rows)
            .zip(self.right.par_chunks_exact_mut(columns * columns))
            .enumerate()
            .try_for_each(|(k, (left, right))| {
                invert(moments.of_adjoint(k), damping, is_root, left)?;
                invert(moments.of_state(k), damping, is_root, right)
            })
    }
}

impl<T: Real> GradientSpace<T> for Kronecker<T> {
    fn see(&mut self, batch: &Batch<'_, '_, T>) -> Result<(), TrainError> {
        if self.seen.is_multiple_of(self.every as u64) {
            self.moments.update(batch)?;
            self.factorise()?;
        }
        self.seen += 1;
        Ok(())
    }

    fn represent(&mut self, gradient: &Parameters<T>, representative: &mut Parameters<T>) {
        let (left, right) = (self.left.as_slice(), self.right.as_slice());
        let Some(Between { space, from, to }) = self.inner.between() else {
            let sides = Sides { left, right, is_transposed: false };
            sides.apply(gradient, &mut self.between, representative);
            return;
        };
        let sides = Sides { left, right, is_transposed: false };
        sides.apply(gradient, &mut self.between, from);
        space.represent(from, to);
        let sides = Sides { left, right, is_transposed: true };
        sides.apply(to, &mut self.between, representative);
    }

    fn remember(&self, memory: Memory<T>) -> Memory<T> {
        self.moments.remember(memory).with_number(SEEN, self.seen as f64)
    }

    fn resume(&mut self, memory: &mut Memory<T>) -> Result<(), TrainError> {
        self.moments.resume(memory)?;
        self.seen = memory.count(SEEN)?;
        if self.seen > 0 { self.factorise() } else { Ok(()) }
    }
}

/// The rows and columns of a node's parameters as the matrix [W | b].
fn sides<T: Real>(parameters: &Parameters<T>) -> (usize, usize) {
    let (rows, columns) = parameters.map().weights_shape();
    (rows, columns + 1)
}

/// What stands on both sides of a node's parameters.
struct Sides<'a, T> {
    left: &'a [T],
    right: &'a [T],
    is_transposed: bool,
}

impl<T: Real> Sides<'_, T> {
    /// `to` = `left` `from` `right`ᵀ, or with both transposed.
    fn apply(&self, from: &Parameters<T>, between: &mut Parameters<T>, to: &mut Parameters<T>) {
        let ((rows, columns), len) = (sides(from), from.node_len());
        let sides = self
            .left
            .par_chunks_exact(rows * rows)
            .zip(self.right.par_chunks_exact(columns * columns));
        to.as_mut_slice()
            .par_chunks_exact_mut(len)
            .zip(between.as_mut_slice().par_chunks_exact_mut(len))
            .zip(sides)
            .enumerate()
            .for_each(|(k, ((to, between), (left, right)))| {
                let shape = from.weights(k).shape();
                if shape == (rows, columns - 1) {
                    let from = MatRef::from_column_major_slice(from.node(k), rows, columns);
                    let between = MatMut::from_column_major_slice_mut(between, rows, columns);
                    let to = MatMut::from_column_major_slice_mut(to, rows, columns);
                    return self.multiply((left, right), from, between, to);
                }
                // A node of fewer numbers than others: its own are not side by side.
                let (rows_of_node, last) = shape;
                let (weights, bias) = (from.weights(k), from.bias(k));
                let from = Mat::from_fn(rows_of_node, last + 1, |i, j| {
                    if j < last { weights[(i, j)] } else { bias[i] }
                });
                let (mut between, mut product) = (from.clone(), from.clone());
                self.multiply((left, right), from.as_ref(), between.as_mut(), product.as_mut());
                to.fill(T::ZERO);
                let mut to = MatMut::from_column_major_slice_mut(to, rows, columns);
                for i in 0..rows_of_node {
                    (0..last).for_each(|j| to[(i, j)] = product[(i, j)]);
                    to[(i, columns - 1)] = product[(i, last)];
                }
            });
    }

    /// The same of one node, whose inverses are the first numbers of `left` and `right`.
    fn multiply(
        &self,
        (left, right): (&[T], &[T]),
        from: MatRef<'_, T>,
        mut between: MatMut<'_, T>,
        to: MatMut<'_, T>,
    ) {
        let square = |values, side| MatRef::from_column_major_slice(values, side, side);
        let (rows, columns) = from.shape();
        let left = square(&left[..rows * rows], rows);
        let right = square(&right[..columns * columns], columns);
        let (left, right) =
            if self.is_transposed { (left.transpose(), right) } else { (left, right.transpose()) };
        matmul(between.as_mut(), Accum::Replace, left, from, T::ONE, Par::Seq);
        matmul(to, Accum::Replace, between.as_ref(), right, T::ONE, Par::Seq);
    }
}

/// Writes into `out` the inverse of `moment` + δ (its mean eigenvalue) I, or the inverse of its Cholesky
/// factor. A moment that vanishes counts as I.
fn invert<T: Real>(
    mut moment: Mat<T>,
    damping: f64,
    is_root: bool,
    out: &mut [T],
) -> Result<(), TrainError> {
    let size = moment.nrows();
    let out = &mut out[..size * size];
    let trace: f64 = (0..size).map(|i| moment[(i, i)].to_f64()).sum();
    TrainError::ensure_finite("a moment of the preconditioner", trace)?;
    let mean = if trace > 0.0 { trace / size as f64 } else { 1.0 };
    for i in 0..size {
        moment[(i, i)] += T::from_f64(damping * mean);
    }
    let factor = moment.llt(Side::Lower).map_err(|_| TrainError::Indefinite { size, damping })?;
    let mut out = MatMut::from_column_major_slice_mut(out, size, size);
    if is_root {
        out.fill(T::ZERO);
        invert_lower_triangular(out, factor.L(), Par::Seq);
    } else {
        let mut root = Mat::zeros(size, size);
        invert_lower_triangular(root.as_mut(), factor.L(), Par::Seq);
        matmul(out.as_mut(), Accum::Replace, root.transpose(), root.as_ref(), T::ONE, Par::Seq);
    }
    Ok(())
}
