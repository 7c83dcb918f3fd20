//! `snode gradcheck`: checks the derivatives of an experiment's network.

use std::path::PathBuf;

use clap::Args;
use faer::Mat;
use snode_ode::{
    Grid, Initialisation, Interpolation, Network, Parameters, SchemeChoice, initialise,
};
use snode_train::{Accuracy, BatchSource, GradientCheck, Targets, check_gradient};

use super::pool;
use crate::error::{Error, Result};
use crate::output::print;
use crate::table::{align_right, plain_table, text};
use snode_experiment::images::EncodedBatches;
use snode_experiment::with_precision;
use snode_experiment::{Precision, Prepared, ResolvedExperiment};
use snode_runner::Number;
use snode_runner::initial_network;

/// Arguments of `snode gradcheck`.
#[derive(Debug, Args)]
pub struct GradcheckArgs {
    /// The experiment, a TOML file.
    pub file: PathBuf,
    /// Sets a key, e.g. precision=f64; can be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The largest gap in the adjoint identity that passes, in place of round-off or of an adaptive
    /// scheme's accuracy.
    #[arg(long, value_name = "NUMBER")]
    pub tolerance: Option<f64>,
}

/// The lowest order of a remainder that passes; exact derivatives have 2.
const LOWEST_RATE: f64 = 1.9;

/// The same where σ has a kink: a step of size ε carries a part of the order of ε of all
/// pre-activations across it, and there the derivative is wrong by a jump. Their sum of squares
/// falls like ε·ε², so exact derivatives have the order 3/2, with some scatter where the network is
/// small and kinks are few; wrong ones have 1.
const LOWEST_RATE_WITH_KINK: f64 = 1.1;

/// The largest gaps in the adjoint identity that pass, by the parameters and by the input: round-off
/// with room for the length of the sums, or what an adaptive scheme's derivatives are good for.
fn largest_gaps(precision: Precision, accuracy: Accuracy) -> [f64; 2] {
    let round_off = match precision {
        Precision::F32 => 1e-5,
        Precision::F64 => 1e-11,
    };
    [round_off + accuracy.derivatives + 5.0 * accuracy.gradient, round_off + accuracy.derivatives]
}

/// The experiment's scheme as it is to be checked, how far it can be trusted, and the tolerance it
/// solves to, where it has one.
///
/// An adaptive scheme's derivatives are those of the continuous problem: they are checked at a tight
/// tolerance, and up to a multiple of it. Its gradient is sampled at the nodes, so that its inner
/// product with a direction is an integral by the trapezoid rule; see [`refined`].
fn checked_scheme(experiment: &ResolvedExperiment) -> (SchemeChoice, Accuracy, Option<f64>) {
    match *experiment.scheme() {
        SchemeChoice::Adaptive(options) => {
            let tight = match (experiment.keys().precision, options.method.is_implicit()) {
                (Precision::F32, _) => 2e-6,
                (Precision::F64, true) => 1e-8,
                (Precision::F64, false) => 1e-9,
            };
            let tolerance = options.rtol.min(options.atol).min(tight);
            let accuracy =
                Accuracy { states: tolerance, derivatives: 100.0 * tolerance, gradient: 2e-3 };
            (SchemeChoice::Adaptive(options.tolerance(tolerance)), accuracy, Some(tolerance))
        }
        exact => (exact, Accuracy::EXACT, None),
    }
}

/// Nodes on which the trapezoid rule is good to [`Accuracy::gradient`] for parameters that are smooth
/// between integer times.
const NODES: usize = 128;

/// The same parameters as functions of depth, on so many nodes that the gradient sampled there can be
/// integrated.
fn refined<T: Number>(network: Network<T>) -> Result<Network<T>> {
    let grid = *network.grid();
    let layers = grid.steps() * NODES.div_ceil(grid.steps());
    if layers == grid.steps() {
        return Ok(network);
    }
    let fine = Grid::new(grid.horizon(), layers, grid.endpoint())
        .map_err(|error| Error::Usage(error.to_string()))?;
    let mut parameters = Parameters::zeros(network.map(), fine.nodes());
    for node in 0..fine.nodes() {
        let stencil = Interpolation::Hermite.stencil(&grid, fine.time(node));
        network.parameters().interpolate(&stencil, parameters.node_mut(node));
    }
    let refined = Network::new(parameters, fine, network.activation());
    let refined = refined.map_err(|error| Error::Usage(error.to_string()))?;
    Ok(refined.with_ends_of(&network))
}

