//! `snode gradcheck`: checks the derivatives of an experiment's network.

use std::path::PathBuf;

use clap::Args;
use faer::Mat;
use snode_ode::{Initialisation, SchemeChoice, initialise};
use snode_train::{Accuracy, BatchSource, GradientCheck, check_gradient};

use super::pool;
use crate::config::{self, Experiment, Precision};
use crate::encoded::EncodedBatches;
use crate::error::{Error, Result};
use crate::number::{Number, with_precision};
use crate::output::print;
use crate::prepare::Prepared;
use crate::report::{align_right, plain_table, text};
use crate::session::initial_network;

/// Arguments of `snode gradcheck`.
#[derive(Debug, Args)]
pub struct GradcheckArgs {
    /// The experiment, a TOML file.
    pub file: PathBuf,
    /// Sets a key, e.g. precision=f64; can be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// The lowest order of a remainder that passes; exact derivatives have 2.
const LOWEST_RATE: f64 = 1.9;

/// The same where σ has a kink: a step of size ε carries a part of the order of ε of all
/// pre-activations across it, and there the derivative is wrong by a jump. Their sum of squares
/// falls like ε·ε², so exact derivatives have the order 3/2, with some scatter where the network is
/// small and kinks are few; wrong ones have 1.
const LOWEST_RATE_WITH_KINK: f64 = 1.1;

/// The largest gap in the adjoint identity that passes: round-off with room for the length of the
/// sums, or what an adaptive scheme's derivatives are good for.
fn largest_gap(precision: Precision, accuracy: Accuracy) -> f64 {
    let round_off = match precision {
        Precision::F32 => 1e-5,
        Precision::F64 => 1e-11,
    };
    round_off + accuracy.derivatives
}

/// The experiment's scheme as it is to be checked, and how far it can be trusted.
///
/// An adaptive scheme's derivatives are those of the continuous problem: they are checked at a tight
/// tolerance, and up to it. Its gradient is sampled at the nodes and integrated by the trapezoid
/// rule, whose error falls with the square of the number of layers; 10 is a generous constant.
fn checked_scheme(experiment: &Experiment) -> (SchemeChoice, Accuracy) {
    match config::scheme(experiment) {
        SchemeChoice::Adaptive(options) => {
            let tight = match experiment.precision {
                Precision::F32 => 2e-6,
                Precision::F64 => 1e-9,
            };
            let tolerance = options.rtol.min(options.atol).min(tight);
            let layers = experiment.network.layers as f64;
            let derivatives = 10.0 * tolerance + 10.0 / layers.powi(2);
            let accuracy = Accuracy { states: tolerance, derivatives };
            (SchemeChoice::Adaptive(options.tolerance(tolerance)), accuracy)
        }
        exact => (exact, Accuracy::EXACT),
    }
}

/// Checks gradient and sensitivity of the initial network on the experiment's first batch, along
/// a random direction.
///
/// # Errors
/// If the experiment is refused or the check fails.
pub fn run(args: &GradcheckArgs) -> Result<()> {
    let prepared = Prepared::read(&args.file, &args.set)?;
    let experiment = &prepared.experiment;
    let check = pool(experiment.threads)?
        .install(|| with_precision!(experiment.precision, T => check::<T>(&prepared)))?;
    let allowed = largest_gap(experiment.precision, checked_scheme(experiment).1);
    let has_kink = experiment.network.activation.has_kink();
    let lowest = if has_kink { LOWEST_RATE_WITH_KINK } else { LOWEST_RATE };
    let verdicts = [
        Verdict::at_least("order of the cost's remainder", check.cost_rate, lowest),
        Verdict::at_least("order of the state's remainder", check.state_rate, lowest),
        Verdict::at_most("adjoint identity, parameters", check.parameter_gap, allowed),
        Verdict::at_most("adjoint identity, input", check.input_gap, allowed),
    ];
    print(&report(&check, &verdicts))?;
    let failed: Vec<&str> =
        verdicts.iter().filter(|verdict| !verdict.passes).map(|verdict| verdict.what).collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Error::Check(format!(
        "{}: the derivatives are not what they should be: {}",
        args.file.display(),
        failed.join(", ")
    )))
}

fn check<T: Number>(prepared: &Prepared) -> Result<GradientCheck> {
    let experiment = &prepared.experiment;
    let network = initial_network::<T>(prepared)?;
    let mut batches = EncodedBatches::<T>::new(
        &prepared.train,
        prepared.encoding,
        experiment.seed,
        experiment.training.batch_size,
    )?;
    let mut x = Mat::zeros(prepared.width(), batches.batch_size());
    let mut labels = vec![0; batches.batch_size()];
    batches.load(0, 0, x.as_mut(), &mut labels)?;
    let (scheme, accuracy) = checked_scheme(experiment);
    // A gradient sampled at nodes is good for directions that are smooth between them.
    let how = match scheme {
        SchemeChoice::Adaptive(_) => Initialisation::Spline,
        _ => Initialisation::Independent,
    };
    let direction =
        initialise(how, network.width(), network.grid(), experiment.seed.wrapping_add(1));
    let cost = config::cost(&experiment.cost, prepared.classes);
    let mut scheme = crate::device::scheme::<T>(&scheme)?;
    let x = x.as_ref();
    Ok(check_gradient(scheme.as_mut(), &network, &cost, x, &labels, &direction, accuracy)?)
}

struct Verdict {
    what: &'static str,
    found: String,
    allowed: String,
    passes: bool,
}

impl Verdict {
    fn at_least(what: &'static str, rate: f64, allowed: f64) -> Self {
        let found = if rate == f64::INFINITY {
            "the remainder vanishes".into()
        } else {
            format!("{rate:.3}")
        };
        Self { what, found, allowed: format!("at least {allowed}"), passes: rate >= allowed }
    }

    fn at_most(what: &'static str, gap: f64, allowed: f64) -> Self {
        Self {
            what,
            found: format!("{gap:.2e}"),
            allowed: format!("at most {allowed:e}"),
            passes: gap <= allowed,
        }
    }
}

fn report(check: &GradientCheck, verdicts: &[Verdict]) -> String {
    let mut remainders = plain_table();
    remainders.set_header(["step", "remainder of the cost", "remainder of the state"]);
    let rows = check.steps.iter().zip(&check.cost_remainders).zip(&check.state_remainders);
    for ((step, cost), state) in rows {
        remainders.add_row([format!("{step:.4e}"), format!("{cost:.4e}"), format!("{state:.4e}")]);
    }
    align_right(&mut remainders, &[0, 1, 2]);
    let mut summary = plain_table();
    summary.set_header(["check", "found", "allowed", ""]);
    for verdict in verdicts {
        let mark = if verdict.passes { "passes" } else { "FAILS" };
        summary.add_row([verdict.what, &verdict.found, &verdict.allowed, mark]);
    }
    format!("{}\n\n{}\n", text(&remainders), text(&summary))
}
