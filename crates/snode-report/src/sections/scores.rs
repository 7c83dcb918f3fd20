//! The score of runs on the test data: an accuracy, or the error of a regression.

use snode_analysis::Moments;

use crate::Collection;
use crate::run::Run;
use crate::statistics::{mean_and_spread, scaled, short};

/// Which scores some of the runs have: each has a column.
#[derive(Clone, Copy)]
pub(super) struct Scores {
    accuracy: bool,
    error: bool,
}

impl Scores {
    /// Those that the runs of a collection have.
    pub fn of(collection: &Collection) -> Self {
        let error = collection.runs().any(|run| run.errors().is_some());
        let accuracy = !error || collection.runs().any(|run| run.accuracy().is_some());
        Self { accuracy, error }
    }

    /// Of what there is for both, what the runs have.
    fn choose<T>(self, accuracy: T, error: T) -> Vec<T> {
        let accuracy = self.accuracy.then_some(accuracy);
        accuracy.into_iter().chain(self.error.then_some(error)).collect()
    }

    /// Their columns in files.
    pub fn columns(self) -> Vec<&'static str> {
        self.choose("accuracy", "mean_squared_error")
    }

    /// Their headings.
    pub fn header(self) -> Vec<&'static str> {
        self.choose("accuracy [%]", "mean squared error")
    }

    /// Those of one run in full precision.
    pub fn full(self, run: &Run) -> Vec<String> {
        let text = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        self.choose(text(run.accuracy()), text(error(run)))
    }

    /// Those of one run.
    pub fn shown(self, run: &Run) -> Vec<String> {
        self.over(&[run])
    }

    /// Their means over runs, with standard deviations where there are several.
    pub fn over(self, runs: &[&Run]) -> Vec<String> {
        let moments = |of: fn(&Run) -> Option<f64>| -> Moments {
            runs.iter().filter_map(|run| of(run)).filter(|value| value.is_finite()).collect()
        };
        let accuracy = mean_and_spread(&scaled(&moments(Run::accuracy), 100.0), 2);
        self.choose(accuracy, short(&moments(error)))
    }
}

fn error(run: &Run) -> Option<f64> {
    run.errors().map(|(errors, _)| errors.mean_square)
}
