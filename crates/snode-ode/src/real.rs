//! The scalar type: `f32` or `f64`.

use std::fmt::{Debug, Display};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

/// A real number the whole computation is carried out in: `f32` or `f64`.
///
/// Beside arithmetic it carries the constants of the elementary functions in
/// [`crate::elementary`], so that each of them is written once.
pub trait Real:
    faer::traits::RealField
    + Copy
    + Default
    + PartialOrd
    + Debug
    + Display
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + Sum
    + 'static
{
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;
    /// The name of the type as configurations write it: `"f32"` or `"f64"`.
    const NAME: &'static str;
    /// Machine epsilon, the distance from 1 to the next number.
    const EPSILON: Self;
    /// log₂ e.
    const LOG2_E: Self;
    /// The leading part of ln 2, with enough trailing zeros that small multiples of it are exact.
    const LN2_HIGH: Self;
    /// ln 2 − [`Self::LN2_HIGH`].
    const LN2_LOW: Self;
    /// 1.5·2^(mantissa bits): adding it rounds to an integer held in the low bits.
    const ROUNDING: Self;
    /// Below this argument exp is taken as exp of it (the smallest normal power of two).
    const EXP_MIN: Self;
    /// |x| from which tanh x rounds to ±1.
    const TANH_SATURATION: Self;
    /// Taylor coefficients 1/2!, 1/3!, … of (exp(r) − 1 − r)/r², enough of them for |r| ≤ ln(2)/2.
    const EXPM1: &'static [Self];
    /// Coefficients 1/3, 1/5, … of (artanh(s) − s)/s³ in powers of s², enough of them for 0 ≤ s ≤ 1/3.
    const ARTANH: &'static [Self];

    /// The nearest number of this type.
    fn from_f64(value: f64) -> Self;
    /// This number as an `f64`, exactly.
    fn to_f64(self) -> f64;
    /// `self * a + b` rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// |self|.
    fn abs(self) -> Self;
    /// √self, correctly rounded; NaN below 0.
    fn sqrt(self) -> Self;
    /// Neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// 2^k, where `self` is k + [`Self::ROUNDING`] for an integer k in the exponent's range.
    fn exp2_of_rounded(self) -> Self;
}

macro_rules! real {
    ($t:ident, $bits:ident, $mantissa:literal, $bias:literal,
     ln2: $hi:expr, $lo:expr; rounding: $rounding:expr; exp_min: $exp_min:expr;
     tanh: $tanh:expr; expm1: $expm1:expr; artanh: $artanh:expr) => {
        impl Real for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NAME: &'static str = stringify!($t);
            const EPSILON: Self = $t::EPSILON;
            const LOG2_E: Self = std::$t::consts::LOG2_E;
            const LN2_HIGH: Self = $hi;
            const LN2_LOW: Self = $lo;
            const ROUNDING: Self = $rounding;
            const EXP_MIN: Self = $exp_min;
            const TANH_SATURATION: Self = $tanh;
            const EXPM1: &'static [Self] = &$expm1;
            const ARTANH: &'static [Self] = &$artanh;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                $t::mul_add(self, a, b)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $t::abs(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $t::is_finite(self)
            }
            #[inline(always)]
            fn exp2_of_rounded(self) -> Self {
                let bias: $bits = $bias;
                $t::from_bits((self.to_bits().wrapping_add(bias)) << $mantissa)
            }
        }
    };
}

real!(f64, u64, 52, 1023,
    ln2: 6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10;
    rounding: 6_755_399_441_055_744.0;
    exp_min: -708.0;
    tanh: 20.0;
    expm1: [
        1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5_040.0,
        1.0 / 40_320.0, 1.0 / 362_880.0, 1.0 / 3_628_800.0, 1.0 / 39_916_800.0,
        1.0 / 479_001_600.0, 1.0 / 6_227_020_800.0
    ];
    artanh: [
        1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0, 1.0 / 11.0, 1.0 / 13.0, 1.0 / 15.0,
        1.0 / 17.0, 1.0 / 19.0, 1.0 / 21.0, 1.0 / 23.0, 1.0 / 25.0, 1.0 / 27.0, 1.0 / 29.0,
        1.0 / 31.0
    ]
);

real!(f32, u32, 23, 127,
    ln2: 6.931_457_5e-1, 1.428_606_8e-6;
    rounding: 12_582_912.0;
    exp_min: -87.0;
    tanh: 10.0;
    expm1: [
        1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5_040.0
    ];
    artanh: [1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0, 1.0 / 11.0, 1.0 / 13.0]
);
