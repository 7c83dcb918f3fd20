//! Figures with a panel for each model and a line for each way of training.

use snode_analysis::Moments;
use snode_figures::{Axis, Layout, Legend, Line, Panel, svg_with};

use crate::csv_table::Csv;
use crate::{Collection, Figure, Group};

/// How most figures are laid out: with one legend, as lines have one style in all panels.
pub(super) const LAYOUT: Layout = Layout { columns: 2, legend: Legend::Below, panel: (560, 400) };

/// A mean curve over the runs of a group, with as many of them as there are at each point.
pub(super) type Curve = Vec<(f64, Moments)>;

/// A line with a band of one standard deviation, where several runs make one.
pub(super) fn banded(name: String, curve: &Curve, factor: f64) -> Line {
    let spread = |(x, moments): &(f64, Moments)| {
        let (mean, deviation) = (factor * moments.mean, factor * moments.standard_deviation());
        (moments.count > 1).then_some((*x, mean - deviation, mean + deviation))
    };
    Line::new(name, curve.iter().map(|(x, moments)| (*x, factor * moments.mean)))
        .with_band(curve.iter().filter_map(spread))
}

/// A panel for each model that has lines: those that `lines` makes of each of its groups, in the
/// style of the group.
pub(super) fn panels(
    collection: &Collection,
    axes: &(Axis, Axis),
    lines: impl Fn(&Group) -> Vec<Line>,
) -> Vec<Panel> {
    let of_model = |model: String| {
        let mut panel = Panel::new(model.clone(), axes.0.clone(), axes.1.clone());
        for group in collection.groups.iter().filter(|group| group.model() == model) {
            let style = collection.style(&group.line());
            panel.lines.extend(lines(group).into_iter().map(|line| line.in_style(style)));
        }
        panel
    };
    let panels = collection.models().into_iter().map(of_model);
    panels.filter(|panel| !panel.lines.is_empty()).collect()
}

/// The figure of some panels, if there are any and they can be drawn.
pub(super) fn figure(
    name: impl Into<String>,
    caption: impl Into<String>,
    panels: &[Panel],
    data: Csv,
) -> Option<Figure> {
    let svg = svg_with(panels, &LAYOUT).ok()?;
    Some(Figure { name: name.into(), caption: caption.into(), svg, data: Some(data) })
}

/// What tells a group in a file: how it is trained, under which scheme, activation, loss.
pub(super) const GROUP: [&str; 4] = ["training", "scheme", "activation", "loss"];

/// The cells of [`GROUP`].
pub(super) fn group_cells(group: &Group) -> Vec<String> {
    [&group.regime, &group.scheme, &group.activation, &group.loss].map(Clone::clone).to_vec()
}

/// Columns: those of [`GROUP`] and further ones.
pub(super) fn columns(further: &[&str]) -> Csv {
    Csv::new([&GROUP[..], further].concat())
}

/// The most groups that are named.
const NAMED: usize = 6;

/// Which of some groups have fewer runs than they should, in words; nothing if all are complete.
pub(super) fn incomplete(groups: &[&Group], has: impl Fn(&Group) -> usize) -> Option<String> {
    let missing = groups.iter().filter(|group| has(group) < group.cells.len());
    let missing: Vec<String> = missing
        .map(|group| format!("{} ({}/{})", group.name(), has(group), group.cells.len()))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let named = missing[..missing.len().min(NAMED)].join("; ");
    let others = match missing.len().saturating_sub(NAMED) {
        0 => String::new(),
        others => format!("; and {others} others"),
    };
    Some(format!("Drawn from what is there; incomplete: {named}{others}."))
}
