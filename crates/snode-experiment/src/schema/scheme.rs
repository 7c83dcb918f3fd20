//! `[network] scheme` and `[solver]`: how the equation is solved.

use serde::{Deserialize, Serialize};
use snode_ode::{
    AdaptiveOptions, ErrorNorm, Interpolation, Method, Precision, SchemeChoice, SolverKeys,
};

use super::list::Element;
use crate::format::plain;

/// The name of a numerical scheme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
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
    /// All schemes, fixed steps first.
    pub const ALL: [Self; 9] = [
        Self::Euler,
        Self::Rk2,
        Self::Rk4,
        Self::Tsit5,
        Self::Dopri5,
        Self::Bs3,
        Self::Bdf,
        Self::TrBdf2,
        Self::Esdirk34,
    ];

    /// As it is written.
    pub fn text(self) -> &'static str {
        self.choice().name()
    }

    /// The scheme that is written so.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.text() == text)
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

/// What is wrong with a tolerance for a scheme, if anything is.
pub fn tolerance_problem(
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
