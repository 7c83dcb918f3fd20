//! A figure's SVG text as a tree of shapes, with letters that are the same on every machine.

use std::sync::Arc;

use resvg::usvg::{Group, Image, ImageKind, Node, Options, Tree, fontdb};

use crate::FigureError;

/// Letters for all text, so that a picture is the same on every machine, one without fonts included.
const LETTERS: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");
const FAMILY: &str = "DejaVu Sans";

/// The shapes of an SVG text.
///
/// # Errors
/// If the text is not SVG.
pub(crate) fn tree(svg: &str) -> Result<Tree, FigureError> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(LETTERS.to_vec());
    fonts.set_sans_serif_family(FAMILY);
    let options =
        Options { font_family: FAMILY.into(), fontdb: Arc::new(fonts), ..Options::default() };
    Tree::from_str(svg, &options).map_err(|error| FigureError(error.to_string()))
}

/// The pictures in a group that are PNG files, each with the bytes of its file.
pub(crate) fn pictures(group: &Group) -> Vec<(&Image, &[u8])> {
    let mut found = Vec::new();
    for node in group.children() {
        match node {
            Node::Group(inner) => found.extend(pictures(inner)),
            Node::Image(image) => {
                if let ImageKind::PNG(bytes) = image.kind() {
                    found.push((&**image, &bytes[..]));
                }
            }
            Node::Path(_) | Node::Text(_) => {}
        }
    }
    found
}
