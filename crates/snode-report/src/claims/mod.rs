//! The paper's claims, each held against what was measured.
//!
//! A claim is a list of comparisons by a rule that is said beside the verdict. It holds if every
//! comparison that the runs were planned for comes out so; it is not judged where one of them has too
//! few runs. Where there are several groups of a kind, each is compared with each, so that no order
//! decides; groups that differ in more than the claim is about are not compared, and why is said.

mod accuracy;
mod attacks;
mod comparable;
mod noise;
mod schemes;
mod smoothness;
#[cfg(test)]
mod synthetic;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use snode_analysis::Moments;

use self::comparable::{Freedom, unequal};
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
    /// What there is differs in more than the claim is about.
    NotComparable,
}

impl Verdict {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::DoesNotHold => "does not hold",
            Self::NotEnoughData => "not enough data",
            Self::NotComparable => "not comparable",
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

/// How a comparison came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As claimed.
    Supports,
    /// Otherwise.
    Contradicts,
    /// There are too few runs to say.
    TooFewRuns,
    /// The two sides differ in more than the claim is about, so that nothing was compared.
    Unequal,
}

impl Outcome {
    /// That of a comparison.
    fn of(holds: bool) -> Self {
        if holds { Self::Supports } else { Self::Contradicts }
    }

    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Supports => "as claimed",
            Self::Contradicts => "otherwise",
            Self::TooFewRuns => "too few runs",
            Self::Unequal => "not comparable",
        }
    }
}

/// A comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// What was compared, with the numbers.
    pub text: String,
    /// Over how many runs.
    pub runs: u64,
    /// How it came out.
    pub outcome: Outcome,
}

impl Evidence {
    /// Two sides that are not compared, with the reason.
    fn unequal(what: &str, sides: [&str; 2], reason: &str) -> Self {
        let [first, second] = sides;
        let text = format!("{what}: {first} and {second} are not compared: {reason}");
        Self { text, runs: 0, outcome: Outcome::Unequal }
    }
}

impl Claim {
    /// What follows from the comparisons.
    pub fn verdict(&self) -> Verdict {
        let has = |outcome| self.evidence.iter().any(|evidence| evidence.outcome == outcome);
        if has(Outcome::TooFewRuns) {
            Verdict::NotEnoughData
        } else if has(Outcome::Contradicts) {
            Verdict::DoesNotHold
        } else if has(Outcome::Supports) {
            Verdict::Holds
        } else if has(Outcome::Unequal) {
            Verdict::NotComparable
        } else {
            Verdict::NotEnoughData
        }
    }

    /// How the comparisons came out, in a few words.
    pub fn summary(&self) -> String {
        let all = [Outcome::Supports, Outcome::Contradicts, Outcome::TooFewRuns, Outcome::Unequal];
        let counts = all.map(|outcome| {
            (outcome, self.evidence.iter().filter(|one| one.outcome == outcome).count())
        });
        let is_said = |(outcome, count): &(Outcome, usize)| {
            *count > 0 || matches!(outcome, Outcome::Supports | Outcome::Contradicts)
        };
        let said = counts.into_iter().filter(is_said);
        let said: Vec<String> =
            said.map(|(outcome, count)| format!("{count} {}", outcome.text())).collect();
        format!("{} comparisons: {}", self.evidence.len(), said.join(", "))
    }

    /// How many runs were looked at, those in several comparisons more than once.
    pub fn runs(&self) -> u64 {
        self.evidence.iter().map(|evidence| evidence.runs).sum()
    }
}

/// Whether every run has the paper's network and training: its claims are about those.
pub fn is_the_papers(collection: &Collection) -> bool {
    let mut experiments = collection.groups.iter().map(|group| group.experiment(collection));
    experiments.all(|experiment| {
        experiment.is_some_and(|experiment| {
            let (network, training) = (&experiment.network, &experiment.training);
            let [rows, columns] = experiment.data.size.unwrap_or_default();
            (rows, columns, network.layers, training.batch_size) == (14, 14, 150, 100)
                && network.horizon == 3.0
                && training.epochs >= 10
        })
    })
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

/// What a way of training is called.
fn kind_name(kind: Kind) -> &'static str {
    match kind {
        (Family::Sgd, false, _) => "SGD",
        (Family::Sgd, true, _) => "SGD + decay",
        (Family::Ncg, false, false) => "NCG",
        (Family::Ncg, true, false) => "NCG + decay",
        (Family::Ncg, false, true) => "NCG + Sobolev",
        (Family::Ncg, true, true) => "NCG + decay + Sobolev",
    }
}

fn is(group: &Group, kind: Kind) -> bool {
    group.family == Some(kind.0) && group.decay == kind.1 && group.sobolev == kind.2
}

