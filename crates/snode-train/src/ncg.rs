//! One mini-batch's nonlinear conjugate gradient iterations (Algorithm 1 of the paper).

use faer::MatRef;
use snode_ode::{Network, Parameters, Real, Scheme};

use crate::conjugacy::{Conjugacy, Products};
use crate::space::GradientSpace;
use crate::step_length::{DecayProducts, LinearisedCost, StepLength};
use crate::{
    BatchCost, Cost, CostValue, Iteration, Memory, Method, Position, Space, Stopwatch, TrainError,
};

/// In which inner product the conjugacy formula takes its products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Metric {
    /// L² products of the gradients in whichever space they were represented: the prototype's.
    #[default]
    L2,
    /// Products of the space the gradients are represented in, ⟨v, w⟩_{H¹} = ⟨u, w⟩_{L²}.
    Space,
}

/// What is done about a linearised step that raises the true cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum LineSearch {
    /// Nothing: the paper's method.
    #[default]
    Linearised,
    /// The step is halved, up to `halvings` times, until the true cost does not rise; each trial
    /// costs one direct solve, and the accepted one is the next iteration's.
    Backtracking {
        /// How often the step may be halved.
        halvings: usize,
    },
}

/// The choices of the method.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NcgOptions {
    /// The space gradients are represented in.
    pub space: Space,
    /// The formula for γ.
    pub conjugacy: Conjugacy,
    /// The inner product it uses.
    pub metric: Metric,
    /// What is done about rising costs.
    pub line_search: LineSearch,
    /// A cap on η, more than 0, if any.
    pub largest_step: Option<f64>,
}

/// The numbers the method remembers from one iteration of a batch to the next.
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
}

/// Nonlinear conjugate gradients with their memory: everything an iteration needs is allocated
/// when the first one runs.
pub struct Ncg<T> {
    scheme: Box<dyn Scheme<T>>,
    batch: BatchCost<T>,
    options: NcgOptions,
    space: Box<dyn GradientSpace<T>>,
    gradient: Parameters<T>,
    /// The representative of the gradient, where it is not the gradient itself.
    representative: Option<Parameters<T>>,
    last_gradient: Option<Parameters<T>>,
    direction: Parameters<T>,
    linearised: LinearisedCost,
    memory: Option<Scalars>,
    /// The cost of the present parameters, if the line search has just solved their direct problem.
    solved: Option<CostValue>,
}

impl<T: Real> Ncg<T> {
    /// The method for networks like `network`, in the threads of the current rayon pool.
    ///
    /// # Panics
    /// If [`Space::check`] refuses the space.
    pub fn new(
        scheme: Box<dyn Scheme<T>>,
        cost: Cost,
        options: NcgOptions,
        network: &Network<T>,
    ) -> Self {
        let zeros = || Parameters::zeros(network.width(), network.parameters.nodes());
        let space = options.space.build(network.grid());
        Self {
            representative: (!space.is_l2()).then(zeros),
            last_gradient: options.conjugacy.needs_last_gradient().then(zeros),
            gradient: zeros(),
            direction: zeros(),
            linearised: LinearisedCost::default(),
            memory: None,
            solved: None,
            scheme,
            batch: BatchCost::new(cost),
            options,
            space,
        }
    }

    /// The same method with gradients represented in a space of the caller's own, in place of the
    /// options'.
    #[must_use]
    pub fn with_space(mut self, space: Box<dyn GradientSpace<T>>) -> Self {
        self.representative = (!space.is_l2()).then(|| self.gradient.clone());
        self.space = space;
        self
    }

    /// The cost that is minimised.
    pub fn cost(&self) -> &Cost {
        self.batch.cost()
    }

    /// The scheme the problems are solved by.
    pub fn scheme(&self) -> &dyn Scheme<T> {
        self.scheme.as_ref()
    }

    /// The representative of the last iteration's gradient.
    pub fn gradient(&self) -> &Parameters<T> {
        self.representative.as_ref().unwrap_or(&self.gradient)
    }

    /// The last iteration's direction d.
    pub fn direction(&self) -> &Parameters<T> {
        &self.direction
    }

    /// Forgets the last direction: the next iteration is the first of a batch.
    pub fn restart(&mut self) {
        self.memory = None;
        self.solved = None;
    }

