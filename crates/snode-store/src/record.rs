//! What a run file holds, as values.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use faer::Mat;
use snode_ode::{Activation, AffineMap, Grid, Network, Readout, SolverKeys};
use snode_train::{History, Memory, Position, Snapshot, TargetKind};

use crate::Precision;

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It is going on, or was killed: the file is its last checkpoint.
    Running,
    /// It was stopped before its plan was done, and can be continued.
    Interrupted,
    /// It has ended as planned or by a stop rule.
    Finished,
    /// It ended with an error; the network is the last good one.
    Failed,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Running, Self::Interrupted, Self::Finished, Self::Failed];

    /// Its name in files: `"running"`, `"interrupted"`, `"finished"`, `"failed"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Finished => "finished",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Status {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|status| status.name() == text).ok_or(())
    }
}

/// What is known of a run as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunInfo {
    /// What it is called.
    pub name: String,
    /// How far it has come.
    pub status: Status,
    /// Why it ended; empty while it runs.
    pub stop_reason: String,
    /// The seed all its random numbers come from.
    pub seed: u64,
    /// When it began: RFC 3339 text in UTC.
    pub created: String,
    /// The computer it ran on.
    pub host: String,
    /// The version of snode that computed it.
    pub snode_version: String,
    /// Anything else worth knowing, such as a commit, a checksum of the data, the number of threads.
    pub provenance: BTreeMap<String, String>,
}

impl RunInfo {
    /// The key of [`Self::provenance`] that says which file another program's network is from.
    pub const IMPORTED_FROM: &str = "imported from";
    /// The key that says by which cost an imported network was trained, where that is known.
    pub const IMPORTED_COST: &str = "cost";

    /// A run that begins now, on this computer, with this version of snode.
    pub fn new(name: impl Into<String>, seed: u64) -> Self {
        Self {
            name: name.into(),
            status: Status::Running,
            stop_reason: String::new(),
            seed,
            created: snode_files::utc_now(),
            host: snode_files::host_name(),
            snode_version: env!("CARGO_PKG_VERSION").into(),
            provenance: BTreeMap::new(),
        }
    }
}

/// The configuration of a run, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Everything, defaults included, as TOML: what the run can be repeated from.
    pub resolved: String,
    /// The file as the user gave it; empty if there was none.
    pub source: String,
}

/// How images become inputs of the network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Input {
    /// The value of a pixel without any foreground. Finite.
    pub background: f64,
    /// The value of a pixel of full foreground. Finite.
    pub foreground: f64,
    /// Rows of an image; 0 if the inputs are not images. An image has at most as many pixels as the
    /// network is wide.
    pub rows: usize,
    /// Columns of an image; 0 if the inputs are not images.
    pub cols: usize,
}

impl Input {
    /// How many components of a state of this width are data: the pixels of an image, and all if
    /// the inputs are not images. The components after them begin at 0, and are the network's own.
    pub fn components(&self, width: usize) -> usize {
        match self.rows.saturating_mul(self.cols) {
            0 => width,
            pixels => pixels.min(width),
        }
    }
}

impl Default for Input {
    /// Background 0, foreground −1, no images.
    fn default() -> Self {
        Self { background: 0.0, foreground: -1.0, rows: 0, cols: 0 }
    }
}

/// What has to be known of a network, beside itself, to use it.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The name of the scheme it was trained with, such as `euler`.
    pub scheme: String,
    /// The scheme's options; none in files of before they were written, whose configuration has
    /// them.
    pub solver: SolverKeys,
    /// C: how many scores there are, the first C components of x(T) unless the network has another
    /// readout. Of a regression the components of a target, which the scores predict.
    pub classes: usize,
    /// Whether the scores are of classes, or predict real targets.
    pub targets: TargetKind,
    /// How images become inputs.
    pub input: Input,
}

/// Where a run can be continued, beside the network and the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint<T> {
    /// The next iteration.
    pub position: Position,
    /// What the method remembers; there at least in the middle of a batch, that is if
    /// `position.iteration > 0`.
    pub memory: Option<Memory<T>>,
    /// The perturbed inputs of the batch in whose middle it is, where inputs are perturbed: n×M.
    pub perturbed: Option<Mat<T>>,
}

/// Everything a run file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord<T> {
    /// What is known of the run as a whole.
    pub info: RunInfo,
    /// Its configuration.
    pub configuration: Configuration,
    /// How the network is used.
    pub model: Model,
    /// The network.
    pub network: Network<T>,
    /// What was recorded of the training.
    pub history: History,
    /// Where the run can be continued, if it can.
    pub checkpoint: Option<Checkpoint<T>>,
}

impl<T> RunRecord<T> {
    /// A run that can be continued from `snapshot` with the same bits.
    pub fn from_snapshot(
        info: RunInfo,
        configuration: Configuration,
        model: Model,
        snapshot: Snapshot<T>,
    ) -> Self {
        let Snapshot { network, position, history, memory, perturbed } = snapshot;
        let checkpoint = Some(Checkpoint { position, memory, perturbed });
        Self { info, configuration, model, network, history, checkpoint }
    }

    /// The same without what is needed to continue: a result. The file is up to four times smaller.
    pub fn without_checkpoint(self) -> Self {
        Self { checkpoint: None, ..self }
    }

    /// What training goes on from, or `None` if the run cannot be continued.
    pub fn into_snapshot(self) -> Option<Snapshot<T>> {
        let Checkpoint { position, memory, perturbed } = self.checkpoint?;
        let Self { network, history, .. } = self;
        Some(Snapshot { network, position, history, memory, perturbed })
    }
}

/// A network with what has to be known to use it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredNetwork<T> {
    /// How the network is used.
    pub model: Model,
    /// The network.
    pub network: Network<T>,
}

/// Everything a run file holds but the large arrays.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    /// What is known of the run as a whole.
    pub info: RunInfo,
    /// Of which type the numbers are.
    pub precision: Precision,
    /// Its configuration.
    pub configuration: Configuration,
    /// How the network is used.
    pub model: Model,
    /// What the numbers of a node do to a state.
    pub map: AffineMap,
    /// How many numbers a data point has.
    pub inputs: usize,
    /// How a final state becomes scores.
    pub readout: Readout,
    /// Its grid in depth.
    pub grid: Grid,
    /// Its activation.
    pub activation: Activation,
    /// What was recorded of the training.
    pub history: History,
    /// The next iteration, if the run can be continued.
    pub position: Option<Position>,
}

impl RunSummary {
    /// n, the width of the network.
    pub fn width(&self) -> usize {
        self.map.width()
    }
}
