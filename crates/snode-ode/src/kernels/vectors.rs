//! Passes over slices as vectors: sums, inner products, linear combinations, products of elements.

use faer::{Accum, MatRef};
use pulp::NullaryFnOnce;

use super::dispatch;
use crate::Real;

/// Partial sums of a dot product kept in registers.
pub(crate) const LANES: usize = 64;

struct Dot<'a, T> {
    a: &'a [T],
    b: &'a [T],
}

impl<T: Real> NullaryFnOnce for Dot<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let mut sums = [T::ZERO; LANES];
        let (a, a_rest) = self.a.as_chunks::<LANES>();
        let (b, b_rest) = self.b.as_chunks::<LANES>();
        for (a, b) in a.iter().zip(b) {
            for i in 0..LANES {
                sums[i] = a[i].mul_add(b[i], sums[i]);
            }
        }
        for (sum, (a, b)) in sums.iter_mut().zip(a_rest.iter().zip(b_rest)) {
            *sum = a.mul_add(*b, *sum);
        }
        sum_lanes(&sums)
    }
}

/// The sum of the partial sums of a [`dot`] product.
pub(crate) fn sum_lanes<T: Real>(sums: &[T; LANES]) -> f64 {
    sums.iter().map(|sum| sum.to_f64()).sum()
}

/// ⟨a, b⟩, in an order that depends on the length only.
pub(crate) fn dot<T: Real>(a: &[T], b: &[T]) -> f64 {
    debug_assert_eq!(a.len(), b.len());
    dispatch(Dot { a, b })
}

struct DotOfDifferences<'a, T> {
    u: [&'a [T]; 2],
    v: [&'a [T]; 2],
}

impl<T: Real> NullaryFnOnce for DotOfDifferences<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let mut sums = [T::ZERO; LANES];
        let len = self.u[0].len();
        let [u0, u1, v0, v1] =
            [self.u[0], self.u[1], self.v[0], self.v[1]].map(|values| &values[..len]);
        for first in (0..len).step_by(LANES) {
            let count = LANES.min(len - first);
            let [u0, u1, v0, v1] = [u0, u1, v0, v1].map(|values| &values[first..first + count]);
            for (i, sum) in sums[..count].iter_mut().enumerate() {
                *sum = (u1[i] - u0[i]).mul_add(v1[i] - v0[i], *sum);
            }
        }
        sum_lanes(&sums)
    }
}

/// ⟨u₁ − u₀, v₁ − v₀⟩, in an order that depends on the length only.
pub(crate) fn dot_of_differences<T: Real>(u: [&[T]; 2], v: [&[T]; 2]) -> f64 {
    dispatch(DotOfDifferences { u, v })
}

struct AllFinite<'a, T> {
    values: &'a [T],
}

impl<T: Real> NullaryFnOnce for AllFinite<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn call(self) -> bool {
        // 0 times a number that is not finite is NaN, and a sum with a NaN in it is NaN.
        let mut sums = [T::ZERO; LANES];
        let (blocks, rest) = self.values.as_chunks::<LANES>();
        for block in blocks {
            for i in 0..LANES {
                sums[i] = block[i].mul_add(T::ZERO, sums[i]);
            }
        }
        for (sum, value) in sums.iter_mut().zip(rest) {
            *sum = value.mul_add(T::ZERO, *sum);
        }
        sums.iter().all(|sum| *sum == T::ZERO)
    }
}

/// Whether no number is infinite or NaN.
pub(crate) fn all_finite<T: Real>(values: &[T]) -> bool {
    dispatch(AllFinite { values })
}

/// Whether no number of a matrix is infinite or NaN.
pub(crate) fn matrix_is_finite<T: Real>(matrix: MatRef<'_, T>) -> bool {
    (0..matrix.ncols()).all(|j| {
        let column = matrix.col(j);
        match column.try_as_col_major() {
            Some(column) => all_finite(column.as_slice()),
            None => column.iter().all(|v| v.is_finite()),
        }
    })
}

/// How much smaller than the largest numbers must be that [`has_square`] accepts: a million million of
/// such sums of squares can be added, and factors of a thousand be on the numbers.
const HEADROOM: f64 = 4096.0;

struct HasSquare<'a, T> {
    values: &'a [T],
}

