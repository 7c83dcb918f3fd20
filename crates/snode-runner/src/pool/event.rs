//! What the run of a grid says of itself while it goes on.

use crate::error::ObserverError;
use crate::event::{End, RunEvent};
use crate::grid::Cell;

/// Something that happened while the cells of a grid are trained.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum GridEvent<'a> {
    /// The run begins.
    Begin {
        /// The name of the grid.
        name: &'a str,
        /// All cells of the grid.
        cells: usize,
        /// Cells that are to be trained or measured.
        to_do: usize,
        /// Cells that are wanted and done before.
        done: usize,
    },
    /// A cell begins.
    Started {
        /// The cell.
        cell: &'a Cell,
        /// How many threads compute.
        threads: usize,
    },
    /// Something happened in the run of a cell.
    Run {
        /// The cell.
        cell: &'a Cell,
        /// What.
        event: &'a RunEvent,
    },
    /// A cell is trained and measured.
    Done {
        /// The cell.
        cell: &'a Cell,
        /// How its run ended.
        end: Option<&'a End>,
    },
    /// A cell was trained and measured by another program meanwhile.
    DoneByOther {
        /// The cell.
        cell: &'a Cell,
    },
    /// Another program is at a cell; it is looked at again at the end.
    Elsewhere {
        /// The cell.
        cell: &'a Cell,
    },
    /// A cell has failed.
    Failed {
        /// The cell.
        cell: &'a Cell,
        /// Why.
        error: &'a str,
    },
    /// A cell was stopped.
    Interrupted {
        /// The cell.
        cell: &'a Cell,
        /// Whether all it did is saved.
        is_saved: bool,
    },
    /// All cells are asked to stop.
    Stopping {
        /// How many are running.
        running: usize,
    },
    /// The run is over.
    End,
}

/// Who is told of the events of a grid. An error stops all cells.
pub type GridObserver<'a> = dyn FnMut(&GridEvent<'_>) -> Result<(), ObserverError> + 'a;

/// How many cells ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Cells that were done before.
    pub before: usize,
    /// Cells that this run has finished.
    pub finished: usize,
    /// Cells that others have finished meanwhile.
    pub by_others: usize,
    /// Cells that failed.
    pub failed: usize,
}

impl Counts {
    /// Cells that are done.
    pub fn done(&self) -> usize {
        self.before + self.finished + self.by_others
    }
}
