//! Passes over memory, each compiled for the machine's vector unit and chosen at run time.
//!
//! Every pass is a struct whose `call` is inlined into a function per instruction set by
//! [`pulp::Arch::dispatch`]. Matrix products go to faer.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use pulp::{Arch, NullaryFnOnce};

use crate::Real;
use crate::activation::{Activation, Elementwise, with_elementwise};

/// `out` = `left` `right`, or `out` += `factor` `left` `right`.
pub(crate) fn product<T: Real>(
    out: MatMut<'_, T>,
    accumulate: Accum,
    left: MatRef<'_, T>,
    right: MatRef<'_, T>,
    factor: T,
) {
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

/// What the next product will read, brought into the second-level cache bit by bit while an
/// elementwise pass is at work: a product that waits for its weights from memory takes a third
/// longer.
struct Ahead<'a, T> {
    values: &'a [T],
    piece: usize,
}

impl<'a, T> Ahead<'a, T> {
    /// To be fetched in as many pieces.
    #[inline(always)]
    fn new(values: &'a [T], pieces: usize) -> Self {
        Self { values, piece: values.len().div_ceil(pieces.max(1)) }
    }

    #[inline(always)]
    fn fetch_piece(&mut self) {
        let (piece, rest) = self.values.split_at(self.piece.min(self.values.len()));
        prefetch(piece);
        self.values = rest;
    }
}

/// Asks for `values` to be brought into the second-level cache, where the machine can be asked.
#[inline(always)]
fn prefetch<T>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        const LINE: usize = 64;
        let start: *const i8 = values.as_ptr().cast();
        for at in (0..size_of_val(values)).step_by(LINE) {
            // SAFETY: a prefetch reads nothing that the program can see, and `at` is in bounds.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(start.add(at)) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}

/// Partial sums of a dot product kept in registers.
const LANES: usize = 64;

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
        sums.iter().map(|sum| sum.to_f64()).sum()
    }
}

/// ⟨a, b⟩, in an order that depends on the length only.
pub(crate) fn dot<T: Real>(a: &[T], b: &[T]) -> f64 {
    debug_assert_eq!(a.len(), b.len());
    Arch::new().dispatch(Dot { a, b })
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
    Arch::new().dispatch(Distances { x, xi, perturbed, level })
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
    Arch::new().dispatch(Combine { y, keep, x, add });
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
    Arch::new().dispatch(LinearCombination { out, accumulate, terms });
}

struct Weigh<'a, T> {
    slope: &'a [T],
    terms: &'a Terms<'a, T>,
    out: &'a mut [T],
    ahead: &'a [T],
}

impl<T: Real> NullaryFnOnce for Weigh<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut ahead = Ahead::new(self.ahead, self.out.len().div_ceil(STRIP));
        let strips = self.out.chunks_mut(STRIP).zip(self.slope.chunks(STRIP));
        for (strip, (out, slope)) in strips.enumerate() {
            ahead.fetch_piece();
            combine_strip(out, Accum::Replace, self.terms, strip * STRIP);
            for (out, slope) in out.iter_mut().zip(slope) {
                *out *= *slope;
            }
        }
    }
}

/// `out` = `slope` ⊙ Σ c x; `ahead` is what the next product will read.
pub(crate) fn weigh<T: Real>(slope: &[T], terms: &Terms<'_, T>, out: &mut [T], ahead: &[T]) {
    Arch::new().dispatch(Weigh { slope, terms, out, ahead });
}

/// A state that a stage contributes to: `out` = `from` + `factor` K, or `out` += `factor` K where
/// there is no `from`.
#[derive(Default)]
pub(crate) struct Target<'a, T> {
    pub(crate) from: Option<&'a [T]>,
    pub(crate) factor: T,
    pub(crate) out: &'a mut [T],
}

/// Gives `value`, elements from `first` on of K, to the targets.
#[inline(always)]
fn contribute<T: Real>(value: &[T], targets: &mut [Target<'_, T>], first: usize) {
    let part = first..first + value.len();
    for target in targets {
        let out = &mut target.out[part.clone()];
        if let Some(from) = target.from {
            for ((out, from), value) in out.iter_mut().zip(&from[part.clone()]).zip(value) {
                *out = value.mul_add(target.factor, *from);
            }
        } else {
            for (out, value) in out.iter_mut().zip(value) {
                *out = value.mul_add(target.factor, *out);
            }
        }
    }
}

struct Stage<'a, 'b, T, F> {
    activation: F,
    z: &'a mut [T],
    bias: &'a [T],
    slope: Option<&'a mut [T]>,
    targets: &'a mut [Target<'b, T>],
    ahead: &'a [T],
}

