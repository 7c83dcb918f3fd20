//! A batch's state as a vector of diffsol's.
//!
//! diffsol computes in whichever vector type its equations have. This one keeps a whole batch,
//! n×M numbers of the network's own type, in one slice that the right-hand sides read and write
//! without copying; measures errors in the norm the user chose, a NaN counting as an infinite error
//! (so that it is never accepted); and takes its memory from a pool, so that a solve like the last
//! one allocates none. Times, step lengths and coefficients are `f64` whatever the numbers are.

use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Sub, SubAssign};
use std::sync::{Arc, OnceLock};

use diffsol::{
    Context, LaError, Scale, Vector, VectorCommon, VectorIndex, VectorView, VectorViewMut,
};

use super::options::ErrorNorm;
use super::passes;
use super::pool::{Buffer, Pool};
use super::seen::{Numbers, Seen};
use crate::{Real, kernels};

/// What all vectors of a solve share.
#[derive(Clone, Debug)]
pub(super) struct BatchContext<T> {
    pool: Arc<Pool<T>>,
    norm: ErrorNorm,
    /// n, the numbers of a data point.
    rows: usize,
    /// What the last error measured was.
    seen: Arc<Seen>,
    /// What columns read that nobody has written.
    zeros: Arc<OnceLock<Vec<T>>>,
}

impl<T: Real> BatchContext<T> {
    pub(super) fn new(pool: Arc<Pool<T>>, norm: ErrorNorm, rows: usize) -> Self {
        Self { pool, norm, rows, seen: Arc::default(), zeros: Arc::default() }
    }

    /// As many zeros as the first caller wanted: all columns are equally long.
    pub(super) fn zeros(&self, len: usize) -> &[T] {
        &self.zeros.get_or_init(|| vec![T::ZERO; len])[..len]
    }

    /// What the last error measured was.
    pub(super) fn seen(&self) -> Arc<Seen> {
        Arc::clone(&self.seen)
    }

    pub(super) fn take(&self, len: usize) -> Buffer<T> {
        Buffer::take(&self.pool, len)
    }

    /// The square of the error norm: at most 1 for a step to be accepted.
    fn squared_norm(&self, error: &[T], y: &[T], atol: &[T], rtol: f64) -> f64 {
        let rows = self.rows.clamp(1, error.len().max(1));
        let rtol = T::from_f64(rtol);
        let (mut sum, mut max, mut worst) = (0.0, 0.0_f64, 0.0_f64);
        for ((error, y), atol) in error.chunks(rows).zip(y.chunks(rows)).zip(atol.chunks(rows)) {
            let sample = passes::measure(error, y, atol, rtol);
            sum += sample.sum;
            max = max.max(sample.max);
            worst = worst.max(sample.sum / rows as f64);
        }
        let norm = match self.norm {
            ErrorNorm::Rms => sum / error.len().max(1) as f64,
            ErrorNorm::Max => max,
            ErrorNorm::PerSample => worst,
        };
        if sum.is_finite() {
            self.seen.set(Numbers::Finite);
            return norm;
        }
        // Divided by a tolerance that is small enough, an error that is finite need not stay so.
        let finite = kernels::all_finite(error) && kernels::all_finite(y);
        self.seen.set(if finite { Numbers::NormNotFinite } else { Numbers::NotFinite });
        f64::INFINITY
    }
}

impl<T: Real> Default for BatchContext<T> {
    fn default() -> Self {
        Self::new(Pool::new(), ErrorNorm::default(), 1)
    }
}

impl<T: Real> Context for BatchContext<T> {
    fn clone_with_nbatch(&self, nbatch: usize) -> Result<Self, LaError> {
        if nbatch == 1 {
            return Ok(self.clone());
        }
        Err(LaError::Other("a batch is one state to diffsol".into()))
    }
}

/// A batch's numbers, data point after data point.
#[derive(Clone, Debug)]
pub(super) struct Batch<T: Real> {
    buffer: Buffer<T>,
    context: BatchContext<T>,
}

