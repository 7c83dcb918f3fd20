//! The group `/network`.

use snode_ode::{Activation, AffineMap, Endpoint, Grid, Network, SolverKeys};
use snode_train::TargetKind;

use crate::digest::digest;
use crate::ends::Ends;
use crate::read_group::ReadGroup;
use crate::write_group::{WriteGroup, attribute, object};
use crate::{Input, Model, Precision, Scalar, StoreError, parameters};

/// The attribute with the identity of the network that was written.
pub(crate) const DIGEST: &str = "digest";
/// The attribute that only a regression has, and what it says.
const TARGETS: &str = "targets";
const VALUES: &str = "values";
const LAYOUT: &str = "row-major [layer, out, in]; MATLAB sees dimensions reversed";

pub(crate) fn write<T: Scalar>(
    root: &WriteGroup<'_>,
    model: &Model,
    network: &Network<T>,
) -> Result<(), StoreError> {
    let (width, grid) = (network.width(), network.grid());
    let group = root.child("network")?;
    let refuse = |name: &str, found: &dyn std::fmt::Display, allowed: &str| {
        Err(group.unwritable(attribute(&group.name, name), found, allowed))
    };
    if width == 0 {
        return refuse("width", &width, "at least 1");
    }
    if model.classes > width {
        return refuse("classes", &model.classes, &format!("at most the width {width}"));
    }
    for (name, value) in
        [("background", model.input.background), ("foreground", model.input.foreground)]
    {
        if !value.is_finite() {
            return refuse(name, &value, "a finite number");
        }
    }
    let pixels = model.input.rows.saturating_mul(model.input.cols);
    if pixels > width {
        let found = format_args!("{} of {} pixels", model.input.rows, pixels);
        return refuse("rows", &found, &format!("at most as many pixels as the width {width}"));
    }
    let activation = network.activation().to_string();
    if activation.parse() != Ok(network.activation()) {
        return refuse("activation", &activation, "one with a finite parameter ≥ 0");
    }
    group.text("activation", &activation)?;
    group.text("scheme", &model.scheme)?;
    write_solver(&group, &model.solver)?;
    group.text("ends", ends_name(grid.endpoint()))?;
    group.text("layout", LAYOUT)?;
    group.text(DIGEST, &digest(model, network))?;
    group.attribute("horizon", &grid.horizon())?;
    group.attribute("steps", &(grid.steps() as u64))?;
    group.attribute("width", &(width as u64))?;
    Ends::of(network).write(&group)?;
    group.attribute("classes", &(model.classes as u64))?;
    if model.targets == TargetKind::Values {
        group.text(TARGETS, VALUES)?;
    }
    group.attribute("background", &model.input.background)?;
    group.attribute("foreground", &model.input.foreground)?;
    group.attribute("rows", &(model.input.rows as u64))?;
    group.attribute("cols", &(model.input.cols as u64))?;
    let times: Vec<f64> = (0..grid.nodes()).map(|k| grid.time(k)).collect();
    group.column("grid", &times)?;
    parameters::write(&group, "", network.parameters())
}

/// The options of the scheme that have a value.
fn write_solver(group: &WriteGroup<'_>, keys: &SolverKeys) -> Result<(), StoreError> {
    if let Some(interpolation) = keys.interpolation {
        group.text("interpolation", interpolation.name())?;
    }
    if let Some(norm) = &keys.norm {
        group.text("norm", norm)?;
    }
    let numbers = [
        ("rtol", keys.rtol),
        ("atol", keys.atol),
        ("first_step", keys.first_step),
        ("largest_step", keys.largest_step),
    ];
    for (name, value) in numbers {
        if let Some(value) = value {
            group.attribute(name, &value)?;
        }
    }
    match keys.budget {
        Some(budget) => group.attribute("budget", &budget),
        None => Ok(()),
    }
}

/// The options of the scheme that are there: files written before they were have none.
fn read_solver(group: &ReadGroup<'_>) -> Result<SolverKeys, StoreError> {
    let there = group.attribute_names()?;
    let mut texts = Vec::new();
    for key in SolverKeys::KEYS {
        if there.iter().any(|name| name == key) {
            let text = match key {
                "interpolation" | "norm" => group.text(key)?,
                "budget" => group.unsigned(key)?.to_string(),
                _ => group.real(key)?.to_string(),
            };
            texts.push((key, text));
        }
    }
    let find = |key| texts.iter().find(|(name, _)| *name == key).map(|(_, text)| text.clone());
    SolverKeys::from_texts(find).map_err(|error| {
        let what = attribute(&group.name, error.key);
        group.value_error(what, format_args!("{:?}", error.found), error.expected)
    })
}

