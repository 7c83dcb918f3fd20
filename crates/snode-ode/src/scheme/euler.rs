//! The explicit Euler scheme (S2) with its exact discrete adjoint (S5) and sensitivity (S3).
//!
//! Direct, adjoint and sensitivity problems divide the batch's columns between the threads, and
//! every thread walks through the layers alone; the gradient, and a new direction, divide the nodes. σ′(Z) is kept from
//! the direct solution, so nothing is computed twice.

mod perturbed;
mod several;

use std::ops::Range;

use faer::{Accum, MatMut, MatRef};

pub use perturbed::{Distances, PerturbedWalk};

use super::checks::{
    all_finite, check_network, check_parameters, check_shape, copy_columns, not_finite,
};
use super::{Perturbation, Problem, Scheme, Statistics};
use crate::depth::{Parameters, split_node};
use crate::parallel::{self, Shared};
use crate::{Network, Real, SolveError, kernels};

/// X_{k+1} = X_k + h σ(W_k X_k + b_k): the scheme under which the network is a residual network.
///
/// Reads the nodes 0 … L−1 of the network's grid; the last node of a closed grid has no part in it
/// and a zero gradient.
#[derive(Clone, Debug, Default)]
pub struct Euler<T> {
    width: usize,
    batch: usize,
    layers: usize,
    step: T,
    horizon: f64,
    solved: bool,
    /// The last k whose X_k is finite, if any.
    reached: Option<usize>,
    /// Whether adjoint and sensitivity problems have been solved along this trajectory.
    adjoint_solved: bool,
    sensitivity_solved: bool,
    /// X_0 … X_L.
    states: Vec<T>,
    /// σ′(Z_k).
    slopes: Vec<T>,
    /// G_k = σ′(Z_k) ⊙ Λ_{k+1} of one block of layers, at k modulo [`BLOCK`].
    weighted: Vec<T>,
    /// Λ, from Λ_L down to Λ_0 in place.
    lambda: Vec<T>,
    /// Ξ, from Ξ_0 up to Ξ_L in place.
    xi: Vec<T>,
    /// Products before their activation.
    scratch: Vec<T>,
    /// β of a perturbation that has none.
    zero_bias: Vec<T>,
}

/// Layers that are gone through between two meetings of the threads where a pass over the parameters
/// goes with the walk: what one leaves in the shared cache, the other finds there.
const BLOCK: usize = 16;

/// Columns a thread takes through all layers at once in [`Euler::evaluate`]: enough to amortise the
/// reading of the weights, few enough for states and products to stay in the cache.
const EVALUATION_COLUMNS: usize = 128;

