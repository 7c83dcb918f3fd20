//! Line charts of measurements: panels side by side, as one SVG text, or as PNG or PDF of it.
//!
//! Colours are those of Okabe and Ito, which colour-blind readers tell apart; every line also has
//! its own marker, or its own dashes, so that a print in black and white can be read. A band around
//! a line shows how far values scatter. Axes are linear or logarithmic and fit the data.
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
//!
//! A [`Sheet`] shows small grey pictures in rows, with labels.
//!
//! A panel is 560×400 pixels in SVG unless its [`Layout`] says otherwise; [`png()`] magnifies, and
//! [`pdf()`] makes a page. Panels of a row share their axes. Values that an axis cannot show are left out;
//! a panel of none has empty axes. [`FigureError`] says what cannot be drawn.

mod axis;
mod draw;
mod error;
mod legend;
mod palette;
mod pdf;
mod pen;
mod picture;
mod sheet;
mod tree;

pub use axis::Axis;
pub use draw::{svg, svg_with};
pub use error::FigureError;
pub use pdf::pdf;
pub use picture::png;
pub use sheet::{Picture, Sheet};

/// How panels are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// How many panels stand side by side; at least one does.
    pub columns: usize,
    /// Where the names of lines stand.
    pub legend: Legend,
    /// Width and height of a panel, in units of the figure.
    pub panel: (u32, u32),
}

impl Default for Layout {
    /// Two columns of 560×400 with legends inside.
    fn default() -> Self {
        Self { columns: 2, legend: Legend::Inside, panel: (560, 400) }
    }
}

/// Where the names of lines stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Legend {
    /// In each panel, in the corner where the fewest points are.
    #[default]
    Inside,
    /// Below all panels, each name once: for lines that have the same style in every panel.
    Below,
}

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
    /// Whether the curve has the dashes of its style.
    pub dashed: bool,
    /// How wide the curve is, in units of the figure.
    pub width: u32,
    /// The number of its colour, marker and dashes; its place in the panel if not given.
    pub style: Option<usize>,
    /// (x, lower end, upper end) of a band around it.
    pub band: Vec<(f64, f64, f64)>,
}

impl Line {
    /// A curve with a marker at every point.
    pub fn new(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self {
            name: name.into(),
            points: points.into_iter().collect(),
            markers: true,
            joined: true,
            dashed: false,
            width: 2,
            style: None,
            band: Vec::new(),
        }
    }

    /// The same with a band (x, lower end, upper end) behind it.
    #[must_use]
    pub fn with_band(self, band: impl IntoIterator<Item = (f64, f64, f64)>) -> Self {
        Self { band: band.into_iter().collect(), ..self }
    }

    /// The same in colour, marker and dashes number `style`, whatever its place in the panel.
    #[must_use]
    pub fn in_style(self, style: usize) -> Self {
        Self { style: Some(style), ..self }
    }

    /// The same with dashes: for curves that markers would crowd.
    #[must_use]
    pub fn dashed(self) -> Self {
        Self { dashed: true, ..self }
    }

    /// The same as a thin curve without markers: for one of several behind their mean.
    #[must_use]
    pub fn thin(self) -> Self {
        Self { width: 1, markers: false, ..self }
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

    /// Whether there is something to show.
    pub(crate) fn has_points(&self) -> bool {
        let mut points = self.lines.iter().flat_map(|line| &line.points);
        points.any(|(x, y)| self.x.shows(*x) && self.y.shows(*y))
    }

    /// The same with texts that may stand in SVG: U+FFFD in place of control characters.
    fn without_control_characters(&self) -> Self {
        let clean = |text: &str| text.replace(char::is_control, "\u{fffd}");
        let axis = |axis: &Axis| Axis { label: clean(&axis.label), ..axis.clone() };
        let line = |line: &Line| Line { name: clean(&line.name), ..line.clone() };
        Self {
            title: clean(&self.title),
            x: axis(&self.x),
            y: axis(&self.y),
            lines: self.lines.iter().map(line).collect(),
        }
    }
}