impl<T: Real, F: Elementwise> NullaryFnOnce for Stage<'_, '_, T, F> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        let n = self.bias.len();
        let mut ahead = Ahead::new(self.ahead, self.z.len() / n);
        for (column, z) in self.z.chunks_exact_mut(n).enumerate() {
            ahead.fetch_piece();
            let first = column * n;
            if let Some(slope) = &mut self.slope {
                let slope = &mut slope[first..first + n];
                for i in 0..n {
                    (z[i], slope[i]) = self.activation.value_and_slope(z[i] + self.bias[i]);
                }
            } else {
                for i in 0..n {
                    z[i] = self.activation.value_and_slope(z[i] + self.bias[i]).0;
                }
            }
            contribute(z, self.targets, first);
        }
    }
}

/// A stage of a Runge–Kutta step after its product: K = σ(`z` + bias) to the targets, and
/// `slope` = σ′(`z` + bias) where it is wanted. `ahead` is what the next product will read.
pub(crate) fn stage<T: Real>(
    activation: Activation,
    z: &mut [T],
    bias: &[T],
    slope: Option<&mut [T]>,
    targets: &mut [Target<'_, T>],
    ahead: &[T],
) {
    with_elementwise!(activation, activation => {
        Arch::new().dispatch(Stage { activation, z, bias, slope, targets, ahead });
    });
}

struct SensitivityStage<'a, 'b, T> {
    y: &'a mut [T],
    bias: &'a [T],
    slope: &'a [T],
    targets: &'a mut [Target<'b, T>],
    ahead: &'a [T],
}

impl<T: Real> NullaryFnOnce for SensitivityStage<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let n = self.bias.len();
        let mut ahead = Ahead::new(self.ahead, self.y.len() / n);
        let columns = self.y.chunks_exact_mut(n).zip(self.slope.chunks_exact(n));
        for (column, (y, slope)) in columns.enumerate() {
            ahead.fetch_piece();
            for i in 0..n {
                y[i] = slope[i] * (y[i] + self.bias[i]);
            }
            contribute(y, self.targets, column * n);
        }
    }
}

/// The derivative of a [`stage`] after its products: `slope` ⊙ (`y` + β) to the targets. `ahead` is
/// what the next product will read.
pub(crate) fn sensitivity_stage<T: Real>(
    y: &mut [T],
    beta: &[T],
    slope: &[T],
    targets: &mut [Target<'_, T>],
    ahead: &[T],
) {
    Arch::new().dispatch(SensitivityStage { y, bias: beta, slope, targets, ahead });
}

struct EulerStep<'a, T, F> {
    activation: F,
    z: &'a [T],
    bias: &'a [T],
    h: T,
    x: &'a [T],
    next: &'a mut [T],
    slope: &'a mut [T],
    ahead: &'a [T],
}

impl<T: Real, F: Elementwise> NullaryFnOnce for EulerStep<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let n = self.bias.len();
        let mut ahead = Ahead::new(self.ahead, self.z.len() / n);
        let columns = self
            .z
            .chunks_exact(n)
            .zip(self.x.chunks_exact(n))
            .zip(self.next.chunks_exact_mut(n).zip(self.slope.chunks_exact_mut(n)));
        for ((z, x), (next, slope)) in columns {
            ahead.fetch_piece();
            for i in 0..n {
                let (value, derivative) = self.activation.value_and_slope(z[i] + self.bias[i]);
                next[i] = value.mul_add(self.h, x[i]);
                slope[i] = derivative;
            }
        }
    }
}

/// One layer of (S2) after its product: `next` = `x` + h σ(`z` + bias), `slope` = σ′(`z` + bias).
/// `ahead` is what the next product will read.
#[expect(clippy::too_many_arguments, reason = "a formula's operands")]
pub(crate) fn euler_step<T: Real>(
    activation: Activation,
    z: &[T],
    bias: &[T],
    h: T,
    x: &[T],
    next: &mut [T],
    slope: &mut [T],
    ahead: &[T],
) {
    with_elementwise!(activation, activation => {
        Arch::new().dispatch(EulerStep { activation, z, bias, h, x, next, slope, ahead });
    });
}

struct Activate<'a, T, F> {
    activation: F,
    z: &'a [T],
    bias: &'a [T],
    value: &'a mut [T],
    slope: &'a mut [T],
}

impl<T: Real, F: Elementwise> NullaryFnOnce for Activate<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let n = self.bias.len();
        let out = self.value.chunks_exact_mut(n).zip(self.slope.chunks_exact_mut(n));
        for (z, (value, slope)) in self.z.chunks_exact(n).zip(out) {
            for i in 0..n {
                (value[i], slope[i]) = self.activation.value_and_slope(z[i] + self.bias[i]);
            }
        }
    }
}

