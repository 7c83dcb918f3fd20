//! The update of all parameters by an optimiser: one fused pass over parameters, gradient and state.
//!
//! The pass is bound by memory, so everything that needs the same numbers goes with it: the factor
//! h of (S21), weight decay of both kinds (S25), and the sums for the record. It is compiled for the
//! machine's vector unit, divided between the threads of the current rayon pool, and its results
//! have the same bits for any number of them.

use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;
use snode_ode::Real;

/// The formula of an optimiser for one number, with N numbers of state.
pub(crate) trait Rule<T, const N: usize>: Copy + Send + Sync {
    /// From the derivative by the number and its state before: its state after, and what is
    /// subtracted from it.
    fn step(self, derivative: T, state: [T; N]) -> ([T; N], T);
}

/// The numbers of an update that are the same for every optimiser.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Factors<T> {
    /// h, which makes the derivative of the gradient (S21).
    pub step: T,
    /// μ₄.
    pub mu4: T,
    /// 1 − αλ: what decoupled weight decay leaves of a parameter.
    pub keep: T,
}

/// Sums over all numbers, of the parameters before the update.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sums {
    /// Of the squares of the L²-gradient (S6), weight decay included.
    pub gradient: f64,
    /// Of the squares of the parameters.
    pub parameters: f64,
}

/// Updates parameters and state by the rule, given the L²-gradient without weight decay.
///
/// All slices have one length, which `pieces` divides; the sums are taken piece by piece.
pub(crate) fn update<T: Real, const N: usize>(
    rule: impl Rule<T, N>,
    factors: Factors<T>,
    pieces: usize,
    parameters: &mut [T],
    gradient: &[T],
    state: [&mut [T]; N],
) -> Sums {
    if pieces <= 1 {
        return Arch::new().dispatch(Fused { rule, factors, parameters, gradient, state });
    }
    let left_pieces = pieces / 2;
    let at = parameters.len() / pieces * left_pieces;
    let (left, right) = parameters.split_at_mut(at);
    let (left_gradient, right_gradient) = gradient.split_at(at);
    let mut right_state: [&mut [T]; N] = std::array::from_fn(|_| Default::default());
    let mut rest = right_state.iter_mut();
    let left_state = state.map(|array| {
        let (left, right) = array.split_at_mut(at);
        if let Some(place) = rest.next() {
            *place = right;
        }
        left
    });
    let (left, right) = rayon::join(
        || update(rule, factors, left_pieces, left, left_gradient, left_state),
        || update(rule, factors, pieces - left_pieces, right, right_gradient, right_state),
    );
    Sums {
        gradient: left.gradient + right.gradient,
        parameters: left.parameters + right.parameters,
    }
}

/// How much room there must be below the largest numbers for [`decay_fits`].
const HEADROOM: f64 = 4096.0;

/// Whether weight decay leaves norms finite: the squares of the parameters, and of μ₄ times them, have a
/// sum with room for the squares of a gradient. One pass over the parameters.
pub(crate) fn decay_fits<T: Real>(mu4: f64, parameters: &[T]) -> bool {
    let factor = T::from_f64(mu4.max(1.0) * HEADROOM);
    parameters.par_chunks(CHUNK).all(|chunk| {
        Arch::new().dispatch(|| {
            let mut sums = [T::ZERO; LANES];
            let (blocks, rest) = chunk.as_chunks::<LANES>();
            for block in blocks {
                for i in 0..LANES {
                    let value = block[i] * factor;
                    sums[i] = value.mul_add(value, sums[i]);
                }
            }
            for (sum, value) in sums.iter_mut().zip(rest) {
                let value = *value * factor;
                *sum = value.mul_add(value, *sum);
            }
            sums.iter().all(|sum| sum.is_finite())
        })
    })
}

/// How many parameters a thread looks at in one piece.
const CHUNK: usize = 1 << 15;

/// Numbers that are updated together, and partial sums kept in registers.
const LANES: usize = 32;

struct Fused<'a, T, R, const N: usize> {
    rule: R,
    factors: Factors<T>,
    parameters: &'a mut [T],
    gradient: &'a [T],
    state: [&'a mut [T]; N],
}

impl<T: Real, R: Rule<T, N>, const N: usize> NullaryFnOnce for Fused<'_, T, R, N> {
    type Output = Sums;

    #[inline(always)]
    fn call(self) -> Sums {
        let Self { rule, factors, parameters, gradient, state } = self;
        let (mut gradient_sums, mut parameter_sums) = ([T::ZERO; LANES], [T::ZERO; LANES]);
        let (blocks, rest) = parameters.as_chunks_mut::<LANES>();
        let (gradient_blocks, gradient_rest) = gradient.as_chunks::<LANES>();
        for (b, (p, g)) in blocks.iter_mut().zip(gradient_blocks).enumerate() {
            // Copies: no two of them can overlap, so that the loop becomes vector code.
            let mut local = [[T::ZERO; LANES]; N];
            for n in 0..N {
                local[n].copy_from_slice(&state[n][b * LANES..(b + 1) * LANES]);
            }
            let mut new = *p;
            for i in 0..LANES {
                let u = new[i].mul_add(factors.mu4, g[i]);
                gradient_sums[i] = u.mul_add(u, gradient_sums[i]);
                parameter_sums[i] = new[i].mul_add(new[i], parameter_sums[i]);
                let before: [T; N] = std::array::from_fn(|n| local[n][i]);
                let (after, change) = rule.step(factors.step * u, before);
                for n in 0..N {
                    local[n][i] = after[n];
                }
                new[i] = new[i].mul_add(factors.keep, -change);
            }
            *p = new;
            for n in 0..N {
                state[n][b * LANES..(b + 1) * LANES].copy_from_slice(&local[n]);
            }
        }
        let done = blocks.len() * LANES;
        for (i, (p, g)) in rest.iter_mut().zip(gradient_rest).enumerate() {
            let u = p.mul_add(factors.mu4, *g);
            gradient_sums[i] = u.mul_add(u, gradient_sums[i]);
            parameter_sums[i] = p.mul_add(*p, parameter_sums[i]);
            let before: [T; N] = std::array::from_fn(|n| state[n][done + i]);
            let (after, change) = rule.step(factors.step * u, before);
            for n in 0..N {
                state[n][done + i] = after[n];
            }
            *p = p.mul_add(factors.keep, -change);
        }
        let sum = |sums: [T; LANES]| sums.iter().map(|sum| sum.to_f64()).sum();
        Sums { gradient: sum(gradient_sums), parameters: sum(parameter_sums) }
    }
}
