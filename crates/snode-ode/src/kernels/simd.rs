//! Vectors of numbers, for passes that keep them in registers.
//!
//! A pass over slices becomes vector code by itself. One whose sums are many small arrays does so or not as
//! the compiler likes, and is ten times slower where it does not: it says which vectors it means.

use pulp::Simd;

use crate::Real;

/// Vectors of numbers of type T.
pub(super) trait Vectors<T>: Copy {
    /// The vector.
    type Vector: Copy;
    /// How many numbers it has.
    const LEN: usize;
    /// How many vectors the machine keeps in registers, at least.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(dead_code, reason = "products are faer's there")
    )]
    const REGISTERS: usize = 16;

    /// A number in all places.
    fn splat(self, number: T) -> Self::Vector;
    /// The first numbers of a slice.
    #[inline(always)]
    fn load(self, numbers: &[T]) -> Self::Vector {
        let numbers = &numbers[..Self::LEN];
        // SAFETY: there are so many.
        unsafe { self.read(numbers.as_ptr()) }
    }
    /// Into the first numbers of a slice.
    #[inline(always)]
    fn store(self, numbers: &mut [T], vector: Self::Vector) {
        let numbers = &mut numbers[..Self::LEN];
        // SAFETY: there are so many.
        unsafe { self.write(numbers.as_mut_ptr(), vector) }
    }
    /// The numbers at an address.
    ///
    /// # Safety
    /// There are as many as the vector has, and may be read.
    unsafe fn read(self, from: *const T) -> Self::Vector;
    /// To an address.
    ///
    /// # Safety
    /// There is room for as many numbers as the vector has, and it may be written.
    unsafe fn write(self, to: *mut T, vector: Self::Vector);
    /// a b + c, rounded once.
    fn mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// a b.
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// a + b.
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
}

/// The vectors of an instruction set.
#[derive(Clone, Copy)]
pub(super) struct Wide<S>(pub(super) S);

macro_rules! wide {
    ($t:ty, $vector:ident, $splat:ident, $mul_add:ident, $mul:ident, $add:ident) => {
        impl<S: Simd> Vectors<$t> for Wide<S> {
            type Vector = S::$vector;
            const LEN: usize = size_of::<S::$vector>() / size_of::<$t>();
            const REGISTERS: usize = S::REGISTER_COUNT;

            #[inline(always)]
            fn splat(self, number: $t) -> S::$vector {
                self.0.$splat(number)
            }
            #[inline(always)]
            unsafe fn read(self, from: *const $t) -> S::$vector {
                // SAFETY: as promised by the caller; a vector is an array of numbers.
                unsafe { from.cast::<S::$vector>().read_unaligned() }
            }
            #[inline(always)]
            unsafe fn write(self, to: *mut $t, vector: S::$vector) {
                // SAFETY: as promised by the caller.
                unsafe { to.cast::<S::$vector>().write_unaligned(vector) }
            }
            #[inline(always)]
            fn mul_add(self, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                self.0.$mul_add(a, b, c)
            }
            #[inline(always)]
            fn mul(self, a: S::$vector, b: S::$vector) -> S::$vector {
                self.0.$mul(a, b)
            }
            #[inline(always)]
            fn add(self, a: S::$vector, b: S::$vector) -> S::$vector {
                self.0.$add(a, b)
            }
        }
    };
}

wide!(f32, f32s, splat_f32s, mul_add_f32s, mul_f32s, add_f32s);
wide!(f64, f64s, splat_f64s, mul_add_f64s, mul_f64s, add_f64s);

/// A few numbers, for what is left over behind the wide ones.
#[derive(Clone, Copy)]
pub(super) struct Few<const LEN: usize>;

impl<T: Real, const LEN: usize> Vectors<T> for Few<LEN> {
    type Vector = [T; LEN];
    const LEN: usize = LEN;

    #[inline(always)]
    fn splat(self, number: T) -> [T; LEN] {
        [number; LEN]
    }
    #[inline(always)]
    unsafe fn read(self, from: *const T) -> [T; LEN] {
        // SAFETY: as promised by the caller.
        unsafe { from.cast::<[T; LEN]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn write(self, to: *mut T, vector: [T; LEN]) {
        // SAFETY: as promised by the caller.
        unsafe { to.cast::<[T; LEN]>().write_unaligned(vector) }
    }
    #[inline(always)]
    fn mul_add(self, a: [T; LEN], b: [T; LEN], mut c: [T; LEN]) -> [T; LEN] {
        for i in 0..LEN {
            c[i] = a[i].mul_add(b[i], c[i]);
        }
        c
    }
    #[inline(always)]
    fn mul(self, mut a: [T; LEN], b: [T; LEN]) -> [T; LEN] {
        for i in 0..LEN {
            a[i] *= b[i];
        }
        a
    }
    #[inline(always)]
    fn add(self, mut a: [T; LEN], b: [T; LEN]) -> [T; LEN] {
        for i in 0..LEN {
            a[i] += b[i];
        }
        a
    }
}
