//! The keys of `[network]`.

use crate::keys::condition::{is, is_by_default};
use crate::keys::key::{Key, key};
use crate::keys::values::{Values, number, odd, whole, whole_numbers};

/// `[network]`.
pub(super) const NETWORK: &[Key] = &[
    key("horizon", number().above(0.0).at_most(10_000.0), "`3.0`")
        .means("$T$, the end of the depth interval (S1)"),
    key("layers", whole().between(1.0, 1_000_000.0), "`150`")
        .means("$L$, the intervals of the grid in depth: Euler's steps (S2)"),
    key("activation", Values::Word, r#"`"tanh"`"#)
        .means(r"[$\sigma$](mathematics.md#activations). The number in parentheses may be any from 0 on; without parentheses it is the one shown"),
    key("scheme", Values::Word, r#"`"euler"`"#)
        .means("what solves the equation. `euler` (S2), `rk2` and `rk4` (S14) make one step a layer; the others are *adaptive*, and the last three of them *implicit*: for stiff networks, sixty to a hundred times as slow"),
    key("initialisation", Values::Word, r#"`"spline"`"#)
        .means("how parameters [begin](mathematics.md#initial-parameters): smooth in depth, every layer by itself, or all layers the same"),
    key("initial_distribution", Values::Word, "the paper's")
        .means(r"[normal](mathematics.md#11-affine-maps-lifting-and-readout) with mean 0, and for sums of $N$ products (dense: $n$, convolution: $cs^2$) the standard deviation $1/N$ of weights and biases, or He's: $\sqrt{2/N}$ of weights, and biases 0"),
    key("initial_gain", number().above(0.0), "none: as they are")
        .means(r"$\gamma$, how many times as large parameters begin"),
    key("map", Values::Word, "a dense map")
        .means("what the numbers of a layer do to a state (S40): a full matrix, or a convolution of images"),
    key("width", whole().between(1.0, 16_777_216.0), "the pixels of an image")
        .with(is_by_default("map", &["dense"]))
        .means("$n$, at least the pixels of an image; the other components begin at 0 (S41)"),
    key("channels", whole().between(1.0, 4096.0), "`16`")
        .with(is("map", &["convolution"]))
        .means("$c$, the channels of a state; those that images have not begin at 0 (S41)"),
    key("kernel", odd().between(1.0, 4095.0), "`3`")
        .with(is("map", &["convolution"]))
        .means("$s$, the rows and columns of a kernel; no more than those of an image"),
    key("image_channels", whole().between(1.0, 4096.0), "`1`")
        .with(is("map", &["convolution"]))
        .means("the channels of an image, which stand one below the other: 3 for CIFAR-10. If the data say how many they have, it must be that number"),
    key("resolutions", whole_numbers().between(0.0, 1_000_000.0), "all layers at one")
        .with(is("map", &["convolution"]))
        .means(r#"how many of the layers convolve pixels, how many blocks of 2×2 pixels as if they were pixels, then of 4×4 and 8×8 (S43), e.g. `[2, 2, 3]` for 7 layers. Needs `scheme = "euler"`, and nothing that compares layers: `space`, `penalty`, `[analysis.smoothness]`"#),
    key("readout", Values::Word, "the first components")
        .means(r#"how $x(T)$ becomes scores (S41); of a convolution `"components"` and `"channel-means"` need as many channels as there are classes"#),
    key("readout_gain", number().above(0.0), "`1.0`")
        .with(is("readout", &["channel-means", "pattern"]))
        .means(r"$\kappa$ (S41), how many times as large scores are"),
    key("readout_seed", whole().at_least(0.0), "`1`")
        .with(is("readout", &["pattern"]))
        .means("determines the signs of the pattern"),
];
