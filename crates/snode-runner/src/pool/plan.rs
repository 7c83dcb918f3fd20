//! What the run of a grid would do, and why.

use snode_experiment::{estimate, sizes, with_precision};

use super::Share;
use crate::grid::{
    Cell, CellState, Grid, Selection, Stale, Stored, differences_text, nearest_results, stale,
    stored,
};

/// What would be done with a cell.
#[derive(Debug)]
pub struct PlannedCell<'a> {
    /// The cell.
    pub cell: &'a Cell,
    /// How far it is.
    pub state: CellState,
    /// Whether it would run.
    pub runs: bool,
    /// Why, or why not.
    pub why: String,
}

/// What is known once all cells have been looked at.
#[derive(Clone, Debug)]
pub struct PlanEnd {
    /// Cells that would run.
    pub runs: usize,
    /// An estimate of the time, in seconds.
    pub seconds: f64,
    /// Whether it is made from the time that finished cells took, or from the operations alone.
    pub is_measured: bool,
}

/// Looks at the cells that are wanted, one after the other, then at results that no cell has any more,
/// and estimates the time. Writes nothing.
///
/// # Errors
/// If the folder of results cannot be read, or a visitor fails.
pub fn plan<E: From<crate::Error>>(
    grid: &Grid,
    selection: &Selection,
    fresh: bool,
    share: &Share,
    mut visit: impl FnMut(PlannedCell<'_>) -> std::result::Result<(), E>,
    mut visit_stale: impl FnMut(Stale<'_>) -> std::result::Result<(), E>,
) -> std::result::Result<PlanEnd, E> {
    let files = stored(grid);
    let mut time = Time::default();
    for cell in &grid.cells {
        let state = selection.state(cell, &grid.folder);
        time.measure(cell, &state);
        if !selection.takes(cell, &state) {
            continue;
        }
        let (runs, why) = reason(grid, cell, &state, &files, fresh);
        if runs {
            time.add(cell, &state);
        }
        visit(PlannedCell { cell, state, runs, why })?;
    }
    for stale in stale(grid, &files)? {
        visit_stale(stale)?;
    }
    let seconds = time.seconds(grid) / share.jobs(time.runs.max(1)) as f64;
    Ok(PlanEnd { runs: time.runs, seconds, is_measured: time.is_measured() })
}

/// Whether a cell would run, and why or why not.
fn reason(
    grid: &Grid,
    cell: &Cell,
    state: &CellState,
    files: &[Stored],
    fresh: bool,
) -> (bool, String) {
    let why = match state {
        CellState::Done(_) if !fresh => return (false, state.detail()),
        CellState::Running(_) => return (true, "once the process that is at it has ended".into()),
        CellState::Missing => match nearest_results(grid, cell, files) {
            Some((stored, differences)) => {
                let name = stored.path.file_stem().unwrap_or_default().to_string_lossy();
                format!("no results; nearest is {name}: {}", differences_text(&differences))
            }
            None => "no results yet".into(),
        },
        CellState::Done(_) => "begins anew, as asked for".into(),
        _ => state.detail(),
    };
    (true, why)
}

/// An estimate of time.
#[derive(Debug, Default)]
struct Time {
    /// Cells that would run.
    runs: usize,
    /// Floating-point operations of those without a limit of their time.
    flop: f64,
    /// The operations and the limit, in seconds, of the others.
    limited: Vec<(f64, f64)>,
    /// Operations of finished cells, and the seconds they took.
    measured: (f64, f64),
}

impl Time {
    /// Learns from a finished cell.
    fn measure(&mut self, cell: &Cell, state: &CellState) {
        if let Some(summary) = state.summary() {
            let (flop, seconds) = &mut self.measured;
            *flop += estimate::training_flop(&cell.experiment, sizes(&cell.experiment));
            *seconds += summary.history.seconds();
        }
    }

    /// Adds a cell that would run.
    fn add(&mut self, cell: &Cell, state: &CellState) {
        self.runs += 1;
        if matches!(state, CellState::Trained(..)) {
            return;
        }
        let experiment = &cell.experiment;
        let flop = estimate::training_flop(experiment, sizes(experiment));
        match experiment.keys().training.time_limit {
            None => self.flop += flop,
            Some(limit) => self.limited.push((flop, limit)),
        }
    }

    /// Whether there are finished cells to go by.
    fn is_measured(&self) -> bool {
        let (flop, seconds) = self.measured;
        flop > 0.0 && seconds > 0.0
    }

    /// Seconds that one thread would take for all of it.
    fn seconds(&self, grid: &Grid) -> f64 {
        if self.runs == 0 {
            return 0.0;
        }
        let per_flop = self.per_flop(&grid.cells[0]);
        let limited = self.limited.iter().map(|(flop, limit)| (per_flop * flop).min(*limit));
        per_flop * self.flop + limited.sum::<f64>()
    }

    /// Seconds of one thread for an operation.
    fn per_flop(&self, cell: &Cell) -> f64 {
        if self.is_measured() {
            let (flop, seconds) = self.measured;
            return seconds / flop;
        }
        let experiment = &cell.experiment;
        let (width, keys) = (sizes(experiment).product_width(), experiment.keys());
        let (batch, layers) = (keys.training.batch_size, keys.network.layers);
        let rate = with_precision!(keys.precision, T => {
            estimate::rate_of_one::<T>(width, batch, layers)
        });
        1.0 / rate
    }
}
