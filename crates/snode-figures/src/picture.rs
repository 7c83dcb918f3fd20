//! A figure as pixels.

use resvg::tiny_skia::{FilterQuality, Pixmap, PixmapPaint, Transform};

use crate::FigureError;
use crate::tree::{pictures, tree};

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
    let failed = |error: &dyn std::fmt::Display| FigureError(error.to_string());
    let tree = tree(svg)?;
    let side = |length: f32| (length * magnification).round() as u32;
    let size = tree.size();
    let mut pixels = Pixmap::new(side(size.width()), side(size.height()))
        .ok_or_else(|| FigureError("no picture is this large".into()))?;
    let scale = Transform::from_scale(magnification, magnification);
    resvg::render(&tree, scale, &mut pixels.as_mut());
    // Without its decoders of every format, which nothing here needs, resvg leaves pictures out.
    let paint = PixmapPaint { quality: FilterQuality::Nearest, ..PixmapPaint::default() };
    for (image, bytes) in pictures(tree.root()) {
        let own = Pixmap::decode_png(bytes).map_err(|error| failed(&error))?;
        let place = scale.pre_concat(image.abs_transform());
        pixels.draw_pixmap(0, 0, own.as_ref(), &paint, place, None);
    }
    pixels.encode_png().map_err(|error| failed(&error))
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
        for letters in ["a", "ξ", "‖", "−", "⁻⁶", "∞", "η", "→"] {
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
