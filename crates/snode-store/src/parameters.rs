//! Parameters in depth as datasets.

use snode_ode::{AffineMap, Parameters};

use crate::read_group::ReadGroup;
use crate::write_group::WriteGroup;
use crate::{Scalar, StoreError};

/// Writes `{prefix}weights` of shape [layer, out, in] and `{prefix}biases` of shape [layer, out]; for
/// convolutions *in* are the pairs of a pixel of the kernel and a channel. Where layers have weights of several
/// shapes, they are in the upper left corner, with zeros beside them.
pub(crate) fn write<T: Scalar>(
    group: &WriteGroup<'_>,
    prefix: &str,
    parameters: &Parameters<T>,
) -> Result<(), StoreError> {
    let (nodes, (n, columns)) = (parameters.nodes(), parameters.map().weights_shape());
    group.matrices(&format!("{prefix}weights"), nodes, (n, columns), |k, rows: &mut [T]| {
        transpose(&parameters.node(k)[..n * columns], rows, (n, columns));
    })?;
    let biases: Vec<T> =
        (0..nodes).flat_map(|k| &parameters.node(k)[n * columns..]).copied().collect();
    group.matrix(&format!("{prefix}biases"), (nodes, n), &biases)
}

/// Reads what [`write`] has written, for a network of this map and number of nodes.
pub(crate) fn read<T: Scalar>(
    group: &ReadGroup<'_>,
    prefix: &str,
    (map, nodes): (AffineMap, usize),
) -> Result<Parameters<T>, StoreError> {
    check::<T>(group, prefix, (map, nodes))?;
    let mut parameters = Parameters::zeros(map, nodes);
    let (n, columns) = map.weights_shape();
    group.matrices(&format!("{prefix}weights"), (nodes, n, columns), |k, rows: &[T]| {
        transpose(rows, &mut parameters.node_mut(k)[..n * columns], (columns, n));
    })?;
    let biases = group.matrix(&format!("{prefix}biases"), (nodes, n))?;
    for (k, bias) in biases.chunks_exact(n).enumerate() {
        parameters.node_mut(k)[n * columns..].copy_from_slice(bias);
    }
    Ok(parameters)
}

/// Looks whether the datasets are there and fit, without reading their numbers.
pub(crate) fn check<T: Scalar>(
    group: &ReadGroup<'_>,
    prefix: &str,
    (map, nodes): (AffineMap, usize),
) -> Result<(), StoreError> {
    let (n, columns) = map.weights_shape();
    group.checked::<T>(&format!("{prefix}weights"), &[nodes, n, columns])?;
    group.checked::<T>(&format!("{prefix}biases"), &[nodes, n])?;
    Ok(())
}

/// Turns a matrix of so many rows and columns from column-major into row-major order, in blocks that fit
/// the cache; from row-major into column-major order for columns and rows.
fn transpose<T: Copy>(from: &[T], to: &mut [T], (rows, columns): (usize, usize)) {
    const BLOCK: usize = 16;
    for i0 in (0..rows).step_by(BLOCK) {
        for j0 in (0..columns).step_by(BLOCK) {
            for i in i0..(i0 + BLOCK).min(rows) {
                for j in j0..(j0 + BLOCK).min(columns) {
                    to[i * columns + j] = from[j * rows + i];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_exchanges_the_indices() {
        for (rows, columns) in [(1, 1), (2, 5), (15, 16), (17, 3), (40, 40)] {
            let from: Vec<usize> = (0..rows * columns).collect();
            let mut to = vec![0; rows * columns];
            transpose(&from, &mut to, (rows, columns));
            for i in 0..rows {
                for j in 0..columns {
                    assert_eq!(to[i * columns + j], from[j * rows + i]);
                }
            }
            let mut back = vec![0; rows * columns];
            transpose(&to, &mut back, (columns, rows));
            assert_eq!(back, from);
        }
    }
}
