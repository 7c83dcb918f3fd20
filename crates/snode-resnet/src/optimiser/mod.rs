//! Optimisers: how a parameter moves, given the derivative of the cost by it.

mod adam;
mod momentum;
mod plain;
mod rmsprop;

use snode_ode::{Parameters, ParametersMut, Real};
use snode_train::OptionError;

pub use adam::Adam;
pub use momentum::Momentum;
pub use plain::Plain;
pub use rmsprop::{EpsilonPlace, RmsProp};

use crate::update::{Factors, Sums, update};

/// An optimiser with its options.
///
/// Each works on every parameter by itself, with g the derivative of the cost by it and α the
/// learning rate. AdamW is [`Adam`] with decoupled weight decay
/// ([`SgdOptions::weight_decay`](crate::SgdOptions::weight_decay)).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Optimiser {
    /// Gradient descent.
    Plain(Plain),
    /// Gradient descent with momentum, heavy-ball or Nesterov's.
    Momentum(Momentum),
    /// RMSprop.
    RmsProp(RmsProp),
    /// Adam.
    Adam(Adam),
}

impl Default for Optimiser {
    /// RMSprop, the paper's.
    fn default() -> Self {
        Self::RmsProp(RmsProp::default())
    }
}

impl Optimiser {
    /// Refuses options that make no sense.
    ///
    /// # Errors
    /// [`OptionError`].
    pub fn check(self) -> Result<(), OptionError> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Momentum(options) => options.check(),
            Self::RmsProp(options) => options.check(),
            Self::Adam(options) => options.check(),
        }
    }

    /// The names of the arrays it keeps from step to step, each of the parameters' shape.
    pub fn state_names(self) -> &'static [&'static str] {
        match self {
            Self::Plain(_) => &[],
            Self::Momentum(_) => Momentum::STATE,
            Self::RmsProp(options) => options.state_names(),
            Self::Adam(_) => Adam::STATE,
        }
    }

    /// Step number `step` (from 0) with the learning rate α = `rate`. `state` has an array for each
    /// of [`Self::state_names`].
    pub(crate) fn update<T: Real>(
        self,
        step: u64,
        rate: f64,
        factors: Factors<T>,
        parameters: ParametersMut<'_, T>,
        gradient: &Parameters<T>,
        state: &mut [Parameters<T>],
    ) -> Sums {
        let nodes = parameters.nodes();
        let (p, g) = (parameters.as_mut_slice(), gradient.as_slice());
        match self {
            Self::Plain(_) => update(Plain::rule(rate), factors, nodes, p, g, []),
            Self::Momentum(options) => {
                update::<T, 1>(options.rule(rate), factors, nodes, p, g, arrays(state))
            }
            Self::RmsProp(options) => match (options.centred, options.momentum > 0.0) {
                (false, false) => {
                    update::<T, 1>(options.rule(rate), factors, nodes, p, g, arrays(state))
                }
                (true, false) => update::<T, 2>(
                    options.rule(rate).centred(),
                    factors,
                    nodes,
                    p,
                    g,
                    arrays(state),
                ),
                (false, true) => update::<T, 2>(
                    options.rule(rate).with_momentum(),
                    factors,
                    nodes,
                    p,
                    g,
                    arrays(state),
                ),
                (true, true) => update::<T, 3>(
                    options.rule(rate).centred().with_momentum(),
                    factors,
                    nodes,
                    p,
                    g,
                    arrays(state),
                ),
            },
            Self::Adam(options) => {
                update::<T, 2>(options.rule(rate, step), factors, nodes, p, g, arrays(state))
            }
        }
    }
}

/// The arrays of the state, as many as there are.
fn arrays<T: Real, const N: usize>(state: &mut [Parameters<T>]) -> [&mut [T]; N] {
    debug_assert_eq!(state.len(), N);
    let mut state = state.iter_mut();
    std::array::from_fn(|_| state.next().map(Parameters::as_mut_slice).unwrap_or_default())
}
