//! The group `/checkpoint`, in files that can be continued.

use faer::Mat;
use snode_ode::{AffineMap, Network};
use snode_train::{Memory, Position};

use crate::read_group::ReadGroup;
use crate::write_group::{WriteGroup, attribute, object};
use crate::{Checkpoint, Scalar, StoreError, parameters};

const NAME: &str = "checkpoint";
/// The attributes that list what the method remembers, names with commas between.
const ARRAYS: &str = "memory_arrays";
const NUMBERS: &str = "memory_numbers";
/// The perturbed inputs of a batch, [data point, component].
const PERTURBED: &str = "perturbed_inputs";
const PERTURBED_RULE: &str = "one row of the network's width for each data point of a batch";
/// Attributes that are no numbers of a memory.
const RESERVED: [&str; 5] = ["epoch", "batch", "iteration", ARRAYS, NUMBERS];
const MEMORY_RULE: &str = "the memory of the method where a batch is begun";
const SHAPE_RULE: &str = "the network's shape, or square matrices of as many rows or columns";
const NAME_RULE: &str = "different names of 1 to 64 letters a to z, digits and _";

/// What is remembered, by name.
struct Contents {
    arrays: Vec<String>,
    numbers: Vec<String>,
}

impl Contents {
    /// What files list that were written when there was one method.
    fn unlisted(group: &ReadGroup<'_>) -> Self {
        let last_gradient = group.has(&weights("last_gradient")).then_some("last_gradient");
        Self {
            arrays: ["direction"].into_iter().chain(last_gradient).map(Into::into).collect(),
            numbers: ["gradient_square", "gradient_direction", "cost"].map(Into::into).into(),
        }
    }
}

pub(crate) fn write<T: Scalar>(
    root: &WriteGroup<'_>,
    network: &Network<T>,
    checkpoint: &Checkpoint<T>,
) -> Result<(), StoreError> {
    let Checkpoint { position, memory, perturbed } = checkpoint;
    let group = root.child(NAME)?;
    if let Some(inputs) = perturbed {
        let (width, points) = inputs.shape();
        let values: Vec<T> = (0..points).flat_map(|j| inputs.col_as_slice(j)).copied().collect();
        group.matrix(PERTURBED, (points, width), &values)?;
    }
    group.attribute("epoch", &(position.epoch as u64))?;
    group.attribute("batch", &(position.batch as u64))?;
    group.attribute("iteration", &(position.iteration as u64))?;
    let Some(memory) = memory else {
        if position.iteration == 0 {
            return Ok(());
        }
        let found = format!("at iteration {} of a batch without one", position.iteration);
        return Err(group.unwritable(group.name.clone(), found, MEMORY_RULE));
    };
    let arrays: Vec<&str> = memory.arrays().map(|(name, _)| name).collect();
    let numbers: Vec<&str> = memory.numbers().map(|(name, _)| name).collect();
    for (list, names) in [(ARRAYS, &arrays), (NUMBERS, &numbers)] {
        if !are_names(names) {
            let what = attribute(&group.name, list);
            return Err(group.unwritable(what, format!("{names:?}"), NAME_RULE));
        }
        group.text(list, &names.join(","))?;
    }
    for (name, number) in memory.numbers() {
        group.attribute(name, &number)?;
    }
    for (name, array) in memory.arrays() {
        let fits = maps_of_memory(network.map()).contains(&array.map());
        if !fits || array.nodes() != network.parameters().nodes() {
            let found = format!("of width {} on {} nodes", array.width(), array.nodes());
            let what = format!("{}/{}", group.name, weights(name));
            return Err(group.unwritable(what, found, SHAPE_RULE));
        }
        parameters::write(&group, &prefix(name), array)?;
    }
    Ok(())
}

/// Where the run goes on, or `None` if it cannot be continued.
pub(crate) fn read_position(root: &ReadGroup<'_>) -> Result<Option<Position>, StoreError> {
    if !root.has(NAME) {
        return Ok(None);
    }
    let group = root.child(NAME)?;
    let position = read_counts(&group)?;
    read_contents(&group, position)?;
    Ok(Some(position))
}

