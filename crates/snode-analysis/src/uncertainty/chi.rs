//! The length of a standard normal vector.

/// Probabilities that a standard normal vector of some dimension is longer than a given length.
pub(super) struct LengthTail {
    /// a = dimension/2.
    half: f64,
    /// log Γ(a).
    log_gamma: f64,
}

/// Below which e^{−x} is far from underflow, and the sum of at most as many terms finite.
const FINITE: f64 = 700.0;
/// The most terms of the sum for even dimensions.
const MOST_TERMS: f64 = 50.0;
/// Relative error of the sums and fractions below.
const ACCURACY: f64 = 1e-15;

impl LengthTail {
    /// For vectors of this dimension, at least 1.
    pub(super) fn new(dimension: usize) -> Self {
        // Γ(1/2) = √π, Γ(1) = 1, Γ(a + 1) = a Γ(a).
        let (mut a, mut log_gamma) =
            if dimension % 2 == 1 { (0.5, 0.5 * std::f64::consts::PI.ln()) } else { (1.0, 0.0) };
        let half = dimension as f64 / 2.0;
        while a < half {
            log_gamma += f64::ln(a);
            a += 1.0;
        }
        Self { half, log_gamma }
    }

    /// P(‖ζ‖ > `length`): the regularised incomplete gamma function Q(a, length²/2).
    pub(super) fn beyond(&self, length: f64) -> f64 {
        let x = length * length / 2.0;
        if x <= 0.0 {
            return 1.0;
        }
        if x == f64::INFINITY {
            return 0.0;
        }
        if self.half.fract() == 0.0 && self.half <= MOST_TERMS && x < FINITE {
            return self.finite_sum(x);
        }
        self.series_or_fraction(x)
    }

    /// e^{−x} Σ_{k<a} x^k/k!, for whole a.
    fn finite_sum(&self, x: f64) -> f64 {
        let (mut term, mut sum, mut k) = (1.0, 1.0, 1.0);
        while k < self.half {
            term *= x / k;
            sum += term;
            k += 1.0;
        }
        (-x).exp() * sum
    }

    /// By the power series of 1 − Q below a + 1, by the continued fraction of Q above.
    fn series_or_fraction(&self, x: f64) -> f64 {
        let a = self.half;
        let front = (a * x.ln() - x - self.log_gamma).exp();
        if x < a + 1.0 { 1.0 - front * power_series(a, x) } else { front * fraction(a, x) }
    }
}

/// Σ_k x^k/(a (a + 1) … (a + k)).
fn power_series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut factor) = (1.0 / a, 1.0 / a, a);
    while term > ACCURACY * sum {
        factor += 1.0;
        term *= x / factor;
        sum += term;
    }
    sum
}

/// 1/(x + 1 − a − 1 (1 − a)/(x + 3 − a − …)), by Lentz's method.
fn fraction(a: f64, x: f64) -> f64 {
    let tiny = f64::MIN_POSITIVE / f64::EPSILON;
    let nonzero = |value: f64| if value.abs() < tiny { tiny } else { value };
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1.0 / tiny, 1.0 / nonzero(b));
    let mut value = d;
    for i in 1..10_000 {
        let i = f64::from(i);
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / nonzero(an * d + b);
        c = nonzero(b + an / c);
        let change = c * d;
        value *= change;
        if (change - 1.0).abs() < ACCURACY {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// exp(−ρ²/2) in the plane, with (1 + ρ²/2) as a factor in four dimensions.
    #[test]
    fn even_dimensions_have_a_closed_form() {
        for length in [0.0, 1e-3, 0.5, 1.0, 1.9, 2.1, 4.0, 8.0, 30.0] {
            let half = length * length / 2.0;
            let plane = LengthTail::new(2).beyond(length);
            assert!((plane - f64::exp(-half)).abs() <= 1e-14 * plane.max(1e-3), "{length}");
            let four = (1.0 + half) * f64::exp(-half);
            let found = LengthTail::new(4).beyond(length);
            assert!((found - four).abs() <= 1e-13 * four.max(1e-3), "{length}: {found} {four}");
        }
    }

    #[test]
    fn the_two_ways_for_even_dimensions_agree() {
        for dimension in [2, 4, 10, 40, 100] {
            let tail = LengthTail::new(dimension);
            for x in [1e-6, 0.1, 1.0, 4.9, 5.1, 20.0, 60.0, 200.0] {
                let (one, other) = (tail.finite_sum(x), tail.series_or_fraction(x));
                assert!(
                    (one - other).abs() <= 1e-12 * one.max(1e-3),
                    "{dimension} {x}: {one} {other}"
                );
            }
        }
    }

    /// P(|ζ| > 1), P(|ζ| > 1.959964…), P(|ζ| > 5) of one normal number, from tables.
    #[test]
    fn one_dimension_is_the_normal_distribution() {
        let tail = LengthTail::new(1);
        let table = [
            (1.0, 0.317_310_507_862_914),
            (1.959_963_984_540_054, 0.05),
            (5.0, 5.733_031_437_583_869e-7),
        ];
        for (length, expected) in table {
            let found = tail.beyond(length);
            assert!((found / expected - 1.0).abs() < 1e-12, "{length}: {found}");
        }
        assert_eq!((tail.beyond(0.0), tail.beyond(f64::INFINITY)), (1.0, 0.0));
    }
}
