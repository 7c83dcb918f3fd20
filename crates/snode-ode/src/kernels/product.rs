//! Matrix products, by faer, and what goes with them.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use pulp::NullaryFnOnce;

use super::dispatch;
use crate::Real;

/// `out` = `left` `right`, or `out` += `factor` `left` `right`.
fn product<T: Real>(
    out: MatMut<'_, T>,
    accumulate: Accum,
    left: MatRef<'_, T>,
    right: MatRef<'_, T>,
    factor: T,
) {
    #[cfg(all(test, target_arch = "x86_64"))]
    if super::narrow::chosen().is_some() {
        return super::narrow::product(out, accumulate, left, right, factor);
    }
    matmul(out, accumulate, left, right, factor, Par::Seq);
}

/// [`product`] of `left` with `columns` into `out`, both column-major and as high as `left` is wide.
pub(crate) fn transform<T: Real>(
    left: MatRef<'_, T>,
    columns: &[T],
    out: &mut [T],
    accumulate: Accum,
    factor: T,
) {
    let n = left.ncols();
    product(
        MatMut::from_column_major_slice_mut(out, n, columns.len() / n),
        accumulate,
        left,
        MatRef::from_column_major_slice(columns, n, columns.len() / n),
        factor,
    );
}

struct RowSums<'a, T> {
    matrix: &'a [T],
    sums: &'a mut [T],
    accumulate: Accum,
}

impl<T: Real> NullaryFnOnce for RowSums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        if self.accumulate == Accum::Replace {
            self.sums.fill(T::ZERO);
        }
        for column in self.matrix.chunks_exact(self.sums.len()) {
            for (sum, value) in self.sums.iter_mut().zip(column) {
                *sum += *value;
            }
        }
    }
}

/// `sums` = `matrix` 1, or `sums` += `matrix` 1, for a column-major matrix with `sums.len()` rows.
pub(crate) fn row_sums<T: Real>(matrix: &[T], sums: &mut [T], accumulate: Accum) {
    dispatch(RowSums { matrix, sums, accumulate });
}

/// What columns G and X contribute to a node of a gradient: its weights become G Xᵀ and its biases
/// G 1, or are increased by them.
pub(crate) fn outer_product<T: Real>(
    width: usize,
    g: &[T],
    x: &[T],
    node: &mut [T],
    accumulate: Accum,
) {
    let n = width;
    if g.is_empty() {
        if accumulate == Accum::Replace {
            node.fill(T::ZERO);
        }
        return;
    }
    let (weights, bias) = node.split_at_mut(n * n);
    product(
        MatMut::from_column_major_slice_mut(weights, n, n),
        accumulate,
        MatRef::from_column_major_slice(g, n, g.len() / n),
        MatRef::from_column_major_slice(x, n, x.len() / n).transpose(),
        T::ONE,
    );
    row_sums(g, bias, accumulate);
}
