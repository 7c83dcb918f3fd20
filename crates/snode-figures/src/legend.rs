//! The names of lines: in a corner of a panel, or below all panels.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::error::FigureError;
use crate::pen::{Area, FONT, GREY, failed, mark, stroke};
use crate::{Line, Panel};

/// Pixels from one name to the next below it.
const ROW: i32 = 18;
/// Pixels of a letter, not the narrowest.
const LETTER: i32 = 8;

/// A name with its line and the number of its style.
pub(crate) type Entry<'a> = (usize, &'a Line);

/// The lines of a panel that have names.
pub(crate) fn named(panel: &Panel) -> Vec<Entry<'_>> {
    let lines = panel.lines.iter().enumerate().filter(|(_, line)| !line.name.is_empty());
    lines.map(|(place, line)| (line.style.unwrap_or(place), line)).collect()
}

/// Those of all panels, each name once.
pub(crate) fn named_in_all(panels: &[Panel]) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for (style, line) in panels.iter().flat_map(named) {
        if !entries.iter().any(|(_, known)| known.name == line.name) {
            entries.push((style, line));
        }
    }
    entries
}

/// A count as a number of pixels.
fn pixels(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 100)
}

fn entry_width(entries: &[Entry<'_>]) -> i32 {
    let longest = entries.iter().map(|(_, line)| line.name.chars().count()).max().unwrap_or(0);
    44 + LETTER * pixels(longest)
}

/// How high a legend below panels of this width is.
pub(crate) fn height_below(entries: &[Entry<'_>], width: u32) -> u32 {
    if entries.is_empty() {
        return 0;
    }
    let rows = entries.len().div_ceil(columns(entries, width));
    u32::try_from(ROW * pixels(rows) + 14).unwrap_or(0)
}

fn columns(entries: &[Entry<'_>], width: u32) -> usize {
    let width = i32::try_from(width).unwrap_or(i32::MAX) - 24;
    usize::try_from(width / (entry_width(entries) + 12)).unwrap_or(1).clamp(1, entries.len().max(1))
}

/// The names side by side, in as many rows as they need.
pub(crate) fn draw_below(area: &Area<'_>, entries: &[Entry<'_>]) -> Result<(), FigureError> {
    let width = area.dim_in_pixel().0;
    let columns = columns(entries, width);
    let step = entry_width(entries) + 12;
    let used = step * pixels(columns) - 12;
    let left = (i32::try_from(width).unwrap_or(0) - used) / 2;
    for (number, entry) in entries.iter().enumerate() {
        let (row, column) = (pixels(number / columns), pixels(number % columns));
        draw_entry(area, *entry, (left + step * column, 4 + ROW * row + ROW / 2))?;
    }
    Ok(())
}

/// The names in the corner of a panel where the fewest points are.
pub(crate) fn draw_inside<X: Ranged<ValueType = f64>, Y: Ranged<ValueType = f64>>(
    area: &DrawingArea<SVGBackend<'_>, Cartesian2d<X, Y>>,
    panel: &Panel,
) -> Result<(), FigureError> {
    let entries = named(panel);
    if entries.is_empty() {
        return Ok(());
    }
    let (across, down) = area.get_pixel_range();
    let (width, height) = (entry_width(&entries), ROW * pixels(entries.len()) + 8);
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
    for (row, entry) in entries.into_iter().enumerate() {
        draw_entry(&canvas, entry, at(0, ROW * pixels(row) + 4 + ROW / 2))?;
    }
    Ok(())
}

/// A piece of the line and its name; `at` is the middle of the left edge.
fn draw_entry(
    canvas: &DrawingArea<SVGBackend<'_>, Shift>,
    (style, line): Entry<'_>,
    (x, y): (i32, i32),
) -> Result<(), FigureError> {
    if line.joined {
        stroke(canvas, vec![(x + 4, y), (x + 34, y)], style, line)?;
    }
    if line.markers {
        canvas.draw(&(EmptyElement::at((x + 18, y)) + mark(style))).map_err(failed)?;
    }
    let text = TextStyle::from((FONT, 13)).pos(Pos::new(HPos::Left, VPos::Center));
    canvas.draw(&Text::new(line.name.clone(), (x + 40, y), text)).map_err(failed)
}
