//! `snode run --dry-run`: what would be done, and why.

use serde_json::json;
use snode_experiment::format::show_seconds;
use snode_runner::grid::{Stale, differences_text};
use snode_runner::{Grid, PlannedCell, Selection, Share, plan};

use crate::error::{Error, Result};
use crate::output::{print, print_line};
use crate::table::{align_right, plain_table, text};

/// Shows the cells of a grid that are wanted, with their states and why they would run, the results that
/// no cell has any more, and an estimate of the time.
///
/// # Errors
/// If the folder of results cannot be read, or the standard output not written.
pub fn show(
    grid: &Grid,
    selection: &Selection,
    fresh: bool,
    share: &Share,
    json: bool,
) -> Result<()> {
    let mut table = plain_table();
    table.set_header(["cell", "identity", "label", "state", "", "why"]);
    let mut stale = String::new();
    let show = |PlannedCell { cell, state, runs, why }: PlannedCell<'_>| {
        if json {
            let mut object = state.json();
            object["event"] = "plan".into();
            object["cell"] = cell.number.into();
            object["identity"] = cell.identity.clone().into();
            object["label"] = json!(cell.label);
            object["runs"] = runs.into();
            object["why"] = why.into();
            return print_line(&object.to_string());
        }
        table.add_row([
            cell.number.to_string(),
            cell.short().to_owned(),
            cell.text(),
            state.name().to_owned(),
            if runs { "runs" } else { "stays" }.to_owned(),
            why,
        ]);
        Ok(())
    };
    let show_stale = |Stale { stored, nearest, differences }: Stale<'_>| {
        let (path, differences) = (stored.path.display(), differences_text(&differences));
        if json {
            let nearest = nearest.map(|cell| cell.number);
            return print_line(
                &json!({
                    "event": "stale",
                    "path": path.to_string(),
                    "nearest": nearest,
                    "differences": differences,
                })
                .to_string(),
            );
        }
        let nearest = nearest.map_or_else(String::new, |cell| {
            format!(" (nearest is cell {}: {differences})", cell.number)
        });
        stale.push_str(&format!("stale: {path}{nearest}\n"));
        Ok(())
    };
    let end = plan::<Error>(grid, selection, fresh, share, show, show_stale)?;
    if json {
        return print_line(
            &json!({ "event": "estimate", "cells": end.runs, "seconds": end.seconds }).to_string(),
        );
    }
    align_right(&mut table, &[0]);
    let basis = if end.is_measured { "as finished cells took" } else { "by the products alone" };
    let estimate = match end.runs {
        0 => "nothing to do\n".to_owned(),
        runs => format!("{runs} cells to run, about {}, {basis}\n", show_seconds(end.seconds)),
    };
    print(&format!("{}\n{}\n{stale}{estimate}", grid.name, text(&table)))
}
