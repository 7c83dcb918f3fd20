//! One mini-batch's nonlinear conjugate gradient iterations (Algorithm 1 of the paper).

mod gradients;
mod line;
mod options;

pub use options::{FirstDirection, LineSearch, Metric, NcgOptions};

use std::fmt;

use faer::MatRef;
use snode_ode::{Network, Parameters, Real, Scheme, Trajectory};

use crate::conjugacy::Products;
use crate::space::{Batch, GradientSpace};
use crate::step_length::LinearisedCost;
use crate::{
    BatchCost, CostValue, Iteration, Memory, Method, Objective, Position, Stopwatch, TargetsRef,
    TrainError,
};
use gradients::Gradients;
use line::Line;

/// The numbers the method remembers from one iteration to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Scalars {
    /// ‖g_{j−1}‖².
    gradient_square: f64,
    /// ⟨g_{j−1}, d_{j−1}⟩, where the formula needs it.
    gradient_direction: f64,
    /// J before the last step.
    cost: f64,
}

/// The names of what is remembered.
mod names {
    pub const DIRECTION: &str = "direction";
    pub const LAST_GRADIENT: &str = "last_gradient";
    pub const GRADIENT_SQUARE: &str = "gradient_square";
    pub const GRADIENT_DIRECTION: &str = "gradient_direction";
    pub const COST: &str = "cost";
    pub const BATCHES: &str = "batches";
}

/// Nonlinear conjugate gradients with their memory: everything an iteration needs is allocated
/// when the first one runs.
pub struct Ncg<T: Real> {
    scheme: Box<dyn Scheme<T>>,
    batch: BatchCost<T>,
    options: NcgOptions,
    gradients: Gradients<T>,
    direction: Parameters<T>,
    linearised: LinearisedCost<T>,
    memory: Option<Scalars>,
    /// How many batches were finished.
    batches: u64,
    /// Whether the next iteration is the first of a batch.
    begins_batch: bool,
    /// The cost of the present parameters, if the line search has just solved their direct problem.
    solved: Option<CostValue>,
}

impl<T: Real> fmt::Debug for Ncg<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ncg")
            .field("options", &self.options)
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}

impl<T: Real> Ncg<T> {
    /// The method for networks like `network`, in the threads of the current rayon pool.
    ///
    /// # Errors
    /// [`TrainError::Option`] if an option makes no sense.
    pub fn new(
        scheme: Box<dyn Scheme<T>>,
        objective: impl Into<Objective<T>>,
        options: NcgOptions,
        network: &Network<T>,
    ) -> Result<Self, TrainError> {
        options.check()?;
        let objective = objective.into();
        let zeros = || network.parameters().zeros_like();
        let space = options.preconditioner.build(options.space, network)?;
        Ok(Self {
            gradients: Gradients::new(space, &options, zeros()),
            direction: zeros(),
            linearised: LinearisedCost::new(objective.clone()),
            memory: None,
            batches: 0,
            begins_batch: true,
            solved: None,
            scheme,
            batch: BatchCost::new(objective),
            options,
        })
    }

    /// The same method with gradients represented in a space of the caller's own, in place of the
    /// options', preconditioner included.
    #[must_use]
    pub fn with_space(mut self, space: Box<dyn GradientSpace<T>>) -> Self {
        self.gradients.representative = (!space.is_l2()).then(|| self.gradients.l2.clone());
        self.gradients.space = space;
        self
    }

    /// What is minimised.
    pub fn objective(&self) -> &Objective<T> {
        self.batch.objective()
    }

    /// The scheme the problems are solved by.
    pub fn scheme(&self) -> &dyn Scheme<T> {
        self.scheme.as_ref()
    }

    /// The same method with every gradient kept beside its direction: for those who look at
    /// [`gradient`](Self::gradient). An iteration goes through more memory then.
    #[must_use]
    pub fn keeping_gradients(mut self) -> Self {
        let beside = || self.direction.zeros_like();
        self.gradients.direction.get_or_insert_with(beside);
        self
    }