/// A batch that belongs to something else.
#[derive(Debug)]
pub(super) struct BatchRef<'a, T: Real> {
    values: &'a [T],
    context: &'a BatchContext<T>,
}

/// A batch that belongs to something else, to write.
#[derive(Debug)]
pub(super) struct BatchMut<'a, T: Real> {
    values: &'a mut [T],
    /// Raised while the numbers are zeros that nobody has written yet.
    blank: Option<&'a mut bool>,
}

impl<'a, T: Real> BatchRef<'a, T> {
    pub(super) fn new(values: &'a [T], context: &'a BatchContext<T>) -> Self {
        Self { values, context }
    }
}

impl<'a, T: Real> BatchMut<'a, T> {
    pub(super) fn new(values: &'a mut [T], blank: Option<&'a mut bool>) -> Self {
        Self { values, blank }
    }

    /// The numbers, to be overwritten.
    fn overwrite(&mut self) -> &mut [T] {
        if let Some(blank) = &mut self.blank {
            **blank = false;
        }
        self.values
    }

    /// The numbers, to be changed.
    fn change(&mut self) -> &mut [T] {
        if self.blank.as_ref().is_some_and(|blank| **blank) {
            self.overwrite().fill(T::ZERO);
        }
        self.values
    }
}

impl<T: Real> Batch<T> {
    pub(super) fn as_slice(&self) -> &[T] {
        self.buffer.as_slice()
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [T] {
        self.buffer.as_mut_slice()
    }

    /// With any numbers in it.
    pub(super) fn unwritten(len: usize, context: &BatchContext<T>) -> Self {
        Self { buffer: context.take(len), context: context.clone() }
    }

    fn copy_of(values: &[T], context: &BatchContext<T>) -> Self {
        let mut buffer = context.take(values.len());
        buffer.as_mut_slice().copy_from_slice(values);
        Self { buffer, context: context.clone() }
    }
}

/// Whatever has a batch's numbers.
pub(super) trait Values<T> {
    fn values(&self) -> &[T];
}

impl<T: Real> Values<T> for Batch<T> {
    fn values(&self) -> &[T] {
        self.as_slice()
    }
}

impl<T: Real> Values<T> for BatchRef<'_, T> {
    fn values(&self) -> &[T] {
        self.values
    }
}

impl<T, V: Values<T>> Values<T> for &V {
    fn values(&self) -> &[T] {
        (**self).values()
    }
}

impl<T: Real, R: Values<T>> AddAssign<R> for Batch<T> {
    fn add_assign(&mut self, right: R) {
        passes::combine(self.as_mut_slice(), T::ONE, right.values(), T::ONE);
    }
}

impl<T: Real, R: Values<T>> SubAssign<R> for Batch<T> {
    fn sub_assign(&mut self, right: R) {
        passes::combine(self.as_mut_slice(), T::ONE, right.values(), -T::ONE);
    }
}

impl<T: Real, R: Values<T>> AddAssign<R> for BatchMut<'_, T> {
    fn add_assign(&mut self, right: R) {
        passes::combine(self.change(), T::ONE, right.values(), T::ONE);
    }
}

impl<T: Real, R: Values<T>> SubAssign<R> for BatchMut<'_, T> {
    fn sub_assign(&mut self, right: R) {
        passes::combine(self.change(), T::ONE, right.values(), -T::ONE);
    }
}

impl<T: Real, R: Values<T>> Add<R> for Batch<T> {
    type Output = Self;
    fn add(mut self, right: R) -> Self {
        self += right;
        self
    }
}

impl<T: Real, R: Values<T>> Sub<R> for Batch<T> {
    type Output = Self;
    fn sub(mut self, right: R) -> Self {
        self -= right;
        self
    }
}

impl<T: Real, R: Values<T>> Add<R> for BatchRef<'_, T> {
    type Output = Batch<T>;
    fn add(self, right: R) -> Batch<T> {
        self.into_owned() + right
    }
}

