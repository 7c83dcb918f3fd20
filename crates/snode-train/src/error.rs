//! What can go wrong in training.

use snode_ode::{MapError, SolveError, Stop};

use crate::TargetKind;

/// An option that is out of its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{option}: found {found}; expected {allowed}")]
pub struct OptionError {
    /// The option.
    pub option: &'static str,
    /// Its value.
    pub found: f64,
    /// The values it may have.
    pub allowed: &'static str,
}

impl OptionError {
    /// Refuses an option that is not one of the `allowed` values.
    ///
    /// # Errors
    /// Itself, unless `is_allowed`.
    pub fn require(
        option: &'static str,
        found: f64,
        is_allowed: bool,
        allowed: &'static str,
    ) -> Result<(), Self> {
        if is_allowed { Ok(()) } else { Err(Self { option, found, allowed }) }
    }
}

/// Why training, or one step of it, could not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A problem could not be solved.
    #[error(transparent)]
    Solve(#[from] SolveError),
    /// The network has not such scores.
    #[error("the scores: {0}")]
    Scores(#[from] MapError),
    /// The cost cannot be trained with.
    #[error("the cost: {0}")]
    Cost(String),
    /// The network is too narrow for the classes.
    #[error(
        "a network of width {width} cannot tell {classes} classes apart: it needs at least that width"
    )]
    Width {
        /// n.
        width: usize,
        /// C.
        classes: usize,
    },
    /// A batch does not have one label for each column.
    #[error("{labels} labels for {columns} data points")]
    LabelCount {
        /// How many labels there are.
        labels: usize,
        /// How many columns there are.
        columns: usize,
    },
    /// A batch has no data points, over which the cost is the mean.
    #[error("the batch has no data points")]
    EmptyBatch,
    /// A label is not a class.
    #[error("label {label} is not one of the {classes} classes 0…{}", classes.saturating_sub(1))]
    Label {
        /// The label.
        label: usize,
        /// C.
        classes: usize,
    },
    /// Targets are of another kind than the loss has.
    #[error("found {}; expected {}", kind_text(*found), kind_text(*expected))]
    Targets {
        /// What there is.
        found: TargetKind,
        /// What the loss has.
        expected: TargetKind,
    },
    /// A batch does not have one target of the loss's components for each column.
    #[error(
        "found {} targets of {} components; expected {} of {}",
        found.1, found.0, expected.1, expected.0
    )]
    TargetShape {
        /// Components and data points.
        found: (usize, usize),
        /// Likewise.
        expected: (usize, usize),
    },
    /// The network is too narrow for its targets.
    #[error("a network of width {width} is too narrow for targets of {components} components")]
    TargetWidth {
        /// n.
        width: usize,
        /// m.
        components: usize,
    },
    /// An option is out of its range.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// φ′ has no root: the linearised cost falls for ever along the direction. That happens under
    /// cross-entropy alone (μ₃ = 0) once a batch is separated.
    #[error(
        "no step length: the linearised cost still falls at step {reached:.3e} (slope {slope:.3e}); \
         give mu3 > 0 (0.01 in the experiments) or a largest step"
    )]
    NoStepLength {
        /// The largest step tried.
        reached: f64,
        /// φ′ there.
        slope: f64,
    },
    /// A factor of the preconditioner has no Cholesky factorisation.
    #[error(
        "a factor of the preconditioner, {size}×{size}, is not positive definite with damping {damping}; \
         give a larger preconditioner_damping"
    )]
    Indefinite {
        /// Its number of rows.
        size: usize,
        /// δ.
        damping: f64,
    },
    /// The cost or the gradient is infinite or NaN, or the cost has grown beyond all bounds.
    #[error("training diverged: {quantity} is {value:.6e}{}", match limit {
        Some(limit) => format!(", more than {limit:.6e}"),
        None => String::new(),
    })]
    Diverged {
        /// What diverged.
        quantity: &'static str,
        /// Its value.
        value: f64,
        /// The value it may not exceed, where it is finite.
        limit: Option<f64>,
    },
    /// A state to continue from does not belong to this training.
    #[error("cannot continue from this state: {0}")]
    Resume(String),
    /// The source of batches failed.
    #[error("the training data: {0}")]
    Data(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The inputs of a batch could not be perturbed.
    #[error("the perturbation of inputs: {0}")]
    Perturbation(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An observer failed, for example to write a checkpoint.
    #[error(transparent)]
    Observer(Box<dyn std::error::Error + Send + Sync>),
}

impl TrainError {
    /// Whether the numbers of the training left every bound: a cost, a gradient, a slope or a state.
    pub fn is_divergence(&self) -> bool {
        use Stop::{ErrorNormNotFinite, GradientNotFinite, NotFinite};
        match self {
            Self::Diverged { .. } => true,
            Self::Solve(SolveError::Stopped { reason, .. }) => {
                matches!(reason, NotFinite | GradientNotFinite | ErrorNormNotFinite)
            }
            _ => false,
        }
    }

    /// Refuses a quantity that is infinite or NaN.
    ///
    /// # Errors
    /// [`TrainError::Diverged`] with the quantity.
    pub fn ensure_finite(quantity: &'static str, value: f64) -> Result<(), Self> {
        if value.is_finite() {
            Ok(())
        } else {
            Err(Self::Diverged { quantity, value, limit: None })
        }
    }
}

fn kind_text(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::Classes => "class numbers",
        TargetKind::Values => "real targets",
    }
}

// Errors go from thread to thread, and into the boxes of other libraries.
const _: fn() = || {
    fn travels<E: std::error::Error + Send + Sync + 'static>() {}
    travels::<TrainError>();
};
