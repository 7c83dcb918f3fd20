//! How work is divided between threads: batch columns or nodes in depth, never a reduction whose
//! order depends on the number of threads.
//!
//! Threads are those of the current rayon pool; an idle one sleeps. Call the solvers inside
//! `ThreadPool::install` to choose their number. Nothing here allocates.

use std::marker::PhantomData;
use std::ops::Range;

use rayon::join;

/// Columns are divided at multiples of this.
const COLUMN_UNIT: usize = 8;

/// Products with at most this many multiplications take another kernel of faer's, whose sums have
/// other bits.
const SMALL_PRODUCT: usize = 16 * 16 * 16;

/// How many columns a part has at least, for products with n×n weights.
///
/// A product's column has the same bits whichever other columns are computed with it as long as the
/// kernel is the same: faer has one for a single column, and one for small products. With parts of
/// at least this many columns the kernel is that of the whole batch, and results do not depend on
/// the number of threads.
pub(crate) fn smallest_part(n: usize) -> usize {
    (SMALL_PRODUCT / (n * n).max(1) + 1).next_multiple_of(COLUMN_UNIT)
}

/// Calls `work` on disjoint ranges that cover `0..columns` of a batch of height `n`, one range a
/// thread; not at all for a batch without numbers.
pub(crate) fn for_columns(n: usize, columns: usize, work: &(impl Fn(Range<usize>) + Sync)) {
    if n == 0 || columns == 0 {
        return;
    }
    let unit = smallest_part(n);
    let units = (columns / unit).max(1);
    let parts = rayon::current_num_threads().min(units);
    split_columns(columns, unit, 0..units, parts, work);
}

/// The units `part` of `columns`, the last of which takes what is left over.
fn split_columns(
    columns: usize,
    unit: usize,
    part: Range<usize>,
    parts: usize,
    work: &(impl Fn(Range<usize>) + Sync),
) {
    if parts <= 1 {
        let is_last = part.end == (columns / unit).max(1);
        let end = if is_last { columns } else { part.end * unit };
        return work(part.start * unit..end);
    }
    let left_parts = parts / 2;
    let middle = part.start + part.len() * left_parts / parts;
    join(
        || split_columns(columns, unit, part.start..middle, left_parts, work),
        || split_columns(columns, unit, middle..part.end, parts - left_parts, work),
    );
}

/// `columns` of a batch of height `n` in equal chunks of about `most` columns at most, and never so
/// small that products take another kernel.
pub(crate) fn chunks(
    n: usize,
    columns: Range<usize>,
    most: usize,
) -> impl Iterator<Item = Range<usize>> {
    let most = most.max(2 * smallest_part(n));
    let chunks = columns.len().div_ceil(most).max(1);
    let bound = move |chunk| columns.start + columns.len() * chunk / chunks;
    (0..chunks).map(move |chunk| bound(chunk)..bound(chunk + 1))
}

/// Calls `work` for every index of the range, in any order.
pub(crate) fn for_each(range: Range<usize>, work: &(impl Fn(usize) + Sync)) {
    match range.len() {
        0 => {}
        1 => work(range.start),
        len => {
            let middle = range.start + len / 2;
            if rayon::current_num_threads() == 1 {
                range.for_each(work);
            } else {
                join(|| for_each(range.start..middle, work), || for_each(middle..range.end, work));
            }
        }
    }
}

/// Σ `term(i)`, summed pairwise in an order that depends on the range only.
pub(crate) fn sum(range: Range<usize>, term: &(impl Fn(usize) -> f64 + Sync)) -> f64 {
    match range.len() {
        0 => 0.0,
        1 => term(range.start),
        len => {
            let middle = range.start + len / 2;
            let (left, right) =
                join(|| sum(range.start..middle, term), || sum(middle..range.end, term));
            left + right
        }
    }
}

/// Equal pieces of one slice that several threads use at once, each its own part of every piece.
pub(crate) struct Shared<'a, T> {
    start: *mut T,
    piece: usize,
    pieces: usize,
    life: PhantomData<&'a mut [T]>,
}

// SAFETY: access goes through `part` and `part_mut`, whose callers keep the parts disjoint.
unsafe impl<T: Send + Sync> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    /// Shares `all`, cut into pieces of `piece` elements; what does not fill a piece is left out. Of
    /// pieces without elements there are as many as are asked for.
    pub(crate) fn new(all: &'a mut [T], piece: usize) -> Self {
        let pieces = all.len().checked_div(piece).unwrap_or(usize::MAX);
        Self { start: all.as_mut_ptr(), piece, pieces, life: PhantomData }
    }

    /// Elements `range` of piece number `index`.
    ///
    /// # Safety
    /// No other thread may be writing these elements while the result lives, nor may this one.
    pub(crate) unsafe fn part(&self, index: usize, range: Range<usize>) -> &[T] {
        assert!(index < self.pieces && range.start <= range.end && range.end <= self.piece);
        // SAFETY: in bounds by the assertion; not written by the caller's promise.
        unsafe {
            std::slice::from_raw_parts(
                self.start.add(index * self.piece + range.start),
                range.len(),
            )
        }
    }

    /// Elements `range` of piece number `index`, to write.
    ///
    /// # Safety
    /// Nobody else may be reading or writing these elements while the result lives.
    #[expect(clippy::mut_from_ref, reason = "disjointness is the caller's promise")]
    pub(crate) unsafe fn part_mut(&self, index: usize, range: Range<usize>) -> &mut [T] {
        assert!(index < self.pieces && range.start <= range.end && range.end <= self.piece);
        // SAFETY: in bounds by the assertion; not aliased by the caller's promise.
        unsafe {
            std::slice::from_raw_parts_mut(
                self.start.add(index * self.piece + range.start),
                range.len(),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn column_ranges_cover_everything_once_and_are_never_small() {
        for threads in [1, 2, 3, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            for (n, columns) in [1, 7, 8, 9, 16, 17, 25, 100, 101, 500]
                .into_iter()
                .flat_map(|columns| [1, 5, 16, 196].map(|n| (n, columns)))
            {
                let seen = Mutex::new(vec![0; columns]);
                pool.install(|| {
                    for_columns(n, columns, &|range: Range<usize>| {
                        assert!(range.len() >= columns.min(smallest_part(n)));
                        for c in range {
                            seen.lock().unwrap()[c] += 1;
                        }
                    });
                });
                assert!(seen.into_inner().unwrap().iter().all(|&n| n == 1));
            }
        }
    }

    #[test]
    fn a_batch_without_numbers_is_no_work_and_has_empty_parts() {
        for (n, columns) in [(0, 3), (3, 0), (0, 0)] {
            for_columns(n, columns, &|_: Range<usize>| unreachable!("there is nothing to do"));
        }
        let mut all = [0.0_f64; 3];
        let shared = Shared::new(&mut all, 0);
        // SAFETY: nothing is read or written.
        assert!(unsafe { shared.part_mut(7, 0..0) }.is_empty());
    }

    #[test]
    fn sums_have_the_same_bits_for_any_number_of_threads() {
        let term = |i: usize| 1.0 / (i as f64 + 0.3);
        let sums: Vec<f64> = [1, 2, 3]
            .into_iter()
            .map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| sum(0..1001, &term))
            })
            .collect();
        assert_eq!(sums[0].to_bits(), sums[1].to_bits());
        assert_eq!(sums[0].to_bits(), sums[2].to_bits());
    }
}