impl<T: Real, R: Values<T>> Sub<R> for BatchRef<'_, T> {
    type Output = Batch<T>;
    fn sub(self, right: R) -> Batch<T> {
        self.into_owned() - right
    }
}

impl<T: Real> MulAssign<Scale<f64>> for Batch<T> {
    fn mul_assign(&mut self, factor: Scale<f64>) {
        let factor = T::from_f64(factor.value());
        self.as_mut_slice().iter_mut().for_each(|v| *v *= factor);
    }
}

impl<T: Real> MulAssign<Scale<f64>> for BatchMut<'_, T> {
    fn mul_assign(&mut self, factor: Scale<f64>) {
        let factor = T::from_f64(factor.value());
        self.change().iter_mut().for_each(|v| *v *= factor);
    }
}

impl<T: Real> Mul<Scale<f64>> for Batch<T> {
    type Output = Self;
    fn mul(mut self, factor: Scale<f64>) -> Self {
        self *= factor;
        self
    }
}

impl<T: Real> Mul<Scale<f64>> for BatchRef<'_, T> {
    type Output = Batch<T>;
    fn mul(self, factor: Scale<f64>) -> Batch<T> {
        self.into_owned() * factor
    }
}

impl<T: Real> Div<Scale<f64>> for Batch<T> {
    type Output = Self;
    fn div(self, factor: Scale<f64>) -> Self {
        self * Scale(1.0 / factor.value())
    }
}

impl<T: Real> VectorCommon for Batch<T> {
    type T = f64;
    type C = BatchContext<T>;
    type Inner = Self;
    fn inner(&self) -> &Self {
        self
    }
}

impl<T: Real> VectorCommon for BatchRef<'_, T> {
    type T = f64;
    type C = BatchContext<T>;
    type Inner = Self;
    fn inner(&self) -> &Self {
        self
    }
}

impl<T: Real> VectorCommon for BatchMut<'_, T> {
    type T = f64;
    type C = BatchContext<T>;
    type Inner = Self;
    fn inner(&self) -> &Self {
        self
    }
}

impl<'a, T: Real> VectorView<'a> for BatchRef<'a, T> {
    type Owned = Batch<T>;
    fn get_index(&self, index: usize) -> f64 {
        self.values[index].to_f64()
    }
    fn squared_norm(&self, y: &Batch<T>, atol: &Batch<T>, rtol: f64) -> f64 {
        self.context.squared_norm(self.values, y.as_slice(), atol.as_slice(), rtol)
    }
    fn into_owned(self) -> Batch<T> {
        Batch::copy_of(self.values, self.context)
    }
}

impl<'a, T: Real> VectorViewMut<'a> for BatchMut<'a, T> {
    type Owned = Batch<T>;
    type View = BatchRef<'a, T>;
    type Index = Indices<T>;
    fn copy_from(&mut self, other: &Batch<T>) {
        self.overwrite().copy_from_slice(other.as_slice());
    }
    fn copy_from_view(&mut self, other: &BatchRef<'a, T>) {
        self.overwrite().copy_from_slice(other.values);
    }
    fn axpy(&mut self, alpha: f64, x: &Batch<T>, beta: f64) {
        let values = if beta == 0.0 { self.overwrite() } else { self.change() };
        passes::combine(values, T::from_f64(beta), x.as_slice(), T::from_f64(alpha));
    }
    fn set_index(&mut self, index: usize, value: f64) {
        self.change()[index] = T::from_f64(value);
    }
    fn fill_index(&mut self, index: usize, value: f64) {
        self.set_index(index, value);
    }
}

/// Positions in a batch.
#[derive(Clone, Debug)]
pub(super) struct Indices<T> {
    positions: Vec<usize>,
    context: BatchContext<T>,
}

impl<T: Real> VectorIndex for Indices<T> {
    type C = BatchContext<T>;
    fn context(&self) -> &BatchContext<T> {
        &self.context
    }
    fn zeros(len: usize, context: BatchContext<T>) -> Self {
        Self { positions: vec![0; len], context }
    }
    fn len(&self) -> usize {
        self.positions.len()
    }
    fn clone_as_vec(&self) -> Vec<usize> {
        self.positions.clone()
    }
    fn from_vec(positions: Vec<usize>, context: BatchContext<T>) -> Self {
        Self { positions, context }
    }
}

