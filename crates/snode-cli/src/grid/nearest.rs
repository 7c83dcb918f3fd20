//! Files of cells that are not those of a grid, and how far they are from them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use snode_store::read_info;
use toml::Table;

use super::manifest::Manifest;
use super::{CELLS, Cell, Grid};
use crate::config::{Difference, computation, differing};
use crate::error::Result;

/// Results in the folder of cells.
pub struct Stored {
    /// The file.
    pub path: PathBuf,
    /// What determines the network in it.
    keys: Table,
}

/// All results in the folder of cells that can be read.
pub fn stored(folder: &Path) -> Vec<Stored> {
    let entries = std::fs::read_dir(folder.join(CELLS)).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let is_result = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        path.extension().is_some_and(|ending| ending == "h5") && !name.contains(".checkpoint.")
    };
    let read = |path: PathBuf| {
        let summary = read_info(&path).ok()?;
        let experiment = toml::from_str(&summary.configuration.resolved).ok()?;
        Some(Stored { path, keys: computation(&experiment) })
    };
    paths.into_iter().filter(is_result).filter_map(read).collect()
}

/// The results nearest to a cell, with the keys that differ.
pub fn nearest_results<'a>(
    cell: &Cell,
    stored: &'a [Stored],
) -> Option<(&'a Stored, Vec<Difference>)> {
    let keys = computation(&cell.experiment);
    let differences = |stored: &'a Stored| (stored, differing(&stored.keys, &keys));
    stored.iter().map(differences).min_by_key(|(_, differences)| differences.len())
}

/// Results that no cell has any more.
pub struct Stale<'a> {
    /// They.
    pub stored: &'a Stored,
    /// The nearest cell of the grid.
    pub nearest: Option<&'a Cell>,
    /// The keys by which that one differs.
    pub differences: Vec<Difference>,
}

/// Results that no cell of this grid has, nor of another one in the folder.
///
/// # Errors
/// If the folder cannot be read.
pub fn stale<'a>(grid: &'a Grid, stored: &'a [Stored]) -> Result<Vec<Stale<'a>>> {
    let mut claimed: BTreeSet<String> =
        grid.cells.iter().map(|cell| cell.short().to_owned()).collect();
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
    let keys: Vec<Table> = grid.cells.iter().map(|cell| computation(&cell.experiment)).collect();
    let with_nearest = unclaimed.map(|stored| {
        let cells = grid.cells.iter().zip(&keys);
        let distances = cells.map(|(cell, keys)| (cell, differing(&stored.keys, keys)));
        match distances.min_by_key(|(_, differences)| differences.len()) {
            Some((cell, differences)) => Stale { stored, nearest: Some(cell), differences },
            None => Stale { stored, nearest: None, differences: Vec::new() },
        }
    });
    Ok(with_nearest.collect())
}

/// Differences as text: the keys with the value in the file and that of the cell.
pub fn differences_text(differences: &[Difference]) -> String {
    const SHOWN: usize = 3;
    let text: Vec<String> = differences.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = differences.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    if text.is_empty() { "the images were others".into() } else { text.join("; ") + &more }
}
