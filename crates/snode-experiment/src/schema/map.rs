//! Names of affine maps, of the distribution of their first numbers, of readouts and of the norms of the penalty.

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

/// The distribution of initial parameters, for a gain of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InitialDistribution {
    /// Weights and biases have the standard deviation 1/N, for the N products of a sum.
    #[default]
    Paper,
    /// Weights have √(2/N), biases are 0.
    He,
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
