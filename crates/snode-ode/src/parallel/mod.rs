//! How work is divided between threads: batch columns or nodes in depth, never a reduction whose
//! order depends on the number of threads.
//!
//! What the threads write is divided with the work: each gets its own [`Divide`]d part of the memory,
//! so that no two can write the same numbers.
//!
//! Threads are those of the current rayon pool; an idle one sleeps. Call the solvers inside
//! `ThreadPool::install` to choose their number. Nothing here allocates.

mod memory;

use std::ops::Range;

use rayon::join;

pub(crate) use memory::{Batches, Chunks, Divide};

/// Columns are divided at multiples of this.
const COLUMN_UNIT: usize = 2;

/// Products with at most this many multiplications take another kernel of faer's, whose sums have
/// other bits.
pub(crate) const SMALL_PRODUCT: usize = 16 * 16 * 16;

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
/// thread, with the part of `memory` that belongs to it; not at all for a batch without numbers.
pub(crate) fn for_columns<M: Divide>(
    n: usize,
    columns: usize,
    memory: M,
    work: &(impl Fn(Range<usize>, M) + Sync),
) {
    if n == 0 || columns == 0 {
        return;
    }
    let unit = smallest_part(n);
    let units = (columns / unit).max(1);
    let parts = rayon::current_num_threads().min(units);
    split_columns(columns, unit, 0..units, parts, memory, work);
}

/// The units `part` of `columns`, the last of which takes what is left over.
fn split_columns<M: Divide>(
    columns: usize,
    unit: usize,
    part: Range<usize>,
    parts: usize,
    memory: M,
    work: &(impl Fn(Range<usize>, M) + Sync),
) {
    if parts <= 1 {
        let is_last = part.end == (columns / unit).max(1);
        let end = if is_last { columns } else { part.end * unit };
        return work(part.start * unit..end, memory);
    }
    let left_parts = parts / 2;
    let middle = part.start + part.len() * left_parts / parts;
    let (left, right) = memory.divide((middle - part.start) * unit);
    join(
        || split_columns(columns, unit, part.start..middle, left_parts, left, work),
        || split_columns(columns, unit, middle..part.end, parts - left_parts, right, work),
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

/// Calls `work` for every index of the range, in any order, with the part of `memory` that belongs
/// to it.
pub(crate) fn for_each<M: Divide>(
    range: Range<usize>,
    memory: M,
    work: &(impl Fn(usize, M) + Sync),
) {
    match range.len() {
        0 => {}
        1 => work(range.start, memory),
        len if rayon::current_num_threads() > 1 => {
            let middle = range.start + len / 2;
            let (left, right) = memory.divide(len / 2);
            join(
                || for_each(range.start..middle, left, work),
                || for_each(middle..range.end, right, work),
            );
        }
        _ => {
            let mut rest = memory;
            for i in range {
                let (own, others) = rest.divide(1);
                work(i, own);
                rest = others;
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
                    for_columns(n, columns, (), &|range: Range<usize>, ()| {
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
    fn a_batch_without_numbers_is_no_work() {
        for (n, columns) in [(0, 3), (3, 0), (0, 0)] {
            for_columns(n, columns, (), &|_: Range<usize>, ()| unreachable!("nothing to do"));
        }
    }

    #[test]
    fn every_index_and_every_column_has_its_own_part_of_the_memory() {
        let (n, columns, layers) = (5, 43, 3);
        for threads in [1, 2, 3, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut batches = vec![0; n * columns * layers];
            let mut chunks = vec![0; 6 * 4 + 3];
            pool.install(|| {
                let memory = Batches::new(&mut batches, n, columns);
                for_columns(n, columns, memory, &|range: Range<usize>, mut own: Batches<'_, _>| {
                    for layer in 0..layers {
                        let first = layer * n * columns + range.start * n;
                        let values = own.batch_mut(layer);
                        assert_eq!(values.len(), range.len() * n);
                        for (i, value) in values.iter_mut().enumerate() {
                            *value += 1 + first + i;
                        }
                    }
                });
                for_each(0..7, Chunks::new(&mut chunks, 4), &|i, own: Chunks<'_, _>| {
                    own.into_slice().iter_mut().for_each(|value| *value += 1 + i);
                });
            });
            assert!(batches.iter().enumerate().all(|(i, value)| *value == 1 + i));
            assert!(chunks.iter().enumerate().all(|(i, value)| *value == 1 + i / 4));
        }
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
