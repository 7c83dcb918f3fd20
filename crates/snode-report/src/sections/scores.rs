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
        let (accuracy, error) = moments(runs);
        self.choose(mean_and_spread(&scaled(&accuracy, 100.0), 2), short(&error))
    }

    /// The same in full precision: a mean and a standard deviation for each.
    pub fn over_in_full(self, runs: &[&Run]) -> Vec<String> {
        let (accuracy, error) = moments(runs);
        let numbers = self.choose(accuracy, error).into_iter();
        let texts = numbers.map(|moments| match moments.count {
            0 => [String::new(), String::new()],
            _ => [moments.mean, moments.standard_deviation()].map(|number| number.to_string()),
        });
        texts.flatten().collect()
    }
}

/// Accuracies and errors of runs.
fn moments(runs: &[&Run]) -> (Moments, Moments) {
    let of = |value: fn(&Run) -> Option<f64>| -> Moments {
        runs.iter().filter_map(|run| value(run)).filter(|value| value.is_finite()).collect()
    };
    (of(Run::accuracy), of(error))
}

fn error(run: &Run) -> Option<f64> {
    run.errors().map(|(errors, _)| errors.mean_square)
}
