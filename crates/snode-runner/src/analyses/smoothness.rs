//! How smooth the parameters of a network are in depth.

use std::path::Path;

use serde::Serialize;
use snode_analysis::{Smoothness as Roughnesses, smoothness, weight_path};
use snode_files::Existing;
use snode_store::{Appendix, Precision, read_info, read_network};

use super::{ANALYSIS, write};
use crate::error::Result;
use crate::number::Number;
use snode_experiment::SmoothnessConfig;
use snode_experiment::threads::pool;

/// Smoothness of the parameters in depth (S29), and the path of one weight.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Smoothness {
    /// Row and column of the weight whose path is kept; the middle one if there are none.
    pub entry: Option<[usize; 2]>,
}

/// What was measured.
pub struct Measured {
    /// Variation and seminorm of every entry.
    pub smoothness: Roughnesses,
    /// Row and column of the weight whose path it is.
    pub entry: (usize, usize),
    /// Depth and value.
    pub path: Vec<(f64, f64)>,
    /// The identity of the network.
    pub network: String,
}

impl Smoothness {
    /// What the keys of an experiment ask for.
    pub fn of(keys: &SmoothnessConfig) -> Self {
        Self { entry: keys.entry }
    }

    /// The group of the run's file.
    pub fn group(&self) -> String {
        format!("{ANALYSIS}/smoothness")
    }

    /// Measures and writes the group.
    ///
    /// # Errors
    /// As [`Analysis::run`](super::Analysis::run).
    pub fn run(&self, path: &Path, threads: Option<usize>, existing: Existing) -> Result<()> {
        let measured = self.measure(path, threads)?;
        self.write(path, &measured, existing)
    }

    /// Measures on the network of the run at `path`.
    ///
    /// # Errors
    /// If the run cannot be read, or there is no such entry.
    pub fn measure(&self, path: &Path, threads: Option<usize>) -> Result<Measured> {
        let precision = read_info(path)?.precision;
        pool(threads)?.install(|| match precision {
            Precision::F32 => self.of_network::<f32>(path),
            Precision::F64 => self.of_network::<f64>(path),
        })
    }

    fn of_network<T: Number>(&self, path: &Path) -> Result<Measured> {
        let stored = read_network::<T>(path)?;
        let (digest, network) = (stored.digest(), stored.network);
        let middle = network.width() / 2;
        let entry = self.entry.map_or((middle, middle), |[row, column]| (row, column));
        let path = weight_path(&network, entry)?;
        Ok(Measured { smoothness: smoothness(&network), entry, path, network: digest })
    }

    /// Writes what was measured into the run's file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: &Path, measured: &Measured, existing: Existing) -> Result<()> {
        write(path, &self.group(), self, &measured.network, appendix(measured), existing)
    }
}

fn appendix(measured: &Measured) -> Appendix {
    let Measured { smoothness, entry, path, .. } = measured;
    let n = smoothness.width();
    let entries = || (0..n).flat_map(|i| (0..n).map(move |j| smoothness.weight(i, j)));
    let biases = || (0..n).map(|i| smoothness.bias(i));
    let (weights, all_biases) = (smoothness.weights, smoothness.biases);
    Appendix::default()
        .with_attribute("weights_total_variation", weights.variation)
        .with_attribute("weights_total_seminorm", weights.seminorm)
        .with_attribute("weights_norm", weights.norm)
        .with_attribute("biases_total_variation", all_biases.variation)
        .with_attribute("biases_total_seminorm", all_biases.seminorm)
        .with_attribute("biases_norm", all_biases.norm)
        .with_attribute("path_row", entry.0)
        .with_attribute("path_column", entry.1)
        .with_array("weights_variation", &[n, n], entries().map(|e| e.variation).collect())
        .with_array("weights_seminorm", &[n, n], entries().map(|e| e.seminorm).collect())
        .with_array("biases_variation", &[n], biases().map(|e| e.variation).collect())
        .with_array("biases_seminorm", &[n], biases().map(|e| e.seminorm).collect())
        .with_array("path_times", &[path.len()], path.iter().map(|point| point.0).collect())
        .with_array("path", &[path.len()], path.iter().map(|point| point.1).collect())
}
