//! Explicit Runge–Kutta schemes with fixed steps (S14), their exact discrete sensitivity (S15),
//! adjoint (S16) and gradient (S17).
//!
//! Threads divide the batch's columns, and meet after every block of steps: what is between the
//! nodes is interpolated there once for all, and the gradient of the block is taken while its G are
//! in the cache. Everything is written once for a [`Tableau`].

mod between;
mod gradient;
mod pieces;
mod tableau;
mod trajectory;
mod walk;

use std::ops::Range;

use faer::{MatMut, MatRef};

use self::between::{Between, Read};
use self::gradient::Contributions;
use self::pieces::{Keep, Pieces};
use self::tableau::Tableau;
use self::trajectory::Trajectory;
use self::walk::Walk;
use super::checks::{
    all_finite, check_network, check_parameters, check_shape, copy_columns, not_finite,
};
use super::{Perturbation, Problem, Scheme, Statistics};
use crate::depth::{Ends, Interpolation, Parameters};
use crate::parallel::{self, Shared};
use crate::{Grid, Network, Real, SolveError};

/// Y_i = X_k + h Σ_{j<i} a_ij K_j,  K_i = σ(W(t_k + c_i h) Y_i + b(t_k + c_i h)),
/// X_{k+1} = X_k + h Σ_i b_i K_i: explicit schemes of higher order on the parameters' grid.
///
/// The grid has to be closed. W and b between its nodes are interpolated, which bounds the order of
/// the whole: over smooth parameters Hermite interpolation gives order 4 where their second
/// derivatives vanish at both ends (or they are linear), else 3; linear interpolation gives 2,
/// constant 1.
///
/// Adjoint, sensitivity and gradient are exact derivatives of this discrete map, interpolation
/// included: Σ_k weight(k) ⟨∇_k, ω_k⟩ ([`Parameters::inner`]) is the directional derivative of the
/// discrete cost to round-off. As h → 0 the gradient converges to (S6); under Hermite interpolation
/// the values at the two nodes next to each end do so only as part of a function, their factors
/// being those of an end-corrected quadrature (5/6 and 13/12 under [`classical`](Self::classical)).
///
/// ```
/// use faer::Mat;
/// use snode_ode::{Activation, Ends, Grid, Initialisation, Interpolation, Network, RungeKutta, Scheme};
///
/// let grid = Grid::new(1.0, 10, Ends::Closed)?;
/// let network = Network::<f64>::initial(4, grid, Activation::Tanh, Initialisation::Spline, 1);
/// let x0 = Mat::from_fn(4, 3, |i, j| (i + j) as f64 / 5.0);
/// let mut scheme = RungeKutta::classical(Interpolation::Hermite);
/// scheme.direct(&network, x0.as_ref())?;
/// assert_eq!(scheme.output().shape(), (4, 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RungeKutta<T> {
    method: Method,
    width: usize,
    batch: usize,
    layers: usize,
    step: f64,
    horizon: f64,
    solved: bool,
    /// The last k whose X_k is finite, if any.
    reached: Option<usize>,
    /// What the last solves cost.
    costs: Costs,
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
}

/// Stages, and how they read the parameters.
#[derive(Clone, Copy, Debug)]
struct Method {
    tableau: &'static Tableau,
    interpolation: Interpolation,
}

impl Method {
    /// The number of steps in a block.
    fn block(self) -> usize {
        (BLOCK / self.tableau.stages()).max(1)
    }

    /// All steps, block by block.
    fn blocks(self, layers: usize) -> impl DoubleEndedIterator<Item = Range<usize>> {
        let block = self.block();
        (0..layers.div_ceil(block)).map(move |b| b * block..((b + 1) * block).min(layers))
    }

