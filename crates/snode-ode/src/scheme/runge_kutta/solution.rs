//! The states of a direct solution at all stages, and the problems along them.

use std::ops::Range;

use faer::MatRef;

use super::Method;
use super::between::{Between, NodeSource};
use super::gradient::{self, Contributions};
use super::pieces::{Keep, Pieces};
use super::stages::Stages;
use crate::memory::make_room;
use crate::parallel::{self, Batches};
use crate::scheme::checks::{
    copy_columns, first_not_finite, gradient_not_finite, linear_not_finite, not_finite,
};
use crate::scheme::{LinearProblem, Perturbation, Solution};
use crate::{
    Combination, LastState, Network, NetworkStamp, Parameters, Problem, Real, SolveError,
    Statistics, kernels,
};

/// The memory of [`RungeKutta`](super::RungeKutta).
#[derive(Clone, Debug)]
pub(super) struct RungeKuttaSolution<T> {
    pub(super) method: Method,
    /// The network that was solved, if the solution is good.
    network: Option<NetworkStamp>,
    width: usize,
    batch: usize,
    layers: usize,
    step: f64,
    horizon: f64,
    /// Whether adjoint and sensitivity problems have been solved along this trajectory.
    adjoint_solved: bool,
    sensitivity_solved: bool,
    /// Y_i of all steps, the first of which are X_k, and X_L.
    states: Vec<T>,
    /// σ′(Z_i) of all steps.
    slopes: Vec<T>,
    /// G_i of one block of steps.
    weighted: Vec<T>,
    /// Λ, from Λ_L down to Λ_0 in place.
    lambda: Vec<T>,
    /// Adjoint states of the stages 1 … s − 1 of one step.
    pulled: Vec<T>,
    /// Sensitivities at the stages of one step.
    xi: Vec<T>,
    /// Products before their activation.
    scratch: Vec<T>,
    /// β of a perturbation that has none.
    no_bias: Vec<T>,
    /// (W, b) between the nodes of one block of steps.
    weights: Between<T>,
    /// (ω, β) there.
    perturbation: Between<T>,
    /// The gradient there.
    products: Vec<T>,
    /// What the map needs: a piece for every column, node and time.
    workspaces: Vec<T>,
}

impl<T: Real> RungeKuttaSolution<T> {
    /// No solution yet.
    pub(super) fn new(method: Method) -> Self {
        Self {
            method,
            network: None,
            width: 0,
            batch: 0,
            layers: 0,
            step: 0.0,
            horizon: 0.0,
            adjoint_solved: false,
            sensitivity_solved: false,
            states: Vec::new(),
            slopes: Vec::new(),
            weighted: Vec::new(),
            lambda: Vec::new(),
            pulled: Vec::new(),
            xi: Vec::new(),
            scratch: Vec::new(),
            no_bias: Vec::new(),
            weights: Between::default(),
            perturbation: Between::default(),
            products: Vec::new(),
            workspaces: Vec::new(),
        }
    }

    /// Whether it is the direct solution of this network.
    pub(super) fn is_of(&self, network: &Network<T>) -> bool {
        self.network == Some(network.stamp())
    }

    /// X_k.
    fn kept(&self, k: usize) -> &[T] {
        let (len, piece) = (self.len(), k * self.stages());
        &self.states[piece * len..(piece + 1) * len]
    }

