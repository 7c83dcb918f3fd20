//! Panels as SVG.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::palette::{colour, marker};
use crate::{Line, Panel};

const PANEL: (u32, u32) = (560, 400);
const FONT: &str = "sans-serif";
const MARKER: f64 = 4.0;
const GREY: RGBColor = RGBColor(90, 90, 90);

/// A figure that cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot draw the figure: {0}")]
pub struct FigureError(String);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The panels, `columns` a row, as the text of an SVG file.
///
/// # Errors
/// If there are no panels.
pub fn svg(panels: &[Panel], columns: usize) -> Result<String, FigureError> {
    if panels.is_empty() {
        return Err(FigureError("there are no panels".into()));
    }
    let columns = columns.clamp(1, panels.len());
    let rows = panels.len().div_ceil(columns);
    let mut text = String::new();
    {
        let size = (PANEL.0 * columns as u32, PANEL.1 * rows as u32);
        let root = SVGBackend::with_string(&mut text, size).into_drawing_area();
        root.fill(&WHITE).map_err(failed)?;
        for (area, panel) in root.split_evenly((rows, columns)).iter().zip(panels) {
            draw(area, panel)?;
        }
        root.present().map_err(failed)?;
    }
    Ok(text)
}

fn failed(error: impl std::fmt::Display) -> FigureError {
    FigureError(error.to_string())
}

fn draw(area: &Area<'_>, panel: &Panel) -> Result<(), FigureError> {
    let points = || panel.lines.iter().flat_map(|line| &line.points);
    let x = panel.x.fit(points().map(|point| point.0));
    let y = panel.y.fit(points().map(|point| point.1));
    let (x_span, y_span) = (x.end - x.start, y.end - y.start);
    let mut chart = ChartBuilder::on(area)
        .caption(&panel.title, (FONT, 17))
        .margin(12)
        .x_label_area_size(46)
        .y_label_area_size(66)
        .build_cartesian_2d(Scale::new(x, panel.x.logarithmic), Scale::new(y, panel.y.logarithmic))
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
    for (index, line) in panel.lines.iter().enumerate() {
        let style = ShapeStyle::from(colour(index)).stroke_width(2);
        let shown: Vec<(f64, f64)> = line
            .points
            .iter()
            .filter(|(x, y)| panel.x.shows(*x) && panel.y.shows(*y))
            .map(|(x, y)| (panel.x.place(*x), panel.y.place(*y)))
            .collect();
        if line.joined {
            chart.draw_series(LineSeries::new(shown.clone(), style)).map_err(failed)?;
        }
        if line.markers {
            let markers = shown.iter().map(|at| EmptyElement::at(*at) + mark(index));
            chart.draw_series(markers).map_err(failed)?;
        }
    }
    legend(chart.plotting_area(), panel)
}

/// A marker around the origin.
fn mark(index: usize) -> Polygon<(i32, i32)> {
    let round: Vec<(f64, f64)> = (0..16)
        .map(|i| f64::from(i) * std::f64::consts::TAU / 16.0)
        .map(|angle| (angle.cos(), angle.sin()))
        .collect();
    let corners = if marker(index).is_empty() { &round[..] } else { marker(index) };
    let at = |v: f64| (v * MARKER).round() as i32;
    let corners: Vec<_> = corners.iter().map(|(x, y)| (at(*x), at(*y))).collect();
    Polygon::new(corners, colour(index).filled())
}

/// A range of places with ticks where we want them.
struct Scale {
    range: Range<f64>,
    ticks: Vec<f64>,
}

