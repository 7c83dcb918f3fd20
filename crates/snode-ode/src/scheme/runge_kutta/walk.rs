//! One thread's columns through some steps: the three problems.

use std::ops::Range;

use faer::Accum;

use super::between::NodeSource;
use super::pieces::Pieces;
use super::stages::Stages;
use super::tableau::{MOST_STAGES, Tableau};
use crate::kernels::{self, How, Target};
use crate::map::AffineMap;
use crate::parallel::Batches;
use crate::{Activation, Real};

/// The steps to go, and what they read.
pub(super) struct Walk<'a, T> {
    pub tableau: &'static Tableau,
    pub map: AffineMap,
    /// h.
    pub step: f64,
    pub activation: Activation,
    pub weights: NodeSource<'a, T>,
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

    /// What the stage before this one reads, unless it is the same.
    fn behind(&self, k: usize, i: usize) -> &'a [T] {
        let (next, stage) = match (k, i) {
            (k, 0) if k > self.steps.start => (k - 1, self.tableau.stages() - 1),
            (_, 0) => return &[],
            (k, i) => (k, i - 1),
        };
        other(self.node(next, stage), self.node(k, i))
    }

    /// The states that stage i of step k contributes to.
    fn targets<'b>(&self, k: usize, i: usize, states: &'b mut Pieces<'_, T>) -> Targets<'b, T> {
        let mut stages = [0; MOST_STAGES];
        let mut count = 0;
        for (j, _, _) in self.tableau.contributions(i) {
            stages[count] = j;
            count += 1;
        }
        let (x, outs) = states.begin_and(k, &stages[..count]);
        let mut targets = Targets { all: Default::default(), count };
        let contributions = self.tableau.contributions(i);
        for ((target, out), (_, coefficient, first)) in
            targets.all.iter_mut().zip(outs).zip(contributions)
        {
            let from = first.then_some(x);
            *target = Target { from, factor: self.scaled(coefficient), out };
        }
        targets
    }

    /// (S14) from the state of stage 0 of the first step; slopes are kept where there is a place
    /// for them. `z` and `workspace` are scratch.
    pub fn direct(
        &self,
        states: &mut Pieces<'_, T>,
        mut slopes: Option<Batches<'_, T>>,
        z: &mut [T],
        workspace: &mut [T],
    ) {
        let stages = self.tableau.stages();
        for k in self.steps.clone() {
            for i in 0..stages {
                let node = self.node(k, i);
                let ahead = [self.ahead(k, i)];
                let how = How::replace().before(&ahead);
                self.map.apply(node, states.get(k, i), z, how, workspace);
                let bias = self.map.bias(node, workspace);
                let mut targets = self.targets(k, i, states);
                kernels::stage(
                    self.activation,
                    z,
                    bias,
                    slopes.as_mut().map(|slopes| slopes.batch_mut(k * stages + i)),
                    &mut targets.all[..targets.count],
                );
            }
        }
    }

    /// (S15) along a trajectory, from the sensitivity of stage 0 of the first step, for a
    /// perturbation of the parameters or none. `part` is where this thread's columns are in the
    /// trajectory, `no_bias` is n zeros, `y` and `workspace` scratch.
    #[expect(clippy::too_many_arguments, reason = "a formula's operands")]
    pub fn sensitivity(
        &self,
        perturbation: Option<NodeSource<'_, T>>,
        trajectory: &Stages<'_, T>,
        part: &Range<usize>,
        xi: &mut Pieces<'_, T>,
        no_bias: &[T],
        y: &mut [T],
        workspace: &mut [T],
    ) {
        for k in self.steps.clone() {
            for i in 0..self.tableau.stages() {
                let next = self.ahead(k, i);
                let omega = perturbation.as_ref().map(|p| p.at(k, self.tableau.reading(i)));
                let ahead = [omega.unwrap_or(next)];
                let how = How::replace().before(&ahead);
                self.map.apply(self.node(k, i), xi.get(k, i), y, how, workspace);
                let mut beta = no_bias;
                if let Some(omega) = omega {
                    let state = &trajectory.state(k, i)[part.clone()];
                    self.map.apply(omega, state, y, How::add(T::ONE).before(&[next]), workspace);
                    beta = self.map.bias(omega, workspace);
                }
                let slope = &trajectory.slope(k, i)[part.clone()];
                let mut targets = self.targets(k, i, xi);
                let targets = &mut targets.all[..targets.count];
                kernels::sensitivity_stage(y, beta, slope, targets);
            }
        }
    }

    /// (S16) along a trajectory, from Λ behind the last step to Λ before the first, both in
    /// `lambda`. G_i of these steps go to `weighted`, stage after stage from the first step on;
    /// `pulled` is scratch for the adjoint states of the stages 1 … s − 1, and so is `workspace`. `part` is
    /// where this thread's columns are in the trajectory.
    pub fn adjoint(
        &self,
        trajectory: &Stages<'_, T>,
        part: &Range<usize>,
        lambda: &mut [T],
        weighted: &mut Batches<'_, T>,
        pulled: &mut Batches<'_, T>,
        workspace: &mut [T],
    ) {
        let stages = self.tableau.stages();
        let h = self.scaled(1.0);
        for k in self.steps.clone().rev() {
            for i in (0..stages).rev() {
                let node = self.node(k, i);
                let g = weighted.batch_mut((k - self.steps.start) * stages + i);
                let mut terms: [(T, &[T]); MOST_STAGES] = [(T::ZERO, &[]); MOST_STAGES];
                let mut count = 0;
                for (j, coefficient, _) in self.tableau.contributions(i) {
                    let adjoint = if j == stages { &*lambda } else { pulled.batch(j - 1) };
                    terms[count] = (T::from_f64(coefficient), adjoint);
                    count += 1;
                }
                let slope = &trajectory.slope(k, i)[part.clone()];
                kernels::weigh(slope, &terms[..count], g);
                let next = [self.behind(k, i)];
                if i > 0 {
                    let adjoint = pulled.batch_mut(i - 1);
                    let how = How { factor: h, ..How::replace() }.before(&next);
                    self.map.apply_transposed(node, g, adjoint, how, workspace);
                } else {
                    let mut terms: [(T, &[T]); MOST_STAGES] = [(T::ONE, &[]); MOST_STAGES];
                    for j in 1..stages {
                        terms[j - 1].1 = pulled.batch(j - 1);
                    }
                    kernels::linear_combination(lambda, Accum::Add, &terms[..stages - 1]);
                    let how = How::add(h).before(&next);
                    self.map.apply_transposed(node, g, lambda, how, workspace);
                }
            }
        }
    }
}

/// `next`, or nothing if it is `current`, which is in the cache already.
fn other<'a, T>(next: &'a [T], current: &[T]) -> &'a [T] {
    if std::ptr::eq(next, current) { &[] } else { next }
}