    fn matrix<'a>(&self, values: &'a [T]) -> MatRef<'a, T> {
        MatRef::from_column_major_slice(values, self.width, self.batch)
    }

    /// n M.
    fn len(&self) -> usize {
        self.width * self.batch
    }

    /// s.
    fn stages(&self) -> usize {
        self.method.tableau.stages()
    }

    /// Makes room for a batch and forgets the last one.
    fn prepare(&mut self, network: &Network<T>, batch: usize) {
        self.network = None;
        self.width = network.width();
        self.batch = batch;
        self.layers = network.grid().steps();
        self.step = network.grid().step();
        self.horizon = network.grid().horizon();
        (self.adjoint_solved, self.sensitivity_solved) = (false, false);
        let (len, stages, block) = (self.len(), self.stages(), self.method.block());
        let node_len = network.parameters().node_len();
        let times = self.method.tableau.between.len();
        let workspace_len = network.map().workspace_len();
        for (memory, size) in [
            (&mut self.states, (self.layers * stages + 1) * len),
            (&mut self.slopes, self.layers * stages * len),
            (&mut self.weighted, block * stages * len),
            (&mut self.lambda, len),
            (&mut self.pulled, (stages - 1) * len),
            (&mut self.xi, (stages + 1) * len),
            (&mut self.scratch, len),
            (&mut self.no_bias, self.width),
            (&mut self.products, block * times * node_len),
            (&mut self.workspaces, batch.max(block * times).max(block + 3) * workspace_len),
        ] {
            make_room(memory, size);
        }
        self.weights.reserve(node_len, self.method);
        self.perturbation.reserve(node_len, self.method);
    }

    /// (S14) from `x0`, whose shape fits, with all states and slopes kept.
    pub(super) fn solve(
        &mut self,
        network: &Network<T>,
        x0: MatRef<'_, T>,
    ) -> Result<(), SolveError> {
        self.prepare(network, x0.ncols());
        let (n, m, grid) = (self.width, self.batch, network.grid());
        let (method, stages) = (self.method, self.stages());
        copy_columns(x0, &mut self.states[..n * m]);
        for steps in method.blocks(self.layers) {
            self.weights.interpolate(method, network.parameters(), grid, steps.clone());
            let walk = method.walk(network, &self.weights, steps);
            let memory = (
                Batches::new(&mut self.states, n, m),
                Batches::new(&mut self.slopes, n, m),
                Batches::new(&mut self.scratch, n, m),
                Batches::new(&mut self.workspaces, network.map().workspace_len(), m),
            );
            parallel::for_columns(
                n,
                m,
                memory,
                &|_, (states, slopes, mut scratch, mut workspace)| {
                    let mut states = Pieces { all: states, keep: Keep::All, stages };
                    let z = scratch.batch_mut(0);
                    walk.direct(&mut states, Some(slopes), z, workspace.batch_mut(0));
                },
            );
        }
        // X_{k+1} = X_k + …: what is infinite or NaN once is so in the end.
        if kernels::all_finite(self.kept(self.layers)) {
            self.network = Some(network.stamp());
            return Ok(());
        }
        let good = |k: &usize| kernels::all_finite(self.kept(*k));
        let first = (0..self.layers).find(|k| !good(k)).unwrap_or(self.layers);
        let last = first.checked_sub(1).and_then(|k| LastState::new(grid.time(k), self.state(k)));
        let statistics = Statistics::fixed(first, grid.step(), stages);
        Err(not_finite(Problem::Direct, grid.time(first), last, statistics))
    }

    /// Λ through one block of steps, from the last to the first, leaving their G in `weighted`.
    fn adjoint_steps(&mut self, network: &Network<T>, steps: Range<usize>) {
        let (n, m, method) = (self.width, self.batch, self.method);
        self.weights.interpolate(method, network.parameters(), network.grid(), steps.clone());
        let walk = method.walk(network, &self.weights, steps);
        let (len, count) = (self.len(), self.stages());
        let trajectory = Stages { states: &self.states, slopes: &self.slopes, len, count };
        let memory = (
            Batches::new(&mut self.lambda, n, m),
            Batches::new(&mut self.weighted, n, m),
            Batches::new(&mut self.pulled, n, m),
            Batches::new(&mut self.workspaces, network.map().workspace_len(), m),
        );
        parallel::for_columns(n, m, memory, &|columns, memory| {
            let (mut lambda, mut weighted, mut pulled, mut workspace) = memory;
            let part = columns.start * n..columns.end * n;
            let (lambda, workspace) = (lambda.batch_mut(0), workspace.batch_mut(0));
            walk.adjoint(&trajectory, &part, lambda, &mut weighted, &mut pulled, workspace);
        });
    }

    /// Ξ_0.
    fn begin_sensitivity(&mut self, input: Option<MatRef<'_, T>>) {
        let len = self.len();
        match input {
            Some(xi0) => copy_columns(xi0, &mut self.xi[..len]),
            None => self.xi[..len].fill(T::ZERO),
        }
    }

    /// Ξ through one block of steps, for a perturbation of the parameters or none.
    fn sensitivity_steps(
        &mut self,
        network: &Network<T>,
        perturbation: Option<&Parameters<T>>,
        steps: Range<usize>,
    ) {
        let (n, m, len, stages) = (self.width, self.batch, self.len(), self.stages());
        let (method, grid) = (self.method, network.grid());
        self.weights.interpolate(method, network.parameters(), grid, steps.clone());
        if let Some(parameters) = perturbation {
            self.perturbation.interpolate(method, parameters, grid, steps.clone());
        }
        let walk = method.walk(network, &self.weights, steps);
        let perturbation =
            perturbation.map(|parameters| NodeSource { parameters, between: &self.perturbation });
        let trajectory = Stages { states: &self.states, slopes: &self.slopes, len, count: stages };
        let no_bias = &self.no_bias[..n];
        let memory = (
            Batches::new(&mut self.xi, n, m),
            Batches::new(&mut self.scratch, n, m),
            Batches::new(&mut self.workspaces, network.map().workspace_len(), m),
        );
        parallel::for_columns(n, m, memory, &|columns, (xi, mut scratch, mut workspace)| {
            let part = columns.start * n..columns.end * n;
            let mut xi = Pieces { all: xi, keep: Keep::Current, stages };
            let (y, workspace) = (scratch.batch_mut(0), workspace.batch_mut(0));
            walk.sensitivity(perturbation, &trajectory, &part, &mut xi, no_bias, y, workspace);
        });
    }

    /// Ξ_k, where the walk has come to step k.
    fn sensitivity_at(&self, k: usize) -> &[T] {
        let (len, piece) = (self.len(), Keep::Current.piece(self.stages(), k, 0));
        &self.xi[piece * len..(piece + 1) * len]
    }
}

