//! The group `/checkpoint`, in files that can be continued.

use snode_ode::Network;
use snode_train::{Memory, MemoryScalars, Position};

use crate::read_group::ReadGroup;
use crate::write_group::WriteGroup;
use crate::{Checkpoint, Scalar, StoreError, parameters};

const NAME: &str = "checkpoint";
const WEIGHTS: &str = "direction_weights";
const DIRECTION: &str = "direction_";
const LAST_GRADIENT: &str = "last_gradient_";
const MEMORY_RULE: &str =
    "the memory of the method if and only if a batch is begun, with the network's shape";

pub(crate) fn write<T: Scalar>(
    root: &WriteGroup<'_>,
    network: &Network<T>,
    checkpoint: &Checkpoint<T>,
) -> Result<(), StoreError> {
    let Checkpoint { position, memory } = checkpoint;
    let group = root.child(NAME)?;
    group.attribute("epoch", &(position.epoch as u64))?;
    group.attribute("batch", &(position.batch as u64))?;
    group.attribute("iteration", &(position.iteration as u64))?;
    if memory.is_some() != (position.iteration > 0) {
        let found = format!(
            "at iteration {} of a batch {} memory",
            position.iteration,
            if memory.is_some() { "with a" } else { "without" }
        );
        return Err(group.unwritable(group.name.clone(), found, MEMORY_RULE));
    }
    let Some(memory) = memory else { return Ok(()) };
    let MemoryScalars { gradient_square, gradient_direction, cost } = memory.scalars;
    group.attribute("gradient_square", &gradient_square)?;
    group.attribute("gradient_direction", &gradient_direction)?;
    group.attribute("cost", &cost)?;
    let arrays =
        [(DIRECTION, Some(&memory.direction)), (LAST_GRADIENT, memory.last_gradient.as_ref())];
    for (prefix, array) in arrays {
        let Some(array) = array else { continue };
        if !array.same_shape(&network.parameters) {
            let found = format!("of width {} on {} nodes", array.width(), array.nodes());
            let what = format!("{}/{prefix}weights", group.name);
            return Err(group.unwritable(what, found, MEMORY_RULE));
        }
        parameters::write(&group, prefix, array)?;
    }
    Ok(())
}

/// Where the run goes on, or `None` if it cannot be continued.
pub(crate) fn read_position(root: &ReadGroup<'_>) -> Result<Option<Position>, StoreError> {
    if !root.has(NAME) {
        return Ok(None);
    }
    let group = root.child(NAME)?;
    let position = Position {
        epoch: group.count("epoch")?,
        batch: group.count("batch")?,
        iteration: group.count("iteration")?,
    };
    if group.has(WEIGHTS) != (position.iteration > 0) {
        let found = format!(
            "at iteration {} of a batch {} {WEIGHTS}",
            position.iteration,
            if group.has(WEIGHTS) { "with" } else { "without" }
        );
        return Err(group.value_error(group.name.clone(), found, MEMORY_RULE));
    }
    Ok(Some(position))
}

pub(crate) fn read<T: Scalar>(
    root: &ReadGroup<'_>,
    network: &Network<T>,
) -> Result<Option<Checkpoint<T>>, StoreError> {
    let Some(position) = read_position(root)? else { return Ok(None) };
    if position.iteration == 0 {
        return Ok(Some(Checkpoint { position, memory: None }));
    }
    let group = root.child(NAME)?;
    let scalars = MemoryScalars {
        gradient_square: group.real("gradient_square")?,
        gradient_direction: group.real("gradient_direction")?,
        cost: group.real("cost")?,
    };
    let shape = (network.width(), network.parameters.nodes());
    let direction = parameters::read(&group, DIRECTION, shape)?;
    let last_gradient = if group.has("last_gradient_weights") {
        Some(parameters::read(&group, LAST_GRADIENT, shape)?)
    } else {
        None
    };
    Ok(Some(Checkpoint { position, memory: Some(Memory { direction, last_gradient, scalars }) }))
}
