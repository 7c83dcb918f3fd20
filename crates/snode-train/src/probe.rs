//! Random final values of the adjoint problem whose covariance is the curvature of the cost.

use faer::{Mat, MatRef};
use snode_ode::Real;

/// λ(T) for every data point of a batch of outputs x(T) (n×M), of mean 0 and covariance
/// H = a I + b (diag p − p pᵀ), p the softmax of the first `classes` components. With \[a, b\] =
/// `weights` = \[μ₁ + μ₃, μ₂\] that is the second derivative of a data point's cost (S4) by x(T), which is
/// also that of (S9).
///
/// λ(T) = √a r + √b (√p ⊙ s − ⟨√p, s⟩ p) with signs r and s, each +1 or −1 with equal
/// probability, from a stream of `draw` and the column.
pub fn curvature_probe<T: Real>(
    weights: [f64; 2],
    classes: usize,
    output: MatRef<'_, T>,
    draw: u64,
) -> Mat<T> {
    let (n, count) = output.shape();
    let classes = classes.min(n);
    let [square, cross_entropy] = weights.map(f64::sqrt);
    let mut values = Mat::zeros(n, count);
    let mut softmax = vec![0.0; classes];
    for j in 0..count {
        let mut signs = Signs::new(draw, j as u64);
        if square > 0.0 {
            for i in 0..n {
                values[(i, j)] = T::from_f64(square * signs.next());
            }
        }
        if cross_entropy > 0.0 {
            let scores = output.col(j);
            let largest =
                (0..classes).map(|i| scores[i].to_f64()).fold(f64::NEG_INFINITY, f64::max);
            for (i, p) in softmax.iter_mut().enumerate() {
                *p = (scores[i].to_f64() - largest).exp();
            }
            let sum: f64 = softmax.iter().sum();
            for p in &mut softmax {
                *p /= sum;
            }
            let signed: Vec<f64> = softmax.iter().map(|p| p.sqrt() * signs.next()).collect();
            let along: f64 = signed.iter().sum();
            for (i, (p, s)) in softmax.iter().zip(&signed).enumerate() {
                values[(i, j)] += T::from_f64(cross_entropy * (s - along * p));
            }
        }
    }
    values
}

/// λ(T) for every data point of outputs x(T) (n×M): an independent sign, +1 or −1 with equal probability, in each of the
/// first `scores` components, from a stream of `draw` and the column, and 0 in the others. Its
/// covariance is the identity there.
pub fn random_signs<T: Real>(scores: usize, output: MatRef<'_, T>, draw: u64) -> Mat<T> {
    let (n, count) = output.shape();
    let mut values = Mat::zeros(n, count);
    for j in 0..count {
        let mut signs = Signs::new(draw, j as u64);
        for i in 0..scores.min(n) {
            values[(i, j)] = T::from_f64(signs.next());
        }
    }
    values
}

/// A stream of signs: the bits of SplitMix64 (Steele, Lea and Flood 2014), from a state that mixes both
/// numbers it is known by.
struct Signs {
    state: u64,
    bits: u64,
    left: u32,
}

impl Signs {
    fn new(draw: u64, column: u64) -> Self {
        Self { state: mix(draw.wrapping_add(mix(column))), bits: 0, left: 0 }
    }

    fn next(&mut self) -> f64 {
        if self.left == 0 {
            self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            (self.bits, self.left) = (mix(self.state), 64);
        }
        let sign = if self.bits & 1 == 0 { 1.0 } else { -1.0 };
        self.bits >>= 1;
        self.left -= 1;
        sign
    }
}

/// SplitMix64's finaliser.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Over many draws: mean 0, covariance H.
    #[test]
    fn probes_have_the_curvature_as_covariance() {
        let output = Mat::from_fn(4, 1, |i, _| [0.4, -0.8, 1.1, 0.2][i]);
        let weights: Vec<f64> = (0..3).map(|i| f64::exp(output[(i, 0)])).collect();
        let p: Vec<f64> = weights.iter().map(|w| w / weights.iter().sum::<f64>()).collect();
        let draws = 40_000;
        let (mut mean, mut second) = (Mat::<f64>::zeros(4, 1), Mat::<f64>::zeros(4, 4));
        for draw in 0..draws {
            let value = curvature_probe([0.4, 2.0], 3, output.as_ref(), draw);
            mean += &value;
            second += &value * value.transpose();
        }
        for i in 0..4 {
            assert!(mean[(i, 0)].abs() / (draws as f64) < 0.02);
            for j in 0..4 {
                let mut expected = if i == j { 0.4 } else { 0.0 };
                if i < 3 && j < 3 {
                    expected += 2.0 * (if i == j { p[i] } else { 0.0 } - p[i] * p[j]);
                }
                let found = second[(i, j)] / draws as f64;
                assert!((found - expected).abs() < 0.02, "{i} {j}: {found} and {expected}");
            }
        }
    }
}