    /// What the method remembers, or `None` at the start of a batch: d_{j−1} as `direction`, g_{j−1}
    /// as `last_gradient` where the formula needs it, and the numbers `gradient_square` ‖g_{j−1}‖²,
    /// `gradient_direction` ⟨g_{j−1}, d_{j−1}⟩ and `cost`, J before the last step.
    pub fn memory(&self) -> Option<Memory<T>> {
        let Scalars { gradient_square, gradient_direction, cost } = self.memory?;
        let mut memory = Memory::new().with_array(names::DIRECTION, self.direction.clone());
        if self.options.conjugacy.needs_last_gradient() {
            memory = memory.with_array(names::LAST_GRADIENT, self.gradient().clone());
        }
        Some(
            memory
                .with_number(names::GRADIENT_SQUARE, gradient_square)
                .with_number(names::GRADIENT_DIRECTION, gradient_direction)
                .with_number(names::COST, cost),
        )
    }

    /// Takes up what another instance remembered, so that the next iteration has the same bits.
    ///
    /// # Errors
    /// [`TrainError::Resume`] if the shapes differ or something the formula needs is missing.
    pub fn resume(&mut self, mut memory: Memory<T>) -> Result<(), TrainError> {
        let shape = (self.direction.width(), self.direction.nodes());
        let scalars = Scalars {
            gradient_square: memory.number(names::GRADIENT_SQUARE)?,
            gradient_direction: memory.number(names::GRADIENT_DIRECTION)?,
            cost: memory.number(names::COST)?,
        };
        let direction = memory.take_array(names::DIRECTION, shape)?;
        if self.options.conjugacy.needs_last_gradient() {
            *self.representative.as_mut().unwrap_or(&mut self.gradient) =
                memory.take_array(names::LAST_GRADIENT, shape)?;
        }
        self.direction = direction;
        self.memory = Some(scalars);
        self.solved = None;
        Ok(())
    }

    /// One iteration on the batch `x0` (n×M) with its labels: gradient, direction, step length,
    /// update of the network's parameters.
    ///
    /// All iterations between two [`restart`](Self::restart)s must have the same batch.
    ///
    /// # Errors
    /// If a shape or label does not fit, a state, the cost or the gradient is not finite, or there
    /// is no step length. The parameters are then those before the iteration (up to rounding, where
    /// a line search had to take its step back).
    pub fn iterate(
        &mut self,
        network: &mut Network<T>,
        x0: MatRef<'_, T>,
        labels: &[usize],
    ) -> Result<Iteration, TrainError> {
        let mut clock = Stopwatch::start();
        let mut report = Iteration::default();
        let centre = self.cost().centre_for(network);

        report.cost = match self.solved.take() {
            Some(cost) => cost,
            None => self.solve_direct(network, x0, labels, centre)?,
        };
        let total = report.cost.total();
        TrainError::ensure_finite("the cost", total)?;
        report.rose = self.memory.is_some_and(|memory| total > memory.cost);
        report.phases.direct = clock.lap();

        // Of the two parameter-sized arrays for gradients, the last one's becomes the new one's.
        if let Some(last) = &mut self.last_gradient {
            std::mem::swap(last, self.representative.as_mut().unwrap_or(&mut self.gradient));
        }
        self.scheme.adjoint(network, self.batch.terminal(), Some(&mut self.gradient))?;
        let mu4 = self.cost().mu4;
        if mu4 != 0.0 {
            self.gradient.axpy(T::from_f64(mu4), &network.parameters);
        }
        report.phases.adjoint = clock.lap();

        if let Some(representative) = &mut self.representative {
            self.space.represent(&self.gradient, representative);
        }
        report.phases.space = clock.lap();

        let products = self.products(network);
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

        let mut step = self.step_along(network, labels, centre, Along::Conjugate(report.gamma))?;
        if step.initial_slope >= 0.0 && report.gamma != 0.0 {
            report.gamma = 0.0;
            report.restarted = true;
            step = self.step_along(network, labels, centre, Along::Conjugate(0.0))?;
        }
        if step.initial_slope >= 0.0 && self.representative.is_some() {
            // Only a representative that is not an exact one can fail to descend.
            report.restarted = true;
            step = self.step_along(network, labels, centre, Along::L2Gradient)?;
        }
        report.eta = step.eta;
        report.slope = step.initial_slope;
        report.capped = step.capped;
        report.phases.sensitivity = clock.lap();

        network.parameters.axpy(T::from_f64(report.eta), &self.direction);
        report.phases.update = clock.lap();
        if let LineSearch::Backtracking { halvings } = self.options.line_search {
            self.backtrack(network, x0, labels, centre, halvings, &mut report)?;
            report.phases.direct += clock.lap();
        }

        self.memory = Some(Scalars {
            gradient_square: products.new_new,
            gradient_direction: if self.options.conjugacy.needs_direction() {
                self.metric_factor().inner(&self.direction, network.grid())
            } else {
                0.0
            },
            cost: total,
        });
        Ok(report)
    }

