//! Curves of training: a number that was recorded on the way, against batches, iterations and seconds.

use std::collections::BTreeMap;

use snode_analysis::Moments;
use snode_figures::{Axis, Layout, Legend, Line, Panel, svg_with};
use snode_train::{EvaluationRecord, History};

use super::panels::{Curve, banded, columns, group_cells};
use crate::csv_table::Csv;
use crate::run::Run;
use crate::{Collection, Figure, Group};
use snode_runner::TEST;

/// How far a training is, by what is counted.
const ABSCISSAS: [&str; 3] = ["batches trained on", "iterations", "seconds of training"];
/// The same in files.
const COLUMNS: [&str; 3] = ["batches", "iterations", "seconds"];
/// Two columns more than other figures have, each a little narrower.
const LAYOUT: Layout = Layout { columns: 3, legend: Legend::Below, panel: (430, 330) };
/// The most curves of single runs in a panel.
const SINGLE: usize = 12;
/// The most points of a curve of costs.
const POINTS: usize = 150;

/// A number that was recorded during training.
#[derive(Clone, Copy, Debug)]
struct Point {
    /// Batches, iterations and seconds before.
    at: [f64; 3],
    value: f64,
}

/// What runs of a group have at the same place of their trainings.
#[derive(Clone, Debug, Default)]
struct Joint {
    at: [Moments; 3],
    value: Moments,
}

/// What is drawn against the course of training.
pub(super) struct Quantity<'a> {
    /// The name of the figure's file.
    pub name: &'static str,
    /// What stands below the figure, before what bands and thin lines are.
    pub caption: String,
    /// The axis of values.
    pub axis: Axis,
    /// By how much values are multiplied for the figure.
    pub factor: f64,
    /// The columns of mean and deviation in the file of numbers.
    pub columns: [&'static str; 2],
    /// Where the values are from.
    pub source: Source<'a>,
}

/// Where the values of a [`Quantity`] are from.
pub(super) enum Source<'a> {
    /// The evaluations on the test data.
    Evaluations(&'a dyn Fn(&EvaluationRecord) -> Option<f64>),
    /// The costs of the mini-batches before each step: means of so many that a curve has few points.
    Costs,
}

impl Quantity<'_> {
    /// The figure: a row of panels for each model, in which a line is a group.
    pub fn figure(&self, collection: &Collection) -> Option<Figure> {
        let models = collection.models();
        let of_model = |model: &String| -> Vec<&Group> {
            collection.groups.iter().filter(|group| group.model() == *model).collect()
        };
        let runs = |groups: &[&Group]| -> usize {
            groups.iter().map(|group| self.curves(collection, group).len()).sum()
        };
        let is_few = models.iter().all(|model| runs(&of_model(model)) <= SINGLE);
        let mut panels = Vec::new();
        for model in &models {
            let groups = of_model(model);
            let [batches, iterations, seconds] = ABSCISSAS;
            let axes = [Axis::counts(batches), Axis::counts(iterations), Axis::linear(seconds)];
            let mut row = axes.map(|x| Panel::new(model.clone(), x, self.axis.clone()));
            for group in groups {
                for (abscissa, panel) in row.iter_mut().enumerate() {
                    panel.lines.extend(self.lines(collection, group, abscissa, is_few));
                }
            }
            if row.iter().any(|panel| !panel.lines.is_empty()) {
                panels.extend(row);
            }
        }
        let mut sizes = collection.groups.iter().map(|group| self.curves(collection, group).len());
        let scatter = match (sizes.any(|runs| runs > 1), is_few) {
            (false, _) => "",
            (true, true) => ": mean over seeds, thin lines are single runs",
            (true, false) => ": mean over seeds, and a band of one standard deviation",
        };
        Some(Figure {
            name: self.name.into(),
            caption: format!("{}{scatter}.", self.caption),
            svg: svg_with(&panels, &LAYOUT).ok()?,
            data: Some(self.data(collection)),
        })
    }

    /// The lines of a group: their mean, in front of single runs if there are few.
    fn lines(
        &self,
        collection: &Collection,
        group: &Group,
        abscissa: usize,
        is_few: bool,
    ) -> Vec<Line> {
        let style = collection.style(&group.line());
        let curves = self.curves(collection, group);
        let joint = self.joined(&curves);
        if joint.is_empty() {
            return Vec::new();
        }
        let mean: Curve = joint.iter().map(|at| (at.at[abscissa].mean, at.value)).collect();
        let mut mean_line = banded(group.line(), &mean, self.factor).dashed().in_style(style);
        if matches!(self.source, Source::Costs) {
            mean_line = mean_line.plain();
        }
        if !is_few {
            return vec![mean_line];
        }
        mean_line.band.clear();
        let single = |curve: &Vec<Point>| {
            let points = curve.iter().map(|r| (r.at[abscissa], self.factor * r.value));
            Line::new("", points.collect::<Vec<_>>()).thin().in_style(style)
        };
        let singles = curves.iter().filter(|_| curves.len() > 1).map(single);
        singles.chain([mean_line]).collect()
    }

    /// The curve of every run of a group that has one.
    fn curves(&self, collection: &Collection, group: &Group) -> Vec<Vec<Point>> {
        let histories = || group.runs(collection).map(|run: &Run| &run.summary.history);
        let longest = histories().map(|history| history.iterations.len()).max().unwrap_or(0);
        let curve = |history: &History| match self.source {
            Source::Evaluations(value) => evaluations(history, value),
            Source::Costs => costs(history, longest.div_ceil(POINTS).max(1)),
        };
        histories().map(curve).filter(|curve| !curve.is_empty()).collect()
    }

    /// Curves as one: what they have after as many batches, or as many iterations.
    fn joined(&self, curves: &[Vec<Point>]) -> Vec<Joint> {
        let by = match self.source {
            Source::Evaluations(_) => 0,
            Source::Costs => 1,
        };
        let mut found: BTreeMap<u64, Joint> = BTreeMap::new();
        for record in curves.iter().flatten().filter(|record| record.value.is_finite()) {
            let joint = found.entry(record.at[by] as u64).or_default();
            joint.value.add(record.value);
            joint.at.iter_mut().zip(record.at).for_each(|(moments, at)| moments.add(at));
        }
        found.into_values().collect()
    }

    fn data(&self, collection: &Collection) -> Csv {
        let mut data = columns(&[&COLUMNS[..], &["runs", "images"], &self.columns].concat());
        for group in &collection.groups {
            let images = group.runs(collection).find_map(Run::test_images);
            let images = images.map_or_else(String::new, |images| images.to_string());
            for joint in self.joined(&self.curves(collection, group)) {
                let at = joint.at.iter().map(|moments| moments.mean.to_string());
                let value = joint.value;
                let numbers = [
                    value.count.to_string(),
                    images.clone(),
                    value.mean.to_string(),
                    value.standard_deviation().to_string(),
                ];
                data.row(group_cells(group).into_iter().chain(at).chain(numbers));
            }
        }
        data
    }
}