impl<T: Real> Solution<T> for RungeKuttaSolution<T> {
    fn steps(&self) -> usize {
        self.layers
    }

    fn depth(&self, k: usize) -> f64 {
        self.horizon * k as f64 / self.layers as f64
    }

    fn state(&self, k: usize) -> MatRef<'_, T> {
        assert!(k <= self.layers, "no state {k} of {}", self.layers);
        self.matrix(self.kept(k))
    }

    fn adjoint(
        &mut self,
        network: &Network<T>,
        terminal: MatRef<'_, T>,
        mut gradient: Option<&mut Parameters<T>>,
    ) -> Result<(), SolveError> {
        let (method, grid, len) = (self.method, network.grid(), self.len());
        copy_columns(terminal, &mut self.lambda[..len]);
        // Blocks come from the last to the first, and so do the nodes they reach.
        let (mut reached, mut bad) = (grid.nodes(), None);
        for steps in method.blocks(self.layers).rev() {
            self.adjoint_steps(network, steps.clone());
            if let Some(gradient) = &mut gradient {
                let stages = self.stages();
                let trajectory =
                    Stages { states: &self.states, slopes: &self.slopes, len, count: stages };
                let (map, weighted) = (network.map(), &self.weighted[..]);
                let contributions =
                    Contributions { method, map, grid, trajectory, weighted, steps };
                let (products, workspaces) = (&mut self.products, &mut self.workspaces);
                let added = contributions.add(products, workspaces, gradient, reached);
                reached = added.reached;
                bad = bad.or(added.bad);
            }
        }
        if let Some(gradient) = gradient {
            bad = bad.or(gradient::represent(gradient, grid));
        }
        self.adjoint_solved = true;
        let statistics = self.statistics(Problem::Adjoint);
        gradient_not_finite(bad, &self.lambda[..len], grid, statistics)
    }

    fn input_adjoint(&self) -> MatRef<'_, T> {
        self.matrix(&self.lambda[..self.len()])
    }

    fn sensitivity(
        &mut self,
        network: &Network<T>,
        perturbation: Perturbation<'_, T>,
    ) -> Result<(), SolveError> {
        self.begin_sensitivity(perturbation.input);
        for steps in self.method.blocks(self.layers) {
            self.sensitivity_steps(network, perturbation.parameters, steps);
        }
        self.sensitivity_solved = true;
        Ok(())
    }

    fn output_sensitivity(&self) -> MatRef<'_, T> {
        self.matrix(self.sensitivity_at(self.layers))
    }

    fn sensitivity_of_combination(
        &mut self,
        network: &Network<T>,
        direction: &mut Parameters<T>,
        combination: Combination<'_, T>,
    ) -> Result<(), SolveError> {
        self.begin_sensitivity(None);
        let mut combined = 0;
        for steps in self.method.blocks(self.layers) {
            let end = gradient::reach(&steps, direction.nodes()).end;
            direction.set_combination_nodes(combined..end, combination);
            combined = end;
            self.sensitivity_steps(network, Some(direction), steps);
        }
        self.sensitivity_solved = true;
        Ok(())
    }

    fn find_stop(&mut self, network: &Network<T>, posed: LinearProblem<'_, T>) -> SolveError {
        let (len, layers, grid) = (self.len(), self.layers, network.grid());
        let (steps, last) = match posed {
            LinearProblem::Adjoint { terminal } => first_not_finite(len, layers, |i, out| {
                if i == 0 {
                    copy_columns(terminal, &mut self.lambda[..len]);
                } else {
                    self.adjoint_steps(network, layers - i..layers - i + 1);
                }
                out.copy_from_slice(&self.lambda[..len]);
            }),
            LinearProblem::Sensitivity(along) => first_not_finite(len, layers, |i, out| {
                if i == 0 {
                    self.begin_sensitivity(along.input);
                } else {
                    self.sensitivity_steps(network, along.parameters, i - 1..i);
                }
                out.copy_from_slice(self.sensitivity_at(i));
            }),
        };
        let shape = (self.width, self.batch);
        linear_not_finite(&posed, grid, self.stages(), shape, steps, last)
    }

    fn statistics(&self, problem: Problem) -> Statistics {
        let solved = match problem {
            Problem::Direct => true,
            Problem::Adjoint => self.adjoint_solved,
            Problem::Sensitivity => self.sensitivity_solved,
            Problem::Evaluation => false,
        };
        let steps = if solved { self.layers } else { 0 };
        Statistics::fixed(steps, self.step, self.stages())
    }
}
