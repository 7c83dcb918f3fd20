//! Parameters in depth as datasets.

use snode_ode::Parameters;

use crate::read_group::ReadGroup;
use crate::write_group::WriteGroup;
use crate::{Scalar, StoreError};

/// Writes `{prefix}weights` of shape [layer, out, in] and `{prefix}biases` of shape [layer, out].
pub(crate) fn write<T: Scalar>(
    group: &WriteGroup<'_>,
    prefix: &str,
    parameters: &Parameters<T>,
) -> Result<(), StoreError> {
    let (nodes, n) = (parameters.nodes(), parameters.width());
    group.matrices(&format!("{prefix}weights"), nodes, (n, n), |k, rows: &mut [T]| {
        transpose(&parameters.node(k)[..n * n], rows, n);
    })?;
    let biases: Vec<T> = (0..nodes).flat_map(|k| parameters.bias(k)).copied().collect();
    group.matrix(&format!("{prefix}biases"), (nodes, n), &biases)
}

/// Reads what [`write`] has written, for a network of this width and number of nodes.
pub(crate) fn read<T: Scalar>(
    group: &ReadGroup<'_>,
    prefix: &str,
    (width, nodes): (usize, usize),
) -> Result<Parameters<T>, StoreError> {
    check::<T>(group, prefix, (width, nodes))?;
    let mut parameters = Parameters::zeros(width, nodes);
    group.matrices(&format!("{prefix}weights"), (nodes, width, width), |k, rows: &[T]| {
        transpose(rows, &mut parameters.node_mut(k)[..width * width], width);
    })?;
    let biases = group.matrix(&format!("{prefix}biases"), (nodes, width))?;
    for (k, bias) in biases.chunks_exact(width).enumerate() {
        parameters.bias_mut(k).copy_from_slice(bias);
    }
    Ok(parameters)
}

/// Looks whether the datasets are there and fit, without reading their numbers.
pub(crate) fn check<T: Scalar>(
    group: &ReadGroup<'_>,
    prefix: &str,
    (width, nodes): (usize, usize),
) -> Result<(), StoreError> {
    group.checked::<T>(&format!("{prefix}weights"), &[nodes, width, width])?;
    group.checked::<T>(&format!("{prefix}biases"), &[nodes, width])?;
    Ok(())
}

/// Turns an n×n matrix from column-major into row-major order, or back, in blocks that fit the
/// cache.
fn transpose<T: Copy>(from: &[T], to: &mut [T], n: usize) {
    const BLOCK: usize = 16;
    for i0 in (0..n).step_by(BLOCK) {
        for j0 in (0..n).step_by(BLOCK) {
            for i in i0..(i0 + BLOCK).min(n) {
                for j in j0..(j0 + BLOCK).min(n) {
                    to[i * n + j] = from[j * n + i];
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
        for n in [1, 2, 15, 16, 17, 40] {
            let from: Vec<usize> = (0..n * n).collect();
            let mut to = vec![0; n * n];
            transpose(&from, &mut to, n);
            for i in 0..n {
                for j in 0..n {
                    assert_eq!(to[i * n + j], from[j * n + i]);
                }
            }
        }
    }
}
