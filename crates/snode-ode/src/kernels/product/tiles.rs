//! Products that do not copy their operands.
//!
//! A general kernel copies, or packs, both operands into an order of its own before it multiplies. The weights of
//! a layer come from memory and are used in one product: packing them takes an eighth of the time, and waiting
//! for them more. Here a tile of the result, a few vectors high and a few columns wide, stays in registers
//! while its sums run over the terms, and with each term a line is fetched of what is needed next. Only the
//! few columns that are multiplied by a transposed matrix are packed.
//!
//! Every result is one chain of fused multiply-adds in the order of its terms, cut every [`CUT`]. Its bits
//! depend neither on the tile it is in nor on the length of the vectors.

use std::any::TypeId;

use faer::Accum;
use pulp::x86::{V3, V4};
use pulp::{Simd, WithSimd};

use super::number::{At, Number};
use super::panel::{PANEL_ROWS, PANEL_TERMS, Panel, transpose};
use super::{How, Product, Stored};
use crate::Real;
use crate::kernels::ahead::{Ahead, prefetch_to_write};
use crate::kernels::simd::{Few, Vectors, Wide};

/// A sum of more terms is cut into pieces of so many, each of which is added to the result by itself.
const CUT: usize = 512;

const _: () = assert!(CUT <= PANEL_TERMS, "a panel has room for the terms of a piece");

/// Vectors one above the other in a tile, at most. With as many as eight columns, or four where there are only
/// 16 registers, there are registers left for the operands.
const HEIGHT: usize = 3;

/// Numbers one above the other in a tile, at most: vectors of 512 bits.
const MOST_ROWS: usize = HEIGHT * 16;

/// Writes a product, or says that this machine has not the instructions.
///
/// # Panics
/// If the matrices are not as large as the shape says.
pub(super) fn write<T: Real>(product: &Product<'_, T>, out: &mut [T], how: How<'_, T>) -> bool {
    #[inline(never)]
    fn single(writing: &mut Writing<'_, f32>) {
        with_vectors(writing.machine, writing);
    }
    #[inline(never)]
    fn double(writing: &mut Writing<'_, f64>) {
        with_vectors(writing.machine, writing);
    }
    let Some(machine) = V3::try_new() else {
        return false;
    };
    let (rows, terms) = (product.rows, product.terms);
    let columns = out.len() / rows;
    let sizes = (product.left.len(), product.right.len(), out.len());
    assert_eq!(sizes, (rows * terms, terms * columns, rows * columns), "sizes of a product");
    let mut writing = Writing { machine, product, columns, out, how };
    if let Some(writing) = writing.of::<f32>() {
        single(writing);
    } else if let Some(writing) = writing.of::<f64>() {
        double(writing);
    } else {
        return false;
    }
    true
}

/// In the longest vectors of the machine; shorter ones than AVX2's are not compiled.
fn with_vectors(machine: V3, pass: impl WithSimd<Output = ()>) {
    #[cfg(test)]
    if let Some(avx2) = crate::kernels::narrow::chosen() {
        return Simd::vectorize(avx2, pass);
    }
    match V4::try_new() {
        Some(avx512) => Simd::vectorize(avx512, pass),
        None => Simd::vectorize(machine, pass),
    }
}

/// A product to be written, whose sizes are right.
struct Writing<'a, T> {
    machine: V3,
    product: &'a Product<'a, T>,
    columns: usize,
    out: &'a mut [T],
    how: How<'a, T>,
}

impl<'a, T: Real> Writing<'a, T> {
    /// The same, if its numbers are of type N.
    fn of<N: Real>(&mut self) -> Option<&mut Writing<'a, N>> {
        let writing = std::ptr::from_mut(self).cast();
        // SAFETY: T and N are the same type.
        (TypeId::of::<T>() == TypeId::of::<N>()).then(|| unsafe { &mut *writing })
    }
}

/// Compiled in this crate, and once: a generic function is compiled in every crate that calls it, as that crate
/// is optimised.
macro_rules! with_simd {
    ($t:ty) => {
        impl WithSimd for &mut Writing<'_, $t> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                self.in_tiles(Wide(simd));
            }
        }
    };
}

with_simd!(f32);
with_simd!(f64);

