//! Explicit Runge–Kutta schemes with fixed steps (S14), their exact discrete sensitivity (S15),
//! adjoint (S16) and gradient (S17).
//!
//! Threads divide the batch's columns, and meet after every block of steps: what is between the
//! nodes is interpolated there once for all, and the gradient of the block is taken while its G are
//! in the cache. Everything is written once for a [`Tableau`].

mod between;
mod gradient;
mod pieces;
mod solution;
mod stages;
mod tableau;
mod walk;

use std::ops::Range;

use faer::{MatMut, MatRef};

use self::between::{Between, NodeSource};
use self::pieces::{Keep, Pieces};
use self::solution::RungeKuttaSolution;
use self::tableau::Tableau;
use self::walk::Walk;
use super::checks::{check_shape, check_uniform, copy_columns, first_not_finite, not_finite};
use super::{Scheme, Trajectory};
use crate::depth::{Endpoint, Interpolation};
use crate::parallel::{self, Batches};
use crate::{Network, Problem, Real, SolveError, Statistics, kernels};

/// Y_i = X_k + h Σ_{j<i} a_ij K_j,  K_i = σ(W(t_k + c_i h) Y_i + b(t_k + c_i h)),
/// X_{k+1} = X_k + h Σ_i b_i K_i: explicit schemes of higher order on the parameters' grid.
///
/// T has to be a node of the grid. W and b between its nodes are interpolated, which bounds the order of
/// the whole: over smooth parameters Hermite interpolation gives order 4 where their second
/// derivatives vanish at both ends (or they are linear), else 3; linear interpolation gives 2,
/// constant 1.
///
/// Adjoint, sensitivity and gradient are exact derivatives of this discrete map, interpolation
/// included: Σ_k weight(k) ⟨∇_k, ω_k⟩ ([`Parameters::inner`](crate::Parameters::inner)) is the directional derivative of the
/// discrete cost to round-off. As h → 0 the gradient converges to (S6); under Hermite interpolation
/// the values at the two nodes next to each end do so only as part of a function, their factors
/// being those of an end-corrected quadrature (5/6 and 13/12 under [`classical`](Self::classical)).
///
/// ```
/// use faer::Mat;
/// use snode_ode::{Activation, Endpoint, Grid, Initialisation, Interpolation, Network, RungeKutta, Scheme};
///
/// let grid = Grid::new(1.0, 10, Endpoint::Included)?;
/// let network = Network::<f64>::initial(4, grid, Activation::Tanh, Initialisation::Spline, 1);
/// let x0 = Mat::from_fn(4, 3, |i, j| (i + j) as f64 / 5.0);
/// let mut scheme = RungeKutta::classical(Interpolation::Hermite);
/// let trajectory = scheme.direct(&network, x0.as_ref())?;
/// assert_eq!(trajectory.output().shape(), (4, 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RungeKutta<T> {
    solution: RungeKuttaSolution<T>,
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
            map: network.map(),
            step: network.grid().step(),
            activation: network.activation(),
            weights: NodeSource { parameters: network.parameters(), between },
            steps,
        }
    }
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
        Self { solution: RungeKuttaSolution::new(Method { tableau, interpolation }) }
    }

    fn method(&self) -> Method {
        self.solution.method
    }

    /// How W(t) and b(t) are read between the nodes.
    pub fn interpolation(&self) -> Interpolation {
        self.method().interpolation
    }

    /// That there are parameters wherever the method reads them.
    fn check_network(&self, network: &Network<T>) -> Result<(), SolveError> {
        let scheme = self.method().tableau.name;
        check_uniform(scheme, network)?;
        match network.grid().endpoint() {
            Endpoint::Included => Ok(()),
            Endpoint::Excluded => Err(SolveError::OpenGrid { scheme }),
        }
    }
}

/// X through some steps, in place and in parallel. `between` is memory.
fn advance<T: Real>(
    method: Method,
    network: &Network<T>,
    steps: Range<usize>,
    between: &mut Between<T>,
    x: &mut [T],
) {
    let (n, stages) = (network.width(), method.tableau.stages());
    let columns = x.len().checked_div(n).unwrap_or(0);
    between.interpolate(method, network.parameters(), network.grid(), steps.clone());
    let walk = method.walk(network, between, steps.clone());
    let all = Batches::new(x, n, columns);
    parallel::for_columns(n, columns, all, &|columns, mut own: Batches<'_, T>| {
        let own = own.batch_mut(0);
        let (mut memory, mut z) = (Vec::new(), Vec::new());
        let mut workspace = vec![T::ZERO; network.map().workspace_len()];
        for chunk in parallel::chunks(n, 0..columns.len(), EVALUATION_COLUMNS) {
            let x = &mut own[chunk.start * n..chunk.end * n];
            memory.resize((stages + 1) * x.len(), T::ZERO);
            z.resize(x.len(), T::ZERO);
            let all = Batches::new(&mut memory, n, chunk.len());
            let mut states = Pieces { all, keep: Keep::Current, stages };
            states.get_mut(steps.start, 0).copy_from_slice(x);
            walk.direct(&mut states, None, &mut z, &mut workspace);
            x.copy_from_slice(states.get(steps.end, 0));
        }
    });
}

impl<T: Real> Scheme<T> for RungeKutta<T> {
    fn name(&self) -> &'static str {
        self.method().tableau.name
    }

    fn direct<'a>(
        &'a mut self,
        network: &'a Network<T>,
        x0: MatRef<'_, T>,
    ) -> Result<Trajectory<'a, T>, SolveError> {
        self.check_network(network)?;
        check_shape(Problem::Direct, (network.width(), x0.ncols()), x0)?;
        self.solution.solve(network, x0)?;
        Ok(Trajectory::new(network, &mut self.solution))
    }

    fn trajectory<'a>(&'a mut self, network: &'a Network<T>) -> Option<Trajectory<'a, T>> {
        if self.solution.is_of(network) {
            Some(Trajectory::new(network, &mut self.solution))
        } else {
            None
        }
    }

    fn evaluate(
        &self,
        network: &Network<T>,
        x0: MatRef<'_, T>,
        mut out: MatMut<'_, T>,
    ) -> Result<Statistics, SolveError> {
        let (n, m) = (network.width(), x0.ncols());
        self.check_network(network)?;
        check_shape(Problem::Evaluation, (n, m), x0)?;
        check_shape(Problem::Evaluation, (n, m), out.as_ref())?;
        let (method, grid) = (self.method(), network.grid());
        let stages = method.tableau.stages();
        let mut between = Between::default();
        between.reserve(network.parameters().node_len(), method);
        let mut x = vec![T::ZERO; n * m];
        copy_columns(x0, &mut x);
        for steps in method.blocks(grid.steps()) {
            advance(method, network, steps, &mut between, &mut x);
        }
        if !kernels::all_finite(&x) {
            let mut state = x;
            copy_columns(x0, &mut state);
            let (steps, _) = first_not_finite(n * m, grid.steps(), |i, out: &mut [T]| {
                if i > 0 {
                    advance(method, network, i - 1..i, &mut between, &mut state);
                }
                out.copy_from_slice(&state);
            });
            let statistics = Statistics::fixed(steps, grid.step(), stages);
            return Err(not_finite(Problem::Evaluation, grid.time(steps), None, statistics));
        }
        out.copy_from(MatRef::from_column_major_slice(&x, n, m));
        Ok(Statistics::fixed(grid.steps(), grid.step(), stages))
    }
}
