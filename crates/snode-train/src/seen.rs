//! What the loss sees of a final state (S41).

use faer::{Mat, MatMut, MatRef};
use snode_ode::{Network, Readout, Real, Scores};

use crate::TrainError;

/// What the loss sees of a final state: the state itself under the readout `components`, as (S4) says,
/// else the scores.
#[derive(Clone, Debug)]
pub(crate) struct Seen<T> {
    scores: Option<Scores<T>>,
    /// Scores, those of a perturbation, and λ of them.
    memory: [Mat<T>; 3],
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self { scores: None, memory: [Mat::new(), Mat::new(), Mat::new()] }
    }
}

impl<T: Real> Seen<T> {
    /// Prepares for states of a network and C = `classes` classes. Allocates where something has changed.
    fn prepare(
        &mut self,
        network: &Network<T>,
        classes: usize,
        columns: usize,
    ) -> Result<&mut Self, TrainError> {
        let (readout, map) = (network.readout(), network.map());
        if readout == Readout::Components {
            self.scores = None;
            return Ok(self);
        }
        if !self.scores.as_ref().is_some_and(|scores| scores.is_of(readout, map, classes)) {
            self.scores = Some(Scores::new(readout, map, classes)?);
        }
        for memory in &mut self.memory {
            if memory.shape() != (classes, columns) {
                *memory = Mat::zeros(classes, columns);
            }
        }
        Ok(self)
    }

    /// What is seen of some states.
    pub(crate) fn state<'a>(
        &'a mut self,
        network: &Network<T>,
        classes: usize,
        state: MatRef<'a, T>,
    ) -> Result<MatRef<'a, T>, TrainError> {
        let Self { scores: Some(scores), memory: [z, ..] } =
            self.prepare(network, classes, state.ncols())?
        else {
            return Ok(state);
        };
        scores.read(state, z.as_mut());
        Ok(z.as_ref())
    }

    /// What is seen of some states and of a perturbation of them.
    pub(crate) fn perturbed<'a>(
        &'a mut self,
        network: &Network<T>,
        classes: usize,
        [state, perturbation]: [MatRef<'a, T>; 2],
    ) -> Result<[MatRef<'a, T>; 2], TrainError> {
        let Self { scores: Some(scores), memory: [z, zeta, _] } =
            self.prepare(network, classes, state.ncols())?
        else {
            return Ok([state, perturbation]);
        };
        scores.read(state, z.as_mut());
        scores.read(perturbation, zeta.as_mut());
        Ok([z.as_ref(), zeta.as_ref()])
    }

    /// Calls `loss` with what is seen of some states and a place for its derivative, and pulls that back to
    /// the states, in `terminal`.
    pub(crate) fn differentiate<R>(
        &mut self,
        network: &Network<T>,
        classes: usize,
        state: MatRef<'_, T>,
        mut terminal: MatMut<'_, T>,
        loss: impl FnOnce(MatRef<'_, T>, MatMut<'_, T>) -> Result<R, TrainError>,
    ) -> Result<R, TrainError> {
        let Self { scores: Some(scores), memory: [z, _, lambda] } =
            self.prepare(network, classes, state.ncols())?
        else {
            return loss(state, terminal);
        };
        scores.read(state, z.as_mut());
        let value = loss(z.as_ref(), lambda.as_mut())?;
        scores.pull_back(lambda.as_ref(), terminal.as_mut());
        Ok(value)
    }
}
