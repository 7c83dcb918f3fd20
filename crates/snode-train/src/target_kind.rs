//! Classification or regression.

/// What kind of target a data point has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TargetKind {
    /// The number of a class: classification.
    #[default]
    Classes,
    /// A vector of real numbers: regression.
    Values,
}
