//! Cost and accuracy during training.

use snode_figures::Axis;

use super::curves::{Quantity, Source};
use super::extent::{Counts, Extent};
use super::panels::incomplete;
use crate::run::Run;
use crate::{Collection, Group, Section};
use snode_runner::TEST;

/// Accuracy and cost on the test data, and the cost of the mini-batches, against batches, iterations and
/// seconds.
pub(super) fn section(collection: &Collection) -> Option<Section> {
    let images = |run: &Run| run.test_images().map(Counts::images);
    let accuracy = Quantity {
        name: "training",
        caption: format!(
            "Accuracy on the test images during training ({})",
            Extent::of(collection, images).text()
        ),
        axis: Axis::linear("accuracy on the test images [%]"),
        factor: 100.0,
        columns: ["accuracy_mean", "accuracy_std"],
        source: Source::Evaluations(&|record| record.score.accuracy()),
    };
    let tested = Quantity {
        name: "cost-test",
        caption: format!(
            "Cost on the test data during training, without weight decay ({})",
            Extent::of(collection, Counts::of_tests).text()
        ),
        axis: Axis::logarithmic("cost on the test data"),
        factor: 1.0,
        columns: ["cost_mean", "cost_std"],
        source: Source::Evaluations(&|record| Some(record.score.cost)),
    };
    let batches = Quantity {
        name: "cost-training",
        caption: format!(
            "Cost J of the mini-batches before each step; each point is the mean of several iterations ({})",
            Extent::of(collection, |_| Some(Counts::default())).text()
        ),
        axis: Axis::logarithmic("cost of the mini-batches"),
        factor: 1.0,
        columns: ["cost_mean", "cost_std"],
        source: Source::Costs,
    };
    let figures = [accuracy, tested, batches].iter().filter_map(|q| q.figure(collection)).collect();
    let section = Section {
        id: "training",
        title: if groups(collection).is_empty() {
            "Cost during training".into()
        } else {
            "Cost and accuracy during training".into()
        },
        about:
            "The network is evaluated on the test data at regular intervals. The panels of a row \
                share their scale; seconds are those of training, without evaluations."
                .into(),
        notes: incomplete(&groups(collection), |group| evaluated(collection, group))
            .into_iter()
            .collect(),
        figures,
        ..Section::default()
    };
    (!section.figures.is_empty()).then_some(section)
}

/// The groups of classifications.
fn groups(collection: &Collection) -> Vec<&Group> {
    let classified = |group: &&Group| {
        group.experiment(collection).is_none_or(|experiment| !experiment.cost.loss.is_for_values())
    };
    collection.groups.iter().filter(classified).collect()
}

/// How many runs of a group were evaluated.
fn evaluated(collection: &Collection, group: &Group) -> usize {
    let has = |run: &&Run| {
        let mut records = run.summary.history.evaluations.iter();
        records.any(|record| record.set == TEST)
    };
    group.runs(collection).filter(has).count()
}
