//! Panels as SVG.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter};
use plotters::prelude::*;

use crate::error::FigureError;
use crate::legend;
use crate::palette::colour;
use crate::pen::{Area, FONT, GREY, failed, mark, stroke};
use crate::{Axis, Layout, Legend, Panel};

/// How much of a band's colour there is.
const SHADE: f64 = 0.16;
/// The size of a title's letters: the largest, and the least that can be read.
const TITLE: (u32, u32) = (17, 10);

/// The panels, `columns` a row, as the text of an SVG file, with a legend in each of them.
///
/// # Errors
/// If there are no panels.
pub fn svg(panels: &[Panel], columns: usize) -> Result<String, FigureError> {
    svg_with(panels, &Layout { columns, ..Layout::default() })
}

/// The panels in a layout, as the text of an SVG file. Panels of one row whose axes have one label
/// show one range of values there.
///
/// # Errors
/// If there are no panels.
pub fn svg_with(panels: &[Panel], layout: &Layout) -> Result<String, FigureError> {
    if panels.is_empty() {
        return Err(FigureError("there are no panels".into()));
    }
    let panels: Vec<Panel> = panels.iter().map(Panel::without_control_characters).collect();
    let panels = &panels[..];
    let columns = layout.columns.clamp(1, panels.len());
    let rows = panels.len().div_ceil(columns);
    let mut text = String::new();
    {
        let (width, height) = (layout.panel.0 * columns as u32, layout.panel.1 * rows as u32);
        let below = match layout.legend {
            Legend::Inside => Vec::new(),
            Legend::Below => legend::named_in_all(panels),
        };
        let size = (width, height + legend::height_below(&below, width));
        let root = SVGBackend::with_string(&mut text, size).into_drawing_area();
        root.fill(&WHITE).map_err(failed)?;
        let (upper, lower) = root.split_vertically(height);
        let areas = upper.split_evenly((rows, columns));
        for (areas, panels) in areas.chunks(columns).zip(panels.chunks(columns)) {
            for ((area, panel), ranges) in areas.iter().zip(panels).zip(shared_ranges(panels)) {
                draw(area, panel, ranges, layout.legend)?;
            }
        }
        if !below.is_empty() {
            legend::draw_below(&lower, &below)?;
        }
        root.present().map_err(failed)?;
    }
    Ok(text)
}

/// The places along x and y that a panel shows.
type Ranges = [Range<f64>; 2];

/// What each panel of a row shows: what its own lines need, and those of the others that have the same
/// axis.
fn shared_ranges(row: &[Panel]) -> Vec<Ranges> {
    let own: Vec<Ranges> = row.iter().map(ranges).collect();
    let joined = |number: usize, axis: fn(&Panel) -> &Axis, side: usize| {
        // A panel without a point has no range of its own to share.
        let alike = (0..row.len())
            .filter(|other| axis(&row[*other]) == axis(&row[number]) && row[*other].has_points());
        let shown = alike
            .map(|other| own[other][side].clone())
            .reduce(|all, other| all.start.min(other.start)..all.end.max(other.end));
        shown.unwrap_or_else(|| own[number][side].clone())
    };
    (0..row.len())
        .map(|number| [joined(number, |panel| &panel.x, 0), joined(number, |panel| &panel.y, 1)])
        .collect()
}

/// What the lines of a panel need.
fn ranges(panel: &Panel) -> Ranges {
    let points = || panel.lines.iter().flat_map(|line| &line.points);
    let bands = || panel.lines.iter().flat_map(|line| &line.band);
    let x = panel.x.fit(points().map(|point| point.0).chain(bands().map(|band| band.0)));
    let edges = bands().flat_map(|band| [band.1, band.2]);
    let y = panel.y.fit(points().map(|point| point.1).chain(edges));
    [x, y]
}

/// The size of letters with which a title fits between the edges.
fn title_size(title: &str, width: u32) -> u32 {
    // A letter is about six tenths as wide as it is high.
    let letters = title.chars().count().max(1) as f64;
    ((f64::from(width) / (0.6 * letters)) as u32).clamp(TITLE.1, TITLE.0)
}

