//! Some columns of an operand, transposed.

use std::mem::MaybeUninit;

use super::number::{At, Number, SIDE};
use crate::kernels::simd::Vectors;

/// How many columns a panel takes at most: rows of their transpose.
pub(super) const PANEL_ROWS: usize = 64;

/// How many terms of a sum a panel has at most.
pub(super) const PANEL_TERMS: usize = 512;

/// Memory for the transpose of some columns.
#[repr(align(64))]
pub(super) struct Panel<T>(MaybeUninit<[[T; PANEL_ROWS]; PANEL_TERMS]>);

impl<T: Number> Panel<T> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self(MaybeUninit::uninit())
    }

    /// Takes a matrix of so many rows and columns. Its transpose has zeros below it that fill a vector
    /// of 128 bits.
    ///
    /// # Safety
    /// There is AVX, and the matrix is there to be read.
    #[inline(always)]
    pub(super) unsafe fn take(
        &mut self,
        from: At<*const T>,
        rows: usize,
        columns: usize,
    ) -> At<*const T> {
        assert!(columns <= PANEL_ROWS && rows <= PANEL_TERMS, "a larger panel");
        let height = columns.next_multiple_of(T::Quarter::LEN);
        let to = At { first: self.0.as_mut_ptr().cast::<T>(), column: height };
        // SAFETY: `from` is the caller's promise, and the panel is large enough.
        unsafe {
            transpose(from, (rows, columns), to, false);
            for k in 0..rows {
                for below in columns..height {
                    to.first.add(k * height + below).write(T::ZERO);
                }
            }
        }
        At { first: to.first.cast_const(), column: height }
    }
}

/// `to` = the transpose of `from`, or `to` += it, for a matrix of so many rows and columns.
///
/// # Safety
/// There is AVX, and the matrices are there to be read and written.
#[inline(always)]
pub(super) unsafe fn transpose<T: Number>(
    from: At<*const T>,
    (rows, columns): (usize, usize),
    to: At<*mut T>,
    add: bool,
) {
    let (whole_rows, whole_columns) = (rows / SIDE * SIDE, columns / SIDE * SIDE);
    // SAFETY: as promised by the caller; all indices are less than the numbers of rows and columns.
    unsafe {
        for i in (0..whole_rows).step_by(SIDE) {
            for j in (0..whole_columns).step_by(SIDE) {
                let from = At { first: from.first.add(j * from.column + i), ..from };
                let to = At { first: to.first.add(i * to.column + j), ..to };
                T::transpose(from, to, add);
            }
        }
        for i in 0..rows {
            let first = if i < whole_rows { whole_columns } else { 0 };
            for j in first..columns {
                let value = *from.first.add(j * from.column + i);
                let to = to.first.add(i * to.column + j);
                to.write(if add { *to + value } else { value });
            }
        }
    }
}
