//! Predicted classes.

use faer::MatRef;
use snode_ode::Real;

/// The predicted class of every column: the largest of its first `classes` components, the first
/// of equals.
pub fn classify<T: Real>(output: MatRef<'_, T>, classes: usize) -> Vec<usize> {
    (0..output.ncols())
        .map(|column| {
            let mut best = 0;
            for class in 1..classes.min(output.nrows()) {
                if output[(class, column)] > output[(best, column)] {
                    best = class;
                }
            }
            best
        })
        .collect()
}