impl<T: Real> Euler<T> {
    /// The scheme, with no memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// X_k of the last direct solution, n×M, for k = 0 … L.
    ///
    /// # Panics
    /// If there is no direct solution or no such k.
    pub fn state(&self, k: usize) -> MatRef<'_, T> {
        assert!(self.solved && k <= self.layers, "no state {k}");
        let len = self.width * self.batch;
        self.matrix(&self.states[k * len..(k + 1) * len])
    }

    fn matrix<'a>(&self, values: &'a [T]) -> MatRef<'a, T> {
        MatRef::from_column_major_slice(values, self.width, self.batch)
    }

    /// Makes room for a batch and forgets the last one.
    fn prepare(&mut self, network: &Network<T>, batch: usize) {
        self.width = network.width();
        self.batch = batch;
        self.layers = network.grid().steps();
        self.step = T::from_f64(network.grid().step());
        self.horizon = network.grid().horizon();
        self.solved = false;
        self.reached = None;
        (self.adjoint_solved, self.sensitivity_solved) = (false, false);
        let len = self.width * batch;
        for (memory, pieces) in [
            (&mut self.states, self.layers + 1),
            (&mut self.slopes, self.layers),
            (&mut self.weighted, BLOCK),
            (&mut self.lambda, 1),
            (&mut self.xi, 1),
            (&mut self.scratch, 1),
        ] {
            if memory.len() < pieces * len {
                memory.resize(pieces * len, T::ZERO);
            }
        }
        self.zero_bias.resize(self.width, T::ZERO);
    }

    /// Λ through some layers, from the last to the first, leaving G_k in `weighted`.
    fn adjoint_layers(&mut self, network: &Network<T>, layers: Range<usize>) {
        let (n, m, h) = (self.width, self.batch, self.step);
        let len = n * m;
        let slopes = &self.slopes;
        let lambda = Shared::new(&mut self.lambda, len);
        let weighted = Shared::new(&mut self.weighted, len);
        parallel::for_columns(n, m, &|columns| {
            let part = columns.start * n..columns.end * n;
            // SAFETY: column ranges are disjoint, and each thread touches its own columns only.
            let lambda = unsafe { lambda.part_mut(0, part.clone()) };
            for k in layers.clone().rev() {
                let (weights, _) = split_node(network.parameters.node(k), n);
                // SAFETY: as above.
                let g = unsafe { weighted.part_mut(k % BLOCK, part.clone()) };
                kernels::multiply(
                    &slopes[k * len..(k + 1) * len][part.clone()],
                    lambda,
                    g,
                    network.parameters.node(k),
                );
                kernels::transform(weights.transpose(), g, lambda, Accum::Add, h);
            }
        });
    }

    /// (S6) at some nodes, at most [`BLOCK`] of them, from G_k and X_k.
    fn gradient_nodes(&self, nodes: Range<usize>, gradient: &mut Parameters<T>) {
        let (n, len) = (self.width, self.width * self.batch);
        let node_len = gradient.node_len();
        let out = Shared::new(gradient.as_mut_slice(), node_len);
        parallel::for_each(nodes, &|k| {
            let g = &self.weighted[k % BLOCK * len..(k % BLOCK + 1) * len];
            let x = &self.states[k * len..(k + 1) * len];
            // SAFETY: every node is visited once.
            let node = unsafe { out.part_mut(k, 0..node_len) };
            kernels::outer_product(n, g, x, node, Accum::Replace);
        });
    }

    /// Ξ through some layers, for a perturbation of the parameters or none.
    fn sensitivity_layers(
        &mut self,
        network: &Network<T>,
        perturbation: Option<&Parameters<T>>,
        layers: Range<usize>,
    ) {
        let (n, m, h) = (self.width, self.batch, self.step);
        let len = n * m;
        let (states, slopes) = (&self.states, &self.slopes);
        let zero_bias = &self.zero_bias[..n];
        let xi = Shared::new(&mut self.xi, len);
        let scratch = Shared::new(&mut self.scratch, len);
        parallel::for_columns(n, m, &|columns| {
            let part = columns.start * n..columns.end * n;
            // SAFETY: column ranges are disjoint, and each thread touches its own columns only.
            let (xi, y) =
                unsafe { (xi.part_mut(0, part.clone()), scratch.part_mut(0, part.clone())) };
            for k in layers.clone() {
                let (weights, _) = split_node(network.parameters.node(k), n);
                kernels::transform(weights, xi, y, Accum::Replace, T::ONE);
                let mut beta = zero_bias;
                if let Some(parameters) = perturbation {
                    let (omega, bias) = split_node(parameters.node(k), n);
                    let x = &states[k * len..(k + 1) * len][part.clone()];
                    kernels::transform(omega, x, y, Accum::Add, T::ONE);
                    beta = bias;
                }
                let slope = &slopes[k * len..(k + 1) * len][part.clone()];
                let ahead = node_or_nothing(network, k + 1, layers.end);
                kernels::sensitivity_step(y, beta, slope, h, xi, ahead);
            }
        });
    }

    fn check(
        &self,
        problem: Problem,
        network: &Network<T>,
        found: MatRef<'_, T>,
    ) -> Result<(), SolveError> {
        if !self.solved {
            return Err(SolveError::NoTrajectory { problem });
        }
        check_network(problem, (self.width, self.layers), network)?;
        check_shape(problem, (self.width, self.batch), found)
    }

    fn step_length(&self) -> f64 {
        self.horizon / self.layers.max(1) as f64
    }
}

