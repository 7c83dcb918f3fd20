//! `[network] scheme` and `[solver]`: how the equation is solved.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use snode_ode::{AdaptiveOptions, ErrorNorm, Interpolation, Method, SchemeChoice, SolverKeys};
use snode_store::RunSummary;

use super::list::Element;
use super::{Experiment, Locator, Precision};
use crate::error::{Error, Result};
use crate::format::plain;

/// The name of a numerical scheme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum SchemeName {
    /// Euler's.
    #[default]
    Euler,
    /// Explicit midpoint rule, order 2, a step a layer.
    Rk2,
    /// The classical Runge–Kutta method, order 4, a step a layer.
    Rk4,
    /// Tsitouras 5(4), adaptive.
    Tsit5,
    /// Dormand–Prince 5(4), adaptive.
    Dopri5,
    /// Bogacki–Shampine 3(2), adaptive.
    Bs3,
    /// Backward differentiation formulas, adaptive and implicit.
    Bdf,
    /// TR-BDF2, adaptive and implicit.
    TrBdf2,
    /// ESDIRK34, adaptive and implicit.
    Esdirk34,
}

impl Element<'_> for SchemeName {
    const LIST: &'static str = "a list of names in brackets, e.g. [\"euler\", \"dopri5\"]";
}

impl SchemeName {
    /// As it is written.
    pub fn text(self) -> &'static str {
        self.choice().name()
    }

    /// The scheme that is written so.
    pub fn named(text: &str) -> Option<Self> {
        Self::value_variants().iter().copied().find(|scheme| scheme.text() == text)
    }

    /// The scheme with its default choices.
    fn choice(self) -> SchemeChoice {
        let adaptive = |method| {
            SchemeChoice::Adaptive(AdaptiveOptions { method, ..AdaptiveOptions::default() })
        };
        match self {
            Self::Euler => SchemeChoice::Euler,
            Self::Rk2 => SchemeChoice::Rk2(Interpolation::default()),
            Self::Rk4 => SchemeChoice::Rk4(Interpolation::default()),
            Self::Tsit5 => adaptive(Method::Tsit5),
            Self::Dopri5 => adaptive(Method::Dopri5),
            Self::Bs3 => adaptive(Method::Bs3),
            Self::Bdf => adaptive(Method::Bdf),
            Self::TrBdf2 => adaptive(Method::TrBdf2),
            Self::Esdirk34 => adaptive(Method::Esdirk34),
        }
    }
}

/// `[solver]`: how schemes other than Euler's go about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SolverConfig {
    /// Error per step relative to the state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtol: Option<f64>,
    /// Error per step beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub atol: Option<f64>,
    /// How errors are measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub norm: Option<ErrorNorm>,
    /// The first step of the direct problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_step: Option<f64>,
    /// The longest step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_step: Option<f64>,
    /// How many steps a solve may try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<usize>,
    /// How parameters are read between the nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpolation: Option<Interpolation>,
}

impl SolverConfig {
    /// The keys, as files of networks hold them.
    pub fn keys(&self) -> SolverKeys {
        SolverKeys {
            interpolation: self.interpolation,
            rtol: self.rtol,
            atol: self.atol,
            norm: self.norm.map(written),
            first_step: self.first_step,
            largest_step: self.largest_step,
            budget: self.budget.map(|budget| budget as u64),
        }
    }

    /// Whether no key is given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Gives every key that has a meaning under a scheme its value, and forgets the others: they are
    /// for when the scheme is another one.
    pub fn resolve(&mut self, scheme: SchemeName) {
        *self = match scheme_of(scheme, self) {
            SchemeChoice::Rk2(interpolation) | SchemeChoice::Rk4(interpolation) => {
                Self { interpolation: Some(interpolation), ..Self::default() }
            }
            SchemeChoice::Adaptive(options) => {
                let implicit = options.method.is_implicit();
                let norm = if implicit { ErrorNorm::PerSample } else { options.norm };
                Self {
                    rtol: Some(options.rtol),
                    atol: Some(options.atol),
                    norm: Some(norm),
                    first_step: options.first_step,
                    largest_step: options.max_step,
                    budget: Some(options.max_steps),
                    interpolation: Some(options.interpolation),
                }
            }
            _ => Self::default(),
        };
    }
}

impl From<&SolverKeys> for SolverConfig {
    fn from(keys: &SolverKeys) -> Self {
        let norms = [ErrorNorm::Rms, ErrorNorm::Max, ErrorNorm::PerSample];
        Self {
            rtol: keys.rtol,
            atol: keys.atol,
            norm: norms.into_iter().find(|norm| keys.norm.as_ref() == Some(&written(*norm))),
            first_step: keys.first_step,
            largest_step: keys.largest_step,
            budget: keys.budget.map(|budget| usize::try_from(budget).unwrap_or(usize::MAX)),
            interpolation: keys.interpolation,
        }
    }
}

