//! The stage increments of a step as a matrix of diffsol's: a few [`Batch`]es side by side.
//!
//! Explicit methods need no other matrix. What only Newton's method asks of one has no meaning here
//! and is never called; implicit methods compute with diffsol's own matrices.

use std::ops::{Add, AddAssign, Mul, Sub, SubAssign};

use diffsol::matrix::MAX_SMALL_COLS;
use diffsol::matrix::sparsity::{Dense, DenseRef};
use diffsol::{
    DefaultDenseMatrix, DenseMatrix, LaError, Matrix, MatrixCommon, Scale, Vector, VectorViewMut,
};
use faer::Accum;

use super::batch::{Batch, BatchContext, BatchMut, BatchRef, Indices};
use super::pool::Buffer;
use crate::{Real, kernels};

/// Batches side by side, each in memory of its own.
#[derive(Debug)]
pub(super) struct Columns<T: Real> {
    all: Vec<Column<T>>,
    rows: usize,
    context: BatchContext<T>,
}

/// A column, and whether it is zeros that nobody has written yet: a step writes every column before
/// it reads it, and need not find zeros there.
#[derive(Debug)]
struct Column<T: Real> {
    buffer: Buffer<T>,
    blank: bool,
}

fn never(operation: &str) -> ! {
    unreachable!("{operation}: explicit methods have no Newton matrix")
}

impl<T: Real> Columns<T> {
    fn slice(&self, column: usize) -> &[T] {
        let Column { buffer, blank } = &self.all[column];
        if *blank { self.context.zeros(self.rows) } else { buffer.as_slice() }
    }

    /// Every column `combine`d with its like.
    fn combine(&mut self, other: &Self, add: T) {
        for (j, column) in self.all.iter_mut().enumerate() {
            let mut view = BatchMut::new(column.buffer.as_mut_slice(), Some(&mut column.blank));
            let other = BatchRef::new(other.slice(j), &other.context);
            if add == T::ONE {
                view += other;
            } else {
                view -= other;
            }
        }
    }
}

impl<T: Real> Clone for Columns<T> {
    fn clone(&self) -> Self {
        let mut copy = Self::zeros(self.rows, self.all.len(), self.context.clone());
        for (to, from) in copy.all.iter_mut().zip(&self.all).filter(|(_, f)| !f.blank) {
            to.buffer.as_mut_slice().copy_from_slice(from.buffer.as_slice());
            to.blank = false;
        }
        copy
    }
}

impl<T: Real> DefaultDenseMatrix for Batch<T> {
    type M = Columns<T>;
}

impl<T: Real> MatrixCommon for Columns<T> {
    type V = Batch<T>;
    type T = f64;
    type C = BatchContext<T>;
    type Inner = Self;
    fn nrows(&self) -> usize {
        self.rows
    }
    fn ncols(&self) -> usize {
        self.all.len()
    }
    fn inner(&self) -> &Self {
        self
    }
}

impl<T: Real> AddAssign<&Self> for Columns<T> {
    fn add_assign(&mut self, other: &Self) {
        self.combine(other, T::ONE);
    }
}

impl<T: Real> SubAssign<&Self> for Columns<T> {
    fn sub_assign(&mut self, other: &Self) {
        self.combine(other, -T::ONE);
    }
}

impl<T: Real> Add<&Self> for Columns<T> {
    type Output = Self;
    fn add(mut self, other: &Self) -> Self {
        self += other;
        self
    }
}

impl<T: Real> Sub<&Self> for Columns<T> {
    type Output = Self;
    fn sub(mut self, other: &Self) -> Self {
        self -= other;
        self
    }
}

impl<T: Real> Mul<Scale<f64>> for Columns<T> {
    type Output = Self;
    fn mul(mut self, factor: Scale<f64>) -> Self {
        for j in 0..self.all.len() {
            let mut column = self.column_mut(j);
            column *= factor;
        }
        self
    }
}

impl<T: Real> Matrix for Columns<T> {
    type Sparsity = Dense<Self>;
    type SparsityRef<'a> = DenseRef<'a, Self>;