    /// What a thread needs to go through these steps, between whose nodes has been interpolated.
    fn walk<'a, T: Real>(
        self,
        network: &'a Network<T>,
        between: &'a Between<T>,
        steps: Range<usize>,
    ) -> Walk<'a, T> {
        Walk {
            tableau: self.tableau,
            width: network.width(),
            step: network.grid().step(),
            activation: network.activation(),
            weights: Read { parameters: &network.parameters, between },
            steps,
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Costs {
    direct: Statistics,
    adjoint: Statistics,
    sensitivity: Statistics,
}

/// Stages that are gone through between two meetings of the threads, about: what one leaves in the
/// shared cache, the others find there.
const BLOCK: usize = 16;

/// Columns a thread takes through a block of steps at once in [`RungeKutta::evaluate`]: enough to
/// amortise the reading of the weights, few enough for the states of a step to stay in the cache.
const EVALUATION_COLUMNS: usize = 64;

impl<T: Real> RungeKutta<T> {
    /// The explicit midpoint rule, of order 2, with no memory yet.
    pub fn midpoint(interpolation: Interpolation) -> Self {
        Self::new(&tableau::MIDPOINT, interpolation)
    }

    /// The classical method of order 4, with no memory yet.
    pub fn classical(interpolation: Interpolation) -> Self {
        Self::new(&tableau::CLASSICAL, interpolation)
    }

    fn new(tableau: &'static Tableau, interpolation: Interpolation) -> Self {
        Self {
            method: Method { tableau, interpolation },
            width: 0,
            batch: 0,
            layers: 0,
            step: 0.0,
            horizon: 0.0,
            solved: false,
            reached: None,
            costs: Costs::default(),
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
        }
    }

    /// How W(t) and b(t) are read between the nodes.
    pub fn interpolation(&self) -> Interpolation {
        self.method.interpolation
    }

    /// X_k of the last direct solution, n×M, for k = 0 … L.
    ///
    /// # Panics
    /// If there is no direct solution or no such k.
    pub fn state(&self, k: usize) -> MatRef<'_, T> {
        assert!(self.solved && k <= self.layers, "no state {k}");
        self.matrix(self.kept(k))
    }

    /// X_k, kept from the direct solution.
    fn kept(&self, k: usize) -> &[T] {
        let (len, piece) = (self.len(), k * self.method.tableau.stages());
        &self.states[piece * len..(piece + 1) * len]
    }

    fn matrix<'a>(&self, values: &'a [T]) -> MatRef<'a, T> {
        MatRef::from_column_major_slice(values, self.width, self.batch)
    }

    /// n M.
    fn len(&self) -> usize {
        self.width * self.batch
    }

    /// Makes room for a batch and forgets the last one.
    fn prepare(&mut self, network: &Network<T>, batch: usize) {
        self.width = network.width();
        self.batch = batch;
        self.layers = network.grid().steps();
        self.step = network.grid().step();
        self.horizon = network.grid().horizon();
        self.solved = false;
        self.reached = None;
        self.costs = Costs::default();
        let (len, stages, block) = (self.len(), self.method.tableau.stages(), self.method.block());
        let node_len = network.parameters.node_len();
        let times = self.method.tableau.between.len();
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
        ] {
            if memory.len() < size {
                memory.resize(size, T::ZERO);
            }
        }
        self.weights.reserve(node_len, self.method);
        self.perturbation.reserve(node_len, self.method);
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
        let (n, m, len) = (self.width, self.batch, self.len());
        let (method, grid) = (self.method, network.grid());
        let stages = method.tableau.stages();
        self.weights.interpolate(method, &network.parameters, grid, steps.clone());
        if let Some(parameters) = perturbation {
            self.perturbation.interpolate(method, parameters, grid, steps.clone());
        }
        let walk = method.walk(network, &self.weights, steps);
        let perturbation =
            perturbation.map(|parameters| Read { parameters, between: &self.perturbation });
        let trajectory = Trajectory { states: &self.states, slopes: &self.slopes, len, stages };
        let no_bias = &self.no_bias[..n];
        let xi = Shared::new(&mut self.xi, len);
        let scratch = Shared::new(&mut self.scratch, len);
        parallel::for_columns(n, m, &|columns| {
            let part = columns.start * n..columns.end * n;
            // SAFETY: column ranges are disjoint, and each thread touches its own columns only.
            let y = unsafe { scratch.part_mut(0, part.clone()) };
            let xi = Pieces { all: &xi, part, keep: Keep::Current, stages };
            walk.sensitivity(perturbation, &trajectory, &xi, no_bias, y);
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
        self.check_closed(network.grid())?;
        check_network(problem, (self.width, self.layers), network)?;
        check_shape(problem, (self.width, self.batch), found)
    }

    fn check_closed(&self, grid: &Grid) -> Result<(), SolveError> {
        match grid.ends() {
            Ends::Closed => Ok(()),
            Ends::Open => Err(SolveError::OpenGrid { scheme: self.method.tableau.name }),
        }
    }
}

