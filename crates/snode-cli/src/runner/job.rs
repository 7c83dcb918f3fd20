//! What the process of a cell is told, and what it does.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::ExperimentFile;
use crate::error::{Error, Result};
use crate::event::RunEvent;
use crate::grid::manifest::{ManifestCell, SourceFile};
use crate::grid::{Cell, fingerprint_of, identity};
use crate::interrupt;
use crate::output::{keep_in, redirect_to, say};
use crate::prepare::{Prepared, data_error, source};
use crate::progress::Style;
use crate::session::{self, Options};

/// The training of one cell of a grid, with nothing left to read but its images: the grid's file may
/// change while its cells are trained.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The cell.
    pub cell: ManifestCell,
    /// The file of the grid.
    pub source: SourceFile,
    /// The folder of the grid's results.
    pub folder: PathBuf,
    /// How many threads compute.
    pub threads: usize,
    /// Whether it begins anew.
    pub fresh: bool,
    /// The command that goes on.
    pub go_on: String,
}

/// Where what a job says is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// In the log, and on the standard error too.
    Beside,
    /// In the log alone, together with all that libraries write on the standard error.
    Alone,
}

impl Job {
    /// Of a cell of a grid that was read from `source`.
    pub fn new(
        cell: &Cell,
        source: &SourceFile,
        folder: PathBuf,
        threads: usize,
        fresh: bool,
        go_on: String,
    ) -> Self {
        Self { cell: cell.into(), source: source.clone(), folder, threads, fresh, go_on }
    }

    /// Trains and measures the cell in this process.
    ///
    /// # Errors
    /// If another process is at it, its images have changed, training fails, or the user interrupts
    /// it.
    pub fn run(self, style: Style, log: Log) -> Result<()> {
        let cell = Cell::from(self.cell.clone());
        let files = cell.files(&self.folder);
        files.prepare()?;
        let lock = files.lock()?;
        let file = files.begin_log(&lock)?;
        match log {
            Log::Beside => keep_in(file),
            Log::Alone => redirect_to(&file)
                .map_err(|error| Error::file(&files.log, "cannot write", error))?,
        }
        if style == Style::People {
            say(&format!("cell {}: {}", cell.number, cell.text()));
        }
        let options = Options { style, fresh: self.fresh, go_on: self.go_on.clone() };
        let result = self
            .prepare(&cell)
            .and_then(|prepared| session::run(&prepared, &files, &lock, &options));
        if let Err(error) = &result
            && !matches!(error, Error::Interrupted(_) | Error::NotSaved(_) | Error::BrokenPipe)
        {
            files.note_failure(&lock, &error.to_string());
        }
        result
    }

    /// The cell's experiment with its images, which must be those of its identity.
    fn prepare(self, cell: &Cell) -> Result<Prepared> {
        let mut experiment = cell.experiment.clone();
        experiment.threads = Some(self.threads);
        experiment.output.directory = self.folder.display().to_string();
        experiment.name = Some(cell.short().to_owned());
        let file = ExperimentFile::resolved(self.source.path, self.source.text, &experiment);
        let dataset = source(&file, &experiment)?.load().map_err(data_error(&file))?;
        if identity(&experiment, &fingerprint_of(&dataset)) != cell.identity {
            let problem = "the images have changed since the grid was read; run the grid again";
            return Err(file.locator.error("data.source", problem));
        }
        Prepared::with_data(&file, experiment, dataset)
    }
}

/// Runs the job that stands in the first line of the standard input, for the process that holds the
/// other end and stops this one by closing it.
///
/// # Errors
/// As [`Job::run`].
pub fn supervised() -> Result<()> {
    /// Far more than a job takes.
    const LIMIT: u64 = 1 << 26;
    let mut input = BufReader::new(std::io::stdin());
    let mut line = String::new();
    let read = (&mut input).take(LIMIT).read_line(&mut line);
    let job: Job = read
        .map_err(|error| error.to_string())
        .and_then(|_| serde_json::from_str(&line).map_err(|error| error.to_string()))
        .map_err(|error| Error::Usage(format!("the standard input holds no job: {error}")))?;
    interrupt::request_at_end_of(input)?;
    let result = job.run(Style::Watched, Log::Alone);
    if let Err(error) = &result {
        let _ = RunEvent::error(error).print();
    }
    result
}
