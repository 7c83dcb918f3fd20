//! How a trained network does on images.

use faer::Mat;
use snode_data::{Encoding, Split};
use snode_experiment::images::encoded;
use snode_ode::{Network, SchemeChoice, Statistics};
use snode_train::{Cost, TrainError, classify};

use crate::error::Result;
use crate::number::Number;

/// How a network did on images.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// `confusion[class][predicted]`: how many images of a class were taken for another.
    pub confusion: Vec<Vec<usize>>,
    /// The mean cost, if the run says by which cost it was trained.
    pub cost: Option<f64>,
    /// What solving took, over all groups of images that were solved together.
    pub statistics: Statistics,
}

impl Evaluation {
    /// How many images there were.
    pub fn total(&self) -> usize {
        self.confusion.iter().flatten().sum()
    }

    /// How many predictions were right.
    pub fn correct(&self) -> usize {
        self.confusion.iter().enumerate().map(|(class, row)| row[class]).sum()
    }
}

/// How many images are carried through the network at once.
const CHUNK: usize = 5000;

/// Carries a split through a network, solved by `scheme`.
///
/// # Errors
/// If the network cannot be solved.
pub fn evaluate<T: Number>(
    network: Network<T>,
    split: &Split,
    encoding: Encoding,
    classes: usize,
    cost: Option<Cost>,
    scheme: &SchemeChoice,
) -> Result<Evaluation> {
    let network = network.with_endpoint(scheme.endpoint());
    let scheme = crate::device::scheme::<T>(scheme)?;
    let mut statistics = Statistics::default();
    let mut confusion = vec![vec![0; classes]; classes];
    let mut sum = 0.0;
    let all: Vec<usize> = (0..split.len()).collect();
    for chunk in all.chunks(CHUNK) {
        let set = encoded::<T>(split, encoding, chunk)?;
        let mut output = Mat::zeros(set.x.nrows(), set.x.ncols());
        let cost_of_chunk =
            scheme.evaluate(&network, set.x.as_ref(), output.as_mut()).map_err(TrainError::from)?;
        statistics.add(&cost_of_chunk);
        if let Some(cost) = &cost {
            let centre = cost.centre_for(&network);
            let mean = cost.value(output.as_ref(), &set.labels, centre)?.total();
            sum += mean * chunk.len() as f64;
        }
        for (&label, predicted) in set.labels.iter().zip(classify(output.as_ref(), classes)) {
            confusion[label][predicted] += 1;
        }
    }
    let cost = cost.map(|_| sum / split.len() as f64);
    Ok(Evaluation { confusion, cost, statistics })
}
