//! Why there is no figure.

/// A figure that cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot draw the figure: {0}")]
pub struct FigureError(pub(crate) String);

// Errors go from thread to thread, and into the boxes of other libraries.
const _: fn() = || {
    fn travels<E: std::error::Error + Send + Sync + 'static>() {}
    travels::<FigureError>();
};
