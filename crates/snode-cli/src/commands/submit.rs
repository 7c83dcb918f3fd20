//! `snode submit`: hands the cells of a grid to Slurm.

use clap::Args;
use serde_json::{Value, json};
use snode_runner::slurm::{self, Plan, Submit, UserOptions};

use super::{CellArgs, GridFileArgs};
use crate::error::Result;
use crate::output::{print, print_line, quoted};

/// Arguments of `snode submit`.
#[derive(Debug, Args)]
pub struct SubmitArgs {
    /// The grid.
    #[command(flatten)]
    pub grid: GridFileArgs,
    /// Its cells.
    #[command(flatten)]
    pub cells: CellArgs,
    /// How many tasks run at the same time, over all arrays; as many as Slurm lets if not given.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub parallel: Option<u32>,
    /// How many cells a task trains, one after the other.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub cells_per_task: u32,
    /// The time limit of a task, as `sbatch` takes it, e.g. 30 for minutes, or 1-12 for a day and a
    /// half; the partition's if not given. A task that reaches it is queued again at its checkpoint.
    #[arg(long, value_name = "TIME")]
    pub time: Option<String>,
    /// How often a task may be queued again at a checkpoint that went further.
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    pub requeues: u32,
    /// Processors of a task, and threads of a cell; those of the experiment, or 1, if not given.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Shows the script and the calls of `sbatch`, and does nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Further options of `sbatch`, behind --, e.g. -- --mem=2G --partition=long.
    #[arg(last = true, value_name = "SBATCH OPTIONS")]
    pub options: Vec<String>,
}

/// Submits the cells that are neither done, nor being trained, nor queued.
///
/// # Errors
/// If the grid or an option is refused, Slurm cannot be asked, or it refuses a job.
pub fn run(args: &SubmitArgs) -> Result<()> {
    let grid = args.grid.read()?;
    let selection = args.cells.joined(&grid)?;
    let user = UserOptions::path().map(|path| UserOptions::read(&path)).transpose()?;
    let submit = Submit {
        parallel: args.parallel.map(|number| number as usize),
        cells_per_task: args.cells_per_task as usize,
        time: args.time.clone(),
        requeues: args.requeues,
        processors: args.threads.map(usize::from),
        options: [user.unwrap_or_default().options(), args.options.clone()].concat(),
    };
    let plan = Plan::new(&grid, &selection, &submit)?;
    let (cells, all) = (plan.cells.len(), grid.cells.len());
    let tasks: usize = plan.arrays.iter().map(|array| array.tasks).sum();
    // What is said of every plan, and what became of it.
    let print_json = |more: Value| {
        let mut object = json!({ "name": grid.name, "cells": cells, "of": all, "tasks": tasks });
        for (key, value) in more.as_object().into_iter().flatten() {
            object[key] = value.clone();
        }
        print_line(&object.to_string())
    };
    if cells == 0 {
        if args.json {
            return print_json(json!({}));
        }
        return print(&format!("{}: nothing to submit, of {all} cells\n", grid.name));
    }
    if args.dry_run {
        let calls: Vec<Vec<String>> = plan.calls();
        if args.json {
            let folder = plan.folder.display().to_string();
            let calls = json!({ "submission": folder, "script": plan.script, "calls": calls });
            return print_json(calls);
        }
        let mut text = format!("{}/job.sh:\n{}", plan.folder.display(), plan.script);
        for words in calls {
            let words: Vec<String> = words.iter().map(|word| quoted(word.as_ref())).collect();
            text.push_str(&format!("{}\n", words.join(" ")));
        }
        return print(&text);
    }
    let slurm::Submitted { folder, jobs } = plan.submit()?;
    let folder = folder.display().to_string();
    if args.json {
        return print_json(json!({ "submission": folder, "jobs": jobs }));
    }
    let jobs: Vec<String> = jobs.iter().map(ToString::to_string).collect();
    print(&format!(
        "{}: {cells} of {all} cells submitted, in {tasks} tasks; jobs {}\nsubmission: {folder}\n",
        grid.name,
        jobs.join(", "),
    ))
}
