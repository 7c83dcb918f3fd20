//! A figure as a page of PDF.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{LineCapStyle, LineJoinStyle};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref};
use resvg::tiny_skia::{PathSegment, Pixmap};
use resvg::usvg::{
    Color, FillRule, Group, Image, ImageKind, LineCap, LineJoin, Node, Paint, Path, Transform,
};

use crate::FigureError;
use crate::tree::tree;

/// Points of a page for each unit of a figure.
const POINTS: f32 = 0.75;

/// The figure in an SVG text as the bytes of a PDF file of one page: lines and letters as outlines,
/// which need no font, pictures as pixels.
///
/// ```
/// use snode_figures::{Axis, Line, Panel, pdf, svg};
///
/// let mut panel = Panel::new("A line", Axis::linear("x"), Axis::linear("y"));
/// panel.lines.push(Line::new("", [(0.0, 0.0), (1.0, 1.0)]));
/// assert!(pdf(&svg(&[panel], 1)?)?.starts_with(b"%PDF-1.7"));
/// # Ok::<(), snode_figures::FigureError>(())
/// ```
///
/// # Errors
/// If the text is not SVG, or has what no figure of this crate has: gradients, patterns, or pictures
/// that are not PNG.
pub fn pdf(svg: &str) -> Result<Vec<u8>, FigureError> {
    Page::of(svg)?.file()
}

/// A page that is being drawn.
struct Page {
    content: Content,
    /// Opacities of fills and strokes, in thousandths.
    opacities: BTreeMap<u16, String>,
    pictures: Vec<(String, Pixmap)>,
    /// Width and height in points.
    size: [f32; 2],
}

impl Page {
    fn of(svg: &str) -> Result<Self, FigureError> {
        let tree = tree(svg)?;
        let size = [POINTS * tree.size().width(), POINTS * tree.size().height()];
        let mut page = Self {
            content: Content::new(),
            opacities: BTreeMap::new(),
            pictures: Vec::new(),
            size,
        };
        // Upwards in PDF, downwards in SVG.
        page.content.transform([POINTS, 0.0, 0.0, -POINTS, 0.0, size[1]]);
        page.group(tree.root(), 1.0)?;
        Ok(page)
    }

    fn group(&mut self, group: &Group, opacity: f32) -> Result<(), FigureError> {
        let opacity = opacity * group.opacity().get();
        group.children().iter().try_for_each(|node| match node {
            Node::Group(inner) => self.group(inner, opacity),
            Node::Path(path) => self.path(path, opacity),
            Node::Image(image) => self.image(image),
            Node::Text(text) => self.group(text.flattened(), opacity),
        })
    }

    fn path(&mut self, path: &Path, opacity: f32) -> Result<(), FigureError> {
        if !path.is_visible() {
            return Ok(());
        }
        self.content.save_state().transform(matrix(path.abs_transform()));
        if let Some(fill) = path.fill() {
            let [r, g, b] = rgb(fill.paint())?;
            self.opacity(opacity * fill.opacity().get());
            self.content.set_fill_rgb(r, g, b);
            self.outline(path);
            match fill.rule() {
                FillRule::NonZero => self.content.fill_nonzero(),
                FillRule::EvenOdd => self.content.fill_even_odd(),
            };
        }
        if let Some(stroke) = path.stroke() {
            let [r, g, b] = rgb(stroke.paint())?;
            self.opacity(opacity * stroke.opacity().get());
            let cap = match stroke.linecap() {
                LineCap::Butt => LineCapStyle::ButtCap,
                LineCap::Round => LineCapStyle::RoundCap,
                LineCap::Square => LineCapStyle::ProjectingSquareCap,
            };
            let join = match stroke.linejoin() {
                LineJoin::Miter | LineJoin::MiterClip => LineJoinStyle::MiterJoin,
                LineJoin::Round => LineJoinStyle::RoundJoin,
                LineJoin::Bevel => LineJoinStyle::BevelJoin,
            };
            let dashes = stroke.dasharray().unwrap_or_default().iter().copied();
            self.content.set_stroke_rgb(r, g, b);
            self.content.set_line_width(stroke.width().get());
            self.content.set_line_cap(cap).set_line_join(join);
            self.content.set_miter_limit(stroke.miterlimit().get());
            self.content.set_dash_pattern(dashes, stroke.dashoffset());
            self.outline(path);
            self.content.stroke();
        }
        self.content.restore_state();
        Ok(())
    }

    fn outline(&mut self, path: &Path) {
        let mut from = (0.0, 0.0);
        for segment in path.data().segments() {
            match segment {
                PathSegment::MoveTo(to) => {
                    self.content.move_to(to.x, to.y);
                    from = (to.x, to.y);
                }
                PathSegment::LineTo(to) => {
                    self.content.line_to(to.x, to.y);
                    from = (to.x, to.y);
                }
                PathSegment::QuadTo(by, to) => {
                    // The same curve as a cubic one, which is all that PDF has.
                    let towards = |a: f32, b: f32| a + 2.0 / 3.0 * (b - a);
                    let (x1, y1) = (towards(from.0, by.x), towards(from.1, by.y));
                    let (x2, y2) = (towards(to.x, by.x), towards(to.y, by.y));
                    self.content.cubic_to(x1, y1, x2, y2, to.x, to.y);
                    from = (to.x, to.y);
                }
                PathSegment::CubicTo(first, second, to) => {
                    self.content.cubic_to(first.x, first.y, second.x, second.y, to.x, to.y);
                    from = (to.x, to.y);
                }
                PathSegment::Close => _ = self.content.close_path(),
            }
        }
    }

