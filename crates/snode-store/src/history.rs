//! The group `/training`.

use hdf5::H5Type;
use snode_train::{EvaluationRecord, History, TargetKind};

use crate::StoreError;
use crate::read_group::ReadGroup;
use crate::tables::{ErrorRow, EvaluationRow, IterationRow, SET_BYTES};
use crate::write_group::{WriteGroup, object};

/// A number for each row of `history`, where a method took learning rates; NaN where it did not.
const LEARNING_RATE: &str = "learning_rate";

/// A number for each row of `history`, where a loss was minimised that is none of the terms in its columns.
const COST_OTHER: &str = "cost_other";
/// The table of evaluations: of classes, or of real targets.
const EVALUATIONS: &str = "evaluations";
const ERRORS: &str = "errors";

pub(crate) fn write(
    root: &WriteGroup<'_>,
    history: &History,
    targets: TargetKind,
) -> Result<(), StoreError> {
    let group = root.child("training")?;
    let place = |table: &str, row: usize| format!("row {row} of {}", object(&group.name, table));

    let mut iterations = Vec::with_capacity(history.iterations.len());
    for (i, record) in history.iterations.iter().enumerate() {
        iterations.push(IterationRow::new(record).ok_or_else(|| {
            let found = format!("{:?}, {} halvings", record.position, record.iteration.halvings);
            group.unwritable(place("history", i), found, "numbers below 2^32")
        })?);
    }
    group.column("history", &iterations)?;
    let rates: Vec<_> = history.iterations.iter().map(|r| r.iteration.learning_rate).collect();
    if rates.iter().any(Option::is_some) {
        let rates: Vec<f64> = rates.into_iter().map(|rate| rate.unwrap_or(f64::NAN)).collect();
        group.column(LEARNING_RATE, &rates)?;
    }

    let others: Vec<f64> = history.iterations.iter().map(|r| r.iteration.cost.other).collect();
    if others.iter().any(|&other| other != 0.0) {
        group.column(COST_OTHER, &others)?;
    }
    match targets {
        TargetKind::Values => write_evaluations(&group, ERRORS, history, ErrorRow::new),
        _ => write_evaluations(&group, EVALUATIONS, history, EvaluationRow::new),
    }
}

fn write_evaluations<R: H5Type>(
    group: &WriteGroup<'_>,
    table: &str,
    history: &History,
    row: fn(&EvaluationRecord) -> Option<R>,
) -> Result<(), StoreError> {
    let mut rows = Vec::with_capacity(history.evaluations.len());
    for (i, record) in history.evaluations.iter().enumerate() {
        rows.push(row(record).ok_or_else(|| {
            let place = format!("row {i} of {}", object(&group.name, table));
            let found = format!("of a set called {:?}", record.set);
            let allowed = format!(
                "a name of at most {SET_BYTES} bytes without NUL characters, and a score of the \
                 network's targets"
            );
            group.unwritable(place, found, &allowed)
        })?);
    }
    group.column(table, &rows)
}

pub(crate) fn read(root: &ReadGroup<'_>, targets: TargetKind) -> Result<History, StoreError> {
    let group = root.child("training")?;
    let iterations = group.column::<IterationRow>("history", None)?;
    let mut iterations: Vec<_> = iterations.iter().map(IterationRow::record).collect();
    if group.has(LEARNING_RATE) {
        let rates = group.column::<f64>(LEARNING_RATE, Some(iterations.len()))?;
        for (record, rate) in iterations.iter_mut().zip(rates) {
            record.iteration.learning_rate = (!rate.is_nan()).then_some(rate);
        }
    }
    if group.has(COST_OTHER) {
        let others = group.column::<f64>(COST_OTHER, Some(iterations.len()))?;
        for (record, other) in iterations.iter_mut().zip(others) {
            record.iteration.cost.other = other;
        }
    }
    let evaluations = match targets {
        TargetKind::Values => read_evaluations(&group, ERRORS, ErrorRow::record)?,
        _ => read_evaluations(&group, EVALUATIONS, EvaluationRow::record)?,
    };
    Ok(History { iterations, evaluations })
}

fn read_evaluations<R: H5Type>(
    group: &ReadGroup<'_>,
    table: &str,
    record: fn(&R) -> Result<EvaluationRecord, &'static str>,
) -> Result<Vec<EvaluationRecord>, StoreError> {
    let rows = group.column::<R>(table, None)?;
    let mut evaluations = Vec::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate() {
        evaluations.push(record(row).map_err(|found| {
            let what = format!("row {i} of {}", object(&group.name, table));
            group.value_error(what, found, "a name in UTF-8 and counts")
        })?);
    }
    Ok(evaluations)
}
