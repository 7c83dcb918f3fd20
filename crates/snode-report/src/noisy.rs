//! A sheet of images under noise.

use snode_data::Noise;
use snode_experiment::format::plain;
use snode_figures::{Picture, Sheet};
use snode_runner::Subject;

use crate::error::Result;
use crate::shades::shades;

/// How many images are shown under noise.
const SHOWN: usize = 10;

/// The first images under Gaussian noise, a row for each of its levels (the first draw of a seed): what
/// the network sees, from background (black) to foreground (white). Their classes stand below.
///
/// # Errors
/// If a level is out of its range.
pub(crate) fn noisy_sheet(
    subject: &Subject,
    levels: &[f64],
    seed: u64,
    clip: Option<(f64, f64)>,
) -> Result<Sheet> {
    let images = subject.split.images();
    let indices: Vec<usize> = (0..images.len().min(SHOWN)).collect();
    let clean: Vec<f64> = subject.encoding.encode(images, &indices)?;
    let labels = subject.split.labels();
    let mut sheet = Sheet::new(images.shape());
    for (row, &level) in levels.iter().enumerate() {
        let mut noisy = clean.clone();
        let noise = Noise::new(seed, level)?.draw(0);
        let noise = match clip {
            Some((least, most)) => noise.clipped(least, most)?,
            None => noise,
        };
        noise.add(images.width(), &indices, &mut noisy)?;
        let is_last = row + 1 == levels.len();
        let pictures =
            indices.iter().zip(noisy.chunks_exact(images.width())).map(|(image, pixels)| {
                let picture = Picture::new(shades(pixels, subject.encoding));
                match labels.get(*image) {
                    Some(label) if is_last => picture.with_label(label.to_string()),
                    _ => picture,
                }
            });
        sheet.row(format!("noise of standard deviation {}", plain(level)), pictures);
    }
    Ok(sheet)
}
