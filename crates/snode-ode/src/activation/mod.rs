//! Activations σ and their slopes σ′, applied elementwise.
//!
//! One file per activation: a type implementing [`Elementwise`]. [`Activation`] is the closed set
//! that configurations name; a new member is a new file and one line in the table below.

mod elu;
mod identity;
mod relu;
mod sigmoid;
mod smoothed_relu;
mod softplus;
mod tanh;

use std::fmt;
use std::str::FromStr;

pub use elu::Elu;
pub use identity::Identity;
pub use relu::Relu;
pub use sigmoid::Sigmoid;
pub use smoothed_relu::SmoothedRelu;
pub use softplus::Softplus;
pub use tanh::Tanh;

use crate::Real;

/// A scalar function with its derivative, written without branches so that loops over it vectorise.
pub trait Elementwise: Copy + Send + Sync {
    /// (σ(z), σ′(z)). NaN must give NaN in the value.
    fn value_and_slope<T: Real>(self, z: T) -> (T, T);
}

/// The activation σ of a network.
///
/// Its text form, as configurations and files hold it, is the name, followed by the parameter in
/// parentheses where there is one: `tanh`, `elu(0.2)`.
///
/// ```
/// use snode_ode::Activation;
/// let elu: Activation = "elu(0.2)".parse().unwrap();
/// assert_eq!(elu, Activation::Elu { alpha: 0.2 });
/// assert_eq!(elu.to_string(), "elu(0.2)");
/// assert_eq!(Activation::Tanh.value_and_slope(0.0_f64), (0.0, 1.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(into = "String"))]
pub enum Activation {
    /// tanh z.
    Tanh,
    /// max(0, z), with slope 0 at 0.
    Relu,
    /// 1/(1 + e⁻ᶻ).
    Sigmoid,
    /// ln(1 + eᶻ).
    Softplus,
    /// z for z > 0, α(eᶻ − 1) otherwise.
    Elu {
        /// The limit −α for z → −∞ (1 if not given; the authors' prototype has 0.2).
        alpha: f64,
    },
    /// z for z > 0, leak·z otherwise.
    LeakyRelu {
        /// The slope for negative z (0.01 if not given).
        leak: f64,
    },
    /// The ReLU made C¹ by a quadratic on [−0.1, 0.1].
    SmoothedRelu,
    /// The leaky ReLU made C¹ by a quadratic on [−0.1, 0.1].
    SmoothedLeakyRelu {
        /// The slope for z < −0.1 (0.01 if not given).
        leak: f64,
    },
    /// z itself: a linear network.
    Identity,
}

/// Runs `$body` with `$function` bound to the [`Elementwise`] type of an [`Activation`].
macro_rules! with_elementwise {
    ($activation:expr, $function:ident => $body:expr) => {{
        use $crate::activation as members;
        match $activation {
            members::Activation::Tanh => {
                let $function = members::Tanh;
                $body
            }
            members::Activation::Relu => {
                let $function = members::Relu { leak: 0.0 };
                $body
            }
            members::Activation::Sigmoid => {
                let $function = members::Sigmoid;
                $body
            }
            members::Activation::Softplus => {
                let $function = members::Softplus;
                $body
            }
            members::Activation::Elu { alpha } => {
                let $function = members::Elu { alpha };
                $body
            }
            members::Activation::LeakyRelu { leak } => {
                let $function = members::Relu { leak };
                $body
            }
            members::Activation::SmoothedRelu => {
                let $function = members::SmoothedRelu { leak: 0.0 };
                $body
            }
            members::Activation::SmoothedLeakyRelu { leak } => {
                let $function = members::SmoothedRelu { leak };
                $body
            }
            members::Activation::Identity => {
                let $function = members::Identity;
                $body
            }
        }
    }};
}
pub(crate) use with_elementwise;

impl Activation {
    /// The text forms a configuration may use, with the default parameters.
    pub const NAMES: [&'static str; 9] = [
        "tanh",
        "relu",
        "sigmoid",
        "softplus",
        "elu(1)",
        "leaky-relu(0.01)",
        "smoothed-relu",
        "smoothed-leaky-relu(0.01)",
        "identity",
    ];

    /// (σ(z), σ′(z)).
    pub fn value_and_slope<T: Real>(self, z: T) -> (T, T) {
        with_elementwise!(self, f => f.value_and_slope(z))
    }

    /// σ(0): the speed of a state whose pre-activation vanishes, the centre of the μ₃ term in (S4).
    pub fn at_zero(self) -> f64 {
        self.value_and_slope(0.0).0
    }

