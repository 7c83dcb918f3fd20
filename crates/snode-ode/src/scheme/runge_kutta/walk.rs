//! One thread's columns through some steps: the three problems.
//!
//! Everything here runs on columns that no other thread touches, and the states of different
//! stages are different pieces: that is what every `unsafe` below rests on.

use std::ops::Range;

use faer::Accum;

use super::between::Read;
use super::pieces::Pieces;
use super::tableau::{MOST_STAGES, Tableau};
use super::trajectory::Trajectory;
use crate::depth::split_node;
use crate::kernels::{self, Target};
use crate::parallel::Shared;
use crate::{Activation, Real};

/// The steps to go, and what they read.
pub(super) struct Walk<'a, T> {
    pub tableau: &'static Tableau,
    /// n.
    pub width: usize,
    /// h.
    pub step: f64,
    pub activation: Activation,
    pub weights: Read<'a, T>,
    pub steps: Range<usize>,
}

/// What K_i goes to, the first `count` of them.
struct Targets<'a, T> {
    all: [Target<'a, T>; MOST_STAGES],
    count: usize,
}

impl<'a, T: Real> Walk<'a, T> {
    /// h a for a coefficient of the tableau.
    fn scaled(&self, coefficient: f64) -> T {
        T::from_f64(self.step * coefficient)
    }

    /// Weights and biases of stage i of step k.
    fn node(&self, k: usize, i: usize) -> &'a [T] {
        self.weights.at(k, self.tableau.reading(i))
    }

    /// What the stage after this one reads, unless it is the same.
    fn ahead(&self, k: usize, i: usize) -> &'a [T] {
        let (next, stage) = if i + 1 < self.tableau.stages() { (k, i + 1) } else { (k + 1, 0) };
        if next < self.steps.end { other(self.node(next, stage), self.node(k, i)) } else { &[] }
    }

    /// The states that stage i of step k contributes to.
    ///
    /// # Safety
    /// Nobody else may be using these states, nor writing the one at the step's beginning.
    unsafe fn targets<'b>(&self, k: usize, i: usize, states: &'b Pieces<'_, T>) -> Targets<'b, T> {
        let mut targets = Targets { all: Default::default(), count: 0 };
        for (j, coefficient, first) in self.tableau.contributions(i) {
            // SAFETY: the caller's promise; j differs from 0 and from every other target.
            let (x, out) = unsafe { (states.get(k, 0), states.get_mut(k, j)) };
            let from = first.then_some(x);
            targets.all[targets.count] = Target { from, factor: self.scaled(coefficient), out };
            targets.count += 1;
        }
        targets
    }

    /// (S14) from the state of stage 0 of the first step; slopes are kept where there is a place
    /// for them. `z` is scratch.
    pub fn direct(&self, states: &Pieces<'_, T>, slopes: Option<&Shared<'_, T>>, z: &mut [T]) {
        let stages = self.tableau.stages();
        for k in self.steps.clone() {
            for i in 0..stages {
                let (weights, bias) = split_node(self.node(k, i), self.width);
                // SAFETY: own columns.
                kernels::transform(weights, unsafe { states.get(k, i) }, z, Accum::Replace, T::ONE);
                // SAFETY: own columns, and stages other than 0 and i.
                let mut targets = unsafe { self.targets(k, i, states) };
                kernels::stage(
                    self.activation,
                    z,
                    bias,
                    // SAFETY: own columns.
                    slopes.map(|s| unsafe { s.part_mut(k * stages + i, states.part.clone()) }),
                    &mut targets.all[..targets.count],
                    self.ahead(k, i),
                );
            }
        }
    }

    /// (S15) along a trajectory, from the sensitivity of stage 0 of the first step, for a
    /// perturbation of the parameters or none. `no_bias` is n zeros, `y` scratch.
    pub fn sensitivity(
        &self,
        perturbation: Option<Read<'_, T>>,
        trajectory: &Trajectory<'_, T>,
        xi: &Pieces<'_, T>,
        no_bias: &[T],
        y: &mut [T],
    ) {
        for k in self.steps.clone() {
            for i in 0..self.tableau.stages() {
                let (weights, _) = split_node(self.node(k, i), self.width);
                // SAFETY: own columns.
                kernels::transform(weights, unsafe { xi.get(k, i) }, y, Accum::Replace, T::ONE);
                let mut beta = no_bias;
                if let Some(perturbation) = &perturbation {
                    let node = perturbation.at(k, self.tableau.reading(i));
                    let (omega, bias) = split_node(node, self.width);
                    let state = &trajectory.state(k, i)[xi.part.clone()];
                    kernels::transform(omega, state, y, Accum::Add, T::ONE);
                    beta = bias;
                }
                let slope = &trajectory.slope(k, i)[xi.part.clone()];
                // SAFETY: own columns, and stages other than 0 and i.
                let mut targets = unsafe { self.targets(k, i, xi) };
                let targets = &mut targets.all[..targets.count];
                kernels::sensitivity_stage(y, beta, slope, targets, self.ahead(k, i));
            }
        }
    }

    /// (S16) along a trajectory, from Λ behind the last step to Λ before the first, both in
    /// `lambda`. G_i of these steps go to `weighted`, stage after stage from the first step on;
    /// `pulled` is scratch for the adjoint states of the stages 1 … s − 1.
    pub fn adjoint(
        &self,
        trajectory: &Trajectory<'_, T>,
        lambda: &mut [T],
        weighted: &Shared<'_, T>,
        pulled: &Shared<'_, T>,
        part: &Range<usize>,
    ) {
        let stages = self.tableau.stages();
        let h = self.scaled(1.0);
        // SAFETY, here and below: own columns; a stage's piece is written before later ones are read.
        let state = |j: usize| unsafe { pulled.part(j - 1, part.clone()) };
        let mut read: &[T] = &[];
        for k in self.steps.clone().rev() {
            for i in (0..stages).rev() {
                let node = self.node(k, i);
                let (weights, _) = split_node(node, self.width);
                let at = (k - self.steps.start) * stages + i;
                let g = unsafe { weighted.part_mut(at, part.clone()) };
                let mut terms: [(T, &[T]); MOST_STAGES] = [(T::ZERO, &[]); MOST_STAGES];
                let mut count = 0;
                for (j, coefficient, _) in self.tableau.contributions(i) {
                    let adjoint = if j == stages { &*lambda } else { state(j) };
                    terms[count] = (T::from_f64(coefficient), adjoint);
                    count += 1;
                }
                let slope = &trajectory.slope(k, i)[part.clone()];
                kernels::weigh(slope, &terms[..count], g, other(node, read));
                read = node;
                if i > 0 {
                    let adjoint = unsafe { pulled.part_mut(i - 1, part.clone()) };
                    kernels::transform(weights.transpose(), g, adjoint, Accum::Replace, h);
                } else {
                    let mut terms: [(T, &[T]); MOST_STAGES] = [(T::ONE, &[]); MOST_STAGES];
                    for j in 1..stages {
                        terms[j - 1].1 = state(j);
                    }
                    kernels::linear_combination(lambda, Accum::Add, &terms[..stages - 1]);
                    kernels::transform(weights.transpose(), g, lambda, Accum::Add, h);
                }
            }
        }
    }
}

/// `next`, or nothing if it is `current`, which is in the cache already.
fn other<'a, T>(next: &'a [T], current: &[T]) -> &'a [T] {
    if std::ptr::eq(next, current) { &[] } else { next }
}
