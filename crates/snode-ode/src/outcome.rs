//! What a solve cost, and how it ended if it did not succeed.

use std::fmt;

use faer::{Mat, MatRef};

use crate::{Real, kernels};

/// One of the problems a scheme solves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// (S1) with its trajectory kept.
    Direct,
    /// (S5) along a trajectory.
    Adjoint,
    /// (S3) along a trajectory.
    Sensitivity,
    /// (S1) for its output only.
    Evaluation,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "direct problem",
            Self::Adjoint => "adjoint problem",
            Self::Sensitivity => "sensitivity problem",
            Self::Evaluation => "evaluation",
        })
    }
}

/// What a solve cost. The counts of several solves add up.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Statistics {
    /// Steps that became part of the solution.
    pub accepted: usize,
    /// Steps that were tried and found too long.
    pub rejected: usize,
    /// Right-hand sides computed; one right-hand side of a whole batch counts once.
    pub right_hand_sides: usize,
    /// The shortest accepted step; infinite if there was none.
    pub smallest_step: f64,
    /// The longest accepted step; 0 if there was none.
    pub largest_step: f64,
}

impl Default for Statistics {
    fn default() -> Self {
        Self {
            accepted: 0,
            rejected: 0,
            right_hand_sides: 0,
            smallest_step: f64::INFINITY,
            largest_step: 0.0,
        }
    }
}

impl Statistics {
    /// Of `steps` equal steps of length `step` with so many right-hand sides each.
    pub fn fixed(steps: usize, step: f64, right_hand_sides: usize) -> Self {
        if steps == 0 {
            return Self::default();
        }
        Self {
            accepted: steps,
            rejected: 0,
            right_hand_sides: steps * right_hand_sides,
            smallest_step: step,
            largest_step: step,
        }
    }

    /// Counts an accepted step of this length.
    pub fn accept(&mut self, step: f64) {
        self.accepted += 1;
        self.smallest_step = self.smallest_step.min(step);
        self.largest_step = self.largest_step.max(step);
    }

    /// Adds another solve's.
    pub fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        self.right_hand_sides += other.right_hand_sides;
        self.smallest_step = self.smallest_step.min(other.smallest_step);
        self.largest_step = self.largest_step.max(other.largest_step);
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, rejected, right_hand_sides, smallest_step, .. } = self;
        write!(f, "{accepted} steps, {rejected} rejected, {right_hand_sides} right-hand sides")?;
        if smallest_step.is_finite() {
            write!(f, ", smallest step {smallest_step:.3e}")?;
        }
        Ok(())
    }
}

/// Why a solve stopped before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// A state, or the right-hand side at it, is infinite or NaN.
    NotFinite,
    /// The states of the adjoint problem are finite, but the gradient made of them is not; under Euler's
    /// scheme nor is it accepted where it is so large that its norm is not finite.
    GradientNotFinite,
    /// The states are finite, but their errors divided by the tolerance are not.
    ErrorNormNotFinite,
    /// As many steps were tried as are allowed.
    MaxStepsReached,
    /// The tolerance asks for steps too short for the floating-point type.
    StepUnderflow,
    /// The equations of an implicit step could not be solved.
    NoConvergence,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFinite => "the state is not finite",
            Self::GradientNotFinite => "the gradient is not finite",
            Self::ErrorNormNotFinite => {
                "the error norm is not finite: divided by the tolerance (atol, rtol) the errors overflow"
            }
            Self::MaxStepsReached => "the step budget is used up",
            Self::StepUnderflow => "the step length underflows",
            Self::NoConvergence => "an implicit step does not converge",
        })
    }
}

/// The last state of a solve that was finite, before one that was not or that could not be computed.
#[derive(Clone, Debug, PartialEq)]
pub struct LastState {
    /// Where it is.
    pub depth: f64,
    /// x, λ or ξ there, n×M.
    pub state: Mat<f64>,
}

impl LastState {
    /// A state at this depth, if it is finite.
    pub fn new<T: Real>(depth: f64, state: MatRef<'_, T>) -> Option<Box<Self>> {
        let copy = || Mat::from_fn(state.nrows(), state.ncols(), |i, j| state[(i, j)].to_f64());
        kernels::matrix_is_finite(state).then(|| Box::new(Self { depth, state: copy() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_of_several_solves_add_up() {
        let mut sum = Statistics::fixed(3, 0.5, 2);
        assert_eq!((sum.accepted, sum.right_hand_sides), (3, 6));
        let mut other = Statistics::default();
        other.accept(0.25);
        other.accept(2.0);
        sum.add(&other);
        assert_eq!(sum.accepted, 5);
        assert_eq!((sum.smallest_step, sum.largest_step), (0.25, 2.0));
    }

    #[test]
    fn nothing_done_has_no_smallest_step() {
        assert_eq!(Statistics::default().to_string(), "0 steps, 0 rejected, 0 right-hand sides");
        assert_eq!(Statistics::fixed(0, 0.1, 1), Statistics::default());
    }
}
