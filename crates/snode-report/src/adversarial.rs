//! A sheet of adversarial images: clean, adversarial, and their difference.

use snode_attack::{AttackResults, Attacked, Norm};
use snode_experiment::format::short;
use snode_figures::{Picture, Sheet};
use snode_runner::Subject;

use crate::error::Result;
use crate::shades::shades;

/// How many adversarial images are shown.
const SHOWN: usize = 10;

/// An adversarial image: the number of the image, what the attack did to it, and its pixels.
type Adversarial<'a> = (usize, &'a Attacked<f64>, &'a [f64]);

/// What the size of a perturbation in a norm is called.
pub(crate) fn size(norm: Norm) -> &'static str {
    match norm {
        Norm::Two => "‖δ‖₂",
        Norm::Infinity => "‖δ‖∞",
    }
}

/// The label of an adversarial image: the right class and the one it is taken for, `2 → 8`, and the norm
/// of its perturbation.
pub(crate) fn label_picture(picture: Picture, image: &Attacked<f64>, norm: Norm) -> Picture {
    let norm_of = match norm {
        Norm::Two => image.norm2,
        Norm::Infinity => image.norm_infinity,
    };
    picture.with_label(format!("{} → {}", image.label, image.class_after)).with_label(format!(
        "{} {}",
        size(norm),
        short(norm_of)
    ))
}

/// The first adversarial images of an attack, a column each, and how many: the clean image with its
/// class; the adversarial one with both classes and its norm; their difference, in which grey is none,
/// white is towards the foreground, and black or white is what is printed below it. Nothing if there is
/// none.
///
/// # Errors
/// If the images of `subject` are not those of the attack.
pub(crate) fn adversarial_sheet(
    subject: &Subject,
    results: &AttackResults<f64>,
    norm: Norm,
) -> Result<Option<(Sheet, usize)>> {
    let images = subject.split.images();
    let (shape, encoding) = (images.shape(), subject.encoding);
    let all = results.images.iter().enumerate();
    let shown: Vec<Adversarial<'_>> = all
        .filter_map(|(index, image)| Some((index, image, image.adversarial.as_deref()?)))
        .filter(|(index, _, pixels)| *index < images.len() && pixels.len() == images.width())
        .take(SHOWN)
        .collect();
    if shown.is_empty() {
        return Ok(None);
    }
    let indices: Vec<usize> = shown.iter().map(|(index, ..)| *index).collect();
    let clean: Vec<f64> = encoding.encode(images, &indices)?;
    let clean: Vec<&[f64]> = clean.chunks_exact(images.width()).collect();
    let mut sheet = Sheet::new(shape);
    let pairs = || shown.iter().zip(&clean);
    sheet.row(
        "clean, with the right class",
        pairs().map(|((_, image, _), clean)| {
            Picture::new(shades(clean, encoding)).with_label(image.label.to_string())
        }),
    );
    sheet.row(
        "adversarial: right class → predicted class, norm of the difference",
        pairs().map(|((_, image, pixels), _)| {
            label_picture(Picture::new(shades(pixels, encoding)), image, norm)
        }),
    );
    sheet.row(
        "difference: grey is none, black and white are the scale below",
        pairs().map(|((_, _, pixels), clean)| {
            difference(pixels, clean, encoding.foreground() < encoding.background())
        }),
    );
    Ok(Some((sheet, shown.len())))
}

/// The difference of two images around grey, scaled by the largest change, which stands below.
fn difference(pixels: &[f64], clean: &[f64], is_falling: bool) -> Picture {
    let sign = if is_falling { -1.0 } else { 1.0 };
    let changes: Vec<f64> = pixels.iter().zip(clean).map(|(a, c)| sign * (a - c)).collect();
    let largest = changes.iter().fold(0.0_f64, |most, change| most.max(change.abs()));
    let around_grey = |change: &f64| 0.5 + if largest > 0.0 { 0.5 * change / largest } else { 0.0 };
    Picture::new(changes.iter().map(around_grey).collect())
        .with_label(format!("± {}", short(largest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_scaled_by_itself() {
        let picture = difference(&[0.5, -0.25, 0.0], &[0.0, 0.0, 0.0], false);
        assert_eq!(picture.pixels, Some(vec![1.0, 0.25, 0.5]));
        assert_eq!(picture.labels, ["± 0.500"]);
        // White is towards the foreground, which is the lower value in most data here.
        let picture = difference(&[0.5, -0.25, 0.0], &[0.0, 0.0, 0.0], true);
        assert_eq!(picture.pixels, Some(vec![0.0, 0.75, 0.5]));
        assert_eq!(difference(&[1.0], &[1.0], false).pixels, Some(vec![0.5]));
    }
}