/// A norm as configurations have it.
fn written(norm: ErrorNorm) -> String {
    toml::Value::try_from(norm).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Whether a scheme chooses its steps by a tolerance.
pub fn is_adaptive(scheme: SchemeName) -> bool {
    matches!(scheme.choice(), SchemeChoice::Adaptive(_))
}

/// The scheme that the keys describe.
pub fn scheme(experiment: &Experiment) -> SchemeChoice {
    scheme_of(experiment.network.scheme, &experiment.solver)
}

/// The scheme a trained network is to be solved by: the one asked for with the keys the run was
/// made with, or the run's own; with this tolerance, if one is asked for and the scheme has one.
///
/// # Errors
/// If a tolerance is asked for that there is not, or the run's scheme is not known.
pub fn scheme_for(
    asked: Option<SchemeName>,
    tolerance: Option<f64>,
    run: &RunSummary,
    experiment: Option<&Experiment>,
) -> Result<SchemeChoice> {
    let stored = stored_solver(run, experiment);
    let choice = match (asked, SchemeName::named(&run.model.scheme)) {
        (Some(name), _) => scheme_of(name, &stored.unwrap_or_default()),
        (None, Some(SchemeName::Euler)) => SchemeChoice::Euler,
        (None, Some(name)) => scheme_of(
            name,
            &stored.ok_or_else(|| {
                let name = &run.model.scheme;
                Error::Usage(format!(
                    "--scheme: the run does not say the options of its scheme `{name}`; name a \
                     scheme, whose defaults are then taken"
                ))
            })?,
        ),
        (None, None) => {
            let name = &run.model.scheme;
            let problem = format!("--scheme: the run's scheme `{name}` is not known; name another");
            return Err(Error::Usage(problem));
        }
    };
    match (choice, tolerance) {
        (choice, None) => Ok(choice),
        (SchemeChoice::Adaptive(options), Some(tolerance)) => {
            let precision = match run.precision {
                snode_store::Precision::F32 => Precision::F32,
                snode_store::Precision::F64 => Precision::F64,
            };
            match tolerance_problem(tolerance, true, precision) {
                Some(problem) => Err(Error::Usage(format!("--tolerance: {problem}"))),
                None => Ok(SchemeChoice::Adaptive(options.tolerance(tolerance))),
            }
        }
        (choice, Some(_)) => Err(Error::Usage(format!(
            "--tolerance: only valid with an adaptive scheme, and the scheme is {}; remove it",
            choice.name()
        ))),
    }
}

/// The options a run was made with: those of its network, or those of its configuration in files
/// of before networks had them.
pub fn stored_solver(run: &RunSummary, experiment: Option<&Experiment>) -> Option<SolverConfig> {
    if run.model.solver.is_empty() {
        return experiment.map(|experiment| experiment.solver.clone());
    }
    Some(SolverConfig::from(&run.model.solver))
}

/// The scheme of this name with the keys of `[solver]` that have a meaning under it.
pub fn scheme_of(name: SchemeName, keys: &SolverConfig) -> SchemeChoice {
    let between = |default| keys.interpolation.unwrap_or(default);
    match name.choice() {
        SchemeChoice::Rk2(default) => SchemeChoice::Rk2(between(default)),
        SchemeChoice::Rk4(default) => SchemeChoice::Rk4(between(default)),
        SchemeChoice::Adaptive(default) => SchemeChoice::Adaptive(AdaptiveOptions {
            method: default.method,
            rtol: keys.rtol.unwrap_or(default.rtol),
            atol: keys.atol.unwrap_or(default.atol),
            norm: keys.norm.unwrap_or(default.norm),
            first_step: keys.first_step,
            max_step: keys.largest_step,
            max_steps: keys.budget.unwrap_or(default.max_steps),
            interpolation: between(default.interpolation),
        }),
        other => other,
    }
}

/// The key of `[solver]` that sets an option of [`AdaptiveOptions`].
fn key_of(option: &str) -> &str {
    match option {
        "max_step" => "largest_step",
        "max_steps" => "budget",
        other => other,
    }
}

/// What is wrong with a tolerance for a scheme, if anything is.
pub(super) fn tolerance_problem(
    tolerance: f64,
    is_adaptive: bool,
    precision: Precision,
) -> Option<String> {
    if !is_adaptive {
        return Some("only valid with an adaptive scheme; remove it".into());
    }
    let options = AdaptiveOptions::default().tolerance(tolerance);
    let checked = match precision {
        Precision::F32 => options.check::<f32>(),
        Precision::F64 => options.check::<f64>(),
    };
    checked.err().map(|error| format!("found {}; expected {}", plain(error.found), error.allowed))
}

/// Checks that the keys of `[solver]` are in range, whether the scheme is one they belong to or not.
///
/// # Errors
/// The first thing found wrong.
pub(super) fn check(experiment: &Experiment, locator: &Locator) -> Result<()> {
    let keys = &experiment.solver;
    let options = match scheme(experiment) {
        SchemeChoice::Adaptive(options) => options,
        _ => match scheme_of(SchemeName::Tsit5, keys) {
            SchemeChoice::Adaptive(options) => options,
            _ => return Ok(()),
        },
    };
    if options.method.is_implicit() && keys.norm.is_some_and(|norm| norm != ErrorNorm::PerSample) {
        let problem = "implicit schemes measure errors by \"per-sample\" only";
        return Err(locator.error("solver.norm", problem));
    }
    let checked = match experiment.precision {
        Precision::F32 => options.check::<f32>(),
        Precision::F64 => options.check::<f64>(),
    };
    checked.map_err(|error| {
        let problem = format!("found {}; expected {}", plain(error.found), error.allowed);
        locator.error(&format!("solver.{}", key_of(error.option)), problem)
    })
}