    fn opacity(&mut self, opacity: f32) {
        let thousandths = (1000.0 * opacity).round() as u16;
        let number = self.opacities.len();
        let name = self.opacities.entry(thousandths).or_insert_with(|| format!("o{number}"));
        self.content.set_parameters(Name(name.as_bytes()));
    }

    fn image(&mut self, image: &Image) -> Result<(), FigureError> {
        let ImageKind::PNG(bytes) = image.kind() else {
            return Err(FigureError("a picture that is not PNG has no place in a PDF here".into()));
        };
        let pixels = Pixmap::decode_png(bytes).map_err(|error| FigureError(error.to_string()))?;
        let name = format!("p{}", self.pictures.len());
        let (width, height) = (pixels.width() as f32, pixels.height() as f32);
        self.content.save_state().transform(matrix(image.abs_transform()));
        // A picture fills the unit square of PDF, its first row on top.
        self.content.transform([width, 0.0, 0.0, -height, 0.0, height]);
        self.content.x_object(Name(name.as_bytes())).restore_state();
        self.pictures.push((name, pixels));
        Ok(())
    }

    /// The file with this page.
    fn file(self) -> Result<Vec<u8>, FigureError> {
        let [width, height] = self.size;
        let [catalog, pages, page, content] = [1, 2, 3, 4].map(Ref::new);
        let mut free = Ref::new(5);
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(pages);
        pdf.pages(pages).kids([page]).count(1);
        let mut own = pdf.page(page);
        own.parent(pages).media_box(Rect::new(0.0, 0.0, width, height)).contents(content);
        let mut resources = own.resources();
        let mut states = resources.ext_g_states();
        let opacities: Vec<_> =
            self.opacities.iter().map(|(value, name)| (free.bump(), value, name)).collect();
        for (id, _, name) in &opacities {
            states.pair(Name(name.as_bytes()), id);
        }
        states.finish();
        let mut objects = resources.x_objects();
        let pictures: Vec<_> =
            self.pictures.iter().map(|(name, pixels)| (free.bump(), name, pixels)).collect();
        for (id, name, _) in &pictures {
            objects.pair(Name(name.as_bytes()), id);
        }
        objects.finish();
        resources.finish();
        own.finish();
        for (id, thousandths, _) in opacities {
            let opacity = f32::from(*thousandths) / 1000.0;
            pdf.ext_graphics(id).non_stroking_alpha(opacity).stroking_alpha(opacity);
        }
        for (id, _, pixels) in pictures {
            let colours: Vec<u8> = pixels
                .pixels()
                .iter()
                .flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()])
                .collect();
            let packed = packed(&colours)?;
            let mut object = pdf.image_xobject(id, &packed);
            object.filter(Filter::FlateDecode);
            object.width(side(pixels.width())).height(side(pixels.height()));
            object.color_space().device_rgb();
            object.bits_per_component(8);
        }
        let text = packed(&self.content.finish())?;
        pdf.stream(content, &text).filter(Filter::FlateDecode);
        Ok(pdf.finish())
    }
}

fn side(pixels: u32) -> i32 {
    i32::try_from(pixels).unwrap_or(i32::MAX)
}

fn matrix(transform: Transform) -> [f32; 6] {
    let Transform { sx, ky, kx, sy, tx, ty } = transform;
    [sx, ky, kx, sy, tx, ty]
}

fn rgb(paint: &Paint) -> Result<[f32; 3], FigureError> {
    match paint {
        Paint::Color(Color { red, green, blue }) => {
            Ok([*red, *green, *blue].map(|part| f32::from(part) / 255.0))
        }
        _ => Err(FigureError("gradients and patterns have no place in a PDF here".into())),
    }
}

fn packed(bytes: &[u8]) -> Result<Vec<u8>, FigureError> {
    let failed = |error: std::io::Error| FigureError(error.to_string());
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).map_err(failed)?;
    encoder.finish().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Axis, Line, Panel, svg};

    #[test]
    fn lines_letters_and_bands_are_outlines() {
        let mut panel = Panel::new("Title", Axis::linear("x"), Axis::linear("y"));
        let line = Line::new("one", [(0.0, 1.0), (1.0, 2.0)]).plain();
        panel.lines.push(line.with_band([(0.0, 0.0, 2.0), (1.0, 1.0, 5.0)]));
        let drawing = svg(&[panel], 1).unwrap();
        let file = pdf(&drawing).unwrap();
        let text = String::from_utf8_lossy(&file);
        // 560 by 400 units, in points; the band is a sixth as opaque as the line.
        assert!(text.contains("/MediaBox [0 0 420 300]") && text.contains("/ca 0.16"), "{text}");
        assert!(!text.contains("/Font"));
        let drawn = Page::of(&drawing).unwrap().content.finish();
        let drawn = String::from_utf8_lossy(&drawn);
        // Colours of the first line, curves of letters.
        assert!(drawn.contains("0 0.44705883 0.69803923 RG"), "{drawn}");
        assert!(drawn.lines().filter(|line| line.ends_with(" c")).count() > 50, "{drawn}");
    }

    #[test]
    fn what_has_no_place_in_a_pdf_is_refused() {
        let with = |inner: &str| {
            pdf(&format!(
                "<svg width=\"9\" height=\"9\" xmlns=\"http://www.w3.org/2000/svg\">{inner}</svg>"
            ))
        };
        assert!(with("<rect width=\"9\" height=\"9\" fill=\"red\"/>").is_ok());
        let gradient = "<linearGradient id=\"g\"><stop offset=\"0\" stop-color=\"red\"/>\
                        <stop offset=\"1\" stop-color=\"blue\"/></linearGradient>\
                        <rect width=\"9\" height=\"9\" fill=\"url(#g)\"/>";
        assert!(with(gradient).unwrap_err().to_string().contains("gradients"));
        assert!(pdf("not SVG").is_err());
    }
}