fn draw(area: &Area<'_>, panel: &Panel, [x, y]: Ranges, legend: Legend) -> Result<(), FigureError> {
    let (x_span, y_span) = (x.end - x.start, y.end - y.start);
    let mut builder = ChartBuilder::on(area);
    if !panel.title.is_empty() {
        let size = title_size(&panel.title, area.dim_in_pixel().0);
        builder.caption(&panel.title, (FONT, size));
    }
    let mut chart = builder
        .margin(12)
        .x_label_area_size(46)
        .y_label_area_size(66)
        .build_cartesian_2d(Scale::new(x, &panel.x), Scale::new(y, &panel.y))
        .map_err(failed)?;
    chart
        .configure_mesh()
        .x_desc(&panel.x.label)
        .y_desc(&panel.y.label)
        .x_label_formatter(&|place| panel.x.tick(*place, x_span))
        .y_label_formatter(&|place| panel.y.tick(*place, y_span))
        .label_style((FONT, 13))
        .axis_desc_style((FONT, 14))
        .bold_line_style(RGBColor(225, 225, 225))
        .light_line_style(WHITE)
        .axis_style(GREY)
        .draw()
        .map_err(failed)?;
    let place = |x: f64, y: f64| (panel.x.place(x), panel.y.place(y));
    for (index, line) in panel.lines.iter().enumerate() {
        let band = || {
            line.band.iter().copied().filter(|(x, low, high)| {
                panel.x.shows(*x) && panel.y.shows(*low) && panel.y.shows(*high)
            })
        };
        let upper = band().map(|(x, _, high)| place(x, high));
        let outline: Vec<_> = upper.chain(band().rev().map(|(x, low, _)| place(x, low))).collect();
        if outline.len() > 2 {
            let shade = colour(line.style.unwrap_or(index)).mix(SHADE).filled();
            chart.draw_series([Polygon::new(outline, shade)]).map_err(failed)?;
        }
    }
    for (index, line) in panel.lines.iter().enumerate() {
        let index = line.style.unwrap_or(index);
        let shown: Vec<(f64, f64)> = line
            .points
            .iter()
            .filter(|(x, y)| panel.x.shows(*x) && panel.y.shows(*y))
            .map(|(x, y)| place(*x, *y))
            .collect();
        if line.joined {
            stroke(chart.plotting_area(), shown.clone(), index, line)?;
        }
        if line.markers {
            let markers = shown.iter().map(|at| EmptyElement::at(*at) + mark(index));
            chart.draw_series(markers).map_err(failed)?;
        }
    }
    match legend {
        Legend::Inside => legend::draw_inside(chart.plotting_area(), panel),
        Legend::Below => Ok(()),
    }
}

/// A range of places with ticks where we want them.
struct Scale {
    range: Range<f64>,
    ticks: Vec<f64>,
}

impl Scale {
    fn new(range: Range<f64>, axis: &Axis) -> Self {
        let ticks = key_points(&range, axis);
        Self { range, ticks }
    }
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Scale {}

/// Where ticks stand: on a logarithmic axis at powers of ten, and at 2 and 5 between them where it
/// spans few.
fn key_points(range: &Range<f64>, axis: &Axis) -> Vec<f64> {
    if axis.whole {
        return whole_steps(range);
    }
    if !axis.logarithmic {
        return steps(range);
    }
    let span = range.end - range.start;
    let (first, last) = (range.start.floor() as i32, range.end.ceil() as i32);
    let inside = |place: &f64| range.contains(place);
    if span >= 2.5 {
        let step = (span / 7.0).ceil() as i32;
        let powers = (first..=last).filter(|e| e.rem_euclid(step) == 0).map(f64::from);
        return powers.filter(inside).collect();
    }
    let between = |e: i32| [1.0_f64, 2.0, 5.0].map(|m| m.log10() + f64::from(e));
    let places: Vec<f64> = (first..=last).flat_map(between).filter(inside).collect();
    if places.len() >= 3 {
        return places;
    }
    let (from, to) = (10_f64.powf(range.start), 10_f64.powf(range.end));
    steps(&(from..to)).into_iter().filter(|v| *v > 0.0).map(f64::log10).collect()
}

/// Round numbers in a range, about six of them.
fn steps(range: &Range<f64>) -> Vec<f64> {
    let raw = (range.end - range.start) / 6.0;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= raw)
        .unwrap_or(10.0 * power);
    multiples(range, step)
}

/// The multiples of a step in a range.
fn multiples(range: &Range<f64>, step: f64) -> Vec<f64> {
    let first = (range.start / step).ceil() as i64;
    let last = (range.end / step).floor() as i64;
    (first..=last).take(100).map(|i| i as f64 * step).collect()
}

