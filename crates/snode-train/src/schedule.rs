//! Schedules: how steps become shorter in the course of a training.

use std::f64::consts::PI;

use crate::OptionError;

/// By which factor steps are multiplied on batch number j, counted from 0 over all epochs: the step
/// length η of nonlinear conjugate gradients (S51), the learning rate of a stochastic method (S25).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Schedule {
    /// 1.
    #[default]
    Constant,
    /// 1 − (1 − c) min(j/`batches`, 1) with c = `factor`: falls along a line and stays there.
    Linear {
        /// After how many batches it has fallen
        batches: usize,
        /// to this part.
        factor: f64,
    },
    /// `factor`^⌊j/`batches`⌋: falls in steps.
    Step {
        /// After how many batches it falls.
        batches: usize,
        /// To which part.
        factor: f64,
    },
    /// `factor`^(j/`batches`): falls steadily.
    Exponential {
        /// After how many batches it has fallen
        batches: usize,
        /// to this part.
        factor: f64,
    },
    /// c + (1 − c)(1 + cos(π min(j/`batches`, 1)))/2 with c = `factor`: falls along half a cosine
    /// and stays there.
    Cosine {
        /// After how many batches it has fallen
        batches: usize,
        /// to this part.
        factor: f64,
    },
}

impl Schedule {
    /// The factor on batch number `batch`.
    pub fn factor(self, batch: u64) -> f64 {
        let part = |batches: usize| batch as f64 / batches as f64;
        match self {
            Self::Constant => 1.0,
            Self::Linear { batches, factor } => 1.0 - (1.0 - factor) * part(batches).min(1.0),
            Self::Step { batches, factor } => factor.powf(part(batches).floor()),
            Self::Exponential { batches, factor } => factor.powf(part(batches)),
            Self::Cosine { batches, factor } => {
                factor + (1.0 - factor) * 0.5 * (1.0 + (PI * part(batches).min(1.0)).cos())
            }
        }
    }

    /// Refuses schedules that do not fall, or fall below 0.
    ///
    /// # Errors
    /// [`OptionError`] with `schedule_batches` or `schedule_factor`.
    pub fn check(self) -> Result<(), OptionError> {
        let (batches, factor, lowest) = match self {
            Self::Constant => return Ok(()),
            Self::Step { batches, factor } | Self::Exponential { batches, factor } => {
                (batches, factor, f64::MIN_POSITIVE)
            }
            Self::Linear { batches, factor } | Self::Cosine { batches, factor } => {
                (batches, factor, 0.0)
            }
        };
        let is_fraction = (lowest..=1.0).contains(&factor);
        let allowed = if lowest == 0.0 { "0 to 1" } else { "more than 0, at most 1" };
        OptionError::require("schedule_batches", batches as f64, batches > 0, "1 or more")?;
        OptionError::require("schedule_factor", factor, is_fraction, allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(schedule: Schedule, batches: [u64; 5]) -> [f64; 5] {
        batches.map(|batch| schedule.factor(batch))
    }

    #[test]
    fn schedules_have_their_closed_forms() {
        let steps = [0, 1, 10, 15, 30];
        assert_eq!(factors(Schedule::Constant, steps), [1.0; 5]);
        let step = Schedule::Step { batches: 10, factor: 0.5 };
        assert_eq!(factors(step, steps), [1.0, 1.0, 0.5, 0.5, 0.125]);
        let exponential = Schedule::Exponential { batches: 10, factor: 0.25 };
        let expected = [1.0, 0.25_f64.powf(0.1), 0.25, 0.125, 0.015_625];
        for (found, expected) in factors(exponential, steps).into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15);
        }
        let linear = Schedule::Linear { batches: 20, factor: 0.2 };
        for (found, expected) in factors(linear, steps).into_iter().zip([1.0, 0.96, 0.6, 0.4, 0.2])
        {
            assert!((found - expected).abs() < 1e-15);
        }
        let cosine = Schedule::Cosine { batches: 20, factor: 0.1 };
        let middle = 0.1 + 0.9 * 0.5 * (1.0 + (PI * 0.75).cos());
        let expected = [1.0, 0.1 + 0.45 * (1.0 + (PI / 20.0).cos()), 0.55, middle, 0.1];
        for (found, expected) in factors(cosine, steps).into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15, "{found} {expected}");
        }
    }

    #[test]
    fn schedules_that_rise_are_refused() {
        let refused = |schedule: Schedule, name: &str| {
            let error = schedule.check().unwrap_err();
            assert_eq!(error.option, name);
        };
        refused(Schedule::Step { batches: 0, factor: 0.5 }, "schedule_batches");
        refused(Schedule::Step { batches: 1, factor: 0.0 }, "schedule_factor");
        refused(Schedule::Exponential { batches: 1, factor: 1.5 }, "schedule_factor");
        refused(Schedule::Linear { batches: 0, factor: 0.5 }, "schedule_batches");
        refused(Schedule::Linear { batches: 1, factor: 1.1 }, "schedule_factor");
        refused(Schedule::Cosine { batches: 1, factor: f64::NAN }, "schedule_factor");
        refused(Schedule::Cosine { batches: 1, factor: -0.1 }, "schedule_factor");
        assert!(Schedule::Cosine { batches: 1, factor: 0.0 }.check().is_ok());
    }
}
