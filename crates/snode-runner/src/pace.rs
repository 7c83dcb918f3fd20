//! How far a training has come, how fast it goes and how long it will take.

use std::fmt;

use snode_experiment::format::show_seconds;

use crate::event::Begin;
use crate::records::IterationRow;

/// The plan of a session, against which progress is measured.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Batches of the whole run.
    batches: usize,
    /// Batches that were done before this session.
    done_before: usize,
    /// Iterations on each batch.
    per_batch: usize,
    time_limit: Option<f64>,
    seconds_before: f64,
}

/// A moment of a session.
#[derive(Clone, Copy, Debug)]
pub struct Progressed {
    /// How much of the run is done, by what ends it first.
    pub completion: Completion,
    /// Batches a second in this session, evaluations not counted.
    pub batches_per_second: f64,
    /// Seconds until the plan is done or the time is up, if a speed is known.
    pub remaining: Option<f64>,
}

/// How much of a run is done, measured by what ends it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Completion {
    /// Of its batches.
    Batches {
        /// Batches done, over all epochs and sessions.
        done: usize,
        /// Batches of the whole run.
        of: usize,
    },
    /// Of its time limit.
    Seconds {
        /// Seconds of training, over all sessions.
        done: f64,
        /// The limit.
        of: f64,
    },
}

impl Completion {
    /// From 0 to 1.
    pub fn fraction(self) -> f64 {
        let (done, of) = match self {
            Self::Batches { done, of } => (done as f64, of as f64),
            Self::Seconds { done, of } => (done, of),
        };
        if of > 0.0 { (done / of).clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// As `12/80 batches` or `34 s of 110 s`.
impl fmt::Display for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batches { done, of } => write!(f, "{done}/{of} batches"),
            Self::Seconds { done, of } => {
                write!(f, "{} of {}", show_seconds(*done), show_seconds(*of))
            }
        }
    }
}

impl Pace {
    /// For a session that begins so.
    pub fn new(begin: &Begin) -> Self {
        Self {
            batches: begin.batches,
            done_before: begin.batches_done,
            per_batch: begin.iterations.max(1),
            time_limit: begin.time_limit,
            seconds_before: begin.continued.as_ref().map_or(0.0, |continued| continued.seconds),
        }
    }

    /// Where the session begins.
    pub fn start(&self) -> Completion {
        Completion::Batches { done: self.done_before, of: self.batches }
    }

    /// Where the session is after an iteration, with so many batches done.
    pub fn after(&self, record: &IterationRow, batches: usize) -> Progressed {
        let of_this = ((record.iteration + 1) % self.per_batch) as f64 / self.per_batch as f64;
        let done = batches as f64 + of_this;
        let speed = (done - self.done_before as f64) / (record.seconds - self.seconds_before);
        let by_plan = (self.batches as f64 - done).max(0.0) / speed;
        let plan = Completion::Batches { done: batches, of: self.batches };
        let (completion, remaining) = match self.time_limit {
            Some(limit) if limit - record.seconds < by_plan => {
                let remaining = (limit - record.seconds).max(0.0);
                (Completion::Seconds { done: record.seconds.min(limit), of: limit }, remaining)
            }
            _ => (plan, by_plan),
        };
        Progressed {
            completion,
            batches_per_second: speed,
            remaining: remaining.is_finite().then_some(remaining),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::records::Step;

    use super::*;

    #[test]
    fn progress_is_that_towards_the_end_which_comes_first() {
        let begin = |time_limit| Begin {
            name: "a".into(),
            batches_done: 0,
            batches: 20,
            iterations: 2,
            time_limit,
            continued: None,
            results: "a.h5".into(),
            experiment: serde_json::Value::Null,
        };
        let after = |time_limit, number: usize| {
            let row = IterationRow {
                epoch: 0,
                batch: number / 2,
                iteration: number % 2,
                cost: 1.0,
                gradient_norm: 1.0,
                seconds: 0.5 * (number + 1) as f64,
                step: Step::Stochastic { learning_rate: 0.1 },
            };
            Pace::new(&begin(time_limit)).after(&row, number.div_ceil(2))
        };
        let free = after(None, 3);
        assert_eq!(
            (free.completion, free.batches_per_second),
            (Completion::Batches { done: 2, of: 20 }, 1.0)
        );
        assert_eq!(
            (free.completion.to_string(), free.completion.fraction()),
            ("2/20 batches".into(), 0.1)
        );
        assert_eq!(free.remaining, Some(18.0));
        let limited = after(Some(5.0), 3);
        assert_eq!(limited.remaining, Some(3.0));
        assert_eq!(limited.completion, Completion::Seconds { done: 2.0, of: 5.0 });
        assert_eq!(
            (limited.completion.to_string(), limited.completion.fraction()),
            ("2.0 s of 5.0 s".into(), 0.4)
        );
        // Time that is past counts as none, and a limit beyond the plan ends nothing.
        let late = after(Some(1.5), 3);
        assert_eq!((late.remaining, late.completion.fraction()), (Some(0.0), 1.0));
        assert_eq!(after(Some(25.0), 3).completion, free.completion);
    }
}
