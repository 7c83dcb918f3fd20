//! The choices of an adaptive scheme.

use std::fmt;
use std::str::FromStr;

use crate::{Interpolation, OptionError, Real};

/// A method with step-length control.
///
/// ```
/// use snode_ode::Method;
/// assert_eq!("dopri5".parse::<Method>().unwrap(), Method::Dopri5);
/// assert_eq!(Method::TrBdf2.to_string(), "tr-bdf2");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// Tsitouras 5(4), explicit.
    #[default]
    Tsit5,
    /// Dormand–Prince 5(4), explicit: what MATLAB's `ode45` is.
    Dopri5,
    /// Bogacki–Shampine 3(2), explicit: what MATLAB's `ode23` is.
    Bs3,
    /// Backward differentiation formulas of order 1 to 5, implicit.
    Bdf,
    /// Trapezoid rule and second-order backward differences, a singly diagonally implicit method.
    TrBdf2,
    /// A singly diagonally implicit method of order 3 with an explicit first stage.
    Esdirk34,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Tsit5, Self::Dopri5, Self::Bs3, Self::Bdf, Self::TrBdf2, Self::Esdirk34];

    /// Its name in configurations and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tsit5 => "tsit5",
            Self::Dopri5 => "dopri5",
            Self::Bs3 => "bs3",
            Self::Bdf => "bdf",
            Self::TrBdf2 => "tr-bdf2",
            Self::Esdirk34 => "esdirk34",
        }
    }

    /// Whether each step solves equations, with an n×n matrix per data point that is factorised
    /// again and again.
    pub fn is_implicit(self) -> bool {
        matches!(self, Self::Bdf | Self::TrBdf2 | Self::Esdirk34)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no method has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no adaptive method is called {0:?}; there are tsit5, dopri5, bs3, bdf, tr-bdf2 and esdirk34"
)]
pub struct UnknownMethod(String);

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(text: &str) -> Result<Self, UnknownMethod> {
        Self::ALL
            .into_iter()
            .find(|method| method.name() == text)
            .ok_or_else(|| UnknownMethod(text.into()))
    }
}

/// How the errors of a step, q_i = e_i / (atol + rtol |x_i|) for every number of the batch, become
/// one number that decides (S18): a step is accepted if it is below 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum ErrorNorm {
    /// The root of the mean of q² over the whole batch: the usual one.
    #[default]
    Rms,
    /// The largest |q|: what MATLAB's solvers do, and the strictest.
    Max,
    /// The largest root mean square of a data point: no point is sacrificed to the others.
    PerSample,
}

/// An adaptive scheme's choices. Depths are in the units of T.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaptiveOptions {
    /// The method.
    pub method: Method,
    /// Error per step relative to the state.
    pub rtol: f64,
    /// Error per step beside it. For the adjoint and sensitivity problems, which are linear, it is
    /// relative to the size of what they start from, so that scaling a cost scales its gradient.
    pub atol: f64,
    /// How errors are measured. Implicit methods know [`ErrorNorm::PerSample`] only.
    pub norm: ErrorNorm,
    /// The first step of the direct problem; estimated from the right-hand side if not given.
    pub first_step: Option<f64>,
    /// The longest step that may be taken, if there is to be one.
    pub max_step: Option<f64>,
    /// How many steps, accepted or rejected, a solve may try.
    pub max_steps: usize,
    /// How parameters are read between the nodes.
    pub interpolation: Interpolation,
}

impl Default for AdaptiveOptions {
    fn default() -> Self {
        Self {
            method: Method::default(),
            rtol: 1e-3,
            atol: 1e-3,
            norm: ErrorNorm::default(),
            first_step: None,
            max_step: None,
            max_steps: 10_000,
            interpolation: Interpolation::default(),
        }
    }
}

impl AdaptiveOptions {
    /// Both tolerances set to one number.
    #[must_use]
    pub fn tolerance(self, tolerance: f64) -> Self {
        Self { rtol: tolerance, atol: tolerance, ..self }
    }

    /// The shortest step worth trying on (0, T\] with numbers of type `T`.
    pub(super) fn shortest_step<T: Real>(horizon: f64) -> f64 {
        4.0 * T::EPSILON.to_f64() * horizon
    }

    /// Whether a solve with numbers of type `T` can be done.
    ///
    /// # Errors
    /// The first option that is out of range.
    pub fn check<T: Real>(&self) -> Result<(), OptionError> {
        let smallest = 8.0 * T::EPSILON.to_f64();
        let refuse =
            |option, found: f64, allowed: String| Err(OptionError { option, found, allowed });
        if !(self.rtol >= smallest && self.rtol < 1.0) {
            return refuse(
                "rtol",
                self.rtol,
                format!("{smallest:.1e} (what {} can hold) or more, less than 1", T::NAME),
            );
        }
        if !(T::from_f64(self.atol) > T::ZERO && self.atol.is_finite()) {
            let allowed = format!("a positive number that {} can hold", T::NAME);
            return refuse("atol", self.atol, allowed);
        }
        for (option, step) in [("first_step", self.first_step), ("max_step", self.max_step)] {
            if let Some(step) = step
                && !(step > 0.0 && step.is_finite())
            {
                return refuse(option, step, "a positive number".into());
            }
        }
        if self.max_steps == 0 {
            return refuse("max_steps", 0.0, "1 step or more".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_read_as_they_are_written() {
        for method in Method::ALL {
            assert_eq!(method.to_string().parse::<Method>(), Ok(method));
        }
        assert!("ode45".parse::<Method>().is_err());
    }

    #[test]
    fn impossible_options_are_refused_by_name() {
        let good = AdaptiveOptions::default();
        assert_eq!(good.check::<f32>(), Ok(()));
        for (bad, option) in [
            (AdaptiveOptions { rtol: 0.0, ..good }, "rtol"),
            (AdaptiveOptions { rtol: f64::NAN, ..good }, "rtol"),
            (AdaptiveOptions { rtol: 1e-7, ..good }, "rtol"),
            (AdaptiveOptions { atol: 0.0, ..good }, "atol"),
            (AdaptiveOptions { atol: 1e-200, ..good }, "atol"),
            (AdaptiveOptions { first_step: Some(-1.0), ..good }, "first_step"),
            (AdaptiveOptions { max_step: Some(f64::NAN), ..good }, "max_step"),
            (AdaptiveOptions { max_steps: 0, ..good }, "max_steps"),
        ] {
            assert_eq!(bad.check::<f32>().unwrap_err().option, option);
        }
        assert_eq!(AdaptiveOptions { rtol: 1e-7, ..good }.check::<f64>(), Ok(()));
    }
}
