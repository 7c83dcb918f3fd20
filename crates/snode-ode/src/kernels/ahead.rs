//! Memory that will be needed next, fetched while a product is computed.

/// Memory that will be read or written next, brought into the second-level cache line by line: a product that
/// waits for its operands takes a third longer.
#[derive(Clone, Copy)]
pub(super) struct Ahead<'a, T> {
    /// Addresses.
    next: usize,
    last: usize,
    /// Bytes from one fetch to the next.
    step: usize,
    others: &'a [&'a [T]],
}

impl<'a, T> Ahead<'a, T> {
    /// To be fetched in about as many times. Where there is nothing left to fetch, something in the cache is asked
    /// for again; at first that is `here`.
    #[inline(always)]
    pub(super) fn new(values: &'a [&'a [T]], times: usize, here: &'a [T]) -> Self {
        let next = here.as_ptr().addr();
        let bytes: usize = values.iter().map(|values| size_of_val(*values)).sum();
        let step = bytes.div_ceil(times.max(1));
        let mut ahead = Self { next, last: next, step, others: values };
        ahead.go_on();
        ahead
    }

    /// Goes on to the next slice if this one has been fetched.
    #[inline(always)]
    pub(super) fn go_on(&mut self) {
        while self.next == self.last
            && let Some((values, others)) = self.others.split_first()
        {
            self.others = others;
            if !values.is_empty() {
                self.next = values.as_ptr().addr();
                self.last = self.next + size_of_val(*values) - 1;
            }
        }
    }

    /// Fetches the next line.
    #[inline(always)]
    pub(super) fn fetch(&mut self) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: a prefetch reads nothing that the program can see, from any address.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(std::ptr::without_provenance(self.next)) };
        self.next = (self.next + self.step).min(self.last);
    }
}

/// Asks for the lines of memory with so many numbers to be brought into the first-level cache, to be written.
///
/// # Safety
/// There are so many numbers.
#[inline(always)]
pub(super) unsafe fn prefetch_to_write<T>(first: *mut T, count: usize) {
    const LINE: usize = 64;
    let bytes = count * size_of::<T>();
    for at in (0..bytes).step_by(LINE).chain([bytes - 1]) {
        // The intrinsic asks for a line to be read, where the compiler is not told of the instruction.
        // SAFETY: it changes nothing that the program can see. Processors that do not know it do nothing.
        unsafe {
            std::arch::asm!(
                "prefetchw [{}]",
                in(reg) first.cast::<u8>().add(at),
                options(nostack, preserves_flags),
            );
        }
    }
}
