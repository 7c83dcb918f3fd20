//! What several tests need.
#![allow(dead_code, reason = "every test program uses its own part")]

pub mod golden;
pub mod wrong;

use faer::MatRef;
use snode_ode::Real;

/// The entries column by column.
pub fn columns<T: Real>(matrix: MatRef<'_, T>) -> Vec<T> {
    (0..matrix.ncols()).flat_map(|j| (0..matrix.nrows()).map(move |i| matrix[(i, j)])).collect()
}

/// ‖ours − expected‖∞ / ‖expected‖∞.
pub fn relative_distance(ours: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(ours.len(), expected.len());
    let scale = expected.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let distance = ours.iter().zip(expected).fold(0.0_f64, |m, (a, b)| {
        let d = (a - b).abs();
        if d.is_nan() { f64::INFINITY } else { m.max(d) }
    });
    if distance == 0.0 { 0.0 } else { distance / scale }
}

/// Fails unless the vectors agree to `tolerance` relative to the largest expected entry.
#[track_caller]
pub fn assert_close(ours: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    let distance = relative_distance(ours, expected);
    assert!(distance <= tolerance, "{what}: relative distance {distance:.2e}");
}