/// Whole numbers in a range, about six of them.
fn whole_steps(range: &Range<f64>) -> Vec<f64> {
    let raw = ((range.end - range.start) / 6.0).max(1.0);
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= raw)
        .unwrap_or(10.0 * power);
    multiples(range, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Axis, Line};

    #[test]
    fn everything_that_can_be_shown_is() {
        let mut panel = Panel::new("Title <&>", Axis::linear("x"), Axis::logarithmic("y"));
        panel.lines.push(Line::new("first", [(0.0, 1.0), (1.0, 0.0), (2.0, f64::NAN), (3.0, 9.0)]));
        panel.lines.push(Line::new("second", []).plain());
        panel.lines.push(Line::new("third", [(1.0, 2.0)]).unjoined());
        let text = svg(&[panel.clone(), panel], 2).unwrap();
        for part in ["first", "second", "third", "Title &lt;&amp;&gt;", ">\nx\n<", ">\ny\n<"] {
            assert!(text.contains(part), "no {part} in {text}");
        }
        assert!(!text.contains("NaN") && !text.contains("inf"));
    }

    #[test]
    fn bands_dashes_and_styles() {
        let mut panel = Panel::new("", Axis::linear("x"), Axis::linear("y"));
        let line = Line::new("one", [(0.0, 1.0), (1.0, 2.0)]).plain();
        panel.lines.push(line.clone().with_band([(0.0, 0.0, 2.0), (1.0, 1.0, 5.0)]));
        let solid = svg(&[panel.clone()], 1).unwrap();
        assert!(solid.contains("<polygon") && solid.contains("opacity=\"0.16\""), "{solid}");
        // The axis reaches to the end of the band.
        assert!(solid.contains(">\n5\n<"), "{solid}");
        panel.lines[0] = line.clone().in_style(1).dashed();
        let dashed = svg(&[panel], 1).unwrap();
        assert!(dashed.matches("<polyline").count() > solid.matches("<polyline").count() + 10);
        assert!(dashed.contains("#D55E00"), "the second colour");
    }

    #[test]
    fn panels_of_a_row_share_their_axes() {
        let panel = |x: f64, y: f64, label: &str| {
            let mut panel = Panel::new("", Axis::linear(label), Axis::linear("y"));
            panel.lines.push(Line::new("", [(0.0, 0.0), (x, y)]));
            panel
        };
        let row = [panel(1.0, 10.0, "x"), panel(5.0, 2.0, "x"), panel(9.0, 1.0, "other")];
        let shown = shared_ranges(&row);
        assert_eq!(shown[0], [-0.25..5.25, -0.5..10.5]);
        assert_eq!(shown[0], shown[1]);
        assert_eq!(shown[2], [-0.45..9.45, -0.5..10.5]);
        // What has nothing to show asks for no room.
        let empty = Panel::new("", Axis::linear("x"), Axis::linear("y"));
        let shown = shared_ranges(&[panel(1000.0, 1000.0, "x"), empty]);
        assert_eq!(shown[0], shown[1]);
    }

    /// Not one of them may stand in XML.
    #[test]
    fn control_characters_become_visible() {
        let mut panel = Panel::new("a\u{1b}b", Axis::linear("x\u{7}"), Axis::linear("y"));
        panel.lines.push(Line::new("c\u{0}d", [(0.0, 1.0), (1.0, 2.0)]));
        for legend in [Legend::Inside, Legend::Below] {
            let text = svg_with(&[panel.clone()], &Layout { legend, ..Layout::default() }).unwrap();
            assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
            assert!(text.contains("a\u{fffd}b") && text.contains("c\u{fffd}d"));
            assert!(crate::png(&text, 1.0).is_ok());
        }
    }

    #[test]
    fn a_legend_below_names_every_line_once() {
        let mut panel = Panel::new("", Axis::linear(""), Axis::linear(""));
        panel.lines.push(Line::new("shared", [(0.0, 1.0)]));
        let text = svg_with(
            &[panel.clone(), panel],
            &Layout { legend: Legend::Below, ..Layout::default() },
        )
        .unwrap();
        assert_eq!(text.matches("shared").count(), 1);
        assert!(text.contains("width=\"1120\" height=\"432\""), "{}", &text[..80]);
    }

    #[test]
    fn nothing_to_draw_is_an_error_and_no_data_is_none() {
        assert!(svg(&[], 1).is_err());
        let empty = Panel::new("", Axis::linear(""), Axis::linear(""));
        assert!(svg(&[empty], 3).is_ok());
    }

    #[test]
    fn ticks_are_round_numbers_inside_the_range() {
        assert_eq!(steps(&(0.0..1.0)), [0.0, 0.2, 0.4, 3.0 * 0.2, 0.8, 1.0]);
        let logarithmic = Axis::logarithmic("");
        // Between 1 and 2 there is no other count.
        assert_eq!(key_points(&(0.5..2.5), &Axis::counts("")), [1.0, 2.0]);
        assert_eq!(key_points(&(0.0..13.0), &Axis::counts("")), [0.0, 5.0, 10.0]);
        assert_eq!(
            key_points(&(-6.2..0.1), &logarithmic),
            [-6.0, -5.0, -4.0, -3.0, -2.0, -1.0, 0.0]
        );
        assert_eq!(key_points(&(-12.5..0.5), &logarithmic).len(), 7);
        let few: Vec<f64> = [10.0, 20.0, 50.0, 100.0, 200.0].map(f64::log10).to_vec();
        let found = key_points(&(0.9..2.4), &logarithmic);
        assert!(found.len() == 5 && found.iter().zip(few).all(|(a, b)| (a - b).abs() < 1e-12));
        assert_eq!(key_points(&(1.0..1.2), &logarithmic).len(), 6);
    }
}
