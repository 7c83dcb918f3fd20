//! The keys of `[cost]`.

use crate::keys::condition::{is, usually};
use crate::keys::key::{Key, key};
use crate::keys::values::{Values, number, two_numbers};

/// `[cost]`.
pub(super) const COST: &[Key] = &[
    key("loss", Values::Word, r#"`"l2"`"#)
        .means(r#"of classes `"l2"` or `"cross-entropy"`, for which `"ce"` is short: which weights $\mu_1 \ldots \mu_4$ are the defaults. Of real targets the squared loss (S72), or Huber's (S73)"#),
    key("mu1", number().at_least(0.0), r#"`1.0`; `0.0` with `loss = "cross-entropy"`, `"ce"`"#)
        .with(is("loss", &["l2", "cross-entropy", "ce"]))
        .means(r"$\mu_1$, of the squared distance to the targets; not 0 together with `mu2`"),
    key("mu2", number().at_least(0.0), r#"`0.0`; `1.0` with `loss = "cross-entropy"`, `"ce"`"#)
        .with(is("loss", &["l2", "cross-entropy", "ce"]))
        .means(r"$\mu_2$, of the cross-entropy"),
    key("mu3", number().at_least(0.0), r#"`0.0`; `0.01` with `loss = "cross-entropy"`, `"ce"`"#)
        .with(is("loss", &["l2", "cross-entropy", "ce"]))
        .means(r"$\mu_3$, of the centring term, which keeps every [step length](mathematics.md#the-step-length) finite"),
    key("mu4", number().at_least(0.0), "`0.0`")
        .means(r"$\mu_4$, of weight decay"),
    key("penalty", Values::Word, "the norm of $L^2$")
        .means(r"in which norm $\mu_4$ penalises the parameters: $L^2(0,T)$, or $H^1(0,T)$ (S42), where parameters that change with depth cost more"),
    key("penalty_length", number().above(0.0), "`1.0`")
        .with(is("penalty", &["h1"]))
        .means(r"$\ell$ (S42)"),
    key("targets", two_numbers(), "`[0.0, 1.0]`")
        .with(usually("loss", &["l2"]))
        .means("$y$ in the components of other classes, and in that of the right one. Any loss will do with `mu1` above 0. With an activation that is never negative no target may lie below the inputs"),
    key("huber_delta", number().above(0.0), "`1.0`")
        .with(is("loss", &["huber"]))
        .means(r"$\delta$ (S73), in the units of the targets: up to which residual the loss is quadratic"),
];
