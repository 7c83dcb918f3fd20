//! Schemes with step-length control: diffsol's solvers for the three problems.

mod batch;
mod columns;
mod dense_output;
mod equations;
mod gradient;
mod options;
mod passes;
mod pool;
mod rhs;
mod seen;
mod solution;
mod solve;
mod tableaux;

use faer::{MatMut, MatRef};

pub use options::{AdaptiveOptions, ErrorNorm, Method, UnknownMethod};

use self::rhs::{Direct, Memory};
use self::solution::{AdaptiveSolution, Last};
use self::solve::{SolveOutcome, Task, solve};
use super::checks::{check_shape, check_uniform, copy_columns};
use super::{Scheme, Trajectory};
use crate::parallel::{self, Chunks};
use crate::{Network, OptionError, Problem, Real, SolveError, Statistics};

/// The three problems by a method that chooses its steps: each solved as an ODE of its own, the
/// whole batch as one state, one product per right-hand side.
///
/// * The direct problem (S1) from t = 0 to T; its trajectory is kept as one quartic a step.
/// * The adjoint problem (S5) in τ = T − t along that trajectory. The gradient (S6) is sampled at
///   the nodes of the grid, where λ is the method's own polynomial: it is the gradient of the
///   continuous problem up to the tolerance, not the exact derivative of the numbers that the
///   direct solve gave.
/// * The sensitivity problem (S3) from t = 0 to T along that trajectory.
///
/// Parameters are interpolated between the nodes once per right-hand side. A network on a grid
/// without T, as Euler trains it, is continued by its last node.
///
/// The steps depend on the whole batch, so a data point's result depends on its company, within the
/// tolerance. [`evaluate`](Scheme::evaluate) therefore divides its columns in groups of
/// [`EVALUATION_BATCH`](Self::EVALUATION_BATCH), however many threads there are.
///
/// Explicit methods compute in the network's own precision. The implicit ones compute in `f64` and
/// factorise an n×n matrix for every data point: at n = 196, M = 100 a solve costs sixty to a
/// hundred times an explicit one's, so they are for stiff networks only.
///
/// ```
/// use faer::Mat;
/// use snode_ode::{Activation, Adaptive, AdaptiveOptions, Endpoint, Grid, Initialisation, Network};
/// use snode_ode::{Problem, Scheme};
///
/// let grid = Grid::new(2.0, 40, Endpoint::Included)?;
/// let network = Network::<f64>::initial(5, grid, Activation::Tanh, Initialisation::Spline, 1);
/// let mut scheme = Adaptive::new(AdaptiveOptions::default().tolerance(1e-6))?;
/// let x0 = Mat::from_fn(5, 3, |i, j| (i as f64 - j as f64) / 4.0);
/// let trajectory = scheme.direct(&network, x0.as_ref())?;
/// let cost = trajectory.statistics(Problem::Direct);
/// assert!(cost.accepted < 40 && cost.right_hand_sides >= 6 * cost.accepted);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Adaptive<T: Real> {
    solution: AdaptiveSolution<T>,
}

impl<T: Real> Adaptive<T> {
    /// Columns that [`evaluate`](Scheme::evaluate) solves together.
    pub const EVALUATION_BATCH: usize = 100;

    /// A scheme with no memory yet.
    ///
    /// # Errors
    /// If an option is out of range for `T`.
    pub fn new(options: AdaptiveOptions) -> Result<Self, OptionError> {
        options.check::<T>()?;
        Ok(Self { solution: AdaptiveSolution::new(options) })
    }

    /// Its choices.
    pub fn options(&self) -> &AdaptiveOptions {
        &self.solution.options
    }
}

impl<T: Real> Scheme<T> for Adaptive<T> {
    fn name(&self) -> &'static str {
        self.options().method.name()
    }

    fn direct<'a>(
        &'a mut self,
        network: &'a Network<T>,
        x0: MatRef<'_, T>,
    ) -> Result<Trajectory<'a, T>, SolveError> {
        check_uniform(self.name(), network)?;
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
        check_uniform(self.name(), network)?;
        check_shape(Problem::Evaluation, (n, m), x0)?;
        check_shape(Problem::Evaluation, (n, m), out.as_ref())?;
        let mut from = vec![T::ZERO; n * m];
        let mut to = vec![T::ZERO; n * m];
        copy_columns(x0, &mut from);
        let group = Self::EVALUATION_BATCH * n;
        let groups = (n * m).div_ceil(group.max(1));
        let mut ended: Vec<Option<SolveOutcome>> = (0..groups).map(|_| None).collect();
        let memory = (Chunks::new(&mut to, group), Chunks::new(&mut ended, 1));
        parallel::for_each(0..groups, memory, &|g, (last, slot)| {
            let last = last.into_slice();
            let mut memory = Memory::default();
            memory.prepare(network.map(), last.len() / n);
            let options = self.options();
            let task = Task {
                options,
                horizon: network.grid().horizon(),
                rows: n,
                initial: &from[g * group..g * group + last.len()],
                atol: options.atol,
                first_step: options.first_step,
                pool: &self.solution.pool,
            };
            let interpolation = options.interpolation;
            let mut rhs = Direct { network, interpolation, memory: &mut memory };
            let ended = solve(&task, &mut rhs, &mut Last(last));
            slot.into_slice().fill(Some(ended));
        });
        let mut statistics = Statistics::default();
        let mut stopped = None;
        for ended in ended.into_iter().flatten() {
            statistics.add(&ended.statistics);
            if let (Err(reason), None) = (ended.result, stopped) {
                stopped = Some((reason, ended.time));
            }
        }
        if let Some((reason, time)) = stopped {
            let problem = Problem::Evaluation;
            return Err(SolveError::Stopped { problem, reason, time, last: None, statistics });
        }
        out.copy_from(MatRef::from_column_major_slice(&to, n, m));
        Ok(statistics)
    }
}
