//! Collections made of numbers, for tests of claims.

use snode_ode::{AffineMap, Endpoint, Grid, Readout, SolverKeys};
use snode_store::{Appendix, Configuration, Input, Model, Precision, RunInfo, RunSummary, Status};
use snode_train::{EvaluationRecord, History, Score, TargetKind};

use super::{Claim, Verdict};
use crate::{Attack, Cell, Collection, Run, State};
use snode_experiment::Experiment;
use snode_runner::TEST;

/// Runs of one kind: its experiment without a seed, and what each run has beside its accuracy.
pub(super) struct Runs {
    experiment: String,
    all: Vec<(f64, Vec<(String, Appendix)>)>,
    missing: bool,
}

/// One run for each accuracy of an experiment: keys that differ from the defaults.
pub(super) fn runs(experiment: &str, accuracies: &[f64]) -> Runs {
    let all = accuracies.iter().map(|accuracy| (*accuracy, Vec::new())).collect();
    Runs { experiment: experiment.into(), all, missing: false }
}

impl Runs {
    /// The same with a group of results in every run.
    pub(super) fn with(mut self, group: &str, found: &Appendix) -> Self {
        self.all.iter_mut().for_each(|run| run.1.push((group.to_owned(), found.clone())));
        self
    }

    /// The same, planned but not there.
    pub(super) fn missing(self) -> Self {
        Self { missing: true, ..self }
    }
}

/// A collection of these runs.
pub(super) fn collection(all: Vec<Runs>) -> Collection {
    let cells = all.into_iter().enumerate().flat_map(|(kind, runs)| {
        let missing = runs.missing;
        let experiment: Experiment = toml::from_str(&runs.experiment).unwrap();
        runs.all.into_iter().enumerate().map(move |(number, (accuracy, analyses))| {
            let experiment = Experiment { seed: number as u64 + 1, ..experiment.clone() };
            let label = vec![
                ("case".to_owned(), format!("kind {kind}").into()),
                ("seed".to_owned(), experiment.seed.into()),
            ];
            let state = if missing {
                State::Missing
            } else {
                State::Finished(Box::new(run(&experiment, accuracy, analyses)))
            };
            let path = format!("{kind}-{number}.h5").into();
            Cell { labels: vec![(0, label)], planned: vec![experiment], path, state }
        })
    });
    Collection::of("synthetic".into(), Vec::new(), cells.collect())
}

fn run(experiment: &Experiment, accuracy: f64, analyses: Vec<(String, Appendix)>) -> Run {
    let correct = (1000.0 * accuracy).round() as usize;
    let evaluation = EvaluationRecord {
        batches: 1,
        set: TEST.into(),
        score: Score::of_classes(correct, 1000, 0.0),
        seconds: 1.0,
    };
    let info = RunInfo { status: Status::Finished, ..RunInfo::new("synthetic", experiment.seed) };
    let summary = RunSummary {
        info,
        precision: Precision::F64,
        configuration: Configuration::default(),
        model: Model {
            scheme: "euler".into(),
            solver: SolverKeys::default(),
            classes: 10,
            targets: TargetKind::Classes,
            input: Input::default(),
        },
        map: AffineMap::dense(16),
        inputs: 16,
        readout: Readout::default(),
        grid: Grid::new(3.0, 2, Endpoint::Excluded).unwrap(),
        activation: experiment.network.activation,
        history: History { iterations: Vec::new(), evaluations: vec![evaluation] },
        position: None,
    };
    let is_attack = |group: &str| group.starts_with("attack/");
    let attacks = analyses.iter().filter(|(group, _)| is_attack(group));
    Run {
        path: "synthetic.h5".into(),
        summary,
        experiment: experiment.clone(),
        attacks: attacks.filter_map(|(name, found)| Attack::read(name, found)).collect(),
        analyses: analyses.into_iter().filter(|(group, _)| !is_attack(group)).collect(),
    }
}

/// The verdict on a claim, and how many comparisons it is based on.
#[track_caller]
pub(super) fn expect(claim: &Claim, verdict: Verdict, comparisons: usize) {
    assert_eq!((claim.verdict(), claim.evidence.len()), (verdict, comparisons), "{claim:#?}");
}
