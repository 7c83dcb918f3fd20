//! Line charts of measurements: panels side by side, as one SVG text.
//!
//! Colours are those of Okabe and Ito, which colour-blind readers tell apart; every line also has
//! its own marker, so that a print in black and white can be read. Axes are linear or logarithmic
//! and fit the data.
//!
//! ```
//! use snode_figures::{Axis, Line, Panel, svg};
//!
//! let mut panel = Panel::new(
//!     "Error of a fourth-order method",
//!     Axis::logarithmic("step length"),
//!     Axis::logarithmic("error"),
//! );
//! panel.lines.push(Line::new("rk4", [0.1_f64, 0.05, 0.025].map(|h| (h, h.powi(4)))));
//! let text = svg(&[panel], 1)?;
//! assert!(text.starts_with("<svg"));
//! # Ok::<(), snode_figures::FigureError>(())
//! ```

mod axis;
mod draw;
mod palette;

pub use axis::Axis;
pub use draw::{FigureError, svg};

/// A curve, or single points.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// (x, y); what is not finite, or not positive on a logarithmic axis, is left out.
    pub points: Vec<(f64, f64)>,
    /// Whether points are marked and not just joined.
    pub markers: bool,
    /// Whether points are joined.
    pub joined: bool,
}

impl Line {
    /// A curve with a marker at every point.
    pub fn new(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self {
            name: name.into(),
            points: points.into_iter().collect(),
            markers: true,
            joined: true,
        }
    }

    /// The same without markers: for curves of many points.
    #[must_use]
    pub fn plain(self) -> Self {
        Self { markers: false, ..self }
    }

    /// The same with markers only.
    #[must_use]
    pub fn unjoined(self) -> Self {
        Self { markers: true, joined: false, ..self }
    }
}

/// One chart with its axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Stands above it.
    pub title: String,
    /// To the right.
    pub x: Axis,
    /// Upwards.
    pub y: Axis,
    /// What it shows.
    pub lines: Vec<Line>,
}

impl Panel {
    /// A panel without lines yet.
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        Self { title: title.into(), x, y, lines: Vec::new() }
    }
}
