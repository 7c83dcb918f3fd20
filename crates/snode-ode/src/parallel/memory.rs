//! Memory that several threads write at once, each its own part.

use std::marker::PhantomData;

/// Memory that is divided with the work: by its batches' columns, or by its chunks.
pub(crate) trait Divide: Sized + Send {
    /// What belongs to the first `items` of its columns or chunks, and what belongs to the others.
    fn divide(self, items: usize) -> (Self, Self);
}

impl Divide for () {
    fn divide(self, _: usize) -> (Self, Self) {
        ((), ())
    }
}

macro_rules! divide_together {
    ($($name:ident),*) => {
        impl<$($name: Divide),*> Divide for ($($name,)*) {
            fn divide(self, items: usize) -> (Self, Self) {
                #[allow(non_snake_case, reason = "one name for a type and its value")]
                let ($($name,)*) = self;
                $(
                    #[allow(non_snake_case, reason = "one name for a type and its value")]
                    let $name = $name.divide(items);
                )*
                (($($name.0,)*), ($($name.1,)*))
            }
        }
    };
}

divide_together!(A, B);
divide_together!(A, B, C);
divide_together!(A, B, C, D);
divide_together!(A, B, C, D, E);

/// A slice in chunks of equal size, but for the last one, which takes what is left over.
pub(crate) struct Chunks<'a, T> {
    values: &'a mut [T],
    size: usize,
}

impl<'a, T> Chunks<'a, T> {
    /// `values` in chunks of `size`.
    pub(crate) fn new(values: &'a mut [T], size: usize) -> Self {
        Self { values, size }
    }

    /// The chunks as they lie: where there is only one, its numbers.
    pub(crate) fn into_slice(self) -> &'a mut [T] {
        self.values
    }
}

impl<T: Send> Divide for Chunks<'_, T> {
    fn divide(self, items: usize) -> (Self, Self) {
        let at = self.values.len().min(items.saturating_mul(self.size));
        let (left, right) = self.values.split_at_mut(at);
        (Self::new(left, self.size), Self::new(right, self.size))
    }
}

/// Some columns of batches that stand one behind the other in one slice: of every batch the same
/// columns.
///
/// Of one slice there are as many `Batches` as it was divided into, and no column is in two of them:
/// a thread may write in its own whatever the others do in theirs.
pub(crate) struct Batches<'a, T> {
    /// The first of its numbers in the first batch.
    start: *mut T,
    /// n, the numbers of a column.
    height: usize,
    columns: usize,
    /// From a batch to the next, n times the columns of the undivided batches.
    stride: usize,
    count: usize,
    life: PhantomData<&'a mut [T]>,
}

// SAFETY: it is the only access to its numbers, as `&mut [T]` is.
unsafe impl<T: Send> Send for Batches<'_, T> {}

impl<'a, T> Batches<'a, T> {
    /// `all` as batches of so many columns of height n; what does not fill a batch is left out. Of
    /// batches without numbers there are as many as are asked for.
    pub(crate) fn new(all: &'a mut [T], height: usize, columns: usize) -> Self {
        let stride = height * columns;
        let count = all.len().checked_div(stride).unwrap_or(usize::MAX);
        Self { start: all.as_mut_ptr(), height, columns, stride, count, life: PhantomData }
    }

    /// How many numbers of each batch are here.
    fn len(&self) -> usize {
        self.height * self.columns
    }

    /// Where batch number `index` begins, of which there are `len` numbers from there on.
    fn at(&self, index: usize) -> *mut T {
        assert!(index < self.count, "no batch {index} of {}", self.count);
        // SAFETY: batch `index` is in the slice this was made of; `start` is in its first batch.
        unsafe { self.start.add(index * self.stride) }
    }

    /// The columns of batch number `index`.
    pub(crate) fn batch(&self, index: usize) -> &[T] {
        // SAFETY: these numbers are its own, and borrowed with it.
        unsafe { std::slice::from_raw_parts(self.at(index), self.len()) }
    }

    /// The columns of batch number `index`, to write.
    pub(crate) fn batch_mut(&mut self, index: usize) -> &mut [T] {
        // SAFETY: these numbers are its own, and borrowed with it.
        unsafe { std::slice::from_raw_parts_mut(self.at(index), self.len()) }
    }

    /// The columns of one batch to read, and of up to N others to write; the rest of N are empty.
    ///
    /// # Panics
    /// If two of them are the same batch, or there are more than N.
    pub(crate) fn read_and_write<const N: usize>(
        &mut self,
        read: usize,
        write: &[usize],
    ) -> (&[T], [&mut [T]; N]) {
        assert!(write.len() <= N, "{} batches, room for {N}", write.len());
        for (i, batch) in write.iter().enumerate() {
            assert!(*batch != read && !write[..i].contains(batch), "batch {batch} twice");
        }
        let len = self.len();
        let written = std::array::from_fn(|i| match write.get(i) {
            // SAFETY: these numbers are its own, and borrowed with it. Different batches have none in
            // common, and no other slice that is returned is of this batch.
            Some(&batch) => unsafe { std::slice::from_raw_parts_mut(self.at(batch), len) },
            None => &mut [],
        });
        // SAFETY: as above.
        (unsafe { std::slice::from_raw_parts(self.at(read), len) }, written)
    }
}

impl<T: Send> Divide for Batches<'_, T> {
    fn divide(self, items: usize) -> (Self, Self) {
        assert!(items <= self.columns, "{items} of {} columns", self.columns);
        // SAFETY: not behind the end of this one's columns of the first batch.
        let middle = unsafe { self.start.add(items * self.height) };
        let right = Self { start: middle, columns: self.columns - items, ..self };
        (Self { columns: items, ..self }, right)
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    fn numbers(range: Range<usize>) -> Vec<usize> {
        range.collect()
    }

    #[test]
    fn divided_batches_have_the_columns_of_the_whole() {
        // Three batches of four columns of height 2, and one number too many.
        let mut all = numbers(0..25);
        let whole = Batches::new(&mut all, 2, 4);
        assert_eq!(whole.batch(2), numbers(16..24));
        let (mut left, right) = whole.divide(1);
        assert_eq!((left.batch(1), right.batch(1)), (&[8, 9][..], &numbers(10..16)[..]));
        let (read, [first, last, none]) = left.read_and_write(1, &[0, 2]);
        assert!(none.is_empty());
        first.copy_from_slice(read);
        last.fill(0);
        assert_eq!((all[0], all[1], all[16], all[18]), (8, 9, 0, 18));
    }

    #[test]
    fn batches_without_numbers_are_as_many_as_are_asked_for() {
        let mut all = [0.0_f64; 3];
        assert!(Batches::new(&mut all, 0, 7).batch_mut(7).is_empty());
        assert!(Batches::new(&mut all, 7, 0).batch_mut(7).is_empty());
    }

    #[test]
    #[should_panic(expected = "batch 1 twice")]
    fn no_batch_is_borrowed_twice() {
        let mut all = [0; 12];
        Batches::new(&mut all, 2, 2).read_and_write::<2>(0, &[1, 1]);
    }

    #[test]
    #[should_panic(expected = "no batch 3")]
    fn there_is_nothing_behind_the_last_batch() {
        let mut all = [0; 12];
        Batches::new(&mut all, 2, 2).batch(3);
    }
}
