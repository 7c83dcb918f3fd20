//! How well a network does on data whose targets are known.

use faer::{Mat, MatRef};
use snode_ode::{Network, Readout, Real, Scheme, SolveError, Statistics};

use super::{Fit, Score};
use crate::seen::Seen;
use crate::{Objective, Targets, TrainError};

/// Data a network is measured on.
#[derive(Clone, Debug)]
pub struct EvaluationSet<T> {
    /// What it is called: `test`, `validation`.
    pub name: String,
    /// The data points, d×N, one a column: d is n, unless the network lifts its data.
    pub x: Mat<T>,
    /// N targets.
    pub targets: Targets,
}

impl<T: Real> EvaluationSet<T> {
    /// Carries the set through the network and compares.
    ///
    /// # Errors
    /// If shapes or targets do not fit, or a state is not finite.
    pub fn score(
        &self,
        scheme: &dyn Scheme<T>,
        network: &Network<T>,
        objective: &Objective<T>,
    ) -> Result<Score, TrainError> {
        let loss = objective.loss();
        let (output, _) = outputs(scheme, network, self.x.as_ref(), loss.scores())?;
        if self.targets.is_empty() && self.x.ncols() == 0 {
            return Ok(Score::none(loss.target_kind()));
        }
        let mut terminal = Mat::zeros(output.nrows(), output.ncols());
        let targets = self.targets.as_ref();
        let value =
            loss.value_and_terminal(network, output.as_ref(), targets, terminal.as_mut())?;
        let fit = Fit::of(output.as_ref(), targets, loss.scores());
        Ok(Score { fit, total: self.targets.len(), cost: value.total() })
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