    /// Whether σ ≥ 0 everywhere. States then only grow in depth, so an L² target below the input
    /// cannot be reached.
    pub fn is_non_negative(self) -> bool {
        matches!(self, Self::Relu | Self::Sigmoid | Self::Softplus | Self::SmoothedRelu)
    }

    /// Whether σ′ jumps somewhere. Remainders of Taylor expansions are of order 3/2 then, not 2: a
    /// step of size ε carries a part of the order of ε of all pre-activations across the kink, and
    /// each of them contributes an error of the order of ε.
    pub fn has_kink(self) -> bool {
        match self {
            Self::Relu => true,
            Self::LeakyRelu { leak } => leak != 1.0,
            Self::Elu { alpha } => alpha != 1.0,
            _ => false,
        }
    }

    fn name_and_parameter(self) -> (&'static str, Option<f64>) {
        match self {
            Self::Tanh => ("tanh", None),
            Self::Relu => ("relu", None),
            Self::Sigmoid => ("sigmoid", None),
            Self::Softplus => ("softplus", None),
            Self::Elu { alpha } => ("elu", Some(alpha)),
            Self::LeakyRelu { leak } => ("leaky-relu", Some(leak)),
            Self::SmoothedRelu => ("smoothed-relu", None),
            Self::SmoothedLeakyRelu { leak } => ("smoothed-leaky-relu", Some(leak)),
            Self::Identity => ("identity", None),
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name_and_parameter() {
            (name, None) => f.write_str(name),
            (name, Some(parameter)) => write!(f, "{name}({parameter})"),
        }
    }
}

/// A text that names no activation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no activation is called `{found}`; there are {}", Activation::NAMES.join(", "))]
pub struct UnknownActivation {
    /// The text.
    pub found: String,
}

impl FromStr for Activation {
    type Err = UnknownActivation;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownActivation { found: text.to_owned() };
        let (name, parameter) = match text.split_once('(') {
            None => (text, None),
            Some((name, rest)) => {
                let inside = rest.strip_suffix(')').ok_or_else(unknown)?;
                let value: f64 = inside.trim().parse().map_err(|_| unknown())?;
                if !(value.is_finite() && value >= 0.0) {
                    return Err(unknown());
                }
                (name, Some(value))
            }
        };
        let activation = match name.trim() {
            "tanh" => Self::Tanh,
            "relu" => Self::Relu,
            "sigmoid" => Self::Sigmoid,
            "softplus" => Self::Softplus,
            "elu" => Self::Elu { alpha: parameter.unwrap_or(1.0) },
            "leaky-relu" => Self::LeakyRelu { leak: parameter.unwrap_or(0.01) },
            "smoothed-relu" => Self::SmoothedRelu,
            "smoothed-leaky-relu" => Self::SmoothedLeakyRelu { leak: parameter.unwrap_or(0.01) },
            "identity" => Self::Identity,
            _ => return Err(unknown()),
        };
        if parameter.is_some() && activation.name_and_parameter().1.is_none() {
            return Err(unknown());
        }
        Ok(activation)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Activation {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let text = String::deserialize(from)?;
        text.parse().map_err(|_| D::Error::unknown_variant(&text, &Self::NAMES))
    }
}

impl TryFrom<String> for Activation {
    type Error = UnknownActivation;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Activation> for String {
    fn from(activation: Activation) -> Self {
        activation.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms_round_trip() {
        for name in Activation::NAMES {
            let activation: Activation = name.parse().unwrap();
            assert_eq!(activation.to_string(), name);
        }
        assert_eq!("elu".parse(), Ok(Activation::Elu { alpha: 1.0 }));
        for wrong in ["", "tan", "tanh(1)", "elu(", "elu(x)", "elu(nan)", "elu(-1)", "relu(0.1)"] {
            assert!(wrong.parse::<Activation>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn nan_is_never_hidden() {
        for name in Activation::NAMES {
            let activation: Activation = name.parse().unwrap();
            assert!(activation.value_and_slope(f64::NAN).0.is_nan(), "{name}");
            assert!(activation.value_and_slope(f32::NAN).0.is_nan(), "{name}");
        }
    }

    #[test]
    fn slopes_are_the_derivatives() {
        let step = 1e-6;
        for name in Activation::NAMES {
            let activation: Activation = name.parse().unwrap();
            for i in -400..400 {
                let z = f64::from(i) * 0.02 + 0.003;
                let (right, _) = activation.value_and_slope(z + step);
                let (left, _) = activation.value_and_slope(z - step);
                let (_, slope) = activation.value_and_slope(z);
                assert!((slope - (right - left) / (2.0 * step)).abs() < 1e-8, "{name} at {z}");
            }
        }
    }
}
