//! The paper's claims, each held against what was measured.
//!
//! A claim is a list of comparisons by a rule that is said beside the verdict. It holds if every
//! comparison that the runs were planned for comes out so; it is not judged where one of them has too
//! few runs.

mod accuracy;
mod attacks;
mod noise;
mod schemes;
mod smoothness;
#[cfg(test)]
mod synthetic;
#[cfg(test)]
mod tests;

use snode_analysis::Moments;

use super::{Collection, Family, Group, Run};

/// How many runs each side of a comparison needs.
pub const LEAST_RUNS: u64 = 2;

/// What the data says of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every comparison came out as claimed.
    Holds,
    /// At least one did not.
    DoesNotHold,
    /// A comparison lacks runs, or there is none.
    NotEnoughData,
}

impl Verdict {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::DoesNotHold => "does not hold",
            Self::NotEnoughData => "not enough data",
        }
    }
}

/// A claim with what was measured.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Of which of the paper's experiments, as `E2`.
    pub experiment: &'static str,
    /// What is claimed.
    pub text: &'static str,
    /// When a comparison supports it.
    pub rule: String,
    /// The comparisons.
    pub evidence: Vec<Evidence>,
}

/// A comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// What was compared, with the numbers.
    pub text: String,
    /// Over how many runs.
    pub runs: u64,
    /// Whether it supports the claim; nothing if there are too few runs.
    pub holds: Option<bool>,
}

impl Claim {
    /// What follows from the comparisons.
    pub fn verdict(&self) -> Verdict {
        let outcomes = || self.evidence.iter().map(|evidence| evidence.holds);
        if self.evidence.is_empty() || outcomes().any(|holds| holds.is_none()) {
            Verdict::NotEnoughData
        } else if outcomes().all(|holds| holds == Some(true)) {
            Verdict::Holds
        } else {
            Verdict::DoesNotHold
        }
    }

    /// How the comparisons came out, in a few words.
    pub fn summary(&self) -> String {
        let count = |holds| self.evidence.iter().filter(|one| one.holds == holds).count();
        let open = match count(None) {
            0 => String::new(),
            open => format!(", {open} without enough runs"),
        };
        format!(
            "{} comparisons: {} as claimed, {} otherwise{open}",
            self.evidence.len(),
            count(Some(true)),
            count(Some(false))
        )
    }

    /// How many runs were looked at, those in several comparisons more than once.
    pub fn runs(&self) -> u64 {
        self.evidence.iter().map(|evidence| evidence.runs).sum()
    }
}

/// All claims, in the order of the paper's experiments.
pub fn all(collection: &Collection) -> Vec<Claim> {
    vec![
        schemes::euler_trains_as_well(collection),
        schemes::interchangeable(collection),
        accuracy::ncg_beats_sgd_under_cross_entropy(collection),
        accuracy::on_par_under_l2(collection),
        accuracy::decay_changes_little(collection),
        noise::ncg_is_more_robust(collection),
        noise::decay_hurts_robustness(collection),
        noise::sobolev_tanh_is_the_most_robust(collection),
        noise::estimate_is_measurement(collection),
        noise::decay_damps(collection),
        smoothness::sobolev_is_smooth(collection),
        attacks::moving_is_targeted_for_a_ninth(collection),
        attacks::moving_beats_projected_gradient(collection),
        attacks::long_steps_win_on_ncg(collection),
        attacks::carlini_wagner_goes_far(collection),
        attacks::ncg_is_less_susceptible(collection),
    ]
}

/// A way of training: by which method, whether with decay, whether with Sobolev gradients.
type Kind = (Family, bool, bool);

const SGD: Kind = (Family::Sgd, false, false);
const SGD_DECAY: Kind = (Family::Sgd, true, false);
const NCG: Kind = (Family::Ncg, false, false);
const NCG_DECAY: Kind = (Family::Ncg, true, false);
const NCG_SOBOLEV: Kind = (Family::Ncg, false, true);