/// Checks gradient and sensitivity of the initial network on the experiment's first batch, along
/// a random direction.
///
/// # Errors
/// If the experiment is refused or the check fails.
pub fn run(args: &GradcheckArgs) -> Result<()> {
    let prepared = Prepared::read(&args.file, &args.set)?;
    let experiment = prepared.experiment.keys();
    let check = pool(experiment.threads)?
        .install(|| with_precision!(experiment.precision, T => check::<T>(&prepared)))?;
    let (_, accuracy, solved_to) = checked_scheme(&prepared.experiment);
    let [parameters, input] = match args.tolerance {
        Some(tolerance) => [tolerance; 2],
        None => largest_gaps(experiment.precision, accuracy),
    };
    let has_kink = experiment.network.activation.has_kink();
    let lowest = if has_kink { LOWEST_RATE_WITH_KINK } else { LOWEST_RATE };
    let verdicts = [
        Verdict::at_least("order of the cost's remainder", check.cost_rate, lowest),
        Verdict::at_least("order of the state's remainder", check.state_rate, lowest),
        Verdict::at_most("adjoint identity, parameters", check.parameter_gap, parameters),
        Verdict::at_most("adjoint identity, input", check.input_gap, input),
    ];
    let tolerance = solved_to.map_or_else(String::new, |tolerance| {
        format!("solved to a tolerance of {tolerance:e} (rtol and atol)\n\n")
    });
    print(&format!("{tolerance}{}", report(&check, &verdicts)))?;
    let of = |outcome: Outcome| {
        let with = verdicts.iter().filter(|verdict| verdict.outcome == outcome);
        with.map(|verdict| verdict.what).collect::<Vec<_>>().join(", ")
    };
    let (failed, not_checked) = (of(Outcome::Fails), of(Outcome::NotChecked));
    let file = args.file.display();
    if !failed.is_empty() {
        let message = format!("{file}: the derivatives are not what they should be: {failed}");
        return Err(Error::Check(message));
    }
    if !not_checked.is_empty() {
        return Err(Error::Check(format!(
            "{file}: not checked: {not_checked}; found fewer than three remainders above the \
             accuracy of the scheme; expected more, as with precision = \"f64\""
        )));
    }
    Ok(())
}

fn check<T: Number>(prepared: &Prepared) -> Result<GradientCheck> {
    let experiment = prepared.experiment.keys();
    let (scheme, accuracy, _) = checked_scheme(&prepared.experiment);
    let network = initial_network::<T>(prepared)?;
    let network = match scheme {
        SchemeChoice::Adaptive(_) => refined(network)?,
        _ => network,
    };
    let mut batches = EncodedBatches::<T>::new(
        &prepared.train,
        prepared.encoding,
        experiment.seed,
        experiment.training.batch_size,
    )?;
    let mut data = Mat::zeros(prepared.pixels(), batches.batch_size());
    let mut targets = Targets::default();
    batches.load(0, 0, data.as_mut(), &mut targets)?;
    let mut x = Mat::zeros(network.width(), batches.batch_size());
    network.lifting().lift(data.as_ref(), x.as_mut());
    // A gradient sampled at nodes is good for directions that are smooth between them.
    let how = match scheme {
        SchemeChoice::Adaptive(_) => Initialisation::Spline,
        _ => Initialisation::Independent,
    };
    let direction = initialise(how, network.map(), network.grid(), experiment.seed.wrapping_add(1));
    let objective = prepared.objective().build::<T>();
    let mut scheme = snode_runner::device::scheme::<T>(&scheme)?;
    let (scheme, x, targets) = (scheme.as_mut(), x.as_ref(), targets.as_ref());
    Ok(check_gradient(scheme, &network, objective, x, targets, &direction, accuracy)?)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passes,
    Fails,
    NotChecked,
}

impl Outcome {
    fn of(passes: bool) -> Self {
        if passes { Self::Passes } else { Self::Fails }
    }
}

struct Verdict {
    what: &'static str,
    found: String,
    expected: String,
    outcome: Outcome,
}

impl Verdict {
    fn at_least(what: &'static str, rate: Option<f64>, least: f64) -> Self {
        let (found, outcome) = match rate {
            Some(rate) => (format!("{rate:.3}"), Outcome::of(rate >= least)),
            None => ("too few remainders".into(), Outcome::NotChecked),
        };
        Self { what, found, expected: format!("at least {least}"), outcome }
    }

    fn at_most(what: &'static str, gap: f64, most: f64) -> Self {
        Self {
            what,
            found: format!("{gap:.2e}"),
            expected: format!("at most {most:e}"),
            outcome: Outcome::of(gap <= most),
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
    summary.set_header(["check", "found", "expected", ""]);
    for verdict in verdicts {
        let mark = match verdict.outcome {
            Outcome::Passes => "passes",
            Outcome::Fails => "FAILS",
            Outcome::NotChecked => "not checked",
        };
        summary.add_row([verdict.what, &verdict.found, &verdict.expected, mark]);
    }
    format!("{}\n\n{}\n", text(&remainders), text(&summary))
}