impl<T: Number> Writing<'_, T> {
    #[inline(always)]
    fn in_tiles<V: Vectors<T>>(&mut self, vectors: V) {
        let &Product { stored, left, right, rows, terms } = self.product;
        let (columns, machine) = (self.columns, self.machine);
        let tiles = match stored {
            Stored::LeftTransposed => tiles_of::<T, V>(columns, rows),
            _ => tiles_of::<T, V>(rows, columns),
        };
        let mut ahead = Ahead::new(self.how.ahead, tiles * terms, left);
        let mut panel = Panel::new();
        for first in (0..terms).step_by(CUT) {
            let sums = Sums {
                terms: CUT.min(terms - first),
                replace: self.how.accumulate == Accum::Replace && first == 0,
                factor: self.how.factor,
            };
            let (left, right) = (left.as_ptr(), right.as_ptr());
            let out = At { first: self.out.as_mut_ptr(), column: rows };
            // SAFETY: all of it lies in the slices, whose sizes are right.
            unsafe {
                if stored == Stored::LeftTransposed {
                    // outᵀ = Bᵀ A, some of its rows after the others.
                    let one_by_one = Right { first: left.add(first), term: 1, column: terms };
                    for column in (0..columns).step_by(PANEL_ROWS) {
                        let count = PANEL_ROWS.min(columns - column);
                        let from = At { first: right.add(column * terms + first), column: terms };
                        let left = panel.take(from, sums.terms, count);
                        let out = At { first: out.first.add(column * rows), ..out };
                        let (right, rows, columns) = (one_by_one, count, rows);
                        Tiles { machine, left, rows, right, columns, out, sums }
                            .by_columns(vectors, &mut ahead);
                    }
                } else {
                    let left = At { first: left.add(first * rows), column: rows };
                    let right = match stored {
                        Stored::RightTransposed => {
                            Right { first: right.add(first * columns), term: columns, column: 1 }
                        }
                        _ => Right { first: right.add(first), term: 1, column: terms },
                    };
                    Tiles { machine, left, rows, right, columns, out, sums }
                        .by_rows(vectors, &mut ahead);
                }
            }
        }
    }
}

/// About how many tiles there are of so many rows and columns.
fn tiles_of<T: Number, V: Vectors<T>>(rows: usize, columns: usize) -> usize {
    rows.div_ceil(HEIGHT * V::LEN) * columns.div_ceil(if V::REGISTERS < 32 { 4 } else { 8 })
}

/// The right operand, whose numbers are read one by one.
#[derive(Clone, Copy)]
struct Right<T> {
    first: *const T,
    /// From a term to the next, and from a column to the next.
    term: usize,
    column: usize,
}

/// Sums of so many terms, and what becomes of them.
#[derive(Clone, Copy)]
struct Sums<T> {
    terms: usize,
    replace: bool,
    factor: T,
}

/// A product of so many rows and columns.
struct Tiles<T> {
    machine: V3,
    left: At<*const T>,
    rows: usize,
    right: Right<T>,
    columns: usize,
    out: At<*mut T>,
    sums: Sums<T>,
}

impl<T: Number> Tiles<T> {
    /// All tiles, those of the same rows one after the other.
    ///
    /// # Safety
    /// The matrices are there to be read and written.
    #[inline(always)]
    unsafe fn by_rows<V: Vectors<T>>(&self, vectors: V, ahead: &mut Ahead<'_, T>) {
        let (half, quarter) = (T::half(self.machine), T::quarter(self.machine));
        let mut row = 0;
        // SAFETY: as promised by the caller.
        unsafe {
            self.rows_of::<V, HEIGHT>(vectors, &mut row, ahead);
            self.rows_of::<V, 2>(vectors, &mut row, ahead);
            self.rows_of::<V, 1>(vectors, &mut row, ahead);
            self.rows_of::<T::Half, 1>(half, &mut row, ahead);
            self.rows_of::<T::Quarter, 1>(quarter, &mut row, ahead);
            self.rows_of::<Few<1>, 1>(Few::<1>, &mut row, ahead);
        }
    }

