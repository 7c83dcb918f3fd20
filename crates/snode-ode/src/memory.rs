//! Memory for parameters and states.

use crate::Real;

/// So many zeros.
///
/// Large memory is in huge pages where the system grants them. A walk from end to end otherwise looks up an address
/// every 4 KiB, which is slow in a virtual machine: products that stream their weights are 11 % faster.
pub(crate) fn zeros<T: Real>(len: usize) -> Vec<T> {
    // Zeros fresh from the system have not been touched, and pages are chosen when they are.
    let mut values = vec![T::ZERO; len];
    ask_for_huge_pages(&mut values);
    values
}

/// A copy, in such memory.
pub(crate) fn copied<T: Clone>(values: &[T]) -> Vec<T> {
    let mut copy = Vec::with_capacity(values.len());
    ask_for_huge_pages(&mut copy);
    copy.extend_from_slice(values);
    copy
}

/// Room for so many numbers; those that were there are kept or become zeros.
pub(crate) fn make_room<T: Real>(memory: &mut Vec<T>, len: usize) {
    if memory.len() < len {
        *memory = zeros(len);
    }
}

#[cfg(target_os = "linux")]
fn ask_for_huge_pages<T>(memory: &mut Vec<T>) {
    const PAGE: usize = 4096;
    /// Some huge pages.
    const LARGE: usize = 8 << 20;
    let bytes = memory.capacity() * size_of::<T>();
    if bytes < LARGE {
        return;
    }
    let first = memory.as_mut_ptr();
    let before = first.addr().wrapping_neg() % PAGE;
    let whole = (bytes - before) / PAGE * PAGE;
    // SAFETY: whole pages of our own memory, whose contents stay. Where the advice is not taken, nothing
    // happens.
    unsafe { libc::madvise(first.wrapping_byte_add(before).cast(), whole, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn ask_for_huge_pages<T>(_: &mut Vec<T>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_and_small_memory_holds_what_it_should() {
        for len in [0, 1, 1000, 3 << 20] {
            let zeros = zeros::<f64>(len);
            assert!(zeros.len() == len && zeros.iter().all(|z| *z == 0.0));
            let numbers: Vec<f64> = (0..len).map(|i| i as f64).collect();
            assert_eq!(copied(&numbers), numbers);
        }
        let mut memory = vec![1.0_f32; 3];
        make_room(&mut memory, 2);
        assert_eq!(memory, [1.0; 3]);
        make_room(&mut memory, 4);
        assert_eq!(memory, [0.0; 4]);
    }
}
