//! The not-a-knot cubic spline through values at 0, 1, …, N, as a linear map.

/// For each time of `times`, the weights of the values at the integer knots 0 … `intervals` in the
/// not-a-knot cubic spline through them: linear for one interval, the parabola for two, the one
/// cubic for three.
///
/// Row-major, `times.len()` × (`intervals` + 1).
pub(crate) fn not_a_knot_weights(intervals: usize, times: &[f64]) -> Vec<f64> {
    let knots = intervals + 1;
    let mut weights = vec![0.0; times.len() * knots];
    let mut values = vec![0.0; knots];
    for j in 0..knots {
        values.fill(0.0);
        values[j] = 1.0;
        let curvatures = curvatures(&values);
        for (row, &t) in times.iter().enumerate() {
            weights[row * knots + j] = evaluate(&values, &curvatures, t);
        }
    }
    weights
}

/// Second derivatives at the knots.
fn curvatures(y: &[f64]) -> Vec<f64> {
    let n = y.len() - 1;
    match n {
        0 | 1 => vec![0.0; n + 1],
        2 => vec![y[0] - 2.0 * y[1] + y[2]; 3],
        _ => {
            // Inside: M_{i−1} + 4 M_i + M_{i+1} = 6 δ²y_i. Not-a-knot: M_0 = 2M_1 − M_2 and
            // M_n = 2M_{n−1} − M_{n−2}, which turns the first and last inner row into 6 M = 6 δ²y.
            let second = |i: usize| y[i - 1] - 2.0 * y[i] + y[i + 1];
            let mut m = vec![0.0; n + 1];
            m[1] = second(1);
            m[n - 1] = second(n - 1);
            // Thomas on the rows 2 … n−2, whose neighbours 1 and n−1 are known.
            let mut diagonal = vec![4.0; n + 1];
            let mut right = vec![0.0; n + 1];
            for i in 2..n.saturating_sub(1) {
                right[i] = 6.0 * second(i);
                if i == 2 {
                    right[i] -= m[1];
                } else {
                    let factor = 1.0 / diagonal[i - 1];
                    diagonal[i] -= factor;
                    right[i] -= factor * right[i - 1];
                }
            }
            for i in (2..n.saturating_sub(1)).rev() {
                m[i] = (right[i] - m[i + 1]) / diagonal[i];
            }
            m[0] = 2.0 * m[1] - m[2];
            m[n] = 2.0 * m[n - 1] - m[n - 2];
            m
        }
    }
}

fn evaluate(y: &[f64], m: &[f64], t: f64) -> f64 {
    if y.len() == 1 {
        return y[0];
    }
    let i = (t.floor().max(0.0) as usize).min(y.len() - 2);
    let b = t - i as f64;
    let a = 1.0 - b;
    a * y[i] + b * y[i + 1] + ((a * a * a - a) * m[i] + (b * b * b - b) * m[i + 1]) / 6.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cubics_are_reproduced() {
        let cubic = |t: f64| 2.0 - t + 0.5 * t * t - 0.3 * t * t * t;
        for intervals in 3..9 {
            let times: Vec<f64> =
                (0..=40).map(|i| f64::from(i) * intervals as f64 / 40.0).collect();
            let weights = not_a_knot_weights(intervals, &times);
            for (row, &t) in times.iter().enumerate() {
                let value: f64 = (0..=intervals)
                    .map(|j| weights[row * (intervals + 1) + j] * cubic(j as f64))
                    .sum();
                assert!((value - cubic(t)).abs() < 1e-11, "{intervals} intervals at {t}");
            }
        }
    }

    /// Golden values of the authors' prototype (`golden/README.md` of snode-train's tests), on the
    /// open and the closed grid.
    #[test]
    fn golden_samples() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/_init_spline.json");
        let text = std::fs::read_to_string(path).unwrap();
        let cases: serde_json::Value = serde_json::from_str(&text).unwrap();
        let numbers = |value: &serde_json::Value| -> Vec<f64> {
            value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
        };
        for case in cases.as_array().unwrap() {
            let resolution = case["t_resolution"].as_f64().unwrap();
            for field in ["euler_samples", "ode45_samples"] {
                let entries = case["knots"].as_array().unwrap().iter();
                for (knots, samples) in entries.zip(case[field].as_array().unwrap()) {
                    let (knots, samples) = (numbers(knots), numbers(samples));
                    let times: Vec<f64> =
                        (0..samples.len()).map(|k| k as f64 / resolution).collect();
                    let weights = not_a_knot_weights(knots.len() - 1, &times);
                    for (row, expected) in weights.chunks_exact(knots.len()).zip(samples) {
                        let value: f64 = row.iter().zip(&knots).map(|(w, y)| w * y).sum();
                        assert!((value - expected).abs() < 1e-12, "{field} of T = {}", case["T"]);
                    }
                }
            }
        }
    }
}
