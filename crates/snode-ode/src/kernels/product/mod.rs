//! Matrix products, and what goes with them.

#[cfg(target_arch = "x86_64")]
mod number;
#[cfg(target_arch = "x86_64")]
mod panel;
#[cfg(target_arch = "x86_64")]
mod tiles;

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use pulp::NullaryFnOnce;

use super::dispatch;
use crate::Real;
#[cfg(target_arch = "x86_64")]
use crate::parallel::SMALL_PRODUCT;

/// How a product is written, and what is fetched meanwhile.
#[derive(Clone, Copy)]
pub(crate) struct How<'a, T> {
    pub(crate) accumulate: Accum,
    pub(crate) factor: T,
    /// What will be read or written next.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(dead_code, reason = "faer's products fetch nothing")
    )]
    pub(crate) ahead: &'a [&'a [T]],
}

impl<'a, T: Real> How<'a, T> {
    /// In place of what is there.
    pub(crate) fn replace() -> Self {
        Self { accumulate: Accum::Replace, factor: T::ONE, ahead: &[] }
    }

    /// So many times, added to what is there.
    pub(crate) fn add(factor: T) -> Self {
        Self { accumulate: Accum::Add, factor, ahead: &[] }
    }

    /// `next` is what will be read or written next.
    pub(crate) fn before(self, next: &'a [&'a [T]]) -> Self {
        Self { ahead: next, ..self }
    }
}

/// Which of the matrices of a product are stored as their transposes. Every matrix is stored column by column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stored {
    /// A and B.
    Straight,
    /// Aᵀ and B.
    LeftTransposed,
    /// A and Bᵀ.
    RightTransposed,
}

/// A B, where A has `rows` rows and `terms` columns.
struct Product<'a, T> {
    stored: Stored,
    left: &'a [T],
    right: &'a [T],
    rows: usize,
    terms: usize,
}

impl<T: Real> Product<'_, T> {
    /// `out` = `factor` A B, or `out` += `factor` A B.
    fn write(&self, out: &mut [T], how: How<'_, T>) {
        #[cfg(target_arch = "x86_64")]
        if self.is_large(out) && tiles::write(self, out, how) {
            return;
        }
        self.write_by_faer(out, how);
    }

    /// Whether faer would take its kernel for large products, whose bits ours has too.
    #[cfg(target_arch = "x86_64")]
    fn is_large(&self, out: &[T]) -> bool {
        out.len() * self.terms > SMALL_PRODUCT
            && self.rows.min(self.terms) > 1
            && out.len() > self.rows
    }

    fn write_by_faer(&self, out: &mut [T], how: How<'_, T>) {
        let columns = out.len() / self.rows;
        let out = MatMut::from_column_major_slice_mut(out, self.rows, columns);
        let left = match self.stored {
            Stored::LeftTransposed => {
                MatRef::from_column_major_slice(self.left, self.terms, self.rows).transpose()
            }
            _ => MatRef::from_column_major_slice(self.left, self.rows, self.terms),
        };
        let right = match self.stored {
            Stored::RightTransposed => {
                MatRef::from_column_major_slice(self.right, columns, self.terms).transpose()
            }
            _ => MatRef::from_column_major_slice(self.right, self.terms, columns),
        };
        #[cfg(all(test, target_arch = "x86_64"))]
        if super::narrow::chosen().is_some() {
            return super::narrow::product(out, how.accumulate, left, right, how.factor);
        }
        matmul(out, how.accumulate, left, right, how.factor, Par::Seq);
    }
}

/// A X into `out`, for an n×n matrix `a` and columns X of n numbers.
pub(crate) fn transform<T: Real>(n: usize, a: &[T], x: &[T], out: &mut [T], how: How<'_, T>) {
    Product { stored: Stored::Straight, left: a, right: x, rows: n, terms: n }.write(out, how);
}

