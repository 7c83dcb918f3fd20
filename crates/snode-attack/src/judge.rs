//! The last word on every image.

use faer::{Mat, MatRef};
use snode_ode::Real;

use crate::images::column;
use crate::network::predict;
use crate::norm::Norm;
use crate::outcome::{Attacked, Outcome};
use crate::{AttackError, Linearisable};

/// Predicts the class of every adversarial image, and says from it and from the image itself what
/// became of it.
pub(crate) fn judge<T: Real>(
    model: &mut dyn Linearisable<T>,
    images: MatRef<'_, T>,
    batch: usize,
    results: &mut [Attacked<T>],
) -> Result<(), AttackError> {
    let fooled: Vec<usize> =
        (0..results.len()).filter(|&j| results[j].adversarial.is_some()).collect();
    for group in fooled.chunks(batch) {
        let adversarial: Vec<&[T]> =
            group.iter().filter_map(|&j| results[j].adversarial.as_deref()).collect();
        let x = Mat::from_fn(images.nrows(), group.len(), |i, j| adversarial[j][i]);
        let after = predict(model, x.as_ref(), batch)?;
        for (&image, after) in group.iter().zip(after) {
            let result = &mut results[image];
            let clean = column(images, image);
            result.class_after = after;
            if after == result.class_before {
                // Within round-off of the boundary: other images beside it, another rounding.
                result.outcome = Outcome::Resisted;
                result.adversarial = None;
                result.first_success = None;
            } else if let Some(adversarial) = &result.adversarial {
                result.norm2 = Norm::Two.distance(adversarial, clean);
                result.norm_infinity = Norm::Infinity.distance(adversarial, clean);
            }
        }
    }
    Ok(())
}
