//! Names of affine maps, of readouts and of the norms of the penalty.

use serde::{Deserialize, Serialize};

/// What the numbers of a node do to a state (S40).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MapName {
    /// A full matrix.
    #[default]
    Dense,
    /// A convolution.
    Convolution,
}

/// How a final state becomes scores (S41).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadoutName {
    /// By its first components.
    #[default]
    Components,
    /// By the means of its first channels.
    ChannelMeans,
    /// By a fixed pattern of signs.
    Pattern,
}

/// In which norm parameters are penalised (S42).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PenaltyName {
    /// That of L²(0,T).
    #[default]
    L2,
    /// That of H¹(0,T).
    H1,
}
