//! How far a training has come, how fast it goes and how long it will take.

use snode_train::{History, Plan, Position, Snapshot};

/// The plan of a session, against which progress is measured.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Batches of the whole run.
    pub batches: usize,
    /// Batches that were done before this session.
    pub done_before: usize,
    per_epoch: usize,
    iterations: usize,
    time_limit: Option<f64>,
    seconds_before: f64,
    iterations_before: usize,
}

/// A moment of a session.
#[derive(Clone, Copy, Debug)]
pub struct Progressed {
    /// Batches done, over all epochs and sessions.
    pub batches: usize,
    /// Of how many.
    pub of: usize,
    /// Batches a second in this session, evaluations not counted.
    pub batches_per_second: f64,
    /// Seconds until the plan is done or the time is up, if a speed is known.
    pub remaining: Option<f64>,
    /// The cost before the last step.
    pub cost: f64,
}

impl Pace {
    /// For a session that begins at `snapshot`.
    pub fn new<T>(
        snapshot: &Snapshot<T>,
        plan: Plan,
        per_epoch: usize,
        time_limit: Option<f64>,
    ) -> Self {
        let all = plan.epochs.saturating_mul(per_epoch);
        Self {
            batches: plan.batches.map_or(all, |limit| limit.min(all)),
            done_before: snapshot.position.epoch * per_epoch + snapshot.position.batch,
            per_epoch,
            iterations: plan.iterations,
            time_limit,
            seconds_before: snapshot.history.seconds(),
            iterations_before: snapshot.history.iterations.len(),
        }
    }

    /// Where the session is when `position` is the next iteration.
    pub fn at(&self, position: Position, history: &History) -> Progressed {
        let seconds = history.seconds();
        let iterations = (history.iterations.len() - self.iterations_before) as f64;
        let per_batch = self.iterations.max(1) as f64;
        let speed = iterations / per_batch / (seconds - self.seconds_before);
        let batches = position.epoch * self.per_epoch + position.batch;
        let done = batches as f64 + position.iteration as f64 / per_batch;
        let by_plan = (self.batches as f64 - done).max(0.0) / speed;
        let by_time = self.time_limit.map_or(f64::INFINITY, |limit| (limit - seconds).max(0.0));
        let remaining = by_plan.min(by_time);
        Progressed {
            batches,
            of: self.batches,
            batches_per_second: speed,
            remaining: remaining.is_finite().then_some(remaining),
            cost: history.iterations.last().map_or(f64::NAN, |last| last.iteration.cost.total()),
        }
    }
}

#[cfg(test)]
mod tests {
    use snode_ode::{Activation, Endpoint, Grid, Initialisation, Network};
    use snode_train::{Iteration, IterationRecord};

    use super::*;

    #[test]
    fn time_that_remains_is_the_shorter_of_plan_and_limit() {
        let grid = Grid::new(1.0, 1, Endpoint::Excluded).unwrap();
        let network =
            Network::<f64>::initial(1, grid, Activation::Tanh, Initialisation::Constant, 1);
        let snapshot = Snapshot::start(network);
        let plan = Plan { epochs: 2, iterations: 2, ..Plan::default() };
        let mut history = History::default();
        for number in 0..4 {
            history.iterations.push(IterationRecord {
                position: Position { epoch: 0, batch: number / 2, iteration: number % 2 },
                iteration: Iteration::default(),
                seconds: 0.5 * (number + 1) as f64,
            });
        }
        let position = Position { epoch: 0, batch: 2, iteration: 0 };
        let free = Pace::new(&snapshot, plan, 10, None).at(position, &history);
        assert_eq!((free.batches, free.of), (2, 20));
        assert_eq!(free.batches_per_second, 1.0);
        assert_eq!(free.remaining, Some(18.0));
        let limited = Pace::new(&snapshot, plan, 10, Some(5.0)).at(position, &history);
        assert_eq!(limited.remaining, Some(3.0));
        let at_once =
            Pace::new(&snapshot, plan, 10, None).at(Position::default(), &History::default());
        assert_eq!(at_once.remaining, None);
    }
}
