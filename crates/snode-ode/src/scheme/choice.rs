//! Schemes by name.

#[cfg(feature = "adaptive")]
use super::{Adaptive, AdaptiveOptions, Method};
use super::{Euler, RungeKutta, Scheme};
use crate::{Endpoint, Interpolation, OptionError, Real};

/// A scheme with its choices, as configurations and files name it: what solves a network.
///
/// ```
/// use snode_ode::{Endpoint, SchemeChoice};
/// let choice = SchemeChoice::named("rk4").unwrap();
/// assert_eq!((choice.name(), choice.endpoint()), ("rk4", Endpoint::Included));
/// let mut scheme = choice.build::<f32>()?;
/// assert_eq!(scheme.name(), "rk4");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum SchemeChoice {
    /// [`Euler`].
    #[default]
    Euler,
    /// [`RungeKutta`] of order 2, with parameters between the nodes read so.
    Rk2(Interpolation),
    /// [`RungeKutta`] of order 4.
    Rk4(Interpolation),
    /// [`Adaptive`].
    #[cfg(feature = "adaptive")]
    Adaptive(AdaptiveOptions),
}

impl SchemeChoice {
    /// All of them with their defaults.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self::Euler, Self::Rk2(Interpolation::default())];
        all.push(Self::Rk4(Interpolation::default()));
        #[cfg(feature = "adaptive")]
        all.extend(Method::ALL.map(|method| {
            Self::Adaptive(AdaptiveOptions { method, ..AdaptiveOptions::default() })
        }));
        all
    }

    /// The one of this name, with its defaults.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|choice| choice.name() == name)
    }

    /// Its name, which is that of the scheme it builds.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Euler => "euler",
            Self::Rk2(_) => "rk2",
            Self::Rk4(_) => "rk4",
            #[cfg(feature = "adaptive")]
            Self::Adaptive(options) => options.method.name(),
        }
    }

    /// The grid a network has under it: whether T is a node. A network that was trained on the other
    /// one is brought to it by [`Network::with_endpoint`](crate::Network::with_endpoint).
    pub fn endpoint(&self) -> Endpoint {
        match self {
            Self::Euler => Endpoint::Excluded,
            _ => Endpoint::Included,
        }
    }

    /// The scheme, with no memory yet.
    ///
    /// # Errors
    /// If an option is out of range for `T`.
    pub fn build<T: Real>(&self) -> Result<Box<dyn Scheme<T>>, OptionError> {
        Ok(match *self {
            Self::Euler => Box::new(Euler::new()),
            Self::Rk2(interpolation) => Box::new(RungeKutta::midpoint(interpolation)),
            Self::Rk4(interpolation) => Box::new(RungeKutta::classical(interpolation)),
            #[cfg(feature = "adaptive")]
            Self::Adaptive(options) => Box::new(Adaptive::new(options)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_is_found_and_built_by_its_name() {
        for choice in SchemeChoice::all() {
            assert_eq!(SchemeChoice::named(choice.name()), Some(choice));
            assert_eq!(choice.build::<f64>().unwrap().name(), choice.name());
        }
        assert_eq!(SchemeChoice::named("ode45"), None);
    }
}