    /// The representative of the last iteration's gradient, if it is kept: where the formula needs it, or
    /// [`keeping_gradients`](Self::keeping_gradients) was asked for. Otherwise the direction took its place.
    pub fn gradient(&self) -> Option<&Parameters<T>> {
        self.gradients.direction.is_some().then(|| self.gradients.current())
    }

    /// The last iteration's direction d.
    pub fn direction(&self) -> &Parameters<T> {
        &self.direction
    }

    /// The next iteration is the first of another batch: forgets the last direction, unless the first
    /// one of a batch goes on from it.
    pub fn restart(&mut self) {
        self.batches += 1;
        self.begins_batch = true;
        self.solved = None;
        if self.options.first_direction == FirstDirection::SteepestDescent {
            self.memory = None;
        }
    }

    /// What the method remembers, or `None` if nothing: d_{j−1} as `direction`, g_{j−1}
    /// as `last_gradient` where the formula needs it, and the numbers `gradient_square` ‖g_{j−1}‖²,
    /// `gradient_direction` ⟨g_{j−1}, d_{j−1}⟩ and `cost`, J before the last step. With options that go
    /// on through batches also their number, `batches`, and what the space remembers.
    pub fn memory(&self) -> Option<Memory<T>> {
        let mut memory = Memory::new();
        if let Some(Scalars { gradient_square, gradient_direction, cost }) = self.memory {
            memory = memory.with_array(names::DIRECTION, self.direction.clone());
            if self.options.conjugacy.needs_last_gradient() {
                memory = memory.with_array(names::LAST_GRADIENT, self.gradients.current().clone());
            }
            memory = memory
                .with_number(names::GRADIENT_SQUARE, gradient_square)
                .with_number(names::GRADIENT_DIRECTION, gradient_direction)
                .with_number(names::COST, cost);
        }
        if self.options.remembers_batches() {
            memory = memory.with_number(names::BATCHES, self.batches as f64);
            memory = self.gradients.space.remember(memory);
        }
        (!memory.is_empty()).then_some(memory)
    }

    /// Takes up what another instance remembered before iteration number `iteration` of a batch, so
    /// that the next iteration has the same bits.
    ///
    /// # Errors
    /// [`TrainError::Resume`] if the shapes differ or something that is needed is missing.
    pub fn resume(&mut self, mut memory: Memory<T>, iteration: usize) -> Result<(), TrainError> {
        let mut batches = 0;
        if self.options.remembers_batches() {
            batches = memory.count(names::BATCHES)?;
            self.gradients.space.resume(&mut memory)?;
        }
        let is_conjugate = self.options.first_direction == FirstDirection::Conjugate;
        self.memory = None;
        if iteration > 0 || (is_conjugate && batches > 0) {
            let scalars = Scalars {
                gradient_square: memory.number(names::GRADIENT_SQUARE)?,
                gradient_direction: memory.number(names::GRADIENT_DIRECTION)?,
                cost: memory.number(names::COST)?,
            };
            self.direction = memory.take_array(names::DIRECTION, &self.direction)?;
            if self.options.conjugacy.needs_last_gradient() {
                *self.gradients.current_mut() =
                    memory.take_array(names::LAST_GRADIENT, &self.direction)?;
            }
            self.memory = Some(scalars);
        }
        self.batches = batches;
        self.begins_batch = iteration == 0;
        self.solved = None;
        Ok(())
    }

