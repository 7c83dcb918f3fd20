//! What can go wrong in an attack.

use snode_ode::SolveError;

/// What a model of the user's may fail with.
pub type ModelError = Box<dyn std::error::Error + Send + Sync>;

/// Why an attack gave no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttackError {
    /// An option is out of its range.
    #[error("{option}: found {found}; expected {allowed}")]
    Option {
        /// Which.
        option: &'static str,
        /// Its value.
        found: String,
        /// Which values it may have.
        allowed: String,
    },
    /// Two arguments do not fit each other. Shapes are (rows, columns).
    #[error("{operation}: expected {}×{}, found {}×{}", expected.0, expected.1, found.0, found.1)]
    Shape {
        /// What was to be done.
        operation: &'static str,
        /// The shape that would fit.
        expected: (usize, usize),
        /// The shape given.
        found: (usize, usize),
    },
    /// A label is not one of the classes.
    #[error("image {image} has the label {label}, but there are {classes} classes")]
    Label {
        /// The column of the image.
        image: usize,
        /// Its label.
        label: usize,
        /// C.
        classes: usize,
    },
    /// A clean image lies outside of the box that attacked ones must lie in.
    #[error("image {image} has the value {value}, outside of the box [{lower}, {upper}]")]
    Outside {
        /// The column of the image.
        image: usize,
        /// The value outside.
        value: f64,
        /// The lower end of the box.
        lower: f64,
        /// The upper end of the box.
        upper: f64,
    },
    /// The observer wanted the attack to end.
    #[error("the attack was interrupted after {done} of {total} images")]
    Interrupted {
        /// Images that were through.
        done: usize,
        /// Of how many.
        total: usize,
    },
    /// Derivatives were asked for before the model was linearised anywhere.
    #[error("the model was not linearised before its derivatives were asked for")]
    NotLinearised,
    /// A network's equation could not be solved.
    #[error(transparent)]
    Solve(#[from] SolveError),
    /// A user's own model failed.
    #[error("the model: {0}")]
    Model(#[from] ModelError),
}

impl AttackError {
    /// An [`AttackError::Option`] unless `holds`.
    pub(crate) fn require(
        holds: bool,
        option: &'static str,
        found: impl std::fmt::Display,
        allowed: &str,
    ) -> Result<(), Self> {
        if holds {
            return Ok(());
        }
        Err(Self::Option { option, found: found.to_string(), allowed: allowed.to_owned() })
    }

    /// An [`AttackError::Shape`] unless the shapes are the same.
    pub(crate) fn require_shape(
        operation: &'static str,
        expected: (usize, usize),
        found: (usize, usize),
    ) -> Result<(), Self> {
        if expected == found { Ok(()) } else { Err(Self::Shape { operation, expected, found }) }
    }
}

// Errors go from thread to thread, and into the boxes of other libraries.
const _: fn() = || {
    fn travels<E: std::error::Error + Send + Sync + 'static>() {}
    travels::<AttackError>();
};