    /// Direct problem, J and λ(T).
    fn solve_direct(
        &mut self,
        network: &Network<T>,
        x0: MatRef<'_, T>,
        labels: &[usize],
        centre: f64,
    ) -> Result<CostValue, TrainError> {
        let mut cost = self.batch.solve(self.scheme.as_mut(), network, x0, labels, centre)?;
        let mu4 = self.cost().mu4;
        if mu4 != 0.0 {
            let parameters = &network.parameters;
            cost.decay = mu4 / 2.0 * parameters.inner(parameters, network.grid());
        }
        Ok(cost)
    }

    /// The gradient whose L² product with a second factor is the metric's product: the
    /// representative itself, or the L²-gradient (⟨v, w⟩ in the space is ⟨u, w⟩ in L²).
    fn metric_factor(&self) -> &Parameters<T> {
        match self.options.metric {
            Metric::L2 => self.gradient(),
            Metric::Space => &self.gradient,
        }
    }

    fn products(&self, network: &Network<T>) -> Products {
        let grid = network.grid();
        let (factor, formula) = (self.metric_factor(), self.options.conjugacy);
        let mut products =
            Products { new_new: factor.inner(self.gradient(), grid), ..Products::default() };
        if let Some(memory) = self.memory {
            products.old_old = memory.gradient_square;
            products.old_direction = memory.gradient_direction;
            if let Some(last) = &self.last_gradient {
                products.new_old = factor.inner(last, grid);
            }
            if formula.needs_direction() {
                products.new_direction = factor.inner(&self.direction, grid);
            }
        }
        products
    }

    /// The new direction, the sensitivity problem along it, and the minimiser of the linearised
    /// cost.
    fn step_along(
        &mut self,
        network: &Network<T>,
        labels: &[usize],
        centre: f64,
        along: Along,
    ) -> Result<StepLength, TrainError> {
        let (gamma, gradient) = match along {
            Along::Conjugate(gamma) => {
                (gamma, self.representative.as_ref().unwrap_or(&self.gradient))
            }
            Along::L2Gradient => (0.0, &self.gradient),
        };
        self.scheme.sensitivity_of_combination(
            network,
            &mut self.direction,
            T::from_f64(gamma),
            gradient,
            -T::ONE,
        )?;
        let decay = if self.cost().mu4 == 0.0 {
            DecayProducts::default()
        } else {
            let grid = network.grid();
            DecayProducts {
                parameters_direction: network.parameters.inner(&self.direction, grid),
                direction_direction: self.direction.inner(&self.direction, grid),
            }
        };
        self.linearised.set(
            self.batch.cost(),
            self.scheme.output(),
            self.scheme.output_sensitivity(),
            labels,
            centre,
            decay,
        );
        self.linearised.minimise(self.options.largest_step)
    }

    /// Halves the step until the true cost does not rise.
    fn backtrack(
        &mut self,
        network: &mut Network<T>,
        x0: MatRef<'_, T>,
        labels: &[usize],
        centre: f64,
        halvings: usize,
        report: &mut Iteration,
    ) -> Result<(), TrainError> {
        loop {
            let trial = self.solve_direct(network, x0, labels, centre);
            let falls = trial.as_ref().is_ok_and(|cost| cost.total() <= report.cost.total());
            if falls || report.halvings == halvings {
                if trial.is_err() {
                    network.parameters.axpy(T::from_f64(-report.eta), &self.direction);
                }
                self.solved = Some(trial?);
                return Ok(());
            }
            report.halvings += 1;
            report.eta /= 2.0;
            network.parameters.axpy(T::from_f64(-report.eta), &self.direction);
        }
    }
}

impl<T: Real> Method<T> for Ncg<T> {
    fn cost(&self) -> &Cost {
        self.cost()
    }

    fn scheme(&self) -> &dyn Scheme<T> {
        self.scheme()
    }

    fn iterate(
        &mut self,
        network: &mut Network<T>,
        x0: MatRef<'_, T>,
        labels: &[usize],
    ) -> Result<Iteration, TrainError> {
        self.iterate(network, x0, labels)
    }

    fn restart(&mut self) {
        self.restart();
    }

    fn memory(&self) -> Option<Memory<T>> {
        self.memory()
    }

    fn resume(&mut self, memory: Option<Memory<T>>, position: Position) -> Result<(), TrainError> {
        self.restart();
        match (memory, position.iteration) {
            (Some(memory), 1..) => self.resume(memory),
            (None, 1..) => Err(TrainError::Resume(
                "it stands in the middle of a batch, but the last direction is missing".into(),
            )),
            (_, 0) => Ok(()),
        }
    }
}

/// Which direction to take.
#[derive(Clone, Copy)]
enum Along {
    /// −g + γ d with this γ.
    Conjugate(f64),
    /// −∇J in L².
    L2Gradient,
}