/// What evaluations on the test data found.
fn evaluations(history: &History, value: &dyn Fn(&EvaluationRecord) -> Option<f64>) -> Vec<Point> {
    let ends = ends_of_batches(history);
    let tested = history.evaluations.iter().filter(|record| record.set == TEST);
    let recorded = tested.filter_map(|record| {
        let iterations = match record.batches.checked_sub(1) {
            None => 0,
            Some(last) => ends.get(last).copied().unwrap_or(history.iterations.len()),
        };
        let at = [record.batches as f64, iterations as f64, record.seconds];
        Some(Point { at, value: value(record)? })
    });
    recorded.collect()
}

/// After how many iterations each batch ended.
fn ends_of_batches(history: &History) -> Vec<usize> {
    let mut ends: Vec<usize> = Vec::new();
    let mut last = None;
    for (number, record) in history.iterations.iter().enumerate() {
        let batch = (record.position.epoch, record.position.batch);
        match ends.last_mut() {
            Some(end) if last == Some(batch) => *end = number + 1,
            _ => ends.push(number + 1),
        }
        last = Some(batch);
    }
    ends
}

/// The mean cost of every `size` iterations one after the other.
fn costs(history: &History, size: usize) -> Vec<Point> {
    let ends = ends_of_batches(history);
    let piece = |(number, records): (usize, &[snode_train::IterationRecord])| {
        let costs = records.iter().map(|record| record.iteration.cost.total());
        let costs: Moments = costs.filter(|cost| cost.is_finite()).collect();
        let iterations = number * size + records.len();
        // The batch that is trained on counts by the part of its iterations that are done.
        let before = ends.partition_point(|end| *end < iterations);
        let begin = before.checked_sub(1).map_or(0, |last| ends[last]);
        let whole = ends.get(before).map_or(1, |end| end - begin);
        let batches = before as f64 + (iterations - begin) as f64 / whole as f64;
        let seconds = records.last().map_or(0.0, |record| record.seconds);
        let at = [batches, iterations as f64, seconds];
        (costs.count > 0).then_some(Point { at, value: costs.mean })
    };
    history.iterations.chunks(size).enumerate().filter_map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use snode_train::{CostValue, Iteration, IterationRecord, Position, Score};

    /// Three batches of two iterations, a second each, whose costs fall from 6 to 1.
    fn history() -> History {
        let record = |number: usize| IterationRecord {
            position: Position { epoch: 0, batch: number / 2, iteration: number % 2 },
            iteration: Iteration {
                cost: CostValue { other: 6.0 - number as f64, ..CostValue::default() },
                ..Iteration::default()
            },
            seconds: 1.0 + number as f64,
        };
        let evaluation = |batches: usize| EvaluationRecord {
            batches,
            set: TEST.into(),
            score: Score::of_classes(batches, 4, 0.5),
            seconds: 2.0 * batches as f64,
        };
        History {
            iterations: (0..6).map(record).collect(),
            evaluations: vec![evaluation(0), evaluation(1), evaluation(3)],
        }
    }

    #[test]
    fn evaluations_know_batches_iterations_and_seconds() {
        let found = evaluations(&history(), &|record| record.score.accuracy());
        let found: Vec<_> = found.iter().map(|point| (point.at, point.value)).collect();
        assert_eq!(
            found,
            [([0.0, 0.0, 0.0], 0.0), ([1.0, 2.0, 2.0], 0.25), ([3.0, 6.0, 6.0], 0.75)]
        );
    }

    #[test]
    fn costs_are_means_of_pieces() {
        let found = costs(&history(), 1);
        let batches: Vec<f64> = found.iter().map(|point| point.at[0]).collect();
        assert_eq!(batches, [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]);
        let found = costs(&history(), 4);
        let found: Vec<_> = found.iter().map(|point| (point.at, point.value)).collect();
        assert_eq!(found, [([2.0, 4.0, 4.0], 4.5), ([3.0, 6.0, 6.0], 1.5)]);
    }
}
