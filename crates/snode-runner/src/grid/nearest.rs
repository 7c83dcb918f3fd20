//! Files of cells that are not those of a grid, and how far they are from them.

use std::collections::HashSet;
use std::path::PathBuf;

use snode_store::read_info;
use toml::Table;

use super::manifest::Manifest;
use super::{CELLS, Cell, Grid};
use crate::error::Result;
use snode_experiment::{Difference, computation, differing};

/// Results in the folder of cells.
pub struct Stored {
    /// The file.
    pub path: PathBuf,
    /// What determines the network in it.
    keys: Table,
}

/// The most comparisons of results with cells: each takes some microseconds.
const MOST_COMPARISONS: usize = 1_000_000;
/// The most results that something is compared with.
const MOST_COMPARED: usize = 200;

/// With how many results each cell of a grid is compared, so that all of it takes a bounded time.
fn compared(grid: &Grid) -> usize {
    (MOST_COMPARISONS / grid.cells.len().max(1)).clamp(1, MOST_COMPARED)
}

/// All results in the folder of cells that can be read and that no cell of the grid has.
pub fn stored(grid: &Grid) -> Vec<Stored> {
    let own: HashSet<&str> = grid.cells.iter().map(Cell::short).collect();
    let entries = std::fs::read_dir(grid.folder.join(CELLS)).into_iter().flatten().flatten();
    let is_other_result = |path: &PathBuf| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        path.extension().is_some_and(|ending| ending == "h5")
            && !stem.ends_with(".checkpoint")
            && !own.contains(&*stem)
    };
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(is_other_result).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let summary = read_info(&path).ok()?;
        let experiment = toml::from_str(&summary.configuration.resolved).ok()?;
        Some(Stored { path, keys: computation(&experiment) })
    };
    paths.into_iter().filter_map(read).collect()
}

/// The results nearest to a cell, with the keys that differ; of the first ones, if there are very
/// many.
pub fn nearest_results<'a>(
    grid: &Grid,
    cell: &Cell,
    stored: &'a [Stored],
) -> Option<(&'a Stored, Vec<Difference>)> {
    if stored.is_empty() {
        return None;
    }
    let keys = computation(cell.experiment.keys());
    let differences = |stored: &'a Stored| (stored, differing(&stored.keys, &keys));
    let candidates = stored.iter().take(compared(grid));
    candidates.map(differences).min_by_key(|(_, differences)| differences.len())
}

/// Results that no cell has any more.
pub struct Stale<'a> {
    /// They.
    pub stored: &'a Stored,
    /// The nearest cell of the grid; not of all, if there are very many.
    pub nearest: Option<&'a Cell>,
    /// The keys by which that one differs.
    pub differences: Vec<Difference>,
}

/// Results that no cell of this grid has, nor of another one in the folder.
///
/// # Errors
/// If the folder cannot be read.
pub fn stale<'a>(grid: &'a Grid, stored: &'a [Stored]) -> Result<Vec<Stale<'a>>> {
    let mut claimed: HashSet<String> = HashSet::new();
    if grid.folder.is_dir() {
        let own = Manifest::path(&grid.folder, &grid.name);
        for path in Manifest::all_in(&grid.folder)? {
            // A manifest that cannot be read claims nothing; its grid says what is wrong with it.
            if path != own
                && let Ok(manifest) = Manifest::read(&path)
            {
                claimed.extend(manifest.cells.iter().map(|cell| cell.short().to_owned()));
            }
        }
    }
    let is_claimed = |stored: &Stored| {
        let stem = stored.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        claimed.contains(&stem)
    };
    let unclaimed = stored.iter().filter(|stored| !is_claimed(stored));
    let mut stale: Vec<Stale> =
        unclaimed.map(|stored| Stale { stored, nearest: None, differences: Vec::new() }).collect();
    let compared = compared(grid).min(stale.len());
    for cell in grid.cells.iter().filter(|_| compared > 0) {
        let keys = computation(cell.experiment.keys());
        for stale in &mut stale[..compared] {
            let differences = differing(&stale.stored.keys, &keys);
            if stale.nearest.is_none() || differences.len() < stale.differences.len() {
                (stale.nearest, stale.differences) = (Some(cell), differences);
            }
        }
    }
    Ok(stale)
}

/// Differences as text: the keys with the value in the file and that of the cell.
pub fn differences_text(differences: &[Difference]) -> String {
    const SHOWN: usize = 3;
    let text: Vec<String> = differences.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = differences.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    if text.is_empty() { "the images were others".into() } else { text.join("; ") + &more }
}