impl<T: Real> NullaryFnOnce for HasSquare<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn call(self) -> bool {
        let factor = T::from_f64(HEADROOM);
        let mut sums = [T::ZERO; LANES];
        let (blocks, rest) = self.values.as_chunks::<LANES>();
        for block in blocks {
            for i in 0..LANES {
                let value = block[i] * factor;
                sums[i] = value.mul_add(value, sums[i]);
            }
        }
        for (sum, value) in sums.iter_mut().zip(rest) {
            let value = *value * factor;
            *sum = value.mul_add(value, *sum);
        }
        sums.iter().all(|sum| sum.is_finite())
    }
}

/// Whether the sum of the squares is finite, with room for more: no number is infinite or NaN, nor so
/// large that a norm cannot be told.
pub(crate) fn has_square<T: Real>(values: &[T]) -> bool {
    dispatch(HasSquare { values })
}

/// Partial sums of [`distances`].
const DISTANCE_LANES: usize = 16;

struct Distances<'a, T> {
    x: &'a [T],
    xi: &'a [T],
    perturbed: &'a [T],
    level: T,
}

/// Adds the squares of an estimate, of what was measured, and of their difference.
#[inline(always)]
fn add_squares<T: Real>(
    sums: &mut [[T; DISTANCE_LANES]; 3],
    lane: usize,
    estimated: T,
    measured: T,
) {
    let error = estimated - measured;
    sums[0][lane] = estimated.mul_add(estimated, sums[0][lane]);
    sums[1][lane] = measured.mul_add(measured, sums[1][lane]);
    sums[2][lane] = error.mul_add(error, sums[2][lane]);
}

impl<T: Real> NullaryFnOnce for Distances<'_, T> {
    type Output = [f64; 3];

    #[inline(always)]
    fn call(self) -> [f64; 3] {
        let mut sums = [[T::ZERO; DISTANCE_LANES]; 3];
        let (x, x_rest) = self.x.as_chunks::<DISTANCE_LANES>();
        let (xi, xi_rest) = self.xi.as_chunks::<DISTANCE_LANES>();
        let (perturbed, perturbed_rest) = self.perturbed.as_chunks::<DISTANCE_LANES>();
        for ((x, xi), perturbed) in x.iter().zip(xi).zip(perturbed) {
            for i in 0..DISTANCE_LANES {
                add_squares(&mut sums, i, self.level * xi[i], perturbed[i] - x[i]);
            }
        }
        for (i, ((x, xi), perturbed)) in x_rest.iter().zip(xi_rest).zip(perturbed_rest).enumerate()
        {
            add_squares(&mut sums, i, self.level * *xi, *perturbed - *x);
        }
        sums.map(|sums| sums.iter().map(|sum| sum.to_f64()).sum())
    }
}

/// ‖s `xi`‖², ‖`perturbed` − `x`‖² and ‖s `xi` − (`perturbed` − `x`)‖² with s = `level`.
pub(crate) fn distances<T: Real>(x: &[T], xi: &[T], perturbed: &[T], level: T) -> [f64; 3] {
    dispatch(Distances { x, xi, perturbed, level })
}

struct Combine<'a, T> {
    y: &'a mut [T],
    keep: T,
    x: &'a [T],
    add: T,
}

impl<T: Real> NullaryFnOnce for Combine<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (y, x) in self.y.iter_mut().zip(self.x) {
            *y = x.mul_add(self.add, self.keep * *y);
        }
    }
}

/// `y` = `keep`·`y` + `add`·`x`.
pub(crate) fn combine<T: Real>(y: &mut [T], keep: T, x: &[T], add: T) {
    debug_assert_eq!(y.len(), x.len());
    dispatch(Combine { y, keep, x, add });
}

struct AddToScaled<'a, T> {
    y: &'a mut [T],
    scale: T,
    x: &'a [T],
    factor: T,
}

impl<T: Real> NullaryFnOnce for AddToScaled<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (y, x) in self.y.iter_mut().zip(self.x) {
            *y = y.mul_add(self.scale, self.factor * *x);
        }
    }
}

/// `y` = `scale`·`y` + `factor`·`x`, rounded as the [`linear_combination`] of y and x, in this order:
/// [`combine`] rounds the other product.
pub(crate) fn add_to_scaled<T: Real>(y: &mut [T], scale: T, x: &[T], factor: T) {
    debug_assert_eq!(y.len(), x.len());
    dispatch(AddToScaled { y, scale, x, factor });
}