/// The groups of a model that are trained so, under Euler's scheme.
fn find<'a>(collection: &'a Collection, model: &str, kind: Kind) -> Vec<&'a Group> {
    let fits =
        |group: &&Group| group.model() == model && is(group, kind) && group.scheme == "euler";
    collection.groups.iter().filter(fits).collect()
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
fn sample(collection: &Collection, group: &Group, of: impl Fn(&Run) -> Option<f64>) -> Moments {
    let runs = group.runs(collection);
    runs.filter_map(of).filter(|value| value.is_finite()).collect()
}

/// A number of each run, and under which conditions it was measured: those of two sides that are
/// compared must be the same.
struct Measure<N, C> {
    number: N,
    conditions: C,
}

/// What a run has, if it has it.
type OfRun<T> = fn(&Run) -> Option<T>;

/// A measure whose conditions are those of the experiment.
fn accuracy() -> Measure<OfRun<f64>, OfRun<String>> {
    Measure { number: Run::accuracy, conditions: |_| None }
}

/// A question: what is compared between two ways of training a model, and what is claimed of it.
struct Question<'a, N, C, H> {
    kinds: [Kind; 2],
    freedom: Freedom,
    measure: &'a Measure<N, C>,
    show: fn(&Moments) -> String,
    holds: H,
}

impl<N, C, H> Question<'_, N, C, H>
where
    N: Fn(&Run) -> Option<f64>,
    C: Fn(&Run) -> Option<String>,
    H: Fn(f64, f64) -> bool,
{
    /// Every group of one kind compared with every group of the other that is equal to it but for
    /// what is asked about; where one has no equal, why.
    fn ask(&self, collection: &Collection, model: &str) -> Vec<Evidence> {
        let [firsts, seconds] = self.kinds.map(|kind| find(collection, model, kind));
        let names = self.kinds.map(kind_name);
        let number = |group: &Group| sample(collection, group, &self.measure.number);
        let none = Moments::default();
        let compared =
            |a: (&str, Moments), b: (&str, Moments)| compare(model, a, b, self.show, &self.holds);
        let all = |groups: &[&Group], of: &dyn Fn(&Group) -> Evidence| -> Vec<Evidence> {
            groups.iter().map(|group| of(group)).collect()
        };
        match (firsts.as_slice(), seconds.as_slice()) {
            ([], []) => vec![compared((names[0], none), (names[1], none))],
            (firsts, []) => {
                all(firsts, &|group| compared((&group.line(), number(group)), (names[1], none)))
            }
            ([], seconds) => {
                all(seconds, &|group| compared((names[0], none), (&group.line(), number(group))))
            }
            (firsts, seconds) => self.ask_each(collection, model, firsts, seconds),
        }
    }

    fn ask_each(
        &self,
        collection: &Collection,
        model: &str,
        firsts: &[&Group],
        seconds: &[&Group],
    ) -> Vec<Evidence> {
        let number = |group: &Group| sample(collection, group, &self.measure.number);
        let reason = |a: &Group, b: &Group| {
            unequal(collection, [a, b], self.freedom)
                .or_else(|| self.measured_otherwise(collection, a, b))
        };
        let pairs: Vec<(&Group, &Group, Option<String>)> = firsts
            .iter()
            .flat_map(|a| seconds.iter().map(move |b| (*a, *b)))
            .map(|(a, b)| (a, b, reason(a, b)))
            .collect();
        let has_equal = |group: &Group| {
            let mut equal = pairs.iter().filter(|(_, _, reason)| reason.is_none());
            equal.any(|(a, b, _)| std::ptr::eq(*a, group) || std::ptr::eq(*b, group))
        };
        let evidence = pairs.iter().filter_map(|(a, b, reason)| match reason {
            None => Some(compare(
                model,
                (a.line(), number(a)),
                (b.line(), number(b)),
                self.show,
                &self.holds,
            )),
            Some(_) if has_equal(a) && has_equal(b) => None,
            Some(reason) => Some(Evidence::unequal(model, [&a.line(), &b.line()], reason)),
        });
        evidence.collect()
    }

    /// In which way two groups were measured under different conditions.
    fn measured_otherwise(&self, collection: &Collection, a: &Group, b: &Group) -> Option<String> {
        let conditions = |group: &Group| -> BTreeSet<String> {
            group.runs(collection).filter_map(&self.measure.conditions).collect()
        };
        let (a, b) = (conditions(a), conditions(b));
        (!a.is_empty() && !b.is_empty() && a != b).then(|| {
            let text = |side: BTreeSet<String>| side.into_iter().collect::<Vec<_>>().join(" and ");
            format!("measured differently, {} and {}", text(a), text(b))
        })
    }
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
        outcome: if enough { Outcome::of(holds(a.mean, b.mean)) } else { Outcome::TooFewRuns },
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
        outcome: if moments.count >= LEAST_RUNS {
            Outcome::of(holds(moments.mean))
        } else {
            Outcome::TooFewRuns
        },
    }
}

/// A part as a percentage.
fn percent(moments: &Moments) -> String {
    let text = super::statistics::mean_and_spread(&super::statistics::scaled(moments, 100.0), 2);
    if moments.count == 0 { text } else { format!("{text} %") }
}
