//! A contact sheet of adversarial images.

use crate::error::Result;
use crate::subject::Subject;
use snode_figures::Sheet;

/// A contact sheet of adversarial images, given by their index in the split of `subject` and their
/// pixels: a row of clean images, one of adversarial ones, and one of perturbations, where grey is
/// none, white towards the foreground, and the largest of all is black or white.
///
/// # Errors
/// If an index is out of range.
pub fn contact_sheet(subject: &Subject, adversarial: &[(usize, &[f64])]) -> Result<Sheet> {
    let images = subject.split.images();
    let indices: Vec<usize> = adversarial.iter().map(|(index, _)| *index).collect();
    let clean: Vec<f64> = subject.encoding.encode(images, &indices)?;
    let clean: Vec<&[f64]> = clean.chunks_exact(images.width()).collect();
    let (background, foreground) = (subject.encoding.background(), subject.encoding.foreground());
    let shade = |value: &f64| (value - background) / (foreground - background);
    let shades = |pixels: &[f64]| -> Vec<f64> { pixels.iter().map(shade).collect() };
    let perturbations: Vec<Vec<f64>> = adversarial
        .iter()
        .zip(&clean)
        .map(|((_, pixels), clean)| {
            pixels.iter().zip(*clean).map(|(a, c)| shade(a) - shade(c)).collect()
        })
        .collect();
    let largest = perturbations.iter().flatten().fold(0.0_f64, |most, d| most.max(d.abs()));
    let around_grey = |d: &f64| 0.5 + if largest > 0.0 { 0.5 * d / largest } else { 0.0 };
    let mut sheet = Sheet::new(images.shape());
    sheet.row(clean.iter().map(|pixels| shades(pixels)));
    sheet.row(adversarial.iter().map(|(_, pixels)| shades(pixels)));
    sheet.row(perturbations.iter().map(|d| d.iter().map(around_grey).collect()));
    Ok(sheet)
}
