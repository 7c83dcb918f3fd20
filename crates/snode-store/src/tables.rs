//! The rows of the tables of `/training`, as they lie in the file.

use hdf5::H5Type;
use hdf5::types::FixedUnicode;
use snode_train::{
    CostValue, EvaluationRecord, Fit, Iteration, IterationRecord, Phases, Position, Score,
    ValueErrors,
};

/// The longest name of an evaluated set, in bytes of UTF-8.
pub(crate) const SET_BYTES: usize = 64;

/// One iteration: a row of `/training/history`.
#[derive(Clone, Copy, H5Type)]
#[repr(C)]
pub(crate) struct IterationRow {
    epoch: u32,
    batch: u32,
    iteration: u32,
    cost: f64,
    cost_l2: f64,
    cost_cross_entropy: f64,
    cost_centring: f64,
    cost_decay: f64,
    gamma: f64,
    eta: f64,
    slope: f64,
    gradient_norm: f64,
    rose: u8,
    restarted: u8,
    capped: u8,
    halvings: u32,
    seconds: f64,
    seconds_direct: f64,
    seconds_adjoint: f64,
    seconds_space: f64,
    seconds_products: f64,
    seconds_sensitivity: f64,
    seconds_update: f64,
}

/// One evaluation of one set: a row of `/training/evaluations`.
#[derive(Clone, Copy, H5Type)]
#[repr(C)]
pub(crate) struct EvaluationRow {
    batches: u64,
    set: FixedUnicode<SET_BYTES>,
    correct: u64,
    total: u64,
    cost: f64,
    accuracy: f64,
    seconds: f64,
}

/// One evaluation of one set by a regression: a row of `/training/errors`.
#[derive(Clone, Copy, H5Type)]
#[repr(C)]
pub(crate) struct ErrorRow {
    batches: u64,
    set: FixedUnicode<SET_BYTES>,
    total: u64,
    cost: f64,
    mean_squared_error: f64,
    mean_absolute_error: f64,
    r_squared: f64,
    seconds: f64,
}

impl IterationRow {
    /// The row of a record, or `None` if a number of it is not below 2³².
    pub fn new(record: &IterationRecord) -> Option<Self> {
        let IterationRecord { position, iteration, seconds } = *record;
        let Iteration { cost, phases, .. } = iteration;
        Some(Self {
            epoch: position.epoch.try_into().ok()?,
            batch: position.batch.try_into().ok()?,
            iteration: position.iteration.try_into().ok()?,
            cost: cost.total(),
            cost_l2: cost.l2,
            cost_cross_entropy: cost.cross_entropy,
            cost_centring: cost.centring,
            cost_decay: cost.decay,
            gamma: iteration.gamma,
            eta: iteration.eta,
            slope: iteration.slope,
            gradient_norm: iteration.gradient_norm,
            rose: iteration.rose.into(),
            restarted: iteration.restarted.into(),
            capped: iteration.capped.into(),
            halvings: iteration.halvings.try_into().ok()?,
            seconds,
            seconds_direct: phases.direct,
            seconds_adjoint: phases.adjoint,
            seconds_space: phases.space,
            seconds_products: phases.products,
            seconds_sensitivity: phases.sensitivity,
            seconds_update: phases.update,
        })
    }

    pub fn record(&self) -> IterationRecord {
        let position = Position {
            epoch: self.epoch as usize,
            batch: self.batch as usize,
            iteration: self.iteration as usize,
        };
        let cost = CostValue {
            l2: self.cost_l2,
            cross_entropy: self.cost_cross_entropy,
            centring: self.cost_centring,
            other: 0.0,
            decay: self.cost_decay,
        };
        let phases = Phases {
            direct: self.seconds_direct,
            adjoint: self.seconds_adjoint,
            space: self.seconds_space,
            products: self.seconds_products,
            sensitivity: self.seconds_sensitivity,
            update: self.seconds_update,
        };
        let iteration = Iteration {
            cost,
            rose: self.rose != 0,
            gamma: self.gamma,
            eta: self.eta,
            learning_rate: None,
            slope: self.slope,
            gradient_norm: self.gradient_norm,
            restarted: self.restarted != 0,
            capped: self.capped != 0,
            halvings: self.halvings as usize,
            phases,
        };
        IterationRecord { position, iteration, seconds: self.seconds }
    }
}

impl EvaluationRow {
    /// The row of a record, or `None` if the name of its set does not fit, or it is of a regression.
    pub fn new(record: &EvaluationRecord) -> Option<Self> {
        let score = record.score;
        let Fit::Classes { correct } = score.fit else { return None };
        Some(Self {
            batches: record.batches as u64,
            set: set_name(record)?,
            correct: correct as u64,
            total: score.total as u64,
            cost: score.cost,
            accuracy: score.accuracy()?,
            seconds: record.seconds,
        })
    }

    /// The record, or what is wrong with it.
    pub fn record(&self) -> Result<EvaluationRecord, &'static str> {
        let score = Score::of_classes(count(self.correct)?, count(self.total)?, self.cost);
        record(self.batches, &self.set, score, self.seconds)
    }
}

impl ErrorRow {
    /// The row of a record, or `None` if the name of its set does not fit, or it is of a classification.
    pub fn new(record: &EvaluationRecord) -> Option<Self> {
        let errors = record.score.errors()?;
        Some(Self {
            batches: record.batches as u64,
            set: set_name(record)?,
            total: record.score.total as u64,
            cost: record.score.cost,
            mean_squared_error: errors.mean_square,
            mean_absolute_error: errors.mean_absolute,
            r_squared: errors.r_squared,
            seconds: record.seconds,
        })
    }

    /// The record, or what is wrong with it.
    pub fn record(&self) -> Result<EvaluationRecord, &'static str> {
        let fit = Fit::Values(ValueErrors {
            mean_square: self.mean_squared_error,
            mean_absolute: self.mean_absolute_error,
            r_squared: self.r_squared,
        });
        let score = Score { fit, total: count(self.total)?, cost: self.cost };
        record(self.batches, &self.set, score, self.seconds)
    }
}

/// The name of a record's set, if it fits into a row.
fn set_name(record: &EvaluationRecord) -> Option<FixedUnicode<SET_BYTES>> {
    let fits = record.set.len() <= SET_BYTES && !record.set.contains('\0');
    if fits { record.set.parse().ok() } else { None }
}

fn count(number: u64) -> Result<usize, &'static str> {
    usize::try_from(number).map_err(|_| "too large a number")
}

fn record(
    batches: u64,
    set: &FixedUnicode<SET_BYTES>,
    score: Score,
    seconds: f64,
) -> Result<EvaluationRecord, &'static str> {
    // The library does not check that it is UTF-8.
    let set = str::from_utf8(set.as_bytes()).map_err(|_| "a name that is not UTF-8")?;
    Ok(EvaluationRecord { batches: count(batches)?, set: set.to_owned(), score, seconds })
}