pub(crate) fn read<T: Scalar>(
    root: &ReadGroup<'_>,
    network: &Network<T>,
) -> Result<Option<Checkpoint<T>>, StoreError> {
    if !root.has(NAME) {
        return Ok(None);
    }
    let group = root.child(NAME)?;
    let position = read_counts(&group)?;
    let perturbed = read_perturbed(&group, network.width())?;
    let Some(contents) = read_contents(&group, position)? else {
        return Ok(Some(Checkpoint { position, memory: None, perturbed }));
    };
    let mut memory = Memory::new();
    for name in &contents.numbers {
        memory = memory.with_number(name, group.real(name)?);
    }
    let nodes = network.parameters().nodes();
    for name in &contents.arrays {
        let found = group.shape(&weights(name))?;
        let is_of =
            |map: &AffineMap| found.get(1..) == Some(&<[usize; 2]>::from(map.weights_shape()));
        let map = maps_of_memory(network.map()).into_iter().find(is_of).unwrap_or(network.map());
        let array = parameters::read(&group, &prefix(name), (map, nodes))?;
        memory = memory.with_array(name, array);
    }
    Ok(Some(Checkpoint { position, memory: Some(memory), perturbed }))
}

fn read_perturbed<T: Scalar>(
    group: &ReadGroup<'_>,
    width: usize,
) -> Result<Option<Mat<T>>, StoreError> {
    if !group.has(PERTURBED) {
        return Ok(None);
    }
    let (shape, values) = group.array::<T>(PERTURBED)?;
    let [points, columns] = shape[..] else {
        return Err(group.shape_error(
            object(&group.name, PERTURBED),
            shape,
            PERTURBED_RULE.into(),
        ));
    };
    if columns != width {
        return Err(group.shape_error(
            object(&group.name, PERTURBED),
            shape,
            PERTURBED_RULE.into(),
        ));
    }
    Ok(Some(Mat::from_fn(width, points, |i, j| values[j * width + i])))
}

fn read_counts(group: &ReadGroup<'_>) -> Result<Position, StoreError> {
    Ok(Position {
        epoch: group.count("epoch")?,
        batch: group.count("batch")?,
        iteration: group.count("iteration")?,
    })
}

/// What is remembered, if anything.
fn read_contents(
    group: &ReadGroup<'_>,
    position: Position,
) -> Result<Option<Contents>, StoreError> {
    if group.attribute_names()?.iter().any(|name| name == ARRAYS) {
        let arrays = read_names(group, ARRAYS)?;
        return Ok(Some(Contents { arrays, numbers: read_names(group, NUMBERS)? }));
    }
    let direction = weights("direction");
    if group.has(&direction) != (position.iteration > 0) {
        let found = format!(
            "at iteration {} of a batch {} {direction}",
            position.iteration,
            if group.has(&direction) { "with" } else { "without" }
        );
        return Err(group.value_error(group.name.clone(), found, MEMORY_RULE));
    }
    Ok((position.iteration > 0).then(|| Contents::unlisted(group)))
}

fn read_names(group: &ReadGroup<'_>, list: &str) -> Result<Vec<String>, StoreError> {
    let text = group.text(list)?;
    let names: Vec<&str> = text.split(',').filter(|_| !text.is_empty()).collect();
    if !are_names(&names) {
        let what = attribute(&group.name, list);
        return Err(group.value_error(what, format_args!("{text:?}"), NAME_RULE));
    }
    Ok(names.into_iter().map(Into::into).collect())
}

fn are_names(names: &[&str]) -> bool {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let is_name = |name: &str| {
        (1..=64).contains(&name.len()) && name.chars().all(is_letter) && !RESERVED.contains(&name)
    };
    names.iter().enumerate().all(|(i, name)| is_name(name) && !names[..i].contains(name))
}

/// The shapes of what a method remembers at every node: parameters, and their second moments.
fn maps_of_memory(map: AffineMap) -> [AffineMap; 3] {
    let (rows, columns) = map.weights_shape();
    [map, AffineMap::dense(rows), AffineMap::dense(columns)]
}

fn prefix(array: &str) -> String {
    format!("{array}_")
}

fn weights(array: &str) -> String {
    format!("{array}_weights")
}