/// Aᵀ G into `out`.
pub(crate) fn transform_transposed<T: Real>(
    n: usize,
    a: &[T],
    g: &[T],
    out: &mut [T],
    how: How<'_, T>,
) {
    Product { stored: Stored::LeftTransposed, left: a, right: g, rows: n, terms: n }
        .write(out, how);
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

/// What columns G and X of n numbers contribute to a node of a gradient: its weights become G Xᵀ and its
/// biases G 1, or are increased by them.
pub(crate) fn outer_product<T: Real>(
    n: usize,
    g: &[T],
    x: &[T],
    node: &mut [T],
    accumulate: Accum,
    ahead: &[&[T]],
) {
    if g.is_empty() {
        if accumulate == Accum::Replace {
            node.fill(T::ZERO);
        }
        return;
    }
    let (weights, bias) = node.split_at_mut(n * n);
    let how = How { accumulate, ahead, ..How::replace() };
    Product { stored: Stored::RightTransposed, left: g, right: x, rows: n, terms: g.len() / n }
        .write(weights, how);
    row_sums(g, bias, accumulate);
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use crate::kernels::with_avx2;

    fn numbers<T: Real>(len: usize, seed: f64) -> Vec<T> {
        (0..len).map(|i| T::from_f64((i as f64 * 0.37 + seed).sin())).collect()
    }

    /// Rows, terms, columns: with and without tiles that are not full, and sums that are cut.
    const SHAPES: [(usize, usize, usize); 7] = [
        (196, 196, 50),
        (196, 196, 3),
        (49, 49, 37),
        (61, 600, 61),
        (5, 1300, 9),
        (520, 17, 2),
        (17, 33, 18),
    ];

    fn all<T: Real>(mut see: impl FnMut(&Product<'_, T>, How<'_, T>, &[T], &str)) {
        for (rows, terms, columns) in SHAPES {
            let (left, right) = (numbers(rows * terms, 1.0), numbers(terms * columns, 2.0));
            let before = numbers::<T>(rows * columns, 3.0);
            let scaled = How { factor: T::from_f64(0.3), ..How::replace() };
            let ways = [How::replace(), How::add(T::ONE), How::add(T::from_f64(0.02)), scaled];
            for stored in [Stored::Straight, Stored::LeftTransposed, Stored::RightTransposed] {
                let product = Product { stored, left: &left, right: &right, rows, terms };
                for how in ways {
                    let what =
                        format!("{rows} {terms} {columns} {stored:?} {:?} {}", how.factor, T::NAME);
                    see(&product, how.before(&[&left, &right]), &before, &what);
                }
            }
        }
    }

    fn bits<T: Real>(values: &[T]) -> Vec<u64> {
        values.iter().map(|v| v.to_f64().to_bits()).collect()
    }

    fn our_products_have_the_bits_of_faer<T: Real>() {
        all::<T>(|product, how, before, what| {
            let (mut ours, mut of_faer) = (before.to_vec(), before.to_vec());
            assert!(product.is_large(&ours), "{what}: too small");
            product.write(&mut ours, how);
            product.write_by_faer(&mut of_faer, how);
            assert!(bits(&ours) == bits(&of_faer), "{what}");
            let narrow = with_avx2(1, || {
                let mut narrow = before.to_vec();
                product.write(&mut narrow, how);
                narrow
            });
            assert!(narrow.is_none_or(|narrow| bits(&narrow) == bits(&ours)), "{what}, AVX2");
        });
    }

    #[test]
    fn our_products_have_the_bits_of_faer_in_either_precision() {
        our_products_have_the_bits_of_faer::<f64>();
        our_products_have_the_bits_of_faer::<f32>();
    }

    #[test]
    fn a_product_is_the_sum_that_defines_it() {
        all::<f64>(|product, how, before, what| {
            let mut out = before.to_vec();
            product.write(&mut out, how);
            let (rows, terms, columns) = (product.rows, product.terms, out.len() / product.rows);
            for (i, j) in [(0, 0), (rows - 1, columns - 1), (rows / 2, columns / 2)] {
                let left = |k: usize| match product.stored {
                    Stored::LeftTransposed => product.left[i * terms + k],
                    _ => product.left[k * rows + i],
                };
                let right = |k: usize| match product.stored {
                    Stored::RightTransposed => product.right[k * columns + j],
                    _ => product.right[j * terms + k],
                };
                let sum: f64 = (0..terms).map(|k| left(k) * right(k)).sum();
                let kept = if how.accumulate == Accum::Add { before[j * rows + i] } else { 0.0 };
                let expected = how.factor.mul_add(sum, kept);
                let error = (out[j * rows + i] - expected).abs();
                assert!(error < 1e-12 * terms as f64, "{what}: {error:e} at ({i}, {j})");
            }
        });
    }
}