/// Terms of a [`linear_combination`]: factors and what they belong to.
pub(crate) type Terms<'a, T> = [(T, &'a [T])];

/// Elements that several terms are taken into before the next ones: they stay in the first-level
/// cache.
const STRIP: usize = 256;

/// `out` = Σ c x, or `out` += Σ c x, over the elements from `first` on of every x: two terms at a
/// time.
#[inline(always)]
fn combine_strip<T: Real>(
    out: &mut [T],
    mut accumulate: Accum,
    terms: &Terms<'_, T>,
    first: usize,
) {
    let len = out.len();
    for terms in terms.chunks(2) {
        let (a, x) = (terms[0].0, &terms[0].1[first..first + len]);
        match (accumulate, terms.get(1)) {
            (Accum::Replace, None) => {
                for i in 0..len {
                    out[i] = a * x[i];
                }
            }
            (Accum::Add, None) => {
                for i in 0..len {
                    out[i] = x[i].mul_add(a, out[i]);
                }
            }
            (Accum::Replace, Some((b, y))) => {
                let (b, y) = (*b, &y[first..first + len]);
                for i in 0..len {
                    out[i] = x[i].mul_add(a, b * y[i]);
                }
            }
            (Accum::Add, Some((b, y))) => {
                let (b, y) = (*b, &y[first..first + len]);
                for i in 0..len {
                    out[i] = x[i].mul_add(a, y[i].mul_add(b, out[i]));
                }
            }
        }
        accumulate = Accum::Add;
    }
    if accumulate == Accum::Replace {
        out.fill(T::ZERO);
    }
}

struct LinearCombination<'a, T> {
    out: &'a mut [T],
    accumulate: Accum,
    terms: &'a Terms<'a, T>,
}

impl<T: Real> NullaryFnOnce for LinearCombination<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (strip, out) in self.out.chunks_mut(STRIP).enumerate() {
            combine_strip(out, self.accumulate, self.terms, strip * STRIP);
        }
    }
}

/// `out` = Σ c x, or `out` += Σ c x.
pub(crate) fn linear_combination<T: Real>(out: &mut [T], accumulate: Accum, terms: &Terms<'_, T>) {
    dispatch(LinearCombination { out, accumulate, terms });
}

struct Weigh<'a, T> {
    slope: &'a [T],
    terms: &'a Terms<'a, T>,
    out: &'a mut [T],
}

impl<T: Real> NullaryFnOnce for Weigh<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let strips = self.out.chunks_mut(STRIP).zip(self.slope.chunks(STRIP));
        for (strip, (out, slope)) in strips.enumerate() {
            combine_strip(out, Accum::Replace, self.terms, strip * STRIP);
            for (out, slope) in out.iter_mut().zip(slope) {
                *out *= *slope;
            }
        }
    }
}

/// `out` = `slope` ⊙ Σ c x.
pub(crate) fn weigh<T: Real>(slope: &[T], terms: &Terms<'_, T>, out: &mut [T]) {
    dispatch(Weigh { slope, terms, out });
}

struct Multiply<'a, T> {
    a: &'a [T],
    b: &'a [T],
    out: &'a mut [T],
}

impl<T: Real> NullaryFnOnce for Multiply<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let strips = self.a.chunks(STRIP).zip(self.b.chunks(STRIP));
        for (out, (a, b)) in self.out.chunks_mut(STRIP).zip(strips) {
            for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                *out = *a * *b;
            }
        }
    }
}

/// `out` = `a` ⊙ `b`.
pub(crate) fn multiply<T: Real>(a: &[T], b: &[T], out: &mut [T]) {
    dispatch(Multiply { a, b, out });
}

#[cfg(feature = "adaptive")]
struct MultiplyBy<'a, T> {
    a: &'a mut [T],
    b: &'a [T],
}

#[cfg(feature = "adaptive")]
impl<T: Real> NullaryFnOnce for MultiplyBy<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (a, b) in self.a.iter_mut().zip(self.b) {
            *a *= *b;
        }
    }
}

#[cfg(feature = "adaptive")]
/// `a` = `a` ⊙ `b`.
pub(crate) fn multiply_by<T: Real>(a: &mut [T], b: &[T]) {
    dispatch(MultiplyBy { a, b });
}
