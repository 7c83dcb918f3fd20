//! Accuracy of a network on labelled data.

use faer::{Mat, MatRef};
use snode_ode::{Network, Real, Scheme};

use crate::{Cost, TrainError};

/// Labelled data a network is measured on.
#[derive(Clone, Debug)]
pub struct EvaluationSet<T> {
    /// What it is called: `test`, `validation`.
    pub name: String,
    /// The data points, n×N, one a column.
    pub x: Mat<T>,
    /// N labels.
    pub labels: Vec<usize>,
}

/// How a network did on a set.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// How many predictions were right.
    pub correct: usize,
    /// Of how many.
    pub total: usize,
    /// The mean cost, without weight decay; 0 for a set without data points.
    pub cost: f64,
}

impl Score {
    /// The fraction that was right, 0 to 1; 0 for a set without data points.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.total.max(1) as f64
    }
}

impl<T: Real> EvaluationSet<T> {
    /// Carries the set through the network and compares.
    ///
    /// # Errors
    /// If shapes or labels do not fit, or a state is not finite.
    pub fn score(
        &self,
        scheme: &dyn Scheme<T>,
        network: &Network<T>,
        cost: &Cost,
    ) -> Result<Score, TrainError> {
        let mut output = Mat::zeros(self.x.nrows(), self.x.ncols());
        scheme.evaluate(network, self.x.as_ref(), output.as_mut())?;
        if self.labels.is_empty() && self.x.ncols() == 0 {
            return Ok(Score::default());
        }
        let centre = cost.centre_for(network);
        let value = cost.value(output.as_ref(), &self.labels, centre)?;
        let predicted = classify(output.as_ref(), cost.classes);
        let correct = predicted.iter().zip(&self.labels).filter(|(p, l)| p == l).count();
        Ok(Score { correct, total: self.labels.len(), cost: value.total() })
    }
}

/// The predicted class of every column: the largest of its first `classes` components, the first
/// of equals.
pub fn classify<T: Real>(output: MatRef<'_, T>, classes: usize) -> Vec<usize> {
    (0..output.ncols())
        .map(|column| {
            let mut best = 0;
            for class in 1..classes.min(output.nrows()) {
                if output[(class, column)] > output[(best, column)] {
                    best = class;
                }
            }
            best
        })
        .collect()
}
