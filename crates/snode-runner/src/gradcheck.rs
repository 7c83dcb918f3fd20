//! The derivatives of an experiment's network, checked on a batch of its images.

use faer::Mat;
use serde::Serialize;
use snode_experiment::images::EncodedBatches;
use snode_experiment::threads::pool;
use snode_experiment::{Precision, Prepared, ResolvedExperiment, with_precision};
use snode_ode::{Initialisation, Interpolation, Network, SchemeChoice, initialise};
use snode_train::{Accuracy, BatchSource, GradientCheck, Targets, check_gradient};

use crate::error::Result;
use crate::number::Number;
use crate::refine::on_layers;
use crate::session::initial_network;

/// What was found of the derivatives of a network.
#[derive(Clone, Debug)]
pub struct CheckedDerivatives {
    /// Remainders and gaps.
    pub check: GradientCheck,
    /// The largest gaps in the adjoint identity that pass, by the parameters and by the input.
    pub largest_gaps: [f64; 2],
    /// The tolerance an adaptive scheme solved to.
    pub solved_to: Option<f64>,
    /// Whether σ has a kink.
    has_kink: bool,
}

impl CheckedDerivatives {
    /// Whether what was found passes; gaps up to `tolerance` do, if one is given.
    pub fn verdicts(&self, tolerance: Option<f64>) -> [Verdict; 4] {
        let (check, [parameters, input]) =
            (&self.check, tolerance.map_or(self.largest_gaps, |tolerance| [tolerance; 2]));
        let lowest = if self.has_kink { LOWEST_RATE_WITH_KINK } else { LOWEST_RATE };
        [
            Verdict::at_least("order of the cost's remainder", check.cost_rate, lowest),
            Verdict::at_least("order of the state's remainder", check.state_rate, lowest),
            Verdict::at_most("adjoint identity, parameters", check.parameter_gap, parameters),
            Verdict::at_most("adjoint identity, input", check.input_gap, input),
        ]
    }
}

/// The lowest order of a remainder that passes; exact derivatives have 2.
const LOWEST_RATE: f64 = 1.9;

/// The same where σ has a kink: a step of size ε carries a part of the order of ε of all
/// pre-activations across it, and there the derivative is wrong by a jump. Their sum of squares
/// falls like ε·ε², so exact derivatives have the order 3/2, with some scatter where the network is
/// small and kinks are few; wrong ones have 1.
const LOWEST_RATE_WITH_KINK: f64 = 1.1;

/// Whether a check passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It does.
    Passes,
    /// It does not.
    Fails,
    /// There is not enough to judge by.
    NotChecked,
}

impl Outcome {
    fn of(passes: bool) -> Self {
        if passes { Self::Passes } else { Self::Fails }
    }
}

/// A check of the derivatives.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// What is checked.
    pub what: &'static str,
    /// What was found.
    pub found: String,
    /// What passes.
    pub expected: String,
    /// Whether it passes.
    pub outcome: Outcome,
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

/// Checks gradient and sensitivity of the initial network on the experiment's first batch, along a
/// random direction.
///
/// # Errors
/// If the network cannot be made or solved.
pub fn check_derivatives(prepared: &Prepared) -> Result<CheckedDerivatives> {
    let experiment = prepared.experiment.keys();
    let check = pool(experiment.threads)?
        .install(|| with_precision!(experiment.precision, T => check::<T>(prepared)))?;
    let (_, accuracy, solved_to) = checked_scheme(&prepared.experiment);
    let largest_gaps = largest_gaps(experiment.precision, accuracy);
    let has_kink = experiment.network.activation.has_kink();
    Ok(CheckedDerivatives { check, largest_gaps, solved_to, has_kink })
}

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
    let layers = network.grid().steps();
    on_layers(network, layers * NODES.div_ceil(layers), Interpolation::Hermite)
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
    let mut scheme = crate::device::scheme::<T>(&scheme)?;
    let (scheme, x, targets) = (scheme.as_mut(), x.as_ref(), targets.as_ref());
    Ok(check_gradient(scheme, &network, objective, x, targets, &direction, accuracy)?)
}
