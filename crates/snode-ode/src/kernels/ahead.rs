//! What will be read next, fetched while something else is at work.

/// What the next product will read, brought into the second-level cache bit by bit while an
/// elementwise pass is at work: a product that waits for its weights from memory takes a third
/// longer.
pub(super) struct Ahead<'a, T> {
    values: &'a [T],
    piece: usize,
}

impl<'a, T> Ahead<'a, T> {
    /// To be fetched in as many pieces.
    #[inline(always)]
    pub(super) fn new(values: &'a [T], pieces: usize) -> Self {
        Self { values, piece: values.len().div_ceil(pieces.max(1)) }
    }

    #[inline(always)]
    pub(super) fn fetch_piece(&mut self) {
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
