//! One step on a mini-batch.

use faer::MatRef;
use snode_ode::{Endpoint, Network, Parameters, Real, Scheme};
use snode_train::{
    Iteration, Memory, Method, Objective, OptionError, Position, Schedule, Stopwatch, TargetsRef,
    TrainError,
};

use crate::update::{Factors, decay_fits};
use crate::{Backpropagation, Optimiser, ResNetError};

/// The choices of the method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdOptions {
    /// How parameters move.
    pub optimiser: Optimiser,
    /// α > 0, before the schedule.
    pub learning_rate: f64,
    /// How the learning rate falls.
    pub schedule: Schedule,
    /// λ ≥ 0 of decoupled weight decay: every step leaves 1 − αλ of each parameter (S25). Weight
    /// decay that is part of the objective is [`Objective::mu4`].
    pub weight_decay: f64,
}

impl Default for SgdOptions {
    /// RMSprop by Keras's defaults, α = 10⁻³ all the time, no decoupled weight decay.
    fn default() -> Self {
        Self {
            optimiser: Optimiser::default(),
            learning_rate: 1e-3,
            schedule: Schedule::default(),
            weight_decay: 0.0,
        }
    }
}

impl SgdOptions {
    /// Refuses options that make no sense.
    ///
    /// # Errors
    /// [`ResNetError::Option`] with the option.
    pub fn check(&self) -> Result<(), ResNetError> {
        let (rate, decay) = (self.learning_rate, self.weight_decay);
        let is_positive = rate.is_finite() && rate > 0.0;
        OptionError::require("learning_rate", rate, is_positive, "more than 0")?;
        let shrinks = decay >= 0.0 && rate * decay < 1.0;
        let allowed = "0 or more, less than 1/learning_rate";
        OptionError::require("weight_decay", decay, shrinks, allowed)?;
        self.schedule.check()?;
        Ok(self.optimiser.check()?)
    }

    /// α at step number `step`, from 0.
    pub fn rate(&self, step: u64) -> f64 {
        self.learning_rate * self.schedule.factor(step)
    }
}

/// Stochastic gradients with their memory: one step a call, everything it needs allocated when the
/// first one runs.
///
/// Backpropagation (S21) through the residual network and one fused pass of the [`Optimiser`]
/// ([(S22)–(S25)](crate)) over its parameters. Reported as the gradient's norm is ‖∇J‖ in
/// L²(0,T), as by NCG.
pub struct Sgd<T: Real> {
    backpropagation: Backpropagation<T>,
    options: SgdOptions,
    /// (S6) without weight decay.
    gradient: Parameters<T>,
    /// One array for each of the optimiser's names.
    state: Vec<Parameters<T>>,
    steps: u64,
}

/// The name of the number of steps in the memory.
const STEPS: &str = "steps";

impl<T: Real> Sgd<T> {
    /// The method for networks like `network`, in the threads of the current rayon pool.
    ///
    /// # Errors
    /// If an option makes no sense, or the network is none that Euler makes a residual network of.
    pub fn new(
        objective: impl Into<Objective<T>>,
        options: SgdOptions,
        network: &Network<T>,
    ) -> Result<Self, ResNetError> {
        options.check()?;
        if network.grid().endpoint() == Endpoint::Included {
            return Err(ResNetError::ClosedGrid);
        }
        let zeros = || network.parameters().zeros_like();
        Ok(Self {
            backpropagation: Backpropagation::new(objective),
            gradient: zeros(),
            state: options.optimiser.state_names().iter().map(|_| zeros()).collect(),
            options,
            steps: 0,
        })
    }

    /// How many steps were made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The options.
    pub fn options(&self) -> &SgdOptions {
        &self.options
    }

