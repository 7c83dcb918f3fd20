//! Vectors of numbers, for passes that keep them in registers.
//!
//! A pass over slices becomes vector code by itself. One whose sums are many small arrays does so or not as
//! the compiler likes, and is ten times slower where it does not: it says which vectors it means.

use pulp::{Simd, bytemuck};

use crate::Real;

/// Vectors of numbers of type T.
pub(super) trait Vectors<T>: Copy {
    /// The vector.
    type Vector: Copy;
    /// How many numbers it has.
    const LEN: usize;

    /// A number in all places.
    fn splat(self, number: T) -> Self::Vector;
    /// The first numbers of a slice.
    fn load(self, numbers: &[T]) -> Self::Vector;
    /// Into the first numbers of a slice.
    fn store(self, numbers: &mut [T], vector: Self::Vector);
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

            #[inline(always)]
            fn splat(self, number: $t) -> S::$vector {
                self.0.$splat(number)
            }
            #[inline(always)]
            fn load(self, numbers: &[$t]) -> S::$vector {
                let numbers = &numbers[..<Self as Vectors<$t>>::LEN];
                bytemuck::pod_read_unaligned(bytemuck::cast_slice(numbers))
            }
            #[inline(always)]
            fn store(self, numbers: &mut [$t], vector: S::$vector) {
                let numbers = &mut numbers[..<Self as Vectors<$t>>::LEN];
                bytemuck::cast_slice_mut(numbers).copy_from_slice(bytemuck::bytes_of(&vector));
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
    fn load(self, numbers: &[T]) -> [T; LEN] {
        let mut vector = [T::ZERO; LEN];
        vector.copy_from_slice(&numbers[..LEN]);
        vector
    }
    #[inline(always)]
    fn store(self, numbers: &mut [T], vector: [T; LEN]) {
        numbers[..LEN].copy_from_slice(&vector);
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
