//! The affine map of a node (S40): what the numbers of a node do to a state.
//!
//! A map is described by its shape; its numbers are those of a node of the
//! [`Parameters`](crate::Parameters). Every scheme asks for the same four things: A x, Aᵀ g, the
//! gradient by the numbers, and the bias.

mod blocks;
mod convolution;
mod error;
mod patches;
mod resolutions;

use std::ops::Range;

use faer::{Accum, Mat, MatRef};

pub use convolution::Convolution;
pub use error::MapError;

use crate::kernels::How;
use crate::{Real, kernels};

/// The affine map x ↦ A x + β of a node, by its shape.
///
/// ```
/// use snode_ode::AffineMap;
/// let dense = AffineMap::dense(196);
/// assert_eq!((dense.width(), dense.node_len()), (196, 196 * 196 + 196));
/// let convolution = AffineMap::convolution(16, (14, 14), 3)?;
/// assert_eq!((convolution.width(), convolution.node_len()), (3136, 16 * 16 * 9 + 16));
/// # Ok::<(), snode_ode::MapError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AffineMap {
    /// A full matrix and a bias for every component: n² + n numbers a node.
    Dense {
        /// n.
        width: usize,
    },
    /// A convolution of images with zeros around them, and a bias for every channel.
    Convolution(Convolution),
}

/// A width is that of a dense map.
impl From<usize> for AffineMap {
    fn from(width: usize) -> Self {
        Self::dense(width)
    }
}

impl AffineMap {
    /// The dense map of a width n.
    pub fn dense(width: usize) -> Self {
        Self::Dense { width }
    }

    /// The convolution of images with so many `channels` and (rows, columns) pixels, by kernels of
    /// `kernel`×`kernel` pixels.
    ///
    /// # Errors
    /// [`MapError`] if a size is 0, the kernel is even or larger than twice the image, or the numbers are
    /// too many.
    pub fn convolution(
        channels: usize,
        shape: (usize, usize),
        kernel: usize,
    ) -> Result<Self, MapError> {
        Convolution::new(channels, shape, kernel).map(Self::Convolution)
    }

    /// The same convolution, at lower resolutions as depth grows (S43): so many `layers` convolve pixels, so many
    /// blocks of 2×2 pixels whose pixels count as channels, then of 4×4 and of 8×8. The layers behind all of them
    /// are like the last.
    ///
    /// A node has room for the numbers of the lowest resolution: the weights of another are in the upper left corner
    /// of its matrix, its biases are the first, and the other numbers have no effect.
    ///
    /// ```
    /// use snode_ode::AffineMap;
    /// let map = AffineMap::convolution(4, (28, 28), 3)?.at_resolutions(&[2, 2, 3])?;
    /// assert_eq!(map.weights_shape(), (64, 64 * 9));
    /// assert_eq!(map.at(0).weights_shape(), (4, 4 * 9));
    /// assert_eq!(map.at(2).weights_shape(), (16, 16 * 9));
    /// # Ok::<(), snode_ode::MapError>(())
    /// ```
    ///
    /// # Errors
    /// [`MapError`] for a dense map, for no or more than four resolutions, for none at the last, if rows or columns
    /// are not whole blocks, or if kernels become larger than twice the image.
    pub fn at_resolutions(self, layers: &[usize]) -> Result<Self, MapError> {
        match self {
            Self::Dense { .. } => Err(MapError {
                what: "resolutions",
                found: "a dense map".into(),
                expected: "a convolution".into(),
            }),
            Self::Convolution(map) => map.at_resolutions(layers).map(Self::Convolution),
        }
    }

    /// The map of one node: itself, unless nodes have several resolutions.
    #[must_use]
    pub fn at(self, node: usize) -> Self {
        match self {
            Self::Dense { .. } => self,
            Self::Convolution(map) => Self::Convolution(map.at(node)),
        }
    }

    /// Whether all nodes have the same map, so that there is one between two nodes.
    pub fn is_uniform(self) -> bool {
        match self {
            Self::Dense { .. } => true,
            Self::Convolution(map) => map.resolutions().is_empty(),
        }
    }