/// What a way of training is called in evidence: as the group that was found, if there is one.
fn kind_name(kind: Kind, group: Option<&Group>) -> String {
    if let Some(group) = group {
        return group.line();
    }
    match kind {
        (Family::Sgd, false, _) => "SGD",
        (Family::Sgd, true, _) => "SGD + decay",
        (Family::Ncg, false, false) => "NCG",
        (Family::Ncg, true, false) => "NCG + decay",
        (Family::Ncg, false, true) => "NCG + Sobolev",
        (Family::Ncg, true, true) => "NCG + decay + Sobolev",
    }
    .into()
}

fn is(group: &Group, kind: Kind) -> bool {
    group.family == Some(kind.0) && group.decay == kind.1 && group.sobolev == kind.2
}

/// The first group of a model that is trained so, under Euler's scheme.
fn find<'a>(collection: &'a Collection, model: &str, kind: Kind) -> Option<&'a Group> {
    let mut groups = collection.groups.iter();
    groups.find(|group| group.model() == model && is(group, kind) && group.scheme == "euler")
}

/// The models with this loss and, if one is given, this activation.
fn models(collection: &Collection, loss: Option<&str>, activation: Option<&str>) -> Vec<String> {
    let fits = |model: &String| {
        collection.groups.iter().any(|group| {
            group.model() == *model
                && loss.is_none_or(|loss| group.loss == loss)
                && activation.is_none_or(|activation| group.activation == activation)
        })
    };
    collection.models().into_iter().filter(fits).collect()
}

/// A number of every run of a group that has it.
fn sample(
    collection: &Collection,
    group: Option<&Group>,
    of: impl Fn(&Run) -> Option<f64>,
) -> Moments {
    let runs = group.into_iter().flat_map(|group| group.runs(collection));
    runs.filter_map(of).filter(|value| value.is_finite()).collect()
}

/// A part of each run's own, compared between two ways of training a model.
fn compare_kinds(
    collection: &Collection,
    model: &str,
    [first, second]: [Kind; 2],
    of: impl Fn(&Run) -> Option<f64>,
    holds: impl Fn(f64, f64) -> bool,
) -> Evidence {
    let side = |kind| {
        let group = find(collection, model, kind);
        (kind_name(kind, group), sample(collection, group, &of))
    };
    compare(model, side(first), side(second), percent, holds)
}

/// Two samples with their names, compared where both have runs enough.
fn compare(
    what: &str,
    (first, a): (impl AsRef<str>, Moments),
    (second, b): (impl AsRef<str>, Moments),
    show: impl Fn(&Moments) -> String,
    holds: impl Fn(f64, f64) -> bool,
) -> Evidence {
    let side = |name: &str, moments: &Moments| {
        let runs = if moments.count == 1 { "run" } else { "runs" };
        format!("{name} {} ({} {runs})", show(moments), moments.count)
    };
    let enough = a.count >= LEAST_RUNS && b.count >= LEAST_RUNS;
    Evidence {
        text: format!("{what}: {}, {}", side(first.as_ref(), &a), side(second.as_ref(), &b)),
        runs: a.count + b.count,
        holds: enough.then(|| holds(a.mean, b.mean)),
    }
}

/// One sample, judged where it has runs enough.
fn judge(
    what: &str,
    moments: &Moments,
    show: impl Fn(&Moments) -> String,
    holds: impl Fn(f64) -> bool,
) -> Evidence {
    Evidence {
        text: format!("{what}: {} ({} runs)", show(moments), moments.count),
        runs: moments.count,
        holds: (moments.count >= LEAST_RUNS).then(|| holds(moments.mean)),
    }
}

/// A part as a percentage.
fn percent(moments: &Moments) -> String {
    let text = super::statistics::mean_and_spread(&super::statistics::scaled(moments, 100.0), 2);
    if moments.count == 0 { text } else { format!("{text} %") }
}