    /// All tiles of `VECTORS` from a row on, as long as there are as many rows.
    ///
    /// # Safety
    /// As [`by_rows`](Self::by_rows).
    #[inline(always)]
    unsafe fn rows_of<V: Vectors<T>, const VECTORS: usize>(
        &self,
        vectors: V,
        row: &mut usize,
        ahead: &mut Ahead<'_, T>,
    ) {
        while *row + VECTORS * V::LEN <= self.rows {
            let mut at = (*row, 0);
            // SAFETY: as promised by the caller.
            unsafe {
                if V::REGISTERS >= 32 {
                    self.across::<V, VECTORS, 8>(vectors, &mut at, ahead);
                }
                self.across::<V, VECTORS, 4>(vectors, &mut at, ahead);
                self.across::<V, VECTORS, 2>(vectors, &mut at, ahead);
                self.across::<V, VECTORS, 1>(vectors, &mut at, ahead);
            }
            *row += VECTORS * V::LEN;
        }
    }

    /// As many tiles side by side as there are columns for, from a (row, column) on.
    ///
    /// # Safety
    /// As [`by_rows`](Self::by_rows), and the rows are there.
    #[inline(always)]
    unsafe fn across<V: Vectors<T>, const VECTORS: usize, const COLUMNS: usize>(
        &self,
        vectors: V,
        at: &mut (usize, usize),
        ahead: &mut Ahead<'_, T>,
    ) {
        while at.1 + COLUMNS <= self.columns {
            // SAFETY: as promised by the caller, and the columns are there.
            unsafe {
                for j in at.1..at.1 + COLUMNS {
                    let out = self.out.first.add(j * self.out.column + at.0);
                    prefetch_to_write(out, VECTORS * V::LEN);
                }
                let sums = self.sums::<V, VECTORS, COLUMNS>(vectors, *at, ahead);
                self.store(vectors, &sums, *at);
            }
            at.1 += COLUMNS;
        }
    }

    /// All tiles, those of the same columns one after the other, where the left operand is a [`Panel`] and
    /// the result is stored transposed.
    ///
    /// # Safety
    /// As [`by_rows`](Self::by_rows).
    #[inline(always)]
    unsafe fn by_columns<V: Vectors<T>>(&self, vectors: V, ahead: &mut Ahead<'_, T>) {
        let mut column = 0;
        // SAFETY: as promised by the caller.
        unsafe {
            if V::REGISTERS >= 32 {
                self.columns_of::<V, 8>(vectors, &mut column, ahead);
            }
            self.columns_of::<V, 4>(vectors, &mut column, ahead);
            self.columns_of::<V, 2>(vectors, &mut column, ahead);
            self.columns_of::<V, 1>(vectors, &mut column, ahead);
        }
    }

    /// All tiles of `COLUMNS` from a column on, as long as there are as many columns.
    ///
    /// # Safety
    /// As [`by_columns`](Self::by_columns).
    #[inline(always)]
    unsafe fn columns_of<V: Vectors<T>, const COLUMNS: usize>(
        &self,
        vectors: V,
        column: &mut usize,
        ahead: &mut Ahead<'_, T>,
    ) {
        let (half, quarter) = (T::half(self.machine), T::quarter(self.machine));
        while *column + COLUMNS <= self.columns {
            let mut at = (0, *column);
            // SAFETY: as promised by the caller.
            unsafe {
                self.down::<V, HEIGHT, COLUMNS>(vectors, &mut at, ahead);
                self.down::<V, 2, COLUMNS>(vectors, &mut at, ahead);
                self.down::<V, 1, COLUMNS>(vectors, &mut at, ahead);
                self.down::<T::Half, 1, COLUMNS>(half, &mut at, ahead);
                self.down::<T::Quarter, 1, COLUMNS>(quarter, &mut at, ahead);
            }
            *column += COLUMNS;
        }
    }

