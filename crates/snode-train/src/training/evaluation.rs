//! Accuracy of a network on labelled data.

use faer::{Mat, MatRef};
use snode_ode::{Network, Readout, Real, Scheme, SolveError, Statistics};

use crate::seen::Seen;
use crate::{Cost, TrainError};

/// Labelled data a network is measured on.
#[derive(Clone, Debug)]
pub struct EvaluationSet<T> {
    /// What it is called: `test`, `validation`.
    pub name: String,
    /// The data points, d×N, one a column: d is n, unless the network lifts its data.
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
        let (output, _) = outputs(scheme, network, self.x.as_ref(), cost.classes)?;
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

/// How many columns are lifted at a time.
const CHUNK: usize = 1000;

/// What the loss sees of the final states for some data (d×N): themselves (n×N), or scores (C×N) under a
/// readout other than `components`; and what that cost.
///
/// # Errors
/// If shapes do not fit, or a state is not finite.
pub fn outputs<T: Real>(
    scheme: &dyn Scheme<T>,
    network: &Network<T>,
    data: MatRef<'_, T>,
    classes: usize,
) -> Result<(Mat<T>, Statistics), TrainError> {
    let (n, lifting) = (network.width(), network.lifting());
    let of_scores = network.readout() != Readout::Components;
    let mut seen = Mat::zeros(if of_scores { classes } else { n }, data.ncols());
    if lifting.is_identity() && !of_scores {
        let cost = scheme.evaluate(network, data, seen.as_mut())?;
        return Ok((seen, cost));
    }
    if data.nrows() != lifting.inputs() {
        return Err(TrainError::Solve(SolveError::Shape {
            operation: "the data of a network".into(),
            expected: (lifting.inputs(), data.ncols()),
            found: data.shape(),
        }));
    }
    let (mut reader, mut cost) = (Seen::default(), Statistics::default());
    for first in (0..data.ncols()).step_by(CHUNK) {
        let count = CHUNK.min(data.ncols() - first);
        let (mut x0, mut output) = (Mat::zeros(n, count), Mat::zeros(n, count));
        lifting.lift(data.subcols(first, count), x0.as_mut());
        cost.add(&scheme.evaluate(network, x0.as_ref(), output.as_mut())?);
        let state = reader.state(network, classes, output.as_ref())?;
        seen.as_mut().subcols_mut(first, count).copy_from(state);
    }
    Ok((seen, cost))
}

/// The scores of C = `classes` classes (C×N) that a network gives some data (d×N, one a column).
///
/// # Errors
/// If shapes do not fit, or a state is not finite.
pub fn scores<T: Real>(
    scheme: &dyn Scheme<T>,
    network: &Network<T>,
    data: MatRef<'_, T>,
    classes: usize,
) -> Result<Mat<T>, TrainError> {
    if classes > network.width() {
        return Err(TrainError::Width { width: network.width(), classes });
    }
    Ok(outputs(scheme, network, data, classes)?.0.subrows(0, classes).to_owned())
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
