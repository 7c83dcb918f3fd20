//! Images as the columns of a matrix.

use faer::MatRef;
use snode_ode::Real;

use crate::norm::Bounds;
use crate::{AttackError, Linearisable};

/// Refuses images and labels that do not fit the model or each other, or lie outside of the box.
pub(crate) fn check_images<T: Real>(
    model: &dyn Linearisable<T>,
    images: MatRef<'_, T>,
    labels: &[usize],
    bounds: Bounds,
) -> Result<(), AttackError> {
    let (count, classes) = (images.ncols(), model.classes());
    AttackError::require_shape("images", (model.inputs(), labels.len()), images.shape())?;
    AttackError::require(classes > 0, "classes", classes, "at least 1")?;
    if let Some(image) = labels.iter().position(|&label| label >= classes) {
        return Err(AttackError::Label { image, label: labels[image], classes });
    }
    for image in 0..count {
        if let Some(value) = bounds.outside(column(images, image)) {
            let Bounds { lower, upper } = bounds;
            return Err(AttackError::Outside { image, value, lower, upper });
        }
    }
    Ok(())
}

/// Column `j` of a matrix whose columns are slices.
pub(crate) fn column<T>(matrix: MatRef<'_, T>, j: usize) -> &[T] {
    matrix.col(j).try_as_col_major().map_or(&[], faer::ColRef::as_slice)
}
