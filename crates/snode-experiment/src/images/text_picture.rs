//! An image as text.

use snode_data::Images;

/// The most characters in a line of a picture.
const WIDEST: usize = 72;

/// An image in characters: two for each pixel, and fewer pixels for an image too wide for a line.
pub fn text_picture(images: &Images, image: &[u16]) -> String {
    const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
    let stride = (2 * images.cols()).div_ceil(WIDEST);
    let full = usize::from(images.max_value());
    let mut text = String::new();
    for row in image.chunks(images.cols()).step_by(stride) {
        text.push_str("  ");
        for &pixel in row.iter().step_by(stride) {
            let shade = SHADES[(usize::from(pixel) * (SHADES.len() - 1)).div_ceil(full)];
            text.extend([shade, shade]);
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}
