//! Values of inputs as shades of grey.

use snode_data::Encoding;

/// Values of the encoding as 0 (background) to 1 (foreground).
pub(crate) fn shades(values: &[f64], encoding: Encoding) -> Vec<f64> {
    let (background, foreground) = (encoding.background(), encoding.foreground());
    values.iter().map(|value| (value - background) / (foreground - background)).collect()
}
