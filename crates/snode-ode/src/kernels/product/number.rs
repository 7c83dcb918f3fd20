//! What a product needs of the type of its numbers: vectors shorter than the machine's, and small blocks
//! transposed in registers.

use std::arch::x86_64::{
    __m128, __m128d, _mm_add_pd, _mm_add_ps, _mm_fmadd_pd, _mm_fmadd_ps, _mm_loadu_ps,
    _mm_movehl_ps, _mm_movelh_ps, _mm_mul_pd, _mm_mul_ps, _mm_set1_pd, _mm_set1_ps, _mm_storeu_ps,
    _mm_unpackhi_ps, _mm_unpacklo_ps, _mm256_add_pd, _mm256_loadu_pd, _mm256_permute2f128_pd,
    _mm256_storeu_pd, _mm256_unpackhi_pd, _mm256_unpacklo_pd,
};

use pulp::x86::V3;

use crate::Real;
use crate::kernels::simd::{Vectors, Wide};

/// How high and wide a block is.
pub(super) const SIDE: usize = 4;

/// A column-major matrix to read from, or to write to, by the address of its first number and the numbers
/// from a column to the next.
#[derive(Clone, Copy)]
pub(super) struct At<P> {
    pub(super) first: P,
    pub(super) column: usize,
}

/// Numbers of which there are vectors of 256 and of 128 bits.
pub(super) trait Number: Real {
    /// Vectors of 256 bits.
    type Half: Vectors<Self>;
    /// Vectors of 128 bits.
    type Quarter: Vectors<Self>;

    /// These, on a machine that has them.
    fn half(machine: V3) -> Self::Half;
    /// These, on a machine that has them.
    fn quarter(machine: V3) -> Self::Quarter;

    /// `to` = the transpose of `from`, or `to` += it, for blocks of [`SIDE`] × [`SIDE`] numbers.
    ///
    /// # Safety
    /// There is AVX, and the blocks are in memory that may be read and written.
    unsafe fn transpose(from: At<*const Self>, to: At<*mut Self>, add: bool);
}

/// Vectors of 128 bits, on a machine with AVX2 and FMA.
#[derive(Clone, Copy)]
pub(super) struct Quarter {
    _machine: V3,
}

macro_rules! quarter {
    ($t:ty, $vector:ident, $splat:ident, $mul_add:ident, $mul:ident, $add:ident) => {
        impl Vectors<$t> for Quarter {
            type Vector = $vector;
            const LEN: usize = size_of::<$vector>() / size_of::<$t>();

            #[inline(always)]
            fn splat(self, number: $t) -> $vector {
                // SAFETY: there is AVX2 and FMA; so below.
                unsafe { $splat(number) }
            }
            #[inline(always)]
            unsafe fn read(self, from: *const $t) -> $vector {
                // SAFETY: as promised by the caller; a vector is an array of numbers.
                unsafe { from.cast::<$vector>().read_unaligned() }
            }
            #[inline(always)]
            unsafe fn write(self, to: *mut $t, vector: $vector) {
                // SAFETY: as promised by the caller.
                unsafe { to.cast::<$vector>().write_unaligned(vector) }
            }
            #[inline(always)]
            fn mul_add(self, a: $vector, b: $vector, c: $vector) -> $vector {
                // SAFETY: as above.
                unsafe { $mul_add(a, b, c) }
            }
            #[inline(always)]
            fn mul(self, a: $vector, b: $vector) -> $vector {
                // SAFETY: as above.
                unsafe { $mul(a, b) }
            }
            #[inline(always)]
            fn add(self, a: $vector, b: $vector) -> $vector {
                // SAFETY: as above.
                unsafe { $add(a, b) }
            }
        }
    };
}

quarter!(f32, __m128, _mm_set1_ps, _mm_fmadd_ps, _mm_mul_ps, _mm_add_ps);
quarter!(f64, __m128d, _mm_set1_pd, _mm_fmadd_pd, _mm_mul_pd, _mm_add_pd);

macro_rules! shorter_vectors {
    () => {
        type Half = Wide<V3>;
        type Quarter = Quarter;

        #[inline(always)]
        fn half(machine: V3) -> Wide<V3> {
            Wide(machine)
        }

        #[inline(always)]
        fn quarter(machine: V3) -> Quarter {
            Quarter { _machine: machine }
        }
    };
}

impl Number for f64 {
    shorter_vectors!();

    #[inline]
    #[target_feature(enable = "avx")]
    unsafe fn transpose(from: At<*const f64>, to: At<*mut f64>, add: bool) {
        // SAFETY: as promised by the caller.
        unsafe {
            let [a, b, c, d] =
                [0, 1, 2, 3].map(|i| _mm256_loadu_pd(from.first.add(i * from.column)));
            let (ab_even, ab_odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            let (cd_even, cd_odd) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
            let rows = [
                _mm256_permute2f128_pd::<0x20>(ab_even, cd_even),
                _mm256_permute2f128_pd::<0x20>(ab_odd, cd_odd),
                _mm256_permute2f128_pd::<0x31>(ab_even, cd_even),
                _mm256_permute2f128_pd::<0x31>(ab_odd, cd_odd),
            ];
            for (i, row) in rows.into_iter().enumerate() {
                let to = to.first.add(i * to.column);
                let row = if add { _mm256_add_pd(_mm256_loadu_pd(to), row) } else { row };
                _mm256_storeu_pd(to, row);
            }
        }
    }
}

impl Number for f32 {
    shorter_vectors!();

    #[inline]
    #[target_feature(enable = "avx")]
    unsafe fn transpose(from: At<*const f32>, to: At<*mut f32>, add: bool) {
        // SAFETY: as promised by the caller.
        unsafe {
            let [a, b, c, d] = [0, 1, 2, 3].map(|i| _mm_loadu_ps(from.first.add(i * from.column)));
            let (ab_low, ab_high) = (_mm_unpacklo_ps(a, b), _mm_unpackhi_ps(a, b));
            let (cd_low, cd_high) = (_mm_unpacklo_ps(c, d), _mm_unpackhi_ps(c, d));
            let rows = [
                _mm_movelh_ps(ab_low, cd_low),
                _mm_movehl_ps(cd_low, ab_low),
                _mm_movelh_ps(ab_high, cd_high),
                _mm_movehl_ps(cd_high, ab_high),
            ];
            for (i, row) in rows.into_iter().enumerate() {
                let to = to.first.add(i * to.column);
                let row = if add { _mm_add_ps(_mm_loadu_ps(to), row) } else { row };
                _mm_storeu_ps(to, row);
            }
        }
    }
}
