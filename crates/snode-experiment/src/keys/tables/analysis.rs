//! The keys of `[analysis.*]`.

use crate::keys::condition::adaptive;
use crate::keys::key::{Key, key};
use crate::keys::values::{Values, number, numbers, two_whole, whole};

/// `[analysis.robustness]`.
pub(super) const ROBUSTNESS: &[Key] = &[
    key(
        "levels",
        numbers().between(0.0, 1e6),
        "`[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]`",
    )
    .means("standard deviations $s$ of the noise, at least one"),
    key("draws", whole().between(1.0, 1_000_000.0), "`5`")
        .means("how often noise is drawn for every level"),
    key("images", whole().at_least(1.0), "none: all")
        .means("how many of the test images, the first ones"),
    key("clip", Values::Flag, "`false`")
        .means("whether noisy inputs are clipped to the values that images can have"),
    key("scheme", Values::WordAs("network.scheme"), "none: that of `network.scheme`")
        .means("what solves the network"),
    key("tolerance", number().at_least(1.8e-15).below(1.0), "none: those of `[solver]`")
        .with(adaptive("scheme"))
        .means("relative and absolute tolerance"),
];

/// `[analysis.noise]`.
pub(super) const NOISE: &[Key] = &[
    key("levels", numbers().above(0.0).at_most(1e6), "`[0.01, 0.1]`")
        .means("standard deviations $s$ of noise on the inputs"),
    key("weights_levels", numbers().above(0.0).at_most(1e6), "`[]`")
        .means("of noise on all weights and biases"),
    key("draws", whole().between(1.0, 1_000_000.0), "`1`").means("how often noise is drawn"),
    key("images", whole().at_least(1.0), "all, or 1000 if there are more")
        .means("how many of the test images, the first ones"),
];

/// `[analysis.uncertainty]`.
pub(super) const UNCERTAINTY: &[Key] = &[
    key("on", Values::Word, r#"`"input"`"#)
        .means("what the noise is on: the inputs (S63); all weights and biases, at every depth by itself or the same at every depth (S64)"),
    key("levels", numbers().between(0.0, 1e6), "`[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]`")
        .means("standard deviations $s$ of the noise, at least one"),
    key("draws", whole().between(0.0, 1_000_000.0), "`5`")
        .means("how often noise is drawn for every level, to measure what was predicted; 0: not at all"),
    key("directions", whole().between(1.0, 1_000_000.0), "`64`")
        .means("how many directions of the noise predictions are integrated over, for each image (S65)"),
    key("bins", whole().between(1.0, 1000.0), "`10`")
        .means("bins of the reliability diagram"),
    key("images", whole().at_least(1.0), "none: all")
        .means("how many of the test images, the first ones"),
];

/// `[analysis.smoothness]`.
pub(super) const SMOOTHNESS: &[Key] =
    &[key("entry", two_whole().at_least(0.0), "none: the middle one")
        .means("row and column of the weight whose path through depth is kept, below $n$")];

/// `[analysis.schemes]`.
pub(super) const SCHEMES: &[Key] = &[
    key("solve", Values::WordsAs("network.scheme"), r#"`["euler", "dopri5"]`"#)
        .means("the schemes, each once"),
    key("tolerance", number().at_least(1.8e-15).below(1.0), "none: those of `[solver]`")
        .means("relative and absolute tolerance of the adaptive ones, of which there must be one"),
];
