//! What a solver has seen of the numbers it computes with, for the reason why it stops.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::Stop;

/// What the last numbers looked at were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// All finite.
    Finite,
    /// Infinite or NaN.
    NotFinite,
    /// Finite, but not when divided by the tolerance.
    NormNotFinite,
}

/// A note of [`Numbers`] that vectors and equations of one solve share.
#[derive(Debug, Default)]
pub(super) struct Seen(AtomicU8);

impl Seen {
    pub(super) fn set(&self, numbers: Numbers) {
        self.0.store(numbers as u8, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> Numbers {
        match self.0.load(Ordering::Relaxed) {
            0 => Numbers::Finite,
            1 => Numbers::NotFinite,
            _ => Numbers::NormNotFinite,
        }
    }

    /// Why a solver that has seen this stops, if it is this.
    pub(super) fn stop(&self) -> Option<Stop> {
        match self.get() {
            Numbers::Finite => None,
            Numbers::NotFinite => Some(Stop::NotFinite),
            Numbers::NormNotFinite => Some(Stop::ErrorNormNotFinite),
        }
    }
}