impl<T: Real> Scheme<T> for Euler<T> {
    fn name(&self) -> &'static str {
        "euler"
    }

    fn direct(&mut self, network: &Network<T>, x0: MatRef<'_, T>) -> Result<(), SolveError> {
        let (n, m) = (network.width(), x0.ncols());
        check_network(Problem::Direct, (n, network.grid().steps()), network)?;
        check_shape(Problem::Direct, (n, m), x0)?;
        self.prepare(network, m);
        let (len, layers, h) = (n * m, self.layers, self.step);
        copy_columns(x0, &mut self.states[..len]);
        let states = Shared::new(&mut self.states, len);
        let slopes = Shared::new(&mut self.slopes, len);
        let scratch = Shared::new(&mut self.scratch, len);
        parallel::for_columns(n, m, &|columns| {
            let part = columns.start * n..columns.end * n;
            // SAFETY: column ranges are disjoint, and each thread touches its own columns only.
            let z = unsafe { scratch.part_mut(0, part.clone()) };
            for k in 0..layers {
                let (weights, bias) = split_node(network.parameters.node(k), n);
                let x = unsafe { states.part(k, part.clone()) };
                let next = unsafe { states.part_mut(k + 1, part.clone()) };
                let slope = unsafe { slopes.part_mut(k, part.clone()) };
                kernels::transform(weights, x, z, Accum::Replace, T::ONE);
                let ahead = node_or_nothing(network, k + 1, layers);
                kernels::euler_step(network.activation(), z, bias, h, x, next, slope, ahead);
            }
        });
        if !all_finite(&self.states[layers * len..(layers + 1) * len]) {
            let first = (0..=layers)
                .find(|k| !all_finite(&self.states[k * len..(k + 1) * len]))
                .unwrap_or(layers);
            self.reached = first.checked_sub(1);
            return Err(not_finite(Problem::Direct, network.grid(), first, 1));
        }
        self.solved = true;
        self.reached = Some(layers);
        Ok(())
    }

    fn output(&self) -> MatRef<'_, T> {
        let len = self.width * self.batch;
        self.matrix(&self.states[self.layers * len..(self.layers + 1) * len])
    }

    fn evaluate(
        &self,
        network: &Network<T>,
        x0: MatRef<'_, T>,
        mut out: MatMut<'_, T>,
    ) -> Result<Statistics, SolveError> {
        let (n, m) = (network.width(), x0.ncols());
        let grid = network.grid();
        check_network(Problem::Evaluation, (n, grid.steps()), network)?;
        check_shape(Problem::Evaluation, (n, m), x0)?;
        check_shape(Problem::Evaluation, (n, m), out.as_ref())?;
        let statistics = Statistics::fixed(grid.steps(), grid.step(), 1);
        let h = T::from_f64(network.grid().step());
        let mut x = vec![T::ZERO; n * m];
        copy_columns(x0, &mut x);
        let states = Shared::new(&mut x, n * m);
        parallel::for_columns(n, m, &|columns| {
            let mut scratch = Vec::new();
            for chunk in parallel::chunks(n, columns, EVALUATION_COLUMNS) {
                // SAFETY: column ranges are disjoint.
                let x = unsafe { states.part_mut(0, chunk.start * n..chunk.end * n) };
                scratch.resize(x.len(), T::ZERO);
                let z = &mut scratch[..];
                for k in 0..network.grid().steps() {
                    let (weights, bias) = split_node(network.parameters.node(k), n);
                    kernels::transform(weights, x, z, Accum::Replace, T::ONE);
                    kernels::euler_advance(network.activation(), z, bias, h, x);
                }
            }
        });
        if !all_finite(&x) {
            return Err(not_finite(Problem::Evaluation, grid, grid.steps(), 1));
        }
        out.copy_from(MatRef::from_column_major_slice(&x, n, m));
        Ok(statistics)
    }

    fn adjoint(
        &mut self,
        network: &Network<T>,
        terminal: MatRef<'_, T>,
        mut gradient: Option<&mut Parameters<T>>,
    ) -> Result<(), SolveError> {
        self.check(Problem::Adjoint, network, terminal)?;
        if let Some(gradient) = &gradient {
            check_parameters(Problem::Adjoint, network, gradient)?;
        }
        let (len, layers) = (self.width * self.batch, self.layers);
        copy_columns(terminal, &mut self.lambda[..len]);
        let block = if gradient.is_some() { BLOCK } else { layers };
        for first in (0..layers).step_by(block).rev() {
            let nodes = first..(first + block).min(layers);
            self.adjoint_layers(network, nodes.clone());
            if let Some(gradient) = &mut gradient {
                self.gradient_nodes(nodes, gradient);
            }
        }
        if let Some(gradient) = gradient {
            for unread in layers..gradient.nodes() {
                gradient.node_mut(unread).fill(T::ZERO);
            }
        }
        self.adjoint_solved = true;
        Ok(())
    }

    fn adjoints(
        &mut self,
        network: &Network<T>,
        terminals: MatRef<'_, T>,
        out: MatMut<'_, T>,
    ) -> Result<(), SolveError> {
        self.several(Problem::Adjoint, network, terminals, out)
    }

    fn sensitivities(
        &mut self,
        network: &Network<T>,
        inputs: MatRef<'_, T>,
        out: MatMut<'_, T>,
    ) -> Result<(), SolveError> {
        self.several(Problem::Sensitivity, network, inputs, out)
    }

    fn input_adjoint(&self) -> MatRef<'_, T> {
        self.matrix(&self.lambda[..self.width * self.batch])
    }

    fn sensitivity(
        &mut self,
        network: &Network<T>,
        perturbation: Perturbation<'_, T>,
    ) -> Result<(), SolveError> {
        let Perturbation { parameters, input } = perturbation;
        self.check(Problem::Sensitivity, network, input.unwrap_or(self.output()))?;
        if let Some(parameters) = parameters {
            check_parameters(Problem::Sensitivity, network, parameters)?;
        }
        let len = self.width * self.batch;
        match input {
            Some(xi0) => copy_columns(xi0, &mut self.xi[..len]),
            None => self.xi[..len].fill(T::ZERO),
        }
        self.sensitivity_layers(network, parameters, 0..self.layers);
        self.sensitivity_solved = true;
        Ok(())
    }

    fn sensitivity_of_combination(
        &mut self,
        network: &Network<T>,
        direction: &mut Parameters<T>,
        keep: T,
        x: &Parameters<T>,
        add: T,
    ) -> Result<(), SolveError> {
        self.check(Problem::Sensitivity, network, self.output())?;
        check_parameters(Problem::Sensitivity, network, direction)?;
        let (len, layers) = (self.width * self.batch, self.layers);
        self.xi[..len].fill(T::ZERO);
        for first in (0..layers).step_by(BLOCK) {
            let nodes = first..(first + BLOCK).min(layers);
            direction.combine_nodes(nodes.clone(), keep, x, add);
            self.sensitivity_layers(network, Some(direction), nodes);
        }
        direction.combine_nodes(layers..direction.nodes(), keep, x, add);
        self.sensitivity_solved = true;
        Ok(())
    }

    fn output_sensitivity(&self) -> MatRef<'_, T> {
        self.matrix(&self.xi[..self.width * self.batch])
    }

    fn statistics(&self, problem: Problem) -> Statistics {
        let steps = match problem {
            Problem::Direct => self.reached.unwrap_or(0),
            Problem::Adjoint if self.adjoint_solved => self.layers,
            Problem::Sensitivity if self.sensitivity_solved => self.layers,
            _ => 0,
        };
        Statistics::fixed(steps, self.step_length(), 1)
    }

    fn last_state(&self, problem: Problem) -> Option<(f64, MatRef<'_, T>)> {
        let len = self.width * self.batch;
        match problem {
            Problem::Direct => self.reached.map(|k| {
                let time = self.step_length() * k as f64;
                (time, self.matrix(&self.states[k * len..(k + 1) * len]))
            }),
            Problem::Adjoint if self.adjoint_solved => Some((0.0, self.input_adjoint())),
            Problem::Sensitivity if self.sensitivity_solved => {
                Some((self.horizon, self.output_sensitivity()))
            }
            _ => None,
        }
    }
}

/// The weights of layer `k`, or nothing behind the last of them.
fn node_or_nothing<T: Real>(network: &Network<T>, k: usize, end: usize) -> &[T] {
    if k < end { network.parameters.node(k) } else { &[] }
}
