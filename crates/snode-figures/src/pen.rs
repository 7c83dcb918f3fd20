//! What everything in a figure is drawn with.

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::Line;
use crate::error::FigureError;
use crate::palette::{colour, dashes, marker};

pub(crate) const FONT: &str = "sans-serif";
const MARKER: f64 = 4.0;
/// The opacity of thin curves.
const THIN: f64 = 0.6;
pub(crate) const GREY: RGBColor = RGBColor(90, 90, 90);

pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub(crate) fn failed(error: impl std::fmt::Display) -> FigureError {
    FigureError(error.to_string())
}

/// A curve through points, as wide as its line is, in the dashes of its style if it asks for them.
pub(crate) fn stroke<C: CoordTranslate>(
    area: &DrawingArea<SVGBackend<'_>, C>,
    points: Vec<C::From>,
    index: usize,
    line: &Line,
) -> Result<(), FigureError>
where
    C::From: Clone + 'static,
{
    let opacity = if line.width > 1 { 1.0 } else { THIN };
    let style = ShapeStyle::from(colour(index).mix(opacity)).stroke_width(line.width);
    match dashes(index).filter(|_| line.dashed) {
        Some((dash, gap)) => {
            let path = plotters::element::DashedPathElement::new(points, dash, gap, style);
            area.draw(&path).map_err(failed)
        }
        None => area.draw(&PathElement::new(points, style)).map_err(failed),
    }
}

/// A marker around the origin.
pub(crate) fn mark(index: usize) -> Polygon<(i32, i32)> {
    let round: Vec<(f64, f64)> = (0..16)
        .map(|i| f64::from(i) * std::f64::consts::TAU / 16.0)
        .map(|angle| (angle.cos(), angle.sin()))
        .collect();
    let corners = if marker(index).is_empty() { &round[..] } else { marker(index) };
    let at = |v: f64| (v * MARKER).round() as i32;
    let corners: Vec<_> = corners.iter().map(|(x, y)| (at(*x), at(*y))).collect();
    Polygon::new(corners, colour(index).filled())
}