    /// One iteration on the batch `x0` (n×M) with its targets: gradient, direction, step length,
    /// update of the network's parameters.
    ///
    /// All iterations between two [`restart`](Self::restart)s must have the same batch.
    ///
    /// # Errors
    /// If a shape or target does not fit, a state, the cost or the gradient is not finite, or there
    /// is no step length. Direction and memory are then those before the iteration, and so are the
    /// parameters (up to rounding, where a line search had to take its step back). A preconditioner
    /// may have seen the batch.
    pub fn iterate<'t>(
        &mut self,
        network: &mut Network<T>,
        x0: MatRef<'_, T>,
        targets: impl Into<TargetsRef<'t>>,
    ) -> Result<Iteration, TrainError> {
        let solved = self.solved.take();
        self.gradients.exchange();
        let result = self.descend(network, x0, targets.into(), solved);
        if result.is_err() {
            self.gradients.exchange();
            self.solved = solved;
        }
        result
    }

    /// [`iterate`](Self::iterate), after whose failure the gradients have to be exchanged.
    fn descend(
        &mut self,
        network: &mut Network<T>,
        x0: MatRef<'_, T>,
        targets: TargetsRef<'_>,
        solved: Option<CostValue>,
    ) -> Result<Iteration, TrainError> {
        let mut clock = Stopwatch::start();
        let mut report = Iteration::default();
        let kept = solved.zip(self.scheme.trajectory(network));
        let (cost, mut trajectory) = match kept {
            Some(kept) => kept,
            None => solve_direct(&mut self.batch, self.scheme.as_mut(), network, x0, targets)?,
        };
        report.cost = cost;
        let total = report.cost.total();
        TrainError::ensure_finite("the cost", total)?;
        report.rose = !self.begins_batch && self.memory.is_some_and(|memory| total > memory.cost);
        report.phases.direct = clock.lap();

        let gradients = &mut self.gradients;
        gradients.differentiate(&mut trajectory, &self.batch)?;
        report.phases.adjoint = clock.lap();

        if self.begins_batch {
            let (objective, gradient) = (self.batch.objective(), &gradients.l2);
            gradients.space.see(&Batch { trajectory: &trajectory, objective, gradient })?;
        }
        gradients.represent();
        report.phases.space = clock.lap();

        let products = products(&self.options, gradients, &self.direction, self.memory, network);
        TrainError::ensure_finite("the gradient", products.new_new)?;
        report.gradient_norm = products.new_new.max(0.0).sqrt();
        if self.memory.is_some() {
            report.gamma = self.options.conjugacy.gamma(&products);
            if !report.gamma.is_finite() {
                report.gamma = 0.0;
                report.restarted = true;
            }
        }
        report.phases.products = clock.lap();

        let mut line = Line {
            trajectory,
            targets,
            batch: &mut self.batch,
            linearised: &mut self.linearised,
            max_step: self.options.max_step,
        };
        let last = &self.direction;
        let mut step = gradients.step(&mut line, report.gamma, last)?;
        if step.initial_slope >= 0.0 && report.gamma != 0.0 {
            report.gamma = 0.0;
            report.restarted = true;
            step = gradients.step_of_descent(&mut line, last)?;
        }
        // Only a representative that is not an exact one can fail to descend.
        if step.initial_slope >= 0.0
            && let Some(steepest) = gradients.step_of_l2(&mut line, last)
        {
            report.restarted = true;
            step = steepest?;
        }
        report.eta = self.options.factor(self.batches) * step.eta;
        report.slope = step.initial_slope;
        report.capped = step.capped;
        report.phases.sensitivity = clock.lap();

        network.parameters_mut().axpy(T::from_f64(report.eta), self.gradients.direction());
        report.phases.update = clock.lap();
        if let LineSearch::Backtracking { halvings } = self.options.line_search {
            self.solved = Some(self.backtrack(network, x0, targets, halvings, &mut report)?);
            report.phases.direct += clock.lap();
        }

        std::mem::swap(&mut self.direction, self.gradients.direction_mut());
        self.memory = Some(Scalars {
            gradient_square: products.new_new,
            gradient_direction: if self.options.conjugacy.needs_direction() {
                let factor = self.gradients.metric_factor(self.options.metric);
                factor.inner(&self.direction, network.grid())
            } else {
                0.0
            },
            cost: total,
        });
        self.begins_batch = false;
        Ok(report)
    }

    /// Halves the step until the true cost does not rise, and gives that cost.
    fn backtrack(
        &mut self,
        network: &mut Network<T>,
        x0: MatRef<'_, T>,
        targets: TargetsRef<'_>,
        halvings: usize,
        report: &mut Iteration,
    ) -> Result<CostValue, TrainError> {
        loop {
            let (batch, scheme) = (&mut self.batch, self.scheme.as_mut());
            let trial = solve_direct(batch, scheme, network, x0, targets).map(|(cost, _)| cost);
            let falls = trial.as_ref().is_ok_and(|cost| cost.total() <= report.cost.total());
            let direction = self.gradients.direction();
            if falls || report.halvings == halvings {
                if trial.is_err() {
                    network.parameters_mut().axpy(T::from_f64(-report.eta), direction);
                }
                return trial;
            }
            report.halvings += 1;
            report.eta /= 2.0;
            network.parameters_mut().axpy(T::from_f64(-report.eta), direction);
        }
    }
}

