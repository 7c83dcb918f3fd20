//! How far a training has come, how fast it goes and how long it will take.

use crate::event::Begin;
use crate::records::IterationRow;

/// The plan of a session, against which progress is measured.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Batches of the whole run.
    pub batches: usize,
    /// Batches that were done before this session.
    pub done_before: usize,
    /// Iterations on each batch.
    per_batch: usize,
    time_limit: Option<f64>,
    seconds_before: f64,
    /// Iterations of this session.
    iterations: usize,
}

/// A moment of a session.
#[derive(Clone, Copy, Debug)]
pub struct Progressed {
    /// Batches done, over all epochs and sessions.
    pub batches: usize,
    /// Batches a second in this session, evaluations not counted.
    pub batches_per_second: f64,
    /// Seconds until the plan is done or the time is up, if a speed is known.
    pub remaining: Option<f64>,
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
            iterations: 0,
        }
    }

    /// Where the session is after one more iteration, with so many batches done.
    pub fn after(&mut self, record: &IterationRow, batches: usize) -> Progressed {
        self.iterations += 1;
        let per_batch = self.per_batch as f64;
        let speed = self.iterations as f64 / per_batch / (record.seconds - self.seconds_before);
        let of_this = (record.iteration + 1) % self.per_batch;
        let done = batches as f64 + of_this as f64 / per_batch;
        let by_plan = (self.batches as f64 - done).max(0.0) / speed;
        let until = |limit: f64| (limit - record.seconds).max(0.0);
        let remaining = by_plan.min(self.time_limit.map_or(f64::INFINITY, until));
        Progressed {
            batches,
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
    fn time_that_remains_is_the_shorter_of_plan_and_limit() {
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
        let last = |time_limit| {
            let mut pace = Pace::new(&begin(time_limit));
            let after = |number: usize| IterationRow {
                epoch: 0,
                batch: number / 2,
                iteration: number % 2,
                cost: 1.0,
                gradient_norm: 1.0,
                seconds: 0.5 * (number + 1) as f64,
                step: Step::Stochastic { learning_rate: 0.1 },
            };
            let all = (0..4).map(|number| pace.after(&after(number), number.div_ceil(2)));
            all.last().unwrap()
        };
        let free = last(None);
        assert_eq!((free.batches, free.batches_per_second), (2, 1.0));
        assert_eq!(free.remaining, Some(18.0));
        assert_eq!(last(Some(5.0)).remaining, Some(3.0));
    }
}
