//! Attacks: success curves, and how susceptible networks are.

use std::collections::BTreeSet;

use snode_analysis::Moments;
use snode_attack::{AttackSummary, Norm};
use snode_figures::{Axis, Line, Panel, svg_with};

use super::extent::{Counts, Extent};
use super::order::arrange;
use super::panels::{Curve, LAYOUT, banded, columns, figure, group_cells, incomplete, panels};
use crate::csv_table::Csv;
use crate::run::Run;
use crate::statistics::{mean_and_spread, scaled, short};
use crate::{Attack, Collection, Figure, Group, Section, Table};
use snode_experiment::format::{self, file_name};
use snode_experiment::{AttackConfig, Experiment};

/// At how many norms a success curve is drawn.
const POINTS: usize = 60;

/// Success curves by attack and by network, and the table of susceptibility.
pub(super) fn section(collection: &Collection) -> Option<Section> {
    let names = names(collection);
    if names.is_empty() {
        return None;
    }
    let mut figures: Vec<Figure> =
        names.iter().filter_map(|name| of_attack(collection, name)).collect();
    figures.extend(of_models(collection, &names));
    let attacked =
        |group: &Group| group.runs(collection).filter(|run| !run.attacks.is_empty()).count();
    Some(Section {
        id: "attacks",
        title: "Attacks".into(),
        about:
            "The part of the attacked images that a perturbation of at most a given norm makes the \
                network misclassify. Images that were misclassified before any attack are left out."
                .into(),
        notes: incomplete(&groups(collection), attacked).into_iter().collect(),
        tables: vec![table(collection, &names)],
        figures,
    })
}

/// The groups that are attacked.
pub(super) fn groups(collection: &Collection) -> Vec<&Group> {
    let asks = |experiment: &Experiment| !experiment.attack.is_empty();
    collection.planned(asks, |run| !run.attacks.is_empty()).collect()
}

/// The names of the attacks there are: those of experiments in their order, then others by name.
pub(super) fn names(collection: &Collection) -> Vec<String> {
    let there: BTreeSet<&str> =
        collection.runs().flat_map(|run| &run.attacks).map(|attack| &attack.name[..]).collect();
    let experiments = collection.groups.iter().filter_map(|group| group.experiment(collection));
    let planned = experiments.flat_map(|experiment| &experiment.attack).map(AttackConfig::name);
    arrange(planned, &there)
}

/// Norms from 0 to where nearly all perturbations lie: a few that are larger would hide the others.
fn norms<'a>(attacks: impl Iterator<Item = &'a Attack>, norm: Norm) -> Vec<f64> {
    let mut all: Vec<f64> = attacks.flat_map(|attack| attack.norms(norm).iter().copied()).collect();
    all.retain(|norm| norm.is_finite());
    all.sort_by(f64::total_cmp);
    let place = (all.len() * 99).div_ceil(100).saturating_sub(1);
    let most = all.get(place).copied().unwrap_or(1.0);
    (0..=POINTS).map(|point| most * point as f64 / POINTS as f64).collect()
}

/// The attacks of one name on the runs of a group.
pub(crate) fn on_group<'a>(
    collection: &'a Collection,
    group: &'a Group,
    name: &str,
) -> Vec<&'a Attack> {
    let attacks = group.runs(collection).flat_map(|run| &run.attacks);
    attacks.filter(|attack| attack.name == name && attack.summary.attacked() > 0).collect()
}

fn curve(attacks: &[&Attack], norm: Norm, norms: &[f64]) -> Curve {
    if attacks.is_empty() {
        return Curve::new();
    }
    let at = |size: f64| (size, attacks.iter().map(|attack| attack.success(norm, size)).collect());
    norms.iter().map(|norm| at(*norm)).collect()
}

fn axes(norm: Norm) -> (Axis, Axis) {
    (
        Axis::linear(format!("ε, {}-norm of the perturbation", norm_name(norm))),
        Axis::linear("fooled within ε [%]").between(0.0, 100.0),
    )
}

/// What a norm is called.
pub(super) fn norm_name(norm: Norm) -> &'static str {
    match norm {
        Norm::Two => "2",
        Norm::Infinity => "∞",
    }
}

/// A panel for each model, a line for each way of training, in the attack's own norm.
fn of_attack(collection: &Collection, name: &str) -> Option<Figure> {
    let attacks = || collection.runs().flat_map(|run| &run.attacks).filter(|a| a.name == name);
    let norm = attacks().next()?.keys.own_norm();
    let norms = norms(attacks(), norm);
    let lines = |group: &Group| {
        let curve = curve(&on_group(collection, group, name), norm, &norms);
        let line =
            (!curve.is_empty()).then(|| banded(group.line(), &curve, 100.0).plain().dashed());
        line.into_iter().collect()
    };
    let mut data =
        columns(&["attack", "norm", "epsilon", "runs", "images", "fooled_mean", "fooled_std"]);
    for group in &collection.groups {
        let attacks = on_group(collection, group, name);
        let images = attacks.first().map_or(0, |attack| attack.summary.images);
        for (epsilon, moments) in curve(&attacks, norm, &norms) {
            data.row(group_cells(group).into_iter().chain([
                name.to_owned(),
                norm_name(norm).to_owned(),
                epsilon.to_string(),
                moments.count.to_string(),
                images.to_string(),
                moments.mean.to_string(),
                moments.standard_deviation().to_string(),
            ]));
        }
    }
    let caption = format!(
        "Success of the attack {name} ({}): mean over seeds, and a band of one standard deviation.",
        extent(collection, Some(name))
    );
    let panels = panels(collection, &axes(norm), lines);
    figure(file_name(&format!("attack-{name}")), caption, &panels, data)
}