impl Scale {
    fn new(range: Range<f64>, logarithmic: bool) -> Self {
        let ticks = key_points(&range, logarithmic);
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
fn key_points(range: &Range<f64>, logarithmic: bool) -> Vec<f64> {
    if !logarithmic {
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
    let first = (range.start / step).ceil() as i64;
    let last = (range.end / step).floor() as i64;
    (first..=last).take(100).map(|i| i as f64 * step).collect()
}

/// A count as a number of pixels.
fn pixels(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 100)
}

/// The names of the lines, in the corner where the fewest points are.
fn legend<X: Ranged<ValueType = f64>, Y: Ranged<ValueType = f64>>(
    area: &DrawingArea<SVGBackend<'_>, Cartesian2d<X, Y>>,
    panel: &Panel,
) -> Result<(), FigureError> {
    const ROW: i32 = 18;
    let named: Vec<(usize, &Line)> =
        panel.lines.iter().enumerate().filter(|(_, line)| !line.name.is_empty()).collect();
    if named.is_empty() {
        return Ok(());
    }
    let (across, down) = area.get_pixel_range();
    let longest = named.iter().map(|(_, line)| line.name.chars().count()).max().unwrap_or(0);
    let (width, height) = (44 + 7 * pixels(longest), ROW * pixels(named.len()) + 8);
    let corners = [
        (across.end - width - 8, down.start + 8),
        (across.start + 8, down.start + 8),
        (across.end - width - 8, down.end - height - 8),
        (across.start + 8, down.end - height - 8),
    ];
    let covered = |(left, top): (i32, i32)| {
        let lines = panel.lines.iter().flat_map(|line| &line.points);
        lines
            .filter(|(x, y)| panel.x.shows(*x) && panel.y.shows(*y))
            .map(|(x, y)| area.map_coordinate(&(panel.x.place(*x), panel.y.place(*y))))
            .filter(|(x, y)| {
                (left - 6..left + width + 6).contains(x) && (top - 6..top + height + 6).contains(y)
            })
            .count()
    };
    let (left, top) = corners.into_iter().min_by_key(|at| covered(*at)).unwrap_or(corners[0]);
    let canvas = area.strip_coord_spec();
    let (base_x, base_y) = (across.start, down.start);
    let at = |x: i32, y: i32| (left - base_x + x, top - base_y + y);
    let frame = [at(0, 0), at(width, height)];
    canvas.draw(&Rectangle::new(frame, WHITE.mix(0.85).filled())).map_err(failed)?;
    canvas.draw(&Rectangle::new(frame, GREY.mix(0.5))).map_err(failed)?;
    let anchor = Pos::new(HPos::Left, VPos::Center);
    let style = TextStyle::from((FONT, 13)).pos(anchor);
    for (row, (index, line)) in named.iter().enumerate() {
        let y = ROW * pixels(row) + 4 + ROW / 2;
        if line.joined {
            let stroke = ShapeStyle::from(colour(*index)).stroke_width(2);
            canvas.draw(&PathElement::new([at(6, y), at(30, y)], stroke)).map_err(failed)?;
        }
        if line.markers {
            let element = EmptyElement::at(at(18, y)) + mark(*index);
            canvas.draw(&element).map_err(failed)?;
        }
        canvas.draw(&Text::new(line.name.clone(), at(37, y), style.clone())).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Axis;

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
    fn nothing_to_draw_is_an_error_and_no_data_is_none() {
        assert!(svg(&[], 1).is_err());
        let empty = Panel::new("", Axis::linear(""), Axis::linear(""));
        assert!(svg(&[empty], 3).is_ok());
    }

    #[test]
    fn ticks_are_round_numbers_inside_the_range() {
        assert_eq!(steps(&(0.0..1.0)), [0.0, 0.2, 0.4, 3.0 * 0.2, 0.8, 1.0]);
        assert_eq!(key_points(&(-6.2..0.1), true), [-6.0, -5.0, -4.0, -3.0, -2.0, -1.0, 0.0]);
        assert_eq!(key_points(&(-12.5..0.5), true).len(), 7);
        let few: Vec<f64> = [10.0, 20.0, 50.0, 100.0, 200.0].map(f64::log10).to_vec();
        let found = key_points(&(0.9..2.4), true);
        assert!(found.len() == 5 && found.iter().zip(few).all(|(a, b)| (a - b).abs() < 1e-12));
        assert_eq!(key_points(&(1.0..1.2), true).len(), 6);
    }
}
