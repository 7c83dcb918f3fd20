//! A figure as pixels.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::FigureError;

/// Letters for all text, so that a picture is the same on every machine, one without fonts included.
const LETTERS: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");
const FAMILY: &str = "DejaVu Sans";

/// The figure in an SVG text as the bytes of a PNG file, `magnification` pixels a unit of the figure.
///
/// ```
/// use snode_figures::{Axis, Line, Panel, png, svg};
///
/// let mut panel = Panel::new("A line", Axis::linear("x"), Axis::linear("y"));
/// panel.lines.push(Line::new("", [(0.0, 0.0), (1.0, 1.0)]));
/// let bytes = png(&svg(&[panel], 1)?, 2.0)?;
/// assert!(bytes.starts_with(b"\x89PNG"));
/// # Ok::<(), snode_figures::FigureError>(())
/// ```
///
/// # Errors
/// If the text is not SVG, or the picture would be empty or too large.
pub fn png(svg: &str, magnification: f32) -> Result<Vec<u8>, FigureError> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(LETTERS.to_vec());
    fonts.set_sans_serif_family(FAMILY);
    let options =
        Options { font_family: FAMILY.into(), fontdb: Arc::new(fonts), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|error| FigureError(error.to_string()))?;
    let side = |length: f32| (length * magnification).round() as u32;
    let size = tree.size();
    let mut pixels = Pixmap::new(side(size.width()), side(size.height()))
        .ok_or_else(|| FigureError("no picture is this large".into()))?;
    let scale = Transform::from_scale(magnification, magnification);
    resvg::render(&tree, scale, &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| FigureError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_drawn_without_fonts_of_the_machine() {
        let text = |letters: &str| {
            format!(
                "<svg width=\"90\" height=\"30\" xmlns=\"http://www.w3.org/2000/svg\">\
                 <text x=\"5\" y=\"20\" font-family=\"sans-serif\">{letters}</text></svg>"
            )
        };
        let empty = png(&text(""), 1.0).unwrap();
        for letters in ["a", "ξ", "‖", "−", "⁻⁶", "∞", "η"] {
            assert_ne!(png(&text(letters), 1.0).unwrap(), empty, "{letters}");
        }
    }

    #[test]
    fn what_is_no_figure_is_refused() {
        assert!(png("not SVG", 1.0).is_err());
        assert!(
            png("<svg width=\"1\" height=\"1\" xmlns=\"http://www.w3.org/2000/svg\"/>", 0.1)
                .is_err()
        );
    }
}
