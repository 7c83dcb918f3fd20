//! The direct solution between its steps (S19).

use std::ops::Range;

use faer::Accum;

use crate::parallel::{self, Chunks};
use crate::{Real, kernels};

/// x(t) on \[0, T\] as quartics, one a step: through states and slopes at both ends of the step
/// and the state in its middle.
///
/// That is the explicit methods' own polynomial to rounding, as its slopes at the ends are the
/// right-hand sides there; the implicit methods' own is met in these five conditions only.
#[derive(Clone, Debug, Default)]
pub(super) struct DenseOutput<T> {
    /// n·M.
    len: usize,
    /// t₀ = 0, t₁, …: where steps end.
    times: Vec<f64>,
    /// x₀, x′₀, and for every step its middle, end, and slope there; longer than they are where
    /// there was a longer trajectory before.
    slabs: Vec<T>,
}

/// x(t) = Σ_j weights\[j\] · slab (first + j).
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    first: usize,
    weights: [f64; 5],
}

/// Slabs of one step's polynomial: x, x′ at its start, x in its middle, x, x′ at its end. The last
/// two are the first of the next.
const SLABS: usize = 5;

impl<T: Real> DenseOutput<T> {
    /// Forgets everything, keeps the memory.
    pub(super) fn restart(&mut self, len: usize) {
        self.len = len;
        self.times.clear();
    }

    /// Adds the state at the start: x, then x′, which `write` puts into place.
    pub(super) fn begin(&mut self, write: impl FnOnce(&mut [T], &mut [T])) {
        let len = self.len;
        let (state, slope) = self.grow(0.0).split_at_mut(len);
        write(state, slope);
    }

    /// Adds a step that ends at `time`: middle, state and slope, which `write` puts into place.
    pub(super) fn push(&mut self, time: f64, write: impl FnOnce(&mut [T], &mut [T], &mut [T])) {
        let len = self.len;
        let (middle, rest) = self.grow(time).split_at_mut(len);
        let (state, slope) = rest.split_at_mut(len);
        write(middle, state, slope);
    }

    /// How many slabs there are up to the end of the last step.
    fn used(&self) -> usize {
        match self.times.len() {
            0 => 0,
            ends => 3 * ends - 1,
        }
    }

    /// Adds an end, and returns its slabs.
    fn grow(&mut self, time: f64) -> &mut [T] {
        let old = self.used() * self.len;
        self.times.push(time);
        let new = self.used() * self.len;
        if self.slabs.len() < new {
            self.slabs.resize(new, T::ZERO);
        }
        &mut self.slabs[old..new]
    }

    /// Where steps end, from 0.
    pub(super) fn times(&self) -> &[f64] {
        &self.times
    }

    /// The state at the start and behind each step.
    pub(super) fn at_end(&self, k: usize) -> &[T] {
        &self.slabs[3 * k * self.len..(3 * k + 1) * self.len]
    }

    /// Where x(t) is found. Depths beyond the ends are the ends.
    pub(super) fn locate(&self, t: f64) -> Point {
        let steps = self.times.len() - 1;
        let after = self.times.partition_point(|&end| end < t);
        let step = after.clamp(1, steps.max(1)) - 1;
        if steps == 0 {
            return Point { first: 0, weights: [1.0, 0.0, 0.0, 0.0, 0.0] };
        }
        let (start, end) = (self.times[step], self.times[step + 1]);
        let h = end - start;
        let s = ((t - start) / h).clamp(0.0, 1.0);
        let (r, q) = (1.0 - s, 16.0 * (s * (1.0 - s)).powi(2));
        // The cubic through the ends, and what it lacks in the middle times q.
        let weights = [
            r * r * (1.0 + 2.0 * s) - q / 2.0,
            h * (r * r * s - q / 8.0),
            q,
            s * s * (3.0 - 2.0 * s) - q / 2.0,
            h * (q / 8.0 - s * s * r),
        ];
        Point { first: 3 * step, weights }
    }

    /// Numbers `range` of x at a point, into `out`.
    pub(super) fn read(&self, point: &Point, range: Range<usize>, out: &mut [T]) {
        let exact = point.weights.iter().position(|&weight| weight == 1.0);
        let slab = |j: usize| {
            let start = (point.first + j) * self.len;
            &self.slabs[start + range.start..start + range.end]
        };
        if let Some(j) = exact {
            return out.copy_from_slice(slab(j));
        }
        let terms: [(T, &[T]); SLABS] =
            std::array::from_fn(|j| (T::from_f64(point.weights[j]), slab(j)));
        kernels::linear_combination(out, Accum::Replace, &terms);
    }

    /// The whole of x(t) into `out`, in parallel.
    pub(super) fn state(&self, t: f64, out: &mut [T]) {
        let point = self.locate(t);
        parallel::for_columns(1, self.len, Chunks::new(out, 1), &|range, own: Chunks<'_, T>| {
            self.read(&point, range, own.into_slice());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Any quartic is reproduced, at the ends of steps and between.
    #[test]
    fn quartics_are_reproduced() {
        let x = |t: f64| 0.3 - t + 2.0 * t.powi(2) - 0.7 * t.powi(3) + 0.25 * t.powi(4);
        let dx = |t: f64| -1.0 + 4.0 * t - 2.1 * t.powi(2) + t.powi(3);
        let mut trajectory = DenseOutput::<f64>::default();
        trajectory.restart(1);
        trajectory.begin(|state, slope| (state[0], slope[0]) = (x(0.0), dx(0.0)));
        for (start, end) in [(0.0, 0.4), (0.4, 1.5), (1.5, 1.6)] {
            trajectory.push(end, |middle, state, slope| {
                middle[0] = x(f64::midpoint(start, end));
                (state[0], slope[0]) = (x(end), dx(end));
            });
        }
        for i in 0..=32 {
            let t = f64::from(i) * 0.05;
            let mut out = [f64::NAN];
            trajectory.state(t, &mut out);
            assert!((out[0] - x(t)).abs() < 1e-14, "{t}: {} {}", out[0], x(t));
        }
        assert!((trajectory.at_end(3)[0] - x(1.6)).abs() < 1e-14);
    }

    #[test]
    fn a_trajectory_without_steps_is_its_start() {
        let mut trajectory = DenseOutput::<f64>::default();
        trajectory.restart(2);
        trajectory.begin(|state, _| state.copy_from_slice(&[1.0, 2.0]));
        let mut out = [0.0; 2];
        trajectory.state(0.5, &mut out);
        assert_eq!(out, [1.0, 2.0]);
    }
}