    /// What the map is called: `"dense"` or `"convolution"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dense { .. } => "dense",
            Self::Convolution(_) => "convolution",
        }
    }

    /// n, how many numbers a state has.
    pub fn width(self) -> usize {
        match self {
            Self::Dense { width } => width,
            Self::Convolution(map) => map.width(),
        }
    }

    /// How many pixels a state has, one behind the other, each with its channels side by side; 1 for a
    /// dense map.
    pub fn pixels(self) -> usize {
        match self {
            Self::Dense { .. } => 1,
            Self::Convolution(map) => map.pixels(),
        }
    }

    /// How many channels a pixel has: n for a dense map.
    pub fn channels(self) -> usize {
        match self {
            Self::Dense { width } => width,
            Self::Convolution(map) => map.channels(),
        }
    }

    /// The shape of a node's weights as a matrix: (n, n), or (channels, channels times the pixels of the kernel),
    /// where the pixels of a block count as channels. Where nodes have several, the largest.
    pub fn weights_shape(self) -> (usize, usize) {
        match self {
            Self::Dense { width } => (width, width),
            Self::Convolution(map) => map.weights_shape(),
        }
    }

    /// How many times a state has what the weights are multiplied with: once, or as often as there are pixels, or
    /// blocks of them.
    pub fn positions(self) -> usize {
        match self {
            Self::Dense { .. } => 1,
            Self::Convolution(map) => map.positions(),
        }
    }

    /// The component of a state that a row of the weights gives at a position.
    pub fn place(self, position: usize, row: usize) -> usize {
        match self {
            Self::Dense { .. } => row,
            Self::Convolution(map) => map.place(position, row),
        }
    }

    /// How many biases a node has: one for a row of the weights.
    pub fn bias_len(self) -> usize {
        self.weights_shape().0
    }

    /// The shape of the matrix in whose upper left corner the weights of every node are.
    pub(crate) fn storage_shape(self) -> (usize, usize) {
        match self {
            Self::Dense { width } => (width, width),
            Self::Convolution(map) => map.storage_shape(),
        }
    }

    /// How many numbers a node has before its biases.
    pub fn weights_len(self) -> usize {
        let (rows, columns) = self.storage_shape();
        rows * columns
    }

    /// How many numbers a node has: weights, then biases.
    pub fn node_len(self) -> usize {
        self.weights_len() + self.storage_shape().0
    }

    /// The matrix A, n×n, for the numbers of a node: for small maps, as where a linear system has to
    /// be solved.
    pub fn matrix<T: Real>(self, node: &[T]) -> Mat<T> {
        match self {
            Self::Dense { .. } => split(self, node).0.to_owned(),
            Self::Convolution(map) => map.matrix(&node[..self.weights_len()]),
        }
    }

    /// How many numbers of scratch memory a thread needs for the map; none of them has to be kept.
    pub(crate) fn workspace_len(self) -> usize {
        match self {
            Self::Dense { .. } => 0,
            Self::Convolution(map) => map.workspace_len(),
        }
    }

    /// Columns that a thread takes through the layers together, `columns` in all: everything where the
    /// weights are what is read from memory; a few where they are small and the states should stay in
    /// the cache.
    pub(crate) fn groups<T>(self, columns: usize) -> impl Iterator<Item = Range<usize>> {
        let most = match self {
            Self::Dense { .. } => columns,
            Self::Convolution(map) => (GROUP_BYTES / (map.width() * size_of::<T>())).max(1),
        };
        let groups = columns.div_ceil(most.max(1));
        (0..groups).map(move |g| g * most..((g + 1) * most).min(columns))
    }

    /// `out` = `factor` A `x`, or `out` += `factor` A `x`, for columns one behind the other.
    pub(crate) fn apply<T: Real>(
        self,
        node: &[T],
        x: &[T],
        out: &mut [T],
        how: How<'_, T>,
        workspace: &mut [T],
    ) {
        let weights = &node[..self.weights_len()];
        match self {
            Self::Dense { width } => kernels::transform(width, weights, x, out, how),
            Self::Convolution(map) => map.convolve(weights, x, out, how, workspace),
        }
    }

    /// `out` = `factor` Aᵀ `g`, or `out` += `factor` Aᵀ `g`.
    pub(crate) fn apply_transposed<T: Real>(
        self,
        node: &[T],
        g: &[T],
        out: &mut [T],
        how: How<'_, T>,
        workspace: &mut [T],
    ) {
        let weights = &node[..self.weights_len()];
        match self {
            Self::Dense { width } => kernels::transform_transposed(width, weights, g, out, how),
            Self::Convolution(map) => map.convolve_transposed(weights, g, out, how, workspace),
        }
    }

    /// What columns G and X contribute to a node of a gradient (S6): the node becomes the derivative of
    /// ⟨G, A X + β⟩ by the numbers of the node, or is increased by it. `ahead` is what will be read next.
    pub(crate) fn gradient<T: Real>(
        self,
        g: &[T],
        x: &[T],
        node: &mut [T],
        (accumulate, ahead): (Accum, &[&[T]]),
        workspace: &mut [T],
    ) {
        match self {
            Self::Dense { width } => kernels::outer_product(width, g, x, node, accumulate, ahead),
            Self::Convolution(map) => map.gradient(g, x, node, accumulate, workspace),
        }
    }

    /// β for passes over columns: numbers that repeat over a column.
    pub(crate) fn bias<'a, T: Real>(self, node: &'a [T], workspace: &'a mut [T]) -> &'a [T] {
        let bias = &node[self.weights_len()..];
        match self {
            Self::Dense { .. } => bias,
            Self::Convolution(map) => map.bias_of_rows(bias, workspace),
        }
    }
}

/// How large the states of a group of columns are, in bytes: a walk reads and writes five such pieces
/// of memory in turn, and they should stay in the second-level cache.
const GROUP_BYTES: usize = 1 << 17;

/// A node's numbers as its weight matrix and biases, for the map of the node.
pub(crate) fn split<T: Real>(map: AffineMap, node: &[T]) -> (MatRef<'_, T>, &[T]) {
    let ((rows, columns), (stride, stored)) = (map.weights_shape(), map.storage_shape());
    let (weights, bias) = node.split_at(stride * stored);
    let weights = MatRef::from_column_major_slice(weights, stride, stored);
    (weights.submatrix(0, 0, rows, columns), &bias[..rows])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_cover_the_columns_once() {
        for map in [AffineMap::dense(5), AffineMap::convolution(16, (28, 28), 3).unwrap()] {
            for columns in [0, 1, 2, 3, 100] {
                let seen: Vec<usize> = map.groups::<f32>(columns).flatten().collect();
                assert_eq!(seen, (0..columns).collect::<Vec<_>>());
            }
        }
    }
}
