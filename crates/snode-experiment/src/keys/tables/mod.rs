//! The keys, table by table, in the order of docs/experiments.md.

mod analysis;
mod attack;
mod cost;
mod data;
mod general;
mod network;
mod perturbation;
mod solver;
mod training;

use super::key::Key;

/// Keys that stand together: a table, or a part of a large one.
#[derive(Debug)]
pub struct Group {
    /// The table; empty before the first one.
    pub table: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

/// All keys.
pub const GROUPS: &[Group] = &[
    Group { table: "", keys: general::GENERAL },
    Group { table: "data", keys: data::DATA },
    Group { table: "network", keys: network::NETWORK },
    Group { table: "solver", keys: solver::SOLVER },
    Group { table: "cost", keys: cost::COST },
    Group { table: "training", keys: training::EXTENT },
    Group { table: "training", keys: training::NCG },
    Group { table: "training", keys: training::ANY_METHOD },
    Group { table: "training", keys: training::STOCHASTIC_GRADIENTS },
    Group { table: "training.perturbation", keys: perturbation::PERTURBATION },
    Group { table: "output", keys: general::OUTPUT },
    Group { table: "analysis.robustness", keys: analysis::ROBUSTNESS },
    Group { table: "analysis.noise", keys: analysis::NOISE },
    Group { table: "analysis.uncertainty", keys: analysis::UNCERTAINTY },
    Group { table: "analysis.smoothness", keys: analysis::SMOOTHNESS },
    Group { table: "analysis.schemes", keys: analysis::SCHEMES },
    Group { table: "attack", keys: attack::ATTACK },
];
