//! Noise propagation in a few numbers a layer.

use crate::{AnalysisError, Moments};

/// Mean and standard deviation of (S26) over inputs and draws, at every layer, for one noise level.
#[derive(Clone, Debug, PartialEq)]
pub struct PropagationSummary {
    /// s.
    pub level: f64,
    /// t_k for k = 0 … L.
    pub times: Vec<f64>,
    /// ‖ξ(t_k)‖.
    pub estimated: Vec<Moments>,
    /// ‖x̃(t_k) − x(t_k)‖.
    pub measured: Vec<Moments>,
    /// ‖ξ − (x̃ − x)‖/‖x̃ − x‖, where x̃ ≠ x; its count tells how often that was.
    pub relative_error: Vec<Moments>,
}

impl PropagationSummary {
    /// Nothing yet, for the layers at these times.
    pub(crate) fn empty(level: f64, times: Vec<f64>) -> Self {
        let nothing = vec![Moments::default(); times.len()];
        Self {
            level,
            times,
            estimated: nothing.clone(),
            measured: nothing.clone(),
            relative_error: nothing,
        }
    }

    /// Adds the inputs of another summary to the sample: for runs on other inputs, or for all inputs
    /// of several runs as one sample.
    ///
    /// # Errors
    /// [`AnalysisError::Differ`] if it has another level or other layers.
    pub fn merge(&mut self, other: &Self) -> Result<(), AnalysisError> {
        self.same_kind(other)?;
        for (own, others) in self.parts_mut().into_iter().zip(other.parts()) {
            own.iter_mut().zip(others).for_each(|(own, others)| own.merge(others));
        }
        Ok(())
    }

    /// Mean and standard deviation over runs of each run's mean: the sample is one number a run.
    ///
    /// # Errors
    /// [`AnalysisError::Differ`] if there are no runs, or their levels or layers differ.
    pub fn across_runs(runs: &[Self]) -> Result<Self, AnalysisError> {
        let first = runs.first().ok_or(AnalysisError::Differ)?;
        let mut all = Self::empty(first.level, first.times.clone());
        for run in runs {
            all.same_kind(run)?;
            for (own, others) in all.parts_mut().into_iter().zip(run.parts()) {
                for (own, others) in own.iter_mut().zip(others) {
                    if others.count > 0 {
                        own.add(others.mean);
                    }
                }
            }
        }
        Ok(all)
    }

    fn same_kind(&self, other: &Self) -> Result<(), AnalysisError> {
        if self.level == other.level && self.times == other.times {
            return Ok(());
        }
        Err(AnalysisError::Differ)
    }

    fn parts(&self) -> [&[Moments]; 3] {
        [&self.estimated, &self.measured, &self.relative_error]
    }

    fn parts_mut(&mut self) -> [&mut [Moments]; 3] {
        [&mut self.estimated, &mut self.measured, &mut self.relative_error]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(values: &[f64]) -> PropagationSummary {
        let mut summary = PropagationSummary::empty(0.1, vec![0.0]);
        for part in summary.parts_mut() {
            part[0] = values.iter().copied().collect();
        }
        summary
    }

    #[test]
    fn inputs_are_pooled_and_runs_are_compared() {
        let (mut one, other) = (summary(&[1.0, 3.0]), summary(&[8.0]));
        let across = PropagationSummary::across_runs(&[one.clone(), other.clone()]).unwrap();
        assert_eq!((across.measured[0].count, across.measured[0].mean), (2, 5.0));
        assert!((across.measured[0].standard_deviation() - 18.0_f64.sqrt()).abs() < 1e-15);
        one.merge(&other).unwrap();
        assert_eq!((one.estimated[0].count, one.estimated[0].mean), (3, 4.0));
    }

    #[test]
    fn runs_of_different_kinds_are_refused() {
        let (mut one, mut other) = (summary(&[1.0]), summary(&[1.0]));
        other.level = 0.2;
        assert!(matches!(one.merge(&other), Err(AnalysisError::Differ)));
        assert!(matches!(PropagationSummary::across_runs(&[]), Err(AnalysisError::Differ)));
    }
}
