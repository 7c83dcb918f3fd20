//! The training of one cell, ready to be handed to whatever trains it.

use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};
use snode_experiment::{ExperimentFile, Prepared, ResolvedExperiment, load};

use crate::error::{Error, ErrorKind, Result};
use crate::event::{RunEvent, RunObserver};
use crate::grid::manifest::{ManifestCell, SourceFile};
use crate::grid::{Cell, fingerprint_of, identity};
use crate::lines::EventLines;
use crate::session::{self, RunOptions};

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
    /// Whether it starts afresh.
    pub fresh: bool,
}

impl Job {
    /// The job of a cell of a grid that was read from `source`.
    pub fn new(
        cell: &Cell,
        source: &SourceFile,
        folder: PathBuf,
        threads: usize,
        fresh: bool,
    ) -> Self {
        Self { cell: cell.into(), source: source.clone(), folder, threads, fresh }
    }

    /// Reads a job from the first line of an input, where [`Processes`](super::Processes) wrote it.
    ///
    /// # Errors
    /// If there is none.
    pub fn read(input: &mut impl BufRead) -> Result<Self> {
        /// Far more than a job takes.
        const LIMIT: u64 = 1 << 26;
        let mut line = String::new();
        let read = input.take(LIMIT).read_line(&mut line);
        read.map_err(|error| error.to_string())
            .and_then(|_| serde_json::from_str(&line).map_err(|error| error.to_string()))
            .map_err(|error| Error::Refused(format!("the standard input holds no job: {error}")))
    }

    /// Trains and measures the cell in this process, until `stop` is raised; `on_log` is given its log,
    /// once that is this job's, and `observer` told of every event.
    ///
    /// # Errors
    /// If another process is at it, its images have changed, training fails, or it is stopped.
    pub fn run(
        self,
        stop: &Arc<AtomicBool>,
        on_log: &mut dyn FnMut(&File) -> io::Result<()>,
        observer: &mut RunObserver<'_>,
    ) -> Result<()> {
        let cell = Cell::from(self.cell.clone());
        let files = cell.files(&self.folder);
        files.prepare()?;
        let lock = files.lock()?;
        let mut log = files.begin_log(&lock)?;
        on_log(&log).map_err(|error| Error::file(&files.log, "cannot write", error))?;
        let mut lines = EventLines::default();
        let mut write = |line: Option<String>| {
            // Training is worth more than its log.
            let _ = line.map(|line| writeln!(log, "{line}"));
        };
        write(Some(format!("cell {}: {}", cell.number, cell.text())));
        let options = RunOptions { fresh: self.fresh, stop: Arc::clone(stop) };
        let result = self.prepare(&cell).and_then(|prepared| {
            session::run(&prepared, &files, &lock, &options, &mut |event| {
                write(lines.line(event));
                observer(event)
            })
        });
        if let Err(error) = &result {
            write(lines.line(&RunEvent::error(error)));
            let is_stopped = matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::NotSaved);
            if !is_stopped && !matches!(error, Error::Observer { .. }) {
                files.note_failure(&lock, &error.to_string());
            }
        }
        result
    }

    /// The cell's experiment with its images, which must be those of its identity.
    fn prepare(self, cell: &Cell) -> Result<Prepared> {
        let mut experiment = cell.experiment.keys().clone();
        experiment.threads = Some(self.threads);
        experiment.output.directory = self.folder.display().to_string();
        experiment.name = Some(cell.short().to_owned());
        let file = ExperimentFile::resolved(self.source.path, self.source.text, &experiment);
        let mut experiment = ResolvedExperiment::from(experiment);
        let dataset = load(&file, &mut experiment)?;
        if identity(experiment.keys(), &fingerprint_of(&dataset)) != cell.identity {
            let problem = "the images have changed since the grid was read; run the grid again";
            return Err(file.locator.error("data.source", problem).into());
        }
        Ok(Prepared::with_data(&file, experiment, dataset)?)
    }
}