impl<T: Real> Vector for Batch<T> {
    type View<'a> = BatchRef<'a, T>;
    type ViewMut<'a> = BatchMut<'a, T>;
    type Index = Indices<T>;

    fn context(&self) -> &BatchContext<T> {
        &self.context
    }
    fn inner_mut(&mut self) -> &mut Self {
        self
    }
    fn set_index(&mut self, index: usize, value: f64) {
        self.as_mut_slice()[index] = T::from_f64(value);
    }
    fn fill_index(&mut self, index: usize, value: f64) {
        self.set_index(index, value);
    }
    fn get_index(&self, index: usize) -> f64 {
        self.as_slice()[index].to_f64()
    }
    fn norm(&self, k: i32) -> f64 {
        let powers = self.as_slice().iter().map(|v| v.to_f64().abs().powi(k));
        powers.sum::<f64>().powf(1.0 / f64::from(k))
    }
    fn squared_norm(&self, y: &Self, atol: &Self, rtol: f64) -> f64 {
        self.context.squared_norm(self.as_slice(), y.as_slice(), atol.as_slice(), rtol)
    }
    fn len(&self) -> usize {
        self.as_slice().len()
    }
    fn from_element(len: usize, value: f64, context: BatchContext<T>) -> Self {
        let mut buffer = context.take(len);
        buffer.as_mut_slice().fill(T::from_f64(value));
        Self { buffer, context }
    }
    fn fill(&mut self, value: f64) {
        self.as_mut_slice().fill(T::from_f64(value));
    }
    fn as_view(&self) -> BatchRef<'_, T> {
        BatchRef::new(self.as_slice(), &self.context)
    }
    fn as_view_mut(&mut self) -> BatchMut<'_, T> {
        BatchMut::new(self.as_mut_slice(), None)
    }
    fn get_batch(&self, _: usize) -> BatchRef<'_, T> {
        self.as_view()
    }
    fn get_batch_mut(&mut self, _: usize) -> BatchMut<'_, T> {
        self.as_view_mut()
    }
    fn for_each_batch_mut_host<const M: usize, const N: usize>(
        mut out: [&mut Self; M],
        arguments: [&Self; N],
        mut f: impl FnMut([&mut [f64]; M], [&[f64]; N], usize),
    ) {
        // Only implicit methods ask for this, and they compute in diffsol's own vectors.
        let mut wide: [Vec<f64>; M] = std::array::from_fn(|i| out[i].clone_as_vec());
        let arguments: [Vec<f64>; N] = arguments.map(Self::clone_as_vec);
        f(wide.each_mut().map(Vec::as_mut_slice), arguments.each_ref().map(Vec::as_slice), 0);
        for (out, wide) in out.iter_mut().zip(&wide) {
            for (out, wide) in out.as_mut_slice().iter_mut().zip(wide) {
                *out = T::from_f64(*wide);
            }
        }
    }
    fn copy_from(&mut self, other: &Self) {
        self.as_mut_slice().copy_from_slice(other.as_slice());
    }
    fn copy_from_view(&mut self, other: &BatchRef<'_, T>) {
        self.as_mut_slice().copy_from_slice(other.values);
    }
    fn from_vec(values: Vec<f64>, context: BatchContext<T>) -> Self {
        Self::from_slice(&values, context)
    }
    fn from_slice(values: &[f64], context: BatchContext<T>) -> Self {
        let mut buffer = context.take(values.len());
        for (to, from) in buffer.as_mut_slice().iter_mut().zip(values) {
            *to = T::from_f64(*from);
        }
        Self { buffer, context }
    }
    fn clone_as_vec(&self) -> Vec<f64> {
        self.as_slice().iter().map(|v| v.to_f64()).collect()
    }
    fn axpy(&mut self, alpha: f64, x: &Self, beta: f64) {
        self.as_view_mut().axpy(alpha, x, beta);
    }
    fn axpy_v(&mut self, alpha: f64, x: &BatchRef<'_, T>, beta: f64) {
        let (alpha, beta) = (T::from_f64(alpha), T::from_f64(beta));
        passes::combine(self.as_mut_slice(), beta, x.values, alpha);
    }
    fn batched_axpy(&mut self, alpha: &Self, x: &Self, beta: f64) {
        self.axpy(alpha.get_index(0), x, beta);
    }
    fn component_mul_assign(&mut self, other: &Self) {
        self.as_mut_slice().iter_mut().zip(other.as_slice()).for_each(|(v, o)| *v *= *o);
    }
    fn component_div_assign(&mut self, other: &Self) {
        for (v, o) in self.as_mut_slice().iter_mut().zip(other.as_slice()) {
            let quotient = *v / *o;
            *v = quotient;
        }
    }
    fn root_finding(&self, _: &Self) -> (bool, f64, i32) {
        // There are no events.
        (false, 0.0, -1)
    }
    fn assign_at_indices(&mut self, indices: &Indices<T>, value: f64) {
        for &i in &indices.positions {
            self.set_index(i, value);
        }
    }
    fn copy_from_indices(&mut self, other: &Self, indices: &Indices<T>) {
        for &i in &indices.positions {
            self.as_mut_slice()[i] = other.as_slice()[i];
        }
    }
    fn gather(&mut self, other: &Self, indices: &Indices<T>) {
        for (to, &i) in self.as_mut_slice().iter_mut().zip(&indices.positions) {
            *to = other.as_slice()[i];
        }
    }
    fn scatter(&self, indices: &Indices<T>, other: &mut Self) {
        for (from, &i) in self.as_slice().iter().zip(&indices.positions) {
            other.as_mut_slice()[i] = *from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(norm: ErrorNorm) -> BatchContext<f64> {
        BatchContext::new(Pool::new(), norm, 2)
    }

    #[test]
    fn the_three_norms_are_what_they_say() {
        // Two data points of two numbers, tolerances 1.
        let error = [3.0, 0.0, 0.0, 2.0];
        for (norm, expected) in
            [(ErrorNorm::Rms, 13.0 / 4.0), (ErrorNorm::Max, 9.0), (ErrorNorm::PerSample, 4.5)]
        {
            let context = context(norm);
            let error = Batch::from_slice(&error, context.clone());
            let y = Batch::from_element(4, 1.0, context.clone());
            let atol = Batch::from_element(4, 0.5, context.clone());
            assert_eq!(error.squared_norm(&y, &atol, 0.5), expected);
            assert_eq!(context.seen.get(), Numbers::Finite);
        }
    }

    #[test]
    fn nan_is_an_infinite_error() {
        for norm in [ErrorNorm::Rms, ErrorNorm::Max, ErrorNorm::PerSample] {
            let context = context(norm);
            let error = Batch::from_slice(&[0.0, 0.0, f64::NAN, 0.0], context.clone());
            let one = Batch::from_element(4, 1.0, context.clone());
            assert_eq!(error.squared_norm(&one, &one, 1.0), f64::INFINITY);
            assert_eq!(context.seen.get(), Numbers::NotFinite);
            let tiny = Batch::from_element(4, 1e-300, context.clone());
            let zero = Batch::from_element(4, 0.0, context.clone());
            assert_eq!(one.squared_norm(&zero, &tiny, 1.0), f64::INFINITY);
            assert_eq!(context.seen.get(), Numbers::NormNotFinite);
        }
    }

    #[test]
    fn memory_goes_back_to_the_pool() {
        let context = context(ErrorNorm::Rms);
        let first = Batch::from_element(1000, 1.0, context.clone());
        let address = first.as_slice().as_ptr();
        drop(first);
        assert_eq!(Batch::from_element(1000, 1.0, context).as_slice().as_ptr(), address);
    }
}
