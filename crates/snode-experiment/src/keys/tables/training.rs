//! The keys of `[training]`.

use crate::keys::condition::{given, is};
use crate::keys::key::{Key, key};
use crate::keys::values::{Values, number, two_numbers, whole};

/// The methods of stochastic gradients.
const STOCHASTIC: &[&str] = &["rmsprop", "adam", "adamw", "momentum", "sgd"];

/// How far training goes, and what it is watched by.
pub(super) const EXTENT: &[Key] = &[
    key("method", Values::Word, r#"`"ncg"`"#)
        .means(r#"nonlinear conjugate gradients (Algorithm 1), or *stochastic gradients*: one step of RMSprop (S23), Adam (S24), AdamW (S24, S25), or gradient descent with and without momentum (S22) on each batch, which needs `network.scheme = "euler"`"#),
    key("epochs", whole().at_least(1.0), "`1`")
        .means("passes through the training images"),
    key("batch_size", whole().at_least(1.0), "`100`")
        .means("$M$, images of a mini-batch; no more than there are to train on. What is left over at the end of an epoch is left out of it"),
    key("mirror", Values::Flag, "as they are")
        .means("whether images are mirrored, left to right: each with probability ½, chosen anew in every epoch by the seed (S68)"),
    key("shift", whole().between(0.0, 4096.0), "where they are")
        .means("by how many pixels images are moved at most, up or down and left or right, chosen anew in every epoch by the seed; background comes in (S68)"),
    key("erase", whole().between(0.0, 4096.0), "whole")
        .means("side of a square that becomes background in each image, in pixels; its centre is any pixel, chosen anew in every epoch by the seed (S68)"),
    key("batches", whole().at_least(1.0), "none: not limited")
        .means("the most mini-batches, over all epochs"),
    key("evaluate_every", whole().at_least(1.0), "`100`")
        .means("mini-batches from one evaluation on the validation and test images to the next"),
    key("time_limit", number().above(0.0).in_units_of("seconds"), "none: not limited")
        .means("seconds of training after which it ends, over all sessions; looked at after every iteration"),
    key("early_stop", whole().at_least(1.0), "none: never")
        .with(given("data.validation"))
        .means("how many evaluations on the validation images may fail to improve before training ends"),
    key("checkpoint_every", number().at_least(0.0).in_units_of("seconds"), "`60.0`")
        .means("seconds between checkpoints; 0 writes one after every iteration. One that cannot be written is a warning, and the next is tried"),
    key("divergence_factor", number().above(1.0), "`1e4`")
        .means("training ends with an error when the cost is this many times the first one"),
];

/// Nonlinear conjugate gradients.
pub(super) const NCG: &[Key] = &[
    key("iterations", whole().between(1.0, 1_000_000.0), "`6`")
        .with(is("method", &["ncg"]))
        .means("iterations on each mini-batch, the first along the gradient itself"),
    key("conjugacy", Values::Word, r#"`"fletcher-reeves"`"#)
        .with(is("method", &["ncg"]))
        .means(r"the formula for $\gamma$ (S8)"),
    key("space", Values::Word, r#"`"l2"`"#)
        .with(is("method", &["ncg"]))
        .means("where gradients are represented: in $L^2(0,T)$ (S6), or in $H^1(0,T)$ (S7), the Sobolev gradient, smooth in depth"),
    key("length", number().above(0.0).in_units_of("units of depth"), "`1.0`")
        .with(is("space", &["h1"]))
        .means(r"$\ell$ (S7)"),
    key("discretisation", Values::Word, r#"`"tridiagonal"`"#)
        .with(is("space", &["h1"]))
        .means(r#"how the representative is [computed](mathematics.md#three-discretisations); only `"tridiagonal"` with a single layer"#),
    key("metric", Values::Word, r#"`"l2"`; `"space"` with any `preconditioner` but `"none"`"#)
        .with(is("method", &["ncg"]))
        .means("in which inner product (S8) is taken: $L^2(0,T)$, or that of `space` and `preconditioner`"),
    key("line_search", Values::Word, r#"`"linearised"`"#)
        .with(is("method", &["ncg"]))
        .means(r"the step length $\eta$ of (S9) as it is, or halved until the true cost does not rise"),
    key("halvings", whole().between(1.0, 60.0), "`5`")
        .with(is("line_search", &["backtracking"]))
        .means("how often at most"),
    key("largest_step", number().above(0.0), "none: not capped")
        .with(is("method", &["ncg"]))
        .means(r"a cap on $\eta$"),
    key("step_factor", number().above(0.0).below(2.0), "none: 1")
        .with(is("method", &["ncg"]))
        .means(r"$c$ (S51): by what $\eta$ is multiplied; 1 in the paper"),
    key("first_direction", Values::Word, "none: steepest descent")
        .with(is("method", &["ncg"]))
        .means("the first direction on a mini-batch: that of steepest descent, as in the paper, or with the last direction on the mini-batch before (S52)"),
    key("preconditioner", Values::Word, "none")
        .with(is("method", &["ncg"]))
        .means("the metric that `space` is weighted with: by running squares of the gradient (S53), or Kronecker-factored (S54)"),
    key("preconditioner_decay", number().at_least(0.0).below(1.0), "`0.9`")
        .with(is("preconditioner", &["diagonal", "kronecker"]))
        .means(r"$\rho$ of its running means"),
    key("preconditioner_damping", number().above(0.0), "`0.1`")
        .with(is("preconditioner", &["diagonal", "kronecker"]))
        .means(r"$\delta$ (S53, S54)"),
    key("preconditioner_every", whole().at_least(1.0), "`5`")
        .with(is("preconditioner", &["kronecker"]))
        .means("mini-batches from one update of the factors to the next"),
];

/// Any method.
pub(super) const ANY_METHOD: &[Key] = &[
    key("schedule", Values::Word, r#"none: constant; `"constant"` with any `method` but `"ncg"`"#)
        .means(r"how step lengths $\eta$ (S51) and learning rates (S25) fall"),
    key("schedule_batches", whole().at_least(1.0), "none: it must be given")
        .with(is("schedule", &["linear", "step", "exponential", "cosine"]))
        .means("$N$ (S25, S51): after how many mini-batches they fall, or have fallen"),
    key(
        "schedule_factor",
        number().between(0.0, 1.0),
        r#"`0.5`; `0.0` with `schedule = "linear"`, `"cosine"`"#,
    )
    .with(is("schedule", &["linear", "step", "exponential", "cosine"]))
    .with(given("schedule_batches"))
    .means(r#"$c$ (S25), $f$ (S51): to which part; 0 with `"linear"` and `"cosine"` only"#),
    key("average", Values::Word, "none").means(
        "the average of the iterates (S50) that is kept, evaluated and stored beside the last one",
    ),
    key("average_decay", number().at_least(0.0).below(1.0), "`0.97`")
        .with(is("average", &["exponential"]))
        .means(r"$\rho$"),
    key("average_from", whole().at_least(0.0), "`0`")
        .with(is("average", &["tail"]))
        .means("$m$: the first mini-batch that counts, from 0 over all epochs"),
];

/// Stochastic gradients.
pub(super) const STOCHASTIC_GRADIENTS: &[Key] = &[
    key("learning_rate", number().above(0.0), r#"`0.001`; `0.01` with `method = "momentum"`, `"sgd"`"#)
        .with(is("method", STOCHASTIC))
        .means(r"$\alpha$"),
    key("weight_decay", number().at_least(0.0), r#"`0.0`; `0.004` with `method = "adamw"`"#)
        .with(is("method", STOCHASTIC))
        .means(r"$\lambda$ of decoupled weight decay (S25), less than 1/`learning_rate`; `mu4` of `[cost]` is the other kind, a part of $J$"),
    key("momentum", number().at_least(0.0).below(1.0), r#"`0.9`; `0.0` with `method = "rmsprop"`"#)
        .with(is("method", &["momentum", "rmsprop"]))
        .means(r"$\mu$ (S22, S23)"),
    key("nesterov", Values::Flag, "`false`")
        .with(is("method", &["momentum"]))
        .means("Nesterov's momentum, or the heavy ball (S22)"),
    key("rho", number().at_least(0.0).below(1.0), "`0.9`")
        .with(is("method", &["rmsprop"]))
        .means(r"$\rho$, the decay of the mean square (S23)"),
    key("centred", Values::Flag, "`false`")
        .with(is("method", &["rmsprop"]))
        .means("whether the mean is subtracted (S23)"),
    key("epsilon", number().above(0.0), "`1e-7`")
        .with(is("method", &["rmsprop", "adam", "adamw"]))
        .means(r"$\varepsilon$, which keeps denominators from 0 (S23, S24)"),
    key("epsilon_place", Values::Word, r#"`"inside"`"#)
        .with(is("method", &["rmsprop"]))
        .means(r"whether $\varepsilon$ stands under the root (Keras 3) or beside it (TensorFlow 2.0 to 2.10, PyTorch)"),
    key("betas", two_numbers().at_least(0.0).below(1.0), "`[0.9, 0.999]`")
        .with(is("method", &["adam", "adamw"]))
        .means(r"$\beta_1$ and $\beta_2$, the decays of the moments (S24)"),
];
