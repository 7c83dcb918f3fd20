//! How a trained network does on images.

use faer::Mat;
use snode_data::{Encoding, Split, Targets as TargetsOf};
use snode_experiment::ObjectiveChoice;
use snode_experiment::images::encoded;
use snode_ode::{Network, SchemeChoice, Statistics};
use snode_train::{ErrorSums, Fit, Score, Targets, ValueErrors, classify, outputs};

use crate::error::Result;
use crate::number::Number;
use crate::records::SetScore;

/// How a network did on images.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// How many images there were.
    pub total: usize,
    /// How good its predictions were.
    pub predictions: Predictions,
    /// The mean cost, if the run says by which cost it was trained.
    pub cost: Option<f64>,
    /// What solving took, over all groups of images that were solved together.
    pub statistics: Statistics,
}

/// How good predictions were, by what was predicted.
#[derive(Clone, Debug, PartialEq)]
pub enum Predictions {
    /// Classes: `confusion[class][predicted]` is how many images of a class were taken for another.
    Classes(Vec<Vec<usize>>),
    /// Real targets.
    Values(ValueErrors),
}

impl Evaluation {
    /// How many predictions of classes were right; none of a regression.
    pub fn correct(&self) -> Option<usize> {
        match &self.predictions {
            Predictions::Classes(confusion) => {
                Some(confusion.iter().enumerate().map(|(class, row)| row[class]).sum())
            }
            Predictions::Values(_) => None,
        }
    }

    /// `described`, a JSON object, with the score and, of classes, which were taken for which.
    pub fn json(&self, described: serde_json::Value) -> serde_json::Value {
        let mut object = described;
        let score = serde_json::to_value(SetScore::from(&self.score()));
        if let (Some(object), Ok(serde_json::Value::Object(score))) =
            (object.as_object_mut(), score)
        {
            object.extend(score);
            if let Predictions::Classes(confusion) = &self.predictions {
                object.insert("confusion".into(), serde_json::json!(confusion));
            }
        }
        object
    }

    /// The same as a score.
    pub fn score(&self) -> Score {
        let fit = match &self.predictions {
            Predictions::Classes(_) => Fit::Classes { correct: self.correct().unwrap_or(0) },
            Predictions::Values(errors) => Fit::Values(*errors),
        };
        Score { fit, total: self.total, cost: self.cost.unwrap_or(f64::NAN) }
    }
}

/// How many images are carried through the network at once.
const CHUNK: usize = 5000;

/// Carries a split through a network with so many scores, solved by `scheme`.
///
/// # Errors
/// If the network cannot be solved.
pub fn evaluate<T: Number>(
    network: Network<T>,
    split: &Split,
    encoding: Encoding,
    scores: usize,
    objective: Option<ObjectiveChoice>,
    scheme: &SchemeChoice,
) -> Result<Evaluation> {
    let network = network.with_endpoint(scheme.endpoint());
    let scheme = crate::device::scheme::<T>(scheme)?;
    let objective = objective.map(|choice| choice.build::<T>());
    let mut statistics = Statistics::default();
    let classes = if matches!(split.targets(), TargetsOf::Classes(_)) { scores } else { 0 };
    let mut confusion = vec![vec![0; classes]; classes];
    let mut errors = ErrorSums::new(scores);
    let mut sum = 0.0;
    let all: Vec<usize> = (0..split.len()).collect();
    for chunk in all.chunks(CHUNK) {
        let set = encoded::<T>(split, encoding, chunk)?;
        let (output, cost_of_chunk) = outputs(&*scheme, &network, set.x.as_ref(), scores)?;
        statistics.add(&cost_of_chunk);
        let output = output.as_ref();
        if let Some(objective) = &objective {
            let mut terminal = Mat::zeros(output.nrows(), output.ncols());
            let targets = set.targets.as_ref();
            let loss = objective.loss();
            let value = loss.value_and_terminal(&network, output, targets, terminal.as_mut())?;
            sum += value.total() * chunk.len() as f64;
        }
        match &set.targets {
            Targets::Values(values) => errors.add(output, values.as_ref()),
            targets => {
                let labels = targets.as_ref().classes()?;
                for (&label, predicted) in labels.iter().zip(classify(output, scores)) {
                    confusion[label][predicted] += 1;
                }
            }
        }
    }
    let predictions = match split.targets() {
        TargetsOf::Classes(_) => Predictions::Classes(confusion),
        TargetsOf::Vectors { .. } => Predictions::Values(errors.errors()),
    };
    let cost = objective.map(|_| sum / split.len() as f64);
    Ok(Evaluation { total: split.len(), predictions, cost, statistics })
}