/// What the scores of the network in a file stand for.
pub(crate) fn targets(root: &ReadGroup<'_>) -> Result<TargetKind, StoreError> {
    read_targets(&root.child("network")?)
}

/// What the scores stand for: classes where nothing is said.
fn read_targets(group: &ReadGroup<'_>) -> Result<TargetKind, StoreError> {
    if !group.attribute_names()?.iter().any(|name| name == TARGETS) {
        return Ok(TargetKind::Classes);
    }
    match &group.text(TARGETS)?[..] {
        VALUES => Ok(TargetKind::Values),
        other => {
            let what = attribute(&group.name, TARGETS);
            Err(group.value_error(what, format_args!("{other:?}"), VALUES))
        }
    }
}

/// The network without its parameters.
pub(crate) struct Shape {
    pub map: AffineMap,
    pub ends: Ends,
    pub grid: Grid,
    pub activation: Activation,
    pub model: Model,
}

/// Reads attributes and grid, and looks whether the parameters are there.
pub(crate) fn read_shape(root: &ReadGroup<'_>, precision: Precision) -> Result<Shape, StoreError> {
    let shape = read_head(root)?;
    let (group, size) = (root.child("network")?, (shape.map, shape.grid.nodes()));
    match precision {
        Precision::F32 => parameters::check::<f32>(&group, "", size)?,
        Precision::F64 => parameters::check::<f64>(&group, "", size)?,
    }
    Ok(shape)
}

/// Reads attributes and grid of a network whose parameters may have been left out.
pub(crate) fn read_head(root: &ReadGroup<'_>) -> Result<Shape, StoreError> {
    let group = root.child("network")?;
    let width = group.count("width")?;
    let steps = group.count("steps")?;
    let nodes = match &group.text("ends")?[..] {
        "open" => Some((Endpoint::Excluded, steps)),
        "closed" => steps.checked_add(1).map(|nodes| (Endpoint::Included, nodes)),
        other => {
            let what = attribute(&group.name, "ends");
            return Err(group.value_error(what, format_args!("{other:?}"), "open or closed"));
        }
    };
    let (Some((ends, nodes)), 1..) = (nodes, width) else {
        let what = format!("a width of {width} with {steps} steps");
        return Err(group.value_error(group.name.clone(), what, "a width of at least 1"));
    };
    let horizon = group.finite("horizon")?;
    let grid = Grid::new(horizon, steps, ends).map_err(|error| {
        group.value_error(group.name.clone(), error, "a positive horizon and at least one step")
    })?;
    let activation = group.parsed("activation", &Activation::NAMES.join(", "))?;
    let classes = group.count("classes")?;
    if classes > width {
        let allowed = format!("at most the width {width}");
        return Err(group.value_error(attribute(&group.name, "classes"), classes, &allowed));
    }
    let input = Input {
        background: group.finite("background")?,
        foreground: group.finite("foreground")?,
        rows: group.count("rows")?,
        cols: group.count("cols")?,
    };
    let (map, ends) = Ends::read(&group, width, classes)?;
    let (scheme, solver) = (group.text("scheme")?, read_solver(&group)?);
    let targets = read_targets(&group)?;
    let model = Model { scheme, solver, classes, targets, input };
    let times = group.column::<f64>("grid", Some(nodes))?;
    for (k, &time) in times.iter().enumerate() {
        if (time - grid.time(k)).abs() <= 1e-12 * horizon {
            continue;
        }
        let what = format!("node {k} of {}", object(&group.name, "grid"));
        let allowed = format!("{}, as horizon and steps say", grid.time(k));
        return Err(group.value_error(what, time, &allowed));
    }
    Ok(Shape { map, ends, grid, activation, model })
}

/// Reads the network whose shape has been read.
pub(crate) fn read<T: Scalar>(
    root: &ReadGroup<'_>,
    shape: &Shape,
) -> Result<Network<T>, StoreError> {
    let group = root.child("network")?;
    let parameters = parameters::read(&group, "", (shape.map, shape.grid.nodes()))?;
    let network = Network::new(parameters, shape.grid, shape.activation).map_err(|error| {
        group.value_error(group.name.clone(), error, "parameters at the nodes of the grid")
    })?;
    shape.ends.put_on(network, &group)
}

fn ends_name(ends: Endpoint) -> &'static str {
    match ends {
        Endpoint::Excluded => "open",
        Endpoint::Included => "closed",
    }
}