/// On how many images the attacks of a name, or all, were made, and with how many seeds.
pub(super) fn extent(collection: &Collection, name: Option<&str>) -> String {
    let counts = |run: &Run| {
        let mut attacks = run.attacks.iter().filter(|a| name.is_none_or(|name| a.name == name));
        attacks.next().map(|attack| Counts::images(attack.summary.images))
    };
    Extent::of(collection, counts).text()
}

/// For each model: a panel for each way of training, a line for each attack, all in the 2-norm.
fn of_models(collection: &Collection, names: &[String]) -> Vec<Figure> {
    let norms = norms(collection.runs().flat_map(|run| &run.attacks), Norm::Two);
    let of_model = |model: String| {
        let (x, y) = axes(Norm::Two);
        let groups = collection.groups.iter().filter(|group| group.model() == model);
        let panel = |group: &Group| {
            let mut panel = Panel::new(group.line(), x.clone(), y.clone());
            for (style, name) in names.iter().enumerate() {
                let curve = curve(&on_group(collection, group, name), Norm::Two, &norms);
                if !curve.is_empty() {
                    let points = curve.iter().map(|(norm, moments)| (*norm, 100.0 * moments.mean));
                    panel.lines.push(Line::new(name, points).plain().dashed().in_style(style));
                }
            }
            panel
        };
        let panels: Vec<Panel> =
            groups.map(panel).filter(|panel| !panel.lines.is_empty()).collect();
        let svg = svg_with(&panels, &LAYOUT).ok()?;
        Some(Figure {
            name: file_name(&format!("attacks-{model}")),
            caption: format!(
                "Success of all attacks on networks of {model} by perturbations of the 2-norm ({}): \
                 mean over seeds.",
                extent(collection, None)
            ),
            svg,
            data: None,
        })
    };
    collection.models().into_iter().filter_map(of_model).collect()
}

fn table(collection: &Collection, names: &[String]) -> Table {
    let mut data: Csv = columns(&[
        "attack",
        "method",
        "seed",
        "images",
        "attacked",
        "wrong_before",
        "fooled",
        "mean_norm2",
        "largest_norm2",
        "seconds",
    ]);
    let mut rows = Vec::new();
    for group in groups(collection) {
        for name in names {
            let attacks = on_group(collection, group, name);
            for run in group.runs(collection) {
                for attack in run.attacks.iter().filter(|attack| attack.name == *name) {
                    data.row(group_cells(group).into_iter().chain([
                        name.clone(),
                        attack.keys.method.text().to_owned(),
                        run.summary.info.seed.to_string(),
                        attack.summary.images.to_string(),
                        attack.summary.attacked().to_string(),
                        attack.summary.wrong_before.to_string(),
                        attack.summary.fooled.to_string(),
                        attack.summary.mean_norm2.to_string(),
                        attack.summary.most_norm2.to_string(),
                        attack.results.seconds.to_string(),
                    ]));
                }
            }
            let summaries = || attacks.iter().map(|attack| attack.summary);
            let moments = |of: fn(&AttackSummary) -> f64| -> Moments {
                summaries().map(|summary| of(&summary)).filter(|value| value.is_finite()).collect()
            };
            let most = summaries().map(|summary| summary.most_norm2).fold(f64::NAN, f64::max);
            rows.push(vec![
                group.model(),
                group.line(),
                name.clone(),
                mean_and_spread(&scaled(&moments(AttackSummary::susceptible), 100.0), 1),
                short(&moments(|summary| summary.mean_norm2)),
                format::short(most),
                short(&scaled(&moments(|summary| summary.seconds_per_image), 1e3)),
                format::counts(summaries().map(|s| s.images), "image").unwrap_or("–".into()),
                format!("{}/{}", attacks.len(), group.cells.len()),
            ]);
        }
    }
    let header = [
        "network",
        "training",
        "attack",
        "susceptible [%]",
        "mean ‖δ‖₂",
        "largest ‖δ‖₂",
        "ms an image",
        "of",
        "runs",
    ];
    Table {
        name: "attacks".into(),
        title: format!(
            "How many of the attacked images were fooled, and how large the smallest perturbations \
             were that did it ({})",
            extent(collection, None)
        ),
        header: header.map(str::to_owned).to_vec(),
        rows,
        data,
    }
}
