//! From single to double precision, exactly.

use faer::Mat;
use snode_ode::{Network, Parameters};
use snode_train::Memory;

use crate::{Checkpoint, RunRecord, StoredNetwork};

impl RunRecord<f32> {
    /// The same with every number as `f64`, which loses nothing.
    pub fn widen(&self) -> RunRecord<f64> {
        let checkpoint = self.checkpoint.as_ref().map(|checkpoint| Checkpoint {
            position: checkpoint.position,
            memory: checkpoint.memory.as_ref().map(memory),
            perturbed: checkpoint.perturbed.as_ref().map(|inputs| {
                Mat::from_fn(inputs.nrows(), inputs.ncols(), |i, j| inputs[(i, j)].into())
            }),
        });
        RunRecord {
            info: self.info.clone(),
            configuration: self.configuration.clone(),
            model: self.model.clone(),
            network: network(&self.network),
            history: self.history.clone(),
            checkpoint,
        }
    }
}

impl StoredNetwork<f32> {
    /// The same with every number as `f64`, which loses nothing.
    pub fn widen(&self) -> StoredNetwork<f64> {
        StoredNetwork { model: self.model.clone(), network: network(&self.network) }
    }
}

fn memory(narrow: &Memory<f32>) -> Memory<f64> {
    let mut wide = Memory::new();
    for (name, array) in narrow.arrays() {
        wide = wide.with_array(name, parameters(array));
    }
    for (name, number) in narrow.numbers() {
        wide = wide.with_number(name, number);
    }
    wide
}

fn network(narrow: &Network<f32>) -> Network<f64> {
    Network::new(parameters(narrow.parameters()), *narrow.grid(), narrow.activation())
        .expect("the number of nodes is that of a network")
        .with_ends_of(narrow)
}

fn parameters(narrow: &Parameters<f32>) -> Parameters<f64> {
    let mut wide = Parameters::zeros(narrow.map(), narrow.nodes());
    for (to, &from) in wide.as_mut_slice().iter_mut().zip(narrow.as_slice()) {
        *to = from.into();
    }
    wide
}