/// Direct problem, J and λ(T).
fn solve_direct<'a, T: Real>(
    batch: &mut BatchCost<T>,
    scheme: &'a mut dyn Scheme<T>,
    network: &'a Network<T>,
    x0: MatRef<'_, T>,
    targets: TargetsRef<'_>,
) -> Result<(CostValue, Trajectory<'a, T>), TrainError> {
    let (mut cost, trajectory) = batch.solve(scheme, network, x0, targets)?;
    cost.decay = batch.objective().penalty_of(network.parameters(), network.grid());
    Ok((cost, trajectory))
}

/// The inner products that the formula needs of the new gradient, the last one and the last direction.
fn products<T: Real>(
    options: &NcgOptions,
    gradients: &Gradients<T>,
    direction: &Parameters<T>,
    memory: Option<Scalars>,
    network: &Network<T>,
) -> Products {
    let grid = network.grid();
    let factor = gradients.metric_factor(options.metric);
    let mut products =
        Products { new_new: factor.inner(gradients.current(), grid), ..Products::default() };
    if let Some(memory) = memory {
        products.old_old = memory.gradient_square;
        products.old_direction = memory.gradient_direction;
        if let Some(last) = &gradients.last {
            products.new_old = factor.inner(last, grid);
        }
        if options.conjugacy.needs_direction() {
            products.new_direction = factor.inner(direction, grid);
        }
    }
    products
}

impl<T: Real> Method<T> for Ncg<T> {
    fn objective(&self) -> &Objective<T> {
        self.objective()
    }

    fn scheme(&self) -> &dyn Scheme<T> {
        self.scheme()
    }

    fn iterate(
        &mut self,
        network: &mut Network<T>,
        x0: MatRef<'_, T>,
        targets: TargetsRef<'_>,
    ) -> Result<Iteration, TrainError> {
        self.iterate(network, x0, targets)
    }

    fn finish_batch(&mut self, _: &Network<T>) {
        self.restart();
    }

    fn memory(&self) -> Option<Memory<T>> {
        self.memory()
    }

    fn resume(&mut self, memory: Option<Memory<T>>, position: Position) -> Result<(), TrainError> {
        let begins = position == Position::default();
        match memory {
            Some(memory) => self.resume(memory, position.iteration),
            None if begins || (position.iteration == 0 && !self.options.remembers_batches()) => {
                self.restart();
                self.memory = None;
                self.batches = 0;
                Ok(())
            }
            None if position.iteration == 0 => Err(TrainError::Resume(
                "what the method remembers of its batches is missing".into(),
            )),
            None => Err(TrainError::Resume(
                "it stands in the middle of a batch, but the last direction is missing".into(),
            )),
        }
    }
}
