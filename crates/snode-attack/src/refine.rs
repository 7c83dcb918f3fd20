//! Smaller perturbations of the same direction.

use faer::{Mat, MatRef};
use snode_ode::Real;

use crate::images::column;
use crate::network::predict;
use crate::norm::{Norm, between};
use crate::options::AttackOptions;
use crate::outcome::Attacked;
use crate::{AttackError, Linearisable};

/// Halves the way from the clean to the adversarial image again and again, keeping the nearest point
/// that fools: where the boundary is crossed once, after k halvings the perturbation is longer than
/// it need be by at most 2⁻ᵏ of its length.
pub(crate) fn refine<T: Real>(
    model: &mut dyn Linearisable<T>,
    norm: Norm,
    images: MatRef<'_, T>,
    options: &AttackOptions,
    results: &mut [Attacked<T>],
) -> Result<(), AttackError> {
    if options.refinements == 0 {
        return Ok(());
    }
    let mut fooled: Vec<(usize, &mut Attacked<T>)> =
        results.iter_mut().enumerate().filter(|(_, r)| r.adversarial.is_some()).collect();
    for group in fooled.chunks_mut(options.batch) {
        let clean: Vec<&[T]> = group.iter().map(|(image, _)| column(images, *image)).collect();
        let whole: Vec<Vec<T>> =
            group.iter().filter_map(|(_, result)| result.adversarial.clone()).collect();
        // Part of the way that is known not to fool, and to fool.
        let mut brackets = vec![(0.0, 1.0); group.len()];
        for _ in 0..options.refinements {
            let middle = |j: usize| f64::midpoint(brackets[j].0, brackets[j].1);
            let x = Mat::from_fn(images.nrows(), group.len(), |i, j| {
                between(clean[j][i], whole[j][i], middle(j))
            });
            let classes = predict(model, x.as_ref(), options.batch)?;
            for (j, (_, result)) in group.iter_mut().enumerate() {
                let part = f64::midpoint(brackets[j].0, brackets[j].1);
                if classes[j] == result.class_before {
                    brackets[j].0 = part;
                    continue;
                }
                brackets[j].1 = part;
                let nearer = column(x.as_ref(), j);
                // Rounding may leave a point where it was.
                let before = result.adversarial.as_deref().unwrap_or(nearer);
                if norm.distance(nearer, clean[j]) <= norm.distance(before, clean[j]) {
                    result.adversarial = Some(nearer.to_vec());
                }
            }
        }
    }
    Ok(())
}
