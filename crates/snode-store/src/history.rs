//! The group `/training`.

use snode_train::History;

use crate::StoreError;
use crate::read_group::ReadGroup;
use crate::tables::{EvaluationRow, IterationRow, SET_BYTES};
use crate::write_group::{WriteGroup, object};

/// A number for each row of `history`, where a method took learning rates; NaN where it did not.
const LEARNING_RATE: &str = "learning_rate";

pub(crate) fn write(root: &WriteGroup<'_>, history: &History) -> Result<(), StoreError> {
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

    let mut evaluations = Vec::with_capacity(history.evaluations.len());
    for (i, record) in history.evaluations.iter().enumerate() {
        evaluations.push(EvaluationRow::new(record).ok_or_else(|| {
            let found = format!("of a set called {:?}", record.set);
            let allowed = format!("a name of at most {SET_BYTES} bytes without NUL characters");
            group.unwritable(place("evaluations", i), found, &allowed)
        })?);
    }
    group.column("evaluations", &evaluations)
}

pub(crate) fn read(root: &ReadGroup<'_>) -> Result<History, StoreError> {
    let group = root.child("training")?;
    let iterations = group.column::<IterationRow>("history", None)?;
    let mut iterations: Vec<_> = iterations.iter().map(IterationRow::record).collect();
    if group.has(LEARNING_RATE) {
        let rates = group.column::<f64>(LEARNING_RATE, Some(iterations.len()))?;
        for (record, rate) in iterations.iter_mut().zip(rates) {
            record.iteration.learning_rate = (!rate.is_nan()).then_some(rate);
        }
    }
    let rows = group.column::<EvaluationRow>("evaluations", None)?;
    let mut evaluations = Vec::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate() {
        evaluations.push(row.record().map_err(|found| {
            let what = format!("row {i} of {}", object(&group.name, "evaluations"));
            group.value_error(what, found, "a name in UTF-8 and counts")
        })?);
    }
    Ok(History { iterations, evaluations })
}
