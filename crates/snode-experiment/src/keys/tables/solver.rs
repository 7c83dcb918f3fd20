//! The keys of `[solver]`.

use crate::keys::condition::{adaptive, any_but};
use crate::keys::key::{Key, key};
use crate::keys::values::{Values, number, whole};

/// `[solver]`.
pub(super) const SOLVER: &[Key] = &[
    key("rtol", number().at_least(1.8e-15).below(1.0), "`1e-3`")
        .with(adaptive("network.scheme"))
        .means(r#"error per step relative to the state (S18); at least 8 ε of the precision, which under `"f32"` is 9.6e-7"#),
    key("atol", number().above(0.0), "`1e-3`")
        .with(adaptive("network.scheme"))
        .means("error per step beside it (S18)"),
    key("norm", Values::Word, r#"`"rms"`; `"per-sample"` with an implicit `network.scheme`"#)
        .with(adaptive("network.scheme"))
        .means(r#"how errors of a batch become one number (S18); implicit schemes know `"per-sample"` only"#),
    key("first_step", number().above(0.0), "none: estimated")
        .with(adaptive("network.scheme"))
        .means("the first step of the direct problem"),
    key("largest_step", number().above(0.0), "none: not limited")
        .with(adaptive("network.scheme"))
        .means("the longest step"),
    key("budget", whole().at_least(1.0), "`10000`")
        .with(adaptive("network.scheme"))
        .means("how many steps, accepted or not, a solve may try before it is given up"),
    key("interpolation", Values::Word, r#"`"hermite"`"#)
        .with(any_but("network.scheme", &["euler"]))
        .means("how $W$ and $b$ are [read between the nodes](mathematics.md#parameters-between-grid-nodes)"),
];
