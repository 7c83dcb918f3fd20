//! The keys of `[training.perturbation]`.

use crate::keys::condition::is;
use crate::keys::key::{Key, key};
use crate::keys::values::{Values, number, whole};

/// `[training.perturbation]`.
pub(super) const PERTURBATION: &[Key] = &[
    key("method", Values::Word, r#"`"pgd"`"#)
        .means("normal noise; one step or projected steps along the gradient of the cross-entropy; steps towards the closest class"),
    key("fraction", number().between(0.0, 1.0), "`1.0`")
        .means(r"$\rho$, the fraction of each batch that is perturbed"),
    key("level", number().at_least(0.0), "`0.3`")
        .with(is("method", &["noise"]))
        .means("$s$, its standard deviation"),
    key("clip", Values::Flag, "`false`")
        .with(is("method", &["noise"]))
        .means("whether noisy inputs are clipped to the values that images can have"),
    key("norm", Values::Word, r#"`"2"`; `"inf"` with `method = "fgsm"`"#)
        .with(is("method", &["fgsm", "pgd"]))
        .means("of steps and perturbations"),
    key("radius", number().at_least(0.0), r#"`0.5`; `0.1` with `method = "fgsm"`"#)
        .with(is("method", &["fgsm", "pgd"]))
        .means(r"$\varepsilon$, the largest perturbation"),
    key("step", number().at_least(0.0), r#"`0.1`; `0.03` with `method = "moving-target"`"#)
        .with(is("method", &["pgd", "moving-target"]))
        .means("the length of a step, in the 2-norm or, with `pgd`, in its norm"),
    key("iterations", whole().between(0.0, 1_000_000.0), "`10`")
        .with(is("method", &["pgd", "moving-target"]))
        .means("how many steps"),
    key("random_start", Values::Flag, "`true`")
        .with(is("method", &["pgd"]))
        .means("begin at a random point within the radius"),
];
