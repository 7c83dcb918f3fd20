//! What was recorded of a training, in a form that JSON can hold. A number that is not finite is
//! `null` there, and NaN when it is read back.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use snode_experiment::format::{fixed, short};
use snode_train::{EvaluationRecord, Fit, History, IterationRecord, Score};

/// An iteration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IterationRow {
    /// The epoch, from 0.
    pub epoch: usize,
    /// The batch within it, from 0.
    pub batch: usize,
    /// The iteration on that batch, from 0.
    pub iteration: usize,
    /// The cost before its step.
    #[serde(deserialize_with = "number")]
    pub cost: f64,
    /// ‖g‖, the norm of the gradient.
    #[serde(deserialize_with = "number")]
    pub gradient_norm: f64,
    /// Seconds of training up to its end, over all sessions.
    #[serde(deserialize_with = "number")]
    pub seconds: f64,
    /// The step.
    #[serde(flatten)]
    pub step: Step,
}

/// The step of an iteration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Step {
    /// Of a method that takes a learning rate.
    Stochastic {
        /// α.
        #[serde(deserialize_with = "number")]
        learning_rate: f64,
    },
    /// Of nonlinear conjugate gradients.
    ConjugateGradient {
        /// γ, the weight of the last direction.
        #[serde(deserialize_with = "number")]
        gamma: f64,
        /// η, the length of the step.
        #[serde(deserialize_with = "number")]
        eta: f64,
        /// The derivative of the cost along the direction.
        #[serde(deserialize_with = "number")]
        slope: f64,
        /// Whether the cost rose in the step before.
        rose: bool,
        /// Whether the direction was the steepest descent, because the conjugate one did not descend.
        restarted: bool,
        /// Whether the step was cut to the largest one allowed.
        capped: bool,
        /// How often backtracking halved it.
        halvings: usize,
    },
}

impl From<&IterationRecord> for IterationRow {
    fn from(record: &IterationRecord) -> Self {
        let (position, iteration) = (record.position, &record.iteration);
        let step = match iteration.learning_rate {
            Some(learning_rate) => Step::Stochastic { learning_rate },
            None => Step::ConjugateGradient {
                gamma: iteration.gamma,
                eta: iteration.eta,
                slope: iteration.slope,
                rose: iteration.rose,
                restarted: iteration.restarted,
                capped: iteration.capped,
                halvings: iteration.halvings,
            },
        };
        Self {
            epoch: position.epoch,
            batch: position.batch,
            iteration: position.iteration,
            cost: iteration.cost.total(),
            gradient_norm: iteration.gradient_norm,
            seconds: record.seconds,
            step,
        }
    }
}

/// How a network did on a set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetScore {
    /// How good its predictions were.
    #[serde(flatten)]
    pub fit: SetFit,
    /// Of how many data points.
    pub total: usize,
    /// The mean cost.
    #[serde(deserialize_with = "number")]
    pub cost: f64,
}

/// How good predictions were, by what was predicted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SetFit {
    /// Classes.
    Classes {
        /// The fraction that was right.
        #[serde(deserialize_with = "number")]
        accuracy: f64,
        /// How many were right.
        correct: usize,
    },
    /// Real targets.
    Values {
        /// The mean squared error of a component.
        #[serde(deserialize_with = "number")]
        mean_squared_error: f64,
        /// The mean absolute error of a component.
        #[serde(deserialize_with = "number")]
        mean_absolute_error: f64,
        /// R².
        #[serde(deserialize_with = "number")]
        r_squared: f64,
    },
}

impl From<&Score> for SetScore {
    fn from(score: &Score) -> Self {
        let fit = match score.fit {
            Fit::Values(errors) => SetFit::Values {
                mean_squared_error: errors.mean_square,
                mean_absolute_error: errors.mean_absolute,
                r_squared: errors.r_squared,
            },
            Fit::Classes { correct } => {
                SetFit::Classes { accuracy: score.accuracy().unwrap_or(0.0), correct }
            }
            _ => SetFit::Classes { accuracy: f64::NAN, correct: 0 },
        };
        Self { fit, total: score.total, cost: score.cost }
    }
}

