//! The keys of `[[attack]]`.

use crate::keys::condition::{adaptive, any_but, given, is, usually};
use crate::keys::key::{Key, key};
use crate::keys::values::{Values, number, numbers, whole};

/// `[[attack]]`.
pub(super) const ATTACK: &[Key] = &[
    key("name", Values::Text("1 to 64 letters, digits, `_` and `-`"), "the method")
        .means("what its results are called; no two the same"),
    key("method", Values::Word, r#"`"moving-target"`"#)
        .means("steps towards the closest class, chosen anew at every step, or towards one class (S11, S12); one step or projected steps along the gradient of a loss; the same with momentum and step lengths of their own (S61); least perturbation plus a penalty; Newton-like steps onto the closest boundary"),
    key("images", whole().at_least(1.0), "none: all")
        .means("how many of the test images, the first ones"),
    key("iterations", whole().between(0.0, 1_000_000.0), r#"`30`; `100` with `method = "apgd"`; `300` with `method = "carlini-wagner"`; `50` with `method = "deepfool"`"#)
        .with(any_but("method", &["fgsm"]))
        .means("steps at most: with `targeted` for each target, with `pgd` and `apgd` from each start, with `carlini-wagner` for each constant"),
    key("step", number().at_least(0.0), "`0.03`")
        .with(is("method", &["moving-target", "targeted", "pgd"]))
        .means("$s$, the length of a step (S12), in the 2-norm or, with `pgd`, in its norm"),
    key("kappa", number().above(0.0).at_most(1.0), "`0.975`")
        .with(is("method", &["moving-target", "targeted"]))
        .means(r"$\kappa$, the multiplicative margin (S11)"),
    key("margin", number().at_least(0.0), "none: `kappa` instead")
        .with(is("method", &["moving-target", "targeted"]))
        .means("$m$, the additive margin; not together with `kappa`"),
    key("target", whole().at_least(0.0), "none: every other class in turn")
        .with(is("method", &["targeted"]))
        .means("the class to lead images to, below $C$"),
    key("norm", Values::Word, r#"`"inf"`; `"2"` with `method = "pgd"`; `"2"` with `method = "apgd"`"#)
        .with(is("method", &["fgsm", "pgd", "apgd"]))
        .means("of steps and perturbations"),
    key("radius", number().at_least(0.0), r#"`0.1`; none with `method = "pgd"`; `0.5` with `method = "apgd"`"#)
        .with(is("method", &["fgsm", "pgd", "apgd"]))
        .means(r"$\varepsilon$, the largest perturbation"),
    key("random_start", Values::Flag, r#"`false`; `true` with `method = "apgd"`"#)
        .with(is("method", &["pgd", "apgd"]))
        .with(given("radius"))
        .means("begin at a random point within the radius (`apgd`, whose radius has a default: on its surface)"),
    key("restarts", whole().between(0.0, 10_000.0), "`0`")
        .with(usually("random_start", &["true"]))
        .means("how often to begin anew; the best is kept"),
    key("loss", Values::Word, r#"`"ce"`"#)
        .with(is("method", &["pgd", "apgd"]))
        .means("what is made larger: the cross-entropy, or the difference of logits ratio (S60), for which there must be three classes"),
    key("overshoot", number().at_least(0.0), "`0.02`")
        .with(is("method", &["deepfool"]))
        .means("by how much it goes too far, as a part of the way"),
    key("searches", whole().between(1.0, 100.0), "`9`")
        .with(is("method", &["carlini-wagner"]))
        .means("how many constants $c$ are searched through"),
    key("learning_rate", number().at_least(0.0), "`0.05`")
        .with(is("method", &["carlini-wagner"]))
        .means("of Adam"),
    key("constant", number().above(0.0).at_most(1e10), "`1e-3`")
        .with(is("method", &["carlini-wagner"]))
        .means("the first $c$"),
    key("confidence", number().at_least(0.0), "`0.0`")
        .with(is("method", &["carlini-wagner"]))
        .means("by how much the other class must win"),
    key("stop_on_success", Values::Flag, "`false`")
        .means("be done with an image at its first success; else the attack goes on to its limit, and the smallest perturbation is kept"),
    key("refinements", whole().between(0.0, 1000.0), "`0`")
        .means("how often the way from the clean to the adversarial image is halved afterwards, for a smaller perturbation"),
    key("epsilons", numbers().at_least(0.0), "the radius where there is one; else 0.25 and 0.5 in the 2-norm, 0.1 and 0.3 in the ∞-norm")
        .means(r"at which $\varepsilon$, in the attack's own norm, the accuracy that is left is told; none beyond the radius. To change them does not repeat the attack"),
    key("batch", whole().at_least(1.0), "`100`")
        .means("how many images are attacked at once; results depend on it by round-off only, but for adaptive schemes"),
    key("scheme", Values::WordAs("network.scheme"), "none: that of `network.scheme`")
        .means("what solves the network"),
    key("tolerance", number().at_least(1.8e-15).below(1.0), "none: those of `[solver]`")
        .with(adaptive("scheme"))
        .means("relative and absolute tolerance"),
];