impl<T: Real> Scheme<T> for RungeKutta<T> {
    fn name(&self) -> &'static str {
        self.method.tableau.name
    }

    fn direct(&mut self, network: &Network<T>, x0: MatRef<'_, T>) -> Result<(), SolveError> {
        let (n, m) = (network.width(), x0.ncols());
        self.check_closed(network.grid())?;
        check_network(Problem::Direct, (n, network.grid().steps()), network)?;
        check_shape(Problem::Direct, (n, m), x0)?;
        self.prepare(network, m);
        let (method, len, layers) = (self.method, self.len(), self.layers);
        copy_columns(x0, &mut self.states[..len]);
        for steps in method.blocks(layers) {
            self.weights.interpolate(method, &network.parameters, network.grid(), steps.clone());
            let walk = method.walk(network, &self.weights, steps);
            let states = Shared::new(&mut self.states, len);
            let slopes = Shared::new(&mut self.slopes, len);
            let scratch = Shared::new(&mut self.scratch, len);
            parallel::for_columns(n, m, &|columns| {
                let part = columns.start * n..columns.end * n;
                // SAFETY: column ranges are disjoint, and each thread touches its own columns only.
                let z = unsafe { scratch.part_mut(0, part.clone()) };
                let states =
                    Pieces { all: &states, part, keep: Keep::All, stages: method.tableau.stages() };
                walk.direct(&states, Some(&slopes), z);
            });
        }
        let stages = method.tableau.stages();
        let reached = if all_finite(self.kept(layers)) {
            layers + 1
        } else {
            (0..layers).find(|&k| !all_finite(self.kept(k))).unwrap_or(layers)
        };
        self.reached = reached.checked_sub(1);
        let steps = reached.min(layers);
        self.costs.direct = Statistics::fixed(steps, self.step, stages);
        self.solved = reached > layers;
        if self.solved {
            Ok(())
        } else {
            Err(not_finite(Problem::Direct, network.grid(), steps, stages))
        }
    }

    fn output(&self) -> MatRef<'_, T> {
        self.matrix(self.kept(self.layers))
    }

    fn evaluate(
        &self,
        network: &Network<T>,
        x0: MatRef<'_, T>,
        mut out: MatMut<'_, T>,
    ) -> Result<Statistics, SolveError> {
        let (n, m) = (network.width(), x0.ncols());
        self.check_closed(network.grid())?;
        check_network(Problem::Evaluation, (n, network.grid().steps()), network)?;
        check_shape(Problem::Evaluation, (n, m), x0)?;
        check_shape(Problem::Evaluation, (n, m), out.as_ref())?;
        let (method, grid) = (self.method, network.grid());
        let stages = method.tableau.stages();
        let mut between = Between::default();
        between.reserve(network.parameters.node_len(), method);
        let mut x = vec![T::ZERO; n * m];
        copy_columns(x0, &mut x);
        for steps in method.blocks(grid.steps()) {
            between.interpolate(method, &network.parameters, grid, steps.clone());
            let walk = method.walk(network, &between, steps.clone());
            let all = Shared::new(&mut x, n * m);
            parallel::for_columns(n, m, &|columns| {
                let (mut memory, mut z) = (Vec::new(), Vec::new());
                for chunk in parallel::chunks(n, columns, EVALUATION_COLUMNS) {
                    // SAFETY: column ranges are disjoint.
                    let x = unsafe { all.part_mut(0, chunk.start * n..chunk.end * n) };
                    memory.resize((stages + 1) * x.len(), T::ZERO);
                    z.resize(x.len(), T::ZERO);
                    let pieces = Shared::new(&mut memory, x.len());
                    let states =
                        Pieces { all: &pieces, part: 0..x.len(), keep: Keep::Current, stages };
                    // SAFETY: `states` is this thread's alone, here and after the walk.
                    unsafe { states.get_mut(steps.start, 0) }.copy_from_slice(x);
                    walk.direct(&states, None, &mut z);
                    x.copy_from_slice(unsafe { states.get(steps.end, 0) });
                }
            });
        }
        if !all_finite(&x) {
            return Err(not_finite(Problem::Evaluation, grid, grid.steps(), stages));
        }
        out.copy_from(MatRef::from_column_major_slice(&x, n, m));
        Ok(Statistics::fixed(grid.steps(), grid.step(), stages))
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
        let (n, m, len) = (self.width, self.batch, self.len());
        let (method, grid) = (self.method, network.grid());
        copy_columns(terminal, &mut self.lambda[..len]);
        // Blocks come from the last to the first, and so do the nodes they reach.
        let mut reached = grid.nodes();
        for steps in method.blocks(self.layers).rev() {
            self.weights.interpolate(method, &network.parameters, grid, steps.clone());
            let walk = method.walk(network, &self.weights, steps.clone());
            let trajectory = Trajectory {
                states: &self.states,
                slopes: &self.slopes,
                len,
                stages: method.tableau.stages(),
            };
            let lambda = Shared::new(&mut self.lambda, len);
            let weighted = Shared::new(&mut self.weighted, len);
            let pulled = Shared::new(&mut self.pulled, len);
            parallel::for_columns(n, m, &|columns| {
                let part = columns.start * n..columns.end * n;
                // SAFETY: column ranges are disjoint, and each thread touches its own columns only.
                let lambda = unsafe { lambda.part_mut(0, part.clone()) };
                walk.adjoint(&trajectory, lambda, &weighted, &pulled, &part);
            });
            if let Some(gradient) = &mut gradient {
                let contributions =
                    Contributions { method, grid, trajectory, weighted: &self.weighted, steps };
                reached = contributions.add(&mut self.products, gradient, reached);
            }
        }
        if let Some(gradient) = gradient {
            gradient::represent(gradient, grid);
        }
        self.costs.adjoint = self.costs.direct;
        Ok(())
    }

    fn input_adjoint(&self) -> MatRef<'_, T> {
        self.matrix(&self.lambda[..self.len()])
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
        self.begin_sensitivity(input);
        for steps in self.method.blocks(self.layers) {
            self.sensitivity_steps(network, parameters, steps);
        }
        self.costs.sensitivity = self.costs.direct;
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
        self.begin_sensitivity(None);
        let mut combined = 0;
        for steps in self.method.blocks(self.layers) {
            let end = gradient::reach(&steps, direction.nodes()).end;
            direction.combine_nodes(combined..end, keep, x, add);
            combined = end;
            self.sensitivity_steps(network, Some(direction), steps);
        }
        self.costs.sensitivity = self.costs.direct;
        Ok(())
    }

    fn output_sensitivity(&self) -> MatRef<'_, T> {
        let (len, stages) = (self.len(), self.method.tableau.stages());
        let piece = Keep::Current.piece(stages, self.layers, 0);
        self.matrix(&self.xi[piece * len..(piece + 1) * len])
    }

    fn statistics(&self, problem: Problem) -> Statistics {
        match problem {
            Problem::Direct => self.costs.direct,
            Problem::Adjoint => self.costs.adjoint,
            Problem::Sensitivity => self.costs.sensitivity,
            Problem::Evaluation => Statistics::default(),
        }
    }

    fn last_state(&self, problem: Problem) -> Option<(f64, MatRef<'_, T>)> {
        let solved = self.statistics(problem).accepted > 0;
        match problem {
            Problem::Direct => self.reached.map(|k| {
                let time = self.step * k as f64;
                (time, self.matrix(self.kept(k)))
            }),
            Problem::Adjoint if solved => Some((0.0, self.input_adjoint())),
            Problem::Sensitivity if solved => Some((self.horizon, self.output_sensitivity())),
            _ => None,
        }
    }
}