impl SetScore {
    /// What the first number of [`short`](Self::short) is: `accuracy`, or `errors`.
    pub fn what(&self) -> &'static str {
        match self.fit {
            SetFit::Classes { .. } => "accuracy",
            SetFit::Values { .. } => "errors",
        }
    }

    /// The score in a few characters: `97.10 %`, or `MSE 0.0123`.
    pub fn short(&self) -> String {
        match self.fit {
            SetFit::Classes { accuracy, .. } => format!("{:.2} %", 100.0 * accuracy),
            SetFit::Values { mean_squared_error, .. } => {
                format!("MSE {}", short(mean_squared_error))
            }
        }
    }

    /// The score in a column of its own: `97.10 %`, or as [`long`](Self::long).
    pub fn column(&self) -> String {
        match self.fit {
            SetFit::Classes { .. } => self.short(),
            SetFit::Values { .. } => self.long(),
        }
    }

    /// All of it but the cost: `97.10 % (971 of 1000)`, or `MSE 0.0123, MAE 0.0832, R² 0.9612`.
    pub fn long(&self) -> String {
        match self.fit {
            SetFit::Classes { correct, .. } => {
                format!("{} ({correct} of {})", self.short(), self.total)
            }
            SetFit::Values { mean_absolute_error, r_squared, .. } => format!(
                "{}, MAE {}, R² {}",
                self.short(),
                short(mean_absolute_error),
                // Where all targets are the same there is none.
                if r_squared.is_nan() { "–".into() } else { fixed(r_squared, 4) }
            ),
        }
    }
}

/// An evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRow {
    /// The name of the set.
    pub set: String,
    /// Batches done before, over all epochs.
    pub batches: usize,
    /// Seconds of training up to it, over all sessions.
    #[serde(deserialize_with = "number")]
    pub seconds: f64,
    /// The score.
    #[serde(flatten)]
    pub score: SetScore,
}

impl From<&EvaluationRecord> for EvaluationRow {
    fn from(record: &EvaluationRecord) -> Self {
        let EvaluationRecord { set, batches, seconds, score, .. } = record;
        let (set, score) = (set.clone(), score.into());
        Self { set, batches: *batches, seconds: *seconds, score }
    }
}

/// A whole history in a few numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistorySummary {
    /// The last score on each set.
    pub sets: BTreeMap<String, SetScore>,
    /// Iterations.
    pub iterations: usize,
    /// How often a direction was the steepest descent because the conjugate one did not descend.
    pub restarts: usize,
    /// How often the cost rose.
    pub rises: usize,
    /// In how many steps it could be seen whether it rose.
    pub comparable: usize,
    /// Seconds of training.
    #[serde(deserialize_with = "number")]
    pub seconds: f64,
}

impl From<&History> for HistorySummary {
    fn from(history: &History) -> Self {
        let sets = last_scores(history).into_iter();
        let (rises, comparable) = history.rises();
        Self {
            sets: sets.map(|(set, last)| (set.to_owned(), (&last).into())).collect(),
            iterations: history.iterations.len(),
            restarts: history.restarts(),
            rises,
            comparable,
            seconds: history.seconds(),
        }
    }
}

/// The names of the sets that were evaluated, and the last score on each.
pub fn last_scores(history: &History) -> Vec<(&str, Score)> {
    let mut scores: Vec<(&str, Score)> = Vec::new();
    for record in &history.evaluations {
        match scores.iter_mut().find(|(set, _)| *set == record.set) {
            Some((_, last)) => *last = record.score,
            None => scores.push((&record.set, record.score)),
        }
    }
    scores
}

/// A number, of which JSON has only the finite ones.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}