impl Activation {
    /// `value` = σ(`z` + `bias`) and `slope` = σ′(`z` + `bias`) for a batch of columns as long as
    /// `bias`, in vector code. Trailing elements that do not fill a column are left alone.
    ///
    /// # Panics
    /// If `z`, `value` and `slope` differ in length, or `bias` is empty.
    pub fn apply<T: Real>(self, z: &[T], bias: &[T], value: &mut [T], slope: &mut [T]) {
        assert!(z.len() == value.len() && z.len() == slope.len(), "lengths differ");
        with_elementwise!(self, activation => {
            Arch::new().dispatch(Activate { activation, z, bias, value, slope });
        });
    }
}

#[cfg(feature = "adaptive")]
struct Slope<'a, T, F> {
    activation: F,
    z: &'a mut [T],
    bias: &'a [T],
}

#[cfg(feature = "adaptive")]
impl<T: Real, F: Elementwise> NullaryFnOnce for Slope<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let n = self.bias.len();
        for z in self.z.chunks_exact_mut(n) {
            for i in 0..n {
                (_, z[i]) = self.activation.value_and_slope(z[i] + self.bias[i]);
            }
        }
    }
}

#[cfg(feature = "adaptive")]
/// `z` = σ′(`z` + bias).
pub(crate) fn slope<T: Real>(activation: Activation, z: &mut [T], bias: &[T]) {
    with_elementwise!(activation, activation => {
        Arch::new().dispatch(Slope { activation, z, bias });
    });
}

struct EulerAdvance<'a, T, F> {
    activation: F,
    z: &'a [T],
    bias: &'a [T],
    h: T,
    x: &'a mut [T],
}

impl<T: Real, F: Elementwise> NullaryFnOnce for EulerAdvance<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let n = self.bias.len();
        for (z, x) in self.z.chunks_exact(n).zip(self.x.chunks_exact_mut(n)) {
            for i in 0..n {
                let (value, _) = self.activation.value_and_slope(z[i] + self.bias[i]);
                x[i] = value.mul_add(self.h, x[i]);
            }
        }
    }
}

/// One layer of (S2) in place: `x` += h σ(`z` + bias).
pub(crate) fn euler_advance<T: Real>(
    activation: Activation,
    z: &[T],
    bias: &[T],
    h: T,
    x: &mut [T],
) {
    with_elementwise!(activation, activation => {
        Arch::new().dispatch(EulerAdvance { activation, z, bias, h, x });
    });
}

struct Multiply<'a, T> {
    a: &'a [T],
    b: &'a [T],
    out: &'a mut [T],
    ahead: &'a [T],
}

impl<T: Real> NullaryFnOnce for Multiply<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut ahead = Ahead::new(self.ahead, self.out.len().div_ceil(STRIP));
        let strips = self.a.chunks(STRIP).zip(self.b.chunks(STRIP));
        for (out, (a, b)) in self.out.chunks_mut(STRIP).zip(strips) {
            ahead.fetch_piece();
            for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                *out = *a * *b;
            }
        }
    }
}

/// `out` = `a` ⊙ `b`; `ahead` is what the next product will read.
pub(crate) fn multiply<T: Real>(a: &[T], b: &[T], out: &mut [T], ahead: &[T]) {
    Arch::new().dispatch(Multiply { a, b, out, ahead });
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
    Arch::new().dispatch(MultiplyBy { a, b });
}

struct SensitivityStep<'a, T> {
    y: &'a [T],
    bias: &'a [T],
    slope: &'a [T],
    h: T,
    xi: &'a mut [T],
    ahead: &'a [T],
}

impl<T: Real> NullaryFnOnce for SensitivityStep<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let n = self.bias.len();
        let mut ahead = Ahead::new(self.ahead, self.y.len() / n);
        let columns = self.y.chunks_exact(n).zip(self.slope.chunks_exact(n));
        for ((y, slope), xi) in columns.zip(self.xi.chunks_exact_mut(n)) {
            ahead.fetch_piece();
            for i in 0..n {
                xi[i] = (slope[i] * self.h).mul_add(y[i] + self.bias[i], xi[i]);
            }
        }
    }
}

/// One layer of (S3) after its products: `xi` += h `slope` ⊙ (`y` + β). `ahead` is what the next
/// product will read.
pub(crate) fn sensitivity_step<T: Real>(
    y: &[T],
    beta: &[T],
    slope: &[T],
    h: T,
    xi: &mut [T],
    ahead: &[T],
) {
    Arch::new().dispatch(SensitivityStep { y, bias: beta, slope, h, xi, ahead });
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
    Arch::new().dispatch(RowSums { matrix, sums, accumulate });
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