    fn sparsity(&self) -> Option<DenseRef<'_, Self>> {
        None
    }
    fn context(&self) -> &BatchContext<T> {
        &self.context
    }
    fn inner_mut(&mut self) -> &mut Self {
        self
    }
    fn copy_from(&mut self, other: &Self) {
        *self = other.clone();
    }
    fn zeros(rows: usize, columns: usize, context: BatchContext<T>) -> Self {
        let column = |_| Column { buffer: context.take(rows), blank: true };
        Self { all: (0..columns).map(column).collect(), rows, context: context.clone() }
    }
    fn new_from_sparsity(
        rows: usize,
        columns: usize,
        _: Option<Dense<Self>>,
        context: BatchContext<T>,
    ) -> Self {
        Self::zeros(rows, columns, context)
    }
    fn set_column(&mut self, column: usize, v: &Batch<T>) {
        self.column_mut(column).copy_from(v);
    }
    fn add_column_to_vector(&self, column: usize, v: &mut Batch<T>) {
        *v += self.column(column);
    }
    fn gemv(&self, alpha: f64, x: &Batch<T>, beta: f64, y: &mut Batch<T>) {
        self.gemv_cols(0, self.all.len(), alpha, &x.clone_as_vec(), beta, y);
    }
    fn partition_indices_by_zero_diagonal(&self) -> (Indices<T>, Indices<T>) {
        never("diagonal")
    }
    fn from_diagonal(_: &Batch<T>) -> Self {
        never("diagonal")
    }
    fn add_columns_to_batched_vector(&self, _: &mut Batch<T>) {
        never("columns as batches")
    }
    fn set_data_with_indices(&mut self, _: &Indices<T>, _: &Indices<T>, _: &Batch<T>) {
        never("entries")
    }
    fn gather(&mut self, _: &Self, _: &Indices<T>) {
        never("entries")
    }
    fn scale_add_and_assign(&mut self, _: &Self, _: f64, _: &Self) {
        never("linear combination")
    }
    fn triplet_iter(
        &self,
    ) -> (impl Iterator<Item = (usize, usize)> + '_, impl Iterator<Item = f64> + '_) {
        let columns = 0..self.all.len();
        let entries = columns.clone().flat_map(|j| (0..self.rows).map(move |i| (i, j)));
        (entries, columns.flat_map(|j| self.slice(j)).map(|v| v.to_f64()))
    }
    fn try_from_triplets(
        _: usize,
        _: usize,
        _: Vec<(usize, usize)>,
        _: Vec<f64>,
        _: BatchContext<T>,
    ) -> Result<Self, LaError> {
        Err(LaError::Other("explicit methods have no Newton matrix".into()))
    }
}

impl<T: Real> DenseMatrix for Columns<T> {
    fn gemv_cols(
        &self,
        start: usize,
        end: usize,
        alpha: f64,
        x: &[f64],
        beta: f64,
        y: &mut Batch<T>,
    ) {
        let mut terms: [(T, &[T]); MAX_SMALL_COLS] = [(T::ZERO, &[]); MAX_SMALL_COLS];
        let mut len = 0;
        for j in (start..end).filter(|j| x[j - start] != 0.0) {
            terms[len] = (T::from_f64(alpha * x[j - start]), self.slice(j));
            len += 1;
        }
        if beta != 0.0 && beta != 1.0 {
            *y *= Scale(beta);
        }
        let accumulate = if beta == 0.0 { Accum::Replace } else { Accum::Add };
        kernels::linear_combination(y.as_mut_slice(), accumulate, &terms[..len]);
    }
    fn column(&self, column: usize) -> BatchRef<'_, T> {
        BatchRef::new(self.slice(column), &self.context)
    }
    fn column_mut(&mut self, column: usize) -> BatchMut<'_, T> {
        let Column { buffer, blank } = &mut self.all[column];
        BatchMut::new(buffer.as_mut_slice(), Some(blank))
    }
    fn set_index(&mut self, row: usize, column: usize, value: f64) {
        self.column_mut(column).set_index(row, value);
    }
    fn set_index_batch(&mut self, _: usize, row: usize, column: usize, value: f64) {
        self.set_index(row, column, value);
    }
    fn get_index(&self, row: usize, column: usize) -> f64 {
        self.slice(column)[row].to_f64()
    }
    fn resize_cols(&mut self, columns: usize) {
        let (rows, context) = (self.rows, &self.context);
        let blank = || Column { buffer: context.take(rows), blank: true };
        self.all.resize_with(columns, blank);
    }
    fn from_vec(rows: usize, columns: usize, data: Vec<f64>, context: BatchContext<T>) -> Self {
        let mut matrix = Self::zeros(rows, columns, context);
        for (j, column) in data.chunks_exact(rows.max(1)).enumerate() {
            for (i, value) in column.iter().enumerate() {
                matrix.set_index(i, j, *value);
            }
        }
        matrix
    }
    fn update_backward_diff(&mut self, _: usize, _: &Batch<T>) {
        never("backward differences")
    }
    fn mul_cols_by(&mut self, _: usize, _: &[f64]) {
        never("product of columns")
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::ErrorNorm;
    use super::super::pool::Pool;
    use super::*;
    use diffsol::VectorView;

    #[test]
    fn columns_that_nobody_wrote_are_zero() {
        let context = BatchContext::<f64>::new(Pool::new(), ErrorNorm::Rms, 1);
        // Leaves numbers in the pool's memory.
        drop(Batch::from_element(3, f64::NAN, context.clone()));
        let mut columns = Columns::zeros(3, 2, context.clone());
        let x = Batch::from_element(3, 2.0, context.clone());
        columns.column_mut(1).axpy(1.0, &x, 1.0);
        let mut y = Batch::from_element(3, 1.0, context);
        columns.gemv_cols(0, 2, 2.0, &[1.0, 3.0], -1.0, &mut y);
        assert_eq!(y.as_slice(), [11.0; 3]);
        columns.gemv_cols(0, 1, 1.0, &[1.0], 0.0, &mut y);
        assert_eq!(y.as_slice(), [0.0; 3]);
        assert_eq!(columns.clone().column(1).into_owned().as_slice(), [2.0; 3]);
    }
}