    /// As many tiles one below the other as there are rows for, from a (row, column) on. The panel has rows
    /// behind the last, for the shortest vector.
    ///
    /// # Safety
    /// As [`by_columns`](Self::by_columns), and the columns are there.
    #[inline(always)]
    unsafe fn down<V: Vectors<T>, const VECTORS: usize, const COLUMNS: usize>(
        &self,
        vectors: V,
        at: &mut (usize, usize),
        ahead: &mut Ahead<'_, T>,
    ) {
        let height = VECTORS * V::LEN;
        let least = if V::LEN == T::Quarter::LEN { 1 } else { height };
        while at.0 + least <= self.rows {
            // SAFETY: as promised by the caller, and the rows are there.
            unsafe {
                let sums = self.sums::<V, VECTORS, COLUMNS>(vectors, *at, ahead);
                self.store_transposed(vectors, &sums, *at);
            }
            at.0 += height;
        }
    }

    /// The sums of a tile, column by column.
    ///
    /// # Safety
    /// As [`by_rows`](Self::by_rows), and the tile lies in the product.
    #[inline(always)]
    unsafe fn sums<V: Vectors<T>, const VECTORS: usize, const COLUMNS: usize>(
        &self,
        vectors: V,
        (row, column): (usize, usize),
        ahead: &mut Ahead<'_, T>,
    ) -> [[V::Vector; VECTORS]; COLUMNS] {
        let mut sums = [[vectors.splat(T::ZERO); VECTORS]; COLUMNS];
        let mut fetching = *ahead;
        for k in 0..self.sums.terms {
            // SAFETY: term k of the rows and columns of the tile.
            unsafe {
                let left = self.left.first.add(k * self.left.column + row);
                let right = self.right.first.add(k * self.right.term + column * self.right.column);
                let mut of_left = [vectors.splat(T::ZERO); VECTORS];
                for i in 0..VECTORS {
                    of_left[i] = vectors.read(left.add(i * V::LEN));
                }
                for j in 0..COLUMNS {
                    let of_right = vectors.splat(*right.add(j * self.right.column));
                    for i in 0..VECTORS {
                        sums[j][i] = vectors.mul_add(of_left[i], of_right, sums[j][i]);
                    }
                }
            }
            fetching.fetch();
        }
        fetching.go_on();
        *ahead = fetching;
        sums
    }

    /// The sums of a tile to the result.
    ///
    /// # Safety
    /// As [`sums`](Self::sums).
    #[inline(always)]
    unsafe fn store<V: Vectors<T>, const VECTORS: usize, const COLUMNS: usize>(
        &self,
        vectors: V,
        sums: &[[V::Vector; VECTORS]; COLUMNS],
        (row, column): (usize, usize),
    ) {
        let factor = vectors.splat(self.sums.factor);
        for j in 0..COLUMNS {
            for i in 0..VECTORS {
                // SAFETY: a column of the tile.
                unsafe {
                    let out = (column + j) * self.out.column + row + i * V::LEN;
                    let out = self.out.first.add(out);
                    let mut value = vectors.mul(sums[j][i], factor);
                    if !self.sums.replace {
                        value = vectors.add(vectors.read(out), value);
                    }
                    vectors.write(out, value);
                }
            }
        }
    }

    /// The sums of a tile to the result, which is stored transposed and may have fewer rows than the tile.
    ///
    /// # Safety
    /// As [`sums`](Self::sums).
    #[inline(always)]
    unsafe fn store_transposed<V: Vectors<T>, const VECTORS: usize, const COLUMNS: usize>(
        &self,
        vectors: V,
        sums: &[[V::Vector; VECTORS]; COLUMNS],
        (row, column): (usize, usize),
    ) {
        let factor = vectors.splat(self.sums.factor);
        let mut tile = std::mem::MaybeUninit::<[[T; MOST_ROWS]; COLUMNS]>::uninit();
        let tile = tile.as_mut_ptr().cast::<T>();
        // SAFETY: a tile is not higher than the memory, and the result has its transpose.
        unsafe {
            for j in 0..COLUMNS {
                for i in 0..VECTORS {
                    let value = vectors.mul(sums[j][i], factor);
                    vectors.write(tile.add(j * MOST_ROWS + i * V::LEN), value);
                }
            }
            let rows = (VECTORS * V::LEN).min(self.rows - row);
            let from = At { first: tile.cast_const(), column: MOST_ROWS };
            let out = self.out.first.add(row * self.out.column + column);
            let to = At { first: out, column: self.out.column };
            transpose(from, (rows, COLUMNS), to, !self.sums.replace);
        }
    }
}
