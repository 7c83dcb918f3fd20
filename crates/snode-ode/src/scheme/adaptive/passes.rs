//! The solvers' passes over a batch's numbers, in vector code.

use faer::Accum;
use pulp::NullaryFnOnce;

use crate::{Real, kernels};

/// `y` = `keep`·`y` + `add`·`x`; with `keep` = 0 whatever `y` was, NaN included.
pub(super) fn combine<T: Real>(y: &mut [T], keep: T, x: &[T], add: T) {
    assert_eq!(y.len(), x.len(), "vectors of different lengths");
    if keep == T::ZERO {
        kernels::linear_combination(y, Accum::Replace, &[(add, x)]);
    } else {
        kernels::combine(y, keep, x, add);
    }
}

/// Σ qᵢ² and max qᵢ² of the scaled errors qᵢ = eᵢ/(atolᵢ + rtol |yᵢ|).
#[derive(Clone, Copy, Debug)]
pub(super) struct ScaledError {
    pub(super) sum: f64,
    pub(super) max: f64,
}

const LANES: usize = 32;

struct Measure<'a, T> {
    error: &'a [T],
    y: &'a [T],
    atol: &'a [T],
    rtol: T,
}

impl<T: Real> NullaryFnOnce for Measure<'_, T> {
    type Output = ScaledError;

    #[inline(always)]
    fn call(self) -> ScaledError {
        let mut sums = [T::ZERO; LANES];
        let mut maxima = [T::ZERO; LANES];
        let (error, error_rest) = self.error.as_chunks::<LANES>();
        let (y, y_rest) = self.y.as_chunks::<LANES>();
        let (atol, atol_rest) = self.atol.as_chunks::<LANES>();
        let square = |e: T, y: T, atol: T| {
            let q = e / self.rtol.mul_add(Real::abs(y), atol);
            q * q
        };
        for ((e, y), atol) in error.iter().zip(y).zip(atol) {
            for i in 0..LANES {
                let q = square(e[i], y[i], atol[i]);
                sums[i] += q;
                maxima[i] = if q > maxima[i] { q } else { maxima[i] };
            }
        }
        for (i, ((e, y), atol)) in error_rest.iter().zip(y_rest).zip(atol_rest).enumerate() {
            let q = square(*e, *y, *atol);
            sums[i] += q;
            maxima[i] = if q > maxima[i] { q } else { maxima[i] };
        }
        ScaledError {
            sum: sums.iter().map(|sum| sum.to_f64()).sum(),
            max: maxima.iter().map(|max| max.to_f64()).fold(0.0, f64::max),
        }
    }
}

/// The scaled errors of some numbers. A NaN among them makes the sum NaN.
pub(super) fn measure<T: Real>(error: &[T], y: &[T], atol: &[T], rtol: T) -> ScaledError {
    assert!(error.len() == y.len() && y.len() == atol.len(), "vectors of different lengths");
    kernels::dispatch(Measure { error, y, atol, rtol })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(len: usize, shift: f64) -> Vec<f64> {
        (0..len).map(|i| (i as f64 * 0.7 + shift).sin()).collect()
    }

    #[test]
    fn nothing_is_kept_with_factor_zero() {
        let mut y = vec![f64::NAN; 5];
        combine(&mut y, 0.0, &[1.0; 5], 2.0);
        assert_eq!(y, [2.0; 5]);
        combine(&mut y, -1.0, &[1.0; 5], 5.0);
        assert_eq!(y, [3.0; 5]);
    }

    #[test]
    fn scaled_errors_are_summed_and_compared() {
        let (e, y) = (numbers(100, 0.0), numbers(100, 1.0));
        let atol = vec![0.5; 100];
        let q: Vec<f64> = (0..100).map(|i| (e[i] / (0.5 + 0.1 * y[i].abs())).powi(2)).collect();
        let measured = measure(&e, &y, &atol, 0.1);
        assert!((measured.sum - q.iter().sum::<f64>()).abs() < 1e-12);
        assert_eq!(measured.max, q.iter().copied().fold(0.0, f64::max));
        let mut e = e;
        e[99] = f64::NAN;
        assert!(measure(&e, &y, &atol, 0.1).sum.is_nan());
    }
}