    /// One step on the batch `x0` (n×M) with its targets: backpropagation, then the optimiser.
    ///
    /// # Errors
    /// If a shape or target does not fit, or a state, the cost, the gradient or its norm is not finite.
    /// Parameters and memory are then those before the step.
    pub fn step<'t>(
        &mut self,
        network: &mut Network<T>,
        x0: MatRef<'_, T>,
        targets: impl Into<TargetsRef<'t>>,
    ) -> Result<Iteration, TrainError> {
        let mut clock = Stopwatch::start();
        let (cost, backward) = self.backpropagation.forward(network, x0, targets.into())?;
        let mut report = Iteration { cost, ..Iteration::default() };
        report.phases.direct = clock.lap();
        backward.gradient(&mut self.gradient)?;
        report.phases.adjoint = clock.lap();

        let (grid, objective) = (*network.grid(), self.backpropagation.objective());
        let (h, mu4, penalty) = (grid.step(), objective.mu4, objective.penalty);
        let mut decay = 0.0;
        if mu4 != 0.0 {
            if !decay_fits(mu4, network.parameters().as_slice()) {
                TrainError::ensure_finite("the gradient", f64::INFINITY)?;
            }
            // The other part of the penalty goes with the update.
            let parameters = network.parameters();
            decay = mu4 / 2.0 * penalty.inner_of_derivatives(parameters, parameters, &grid);
            penalty.add_derivatives(mu4, parameters, &grid, &mut self.gradient);
        }
        let rate = self.options.rate(self.steps);
        let factors = Factors {
            step: T::from_f64(h),
            mu4: T::from_f64(mu4),
            keep: T::from_f64(1.0 - rate * self.options.weight_decay),
        };
        let sums = self.options.optimiser.update(
            self.steps,
            rate,
            factors,
            network.parameters_mut(),
            &self.gradient,
            &mut self.state,
        );
        // The adjoint problem refuses gradients, and the look above parameters, with larger squares.
        TrainError::ensure_finite("the gradient", sums.gradient)?;
        self.steps += 1;
        if mu4 != 0.0 {
            decay += mu4 / 2.0 * h * sums.parameters;
        }
        report.cost.decay = decay;
        report.gradient_norm = (h * sums.gradient).sqrt();
        report.learning_rate = Some(rate);
        report.phases.update = clock.lap();
        Ok(report)
    }
}

impl<T: Real> Method<T> for Sgd<T> {
    fn objective(&self) -> &Objective<T> {
        self.backpropagation.objective()
    }

    fn scheme(&self) -> &dyn Scheme<T> {
        self.backpropagation.euler()
    }

    fn iterate(
        &mut self,
        network: &mut Network<T>,
        x0: MatRef<'_, T>,
        targets: TargetsRef<'_>,
    ) -> Result<Iteration, TrainError> {
        self.step(network, x0, targets)
    }

    /// Nothing: the method goes on through batches.
    fn finish_batch(&mut self, _: &Network<T>) {}

    /// The optimiser's arrays by their names ([`Optimiser::state_names`]) and the number of `steps`,
    /// from which the schedule goes on.
    fn memory(&self) -> Option<Memory<T>> {
        if self.steps == 0 {
            return None;
        }
        let names = self.options.optimiser.state_names();
        let mut memory = Memory::new().with_number(STEPS, self.steps as f64);
        for (&name, array) in names.iter().zip(&self.state) {
            memory = memory.with_array(name, array.clone());
        }
        Some(memory)
    }

    fn resume(&mut self, memory: Option<Memory<T>>, position: Position) -> Result<(), TrainError> {
        let Some(mut memory) = memory else {
            if position == Position::default() {
                self.steps = 0;
                self.state.iter_mut().for_each(|array| array.as_mut_slice().fill(T::ZERO));
                return Ok(());
            }
            return Err(TrainError::Resume("the optimiser's memory is missing".into()));
        };
        let steps = memory.count(STEPS)?;
        let names = self.options.optimiser.state_names();
        let mut state = Vec::with_capacity(names.len());
        for name in names {
            state.push(memory.take_array(name, &self.gradient)?);
        }
        self.state = state;
        self.steps = steps;
        Ok(())
    }
}
