//! Convolutions of images.

use std::fmt::Display;

use faer::{Accum, Mat};

use crate::Real;
use crate::kernels::{self, How, ImageShape};

/// (A x)_{o,i,j} = Σ_{p,u,v} K_{o,p,u,v} x_{p, i+u−m, j+v−m}, β_{o,i,j} = b_o: a convolution by kernels
/// of s×s pixels, s odd and m = (s−1)/2, with zeros around the image.
///
/// A state has the channels of a pixel side by side, and the pixels of a row one behind the other. A
/// node's weights are a c × s²c matrix with K_{o,p,u,v} in row o and column (u s + v) c + p.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    shape: ImageShape,
}

/// Why there is no such map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: found {found}; expected {expected}")]
pub struct MapError {
    /// What is wrong: `channels`, `kernel` …
    pub what: &'static str,
    /// What was found.
    pub found: String,
    /// What is allowed.
    pub expected: String,
}

impl MapError {
    /// Refuses `found` unless it is `allowed`.
    pub(crate) fn require(
        allowed: bool,
        what: &'static str,
        found: &dyn Display,
        expected: &dyn Display,
    ) -> Result<(), Self> {
        if allowed {
            return Ok(());
        }
        Err(Self { what, found: found.to_string(), expected: expected.to_string() })
    }
}

impl Convolution {
    /// See [`AffineMap::convolution`](crate::AffineMap::convolution).
    pub(super) fn new(
        channels: usize,
        (rows, columns): (usize, usize),
        kernel: usize,
    ) -> Result<Self, MapError> {
        MapError::require(channels > 0, "channels", &channels, &"at least 1")?;
        let pixels = format!("{rows}x{columns}");
        MapError::require(rows > 0 && columns > 0, "pixels", &pixels, &"at least 1x1")?;
        MapError::require(kernel % 2 == 1, "kernel", &kernel, &"an odd number")?;
        let most = 2 * rows.max(columns) - 1;
        let range = format!("at most {most}: larger ones reach beyond the image from every pixel");
        MapError::require(kernel <= most, "kernel", &kernel, &range)?;
        let numbers = [channels, channels, kernel, kernel, rows, columns]
            .into_iter()
            .try_fold(1_usize, usize::checked_mul);
        let fits = numbers.is_some_and(|numbers| numbers < 1 << 48);
        MapError::require(fits, "channels", &channels, &"fewer than memory can hold")?;
        Ok(Self { shape: ImageShape { channels, rows, columns, kernel } })
    }

    /// c.
    pub fn channels(self) -> usize {
        self.shape.channels
    }

    /// r and q.
    pub fn shape(self) -> (usize, usize) {
        (self.shape.rows, self.shape.columns)
    }

    /// s.
    pub fn kernel(self) -> usize {
        self.shape.kernel
    }

    /// r q.
    pub fn pixels(self) -> usize {
        self.shape.rows * self.shape.columns
    }

    /// n = c r q.
    pub fn width(self) -> usize {
        self.pixels() * self.shape.channels
    }

    /// The index of K_{o,p,u,v} in a node.
    pub fn index(self, o: usize, p: usize, (u, v): (usize, usize)) -> usize {
        ((u * self.shape.kernel + v) * self.shape.channels + p) * self.shape.channels + o
    }

    /// A, for the weights of a node.
    pub(super) fn matrix<T: Real>(self, weights: &[T]) -> Mat<T> {
        let (n, channels) = (self.width(), self.channels());
        let mut matrix = Mat::zeros(n, n);
        self.for_each_pair(|from, pixel, under| {
            for o in 0..channels {
                matrix[(pixel * channels + o, from)] = weights[under * channels + o];
            }
        });
        matrix
    }

    /// An image with its margin, a kernel, and the biases of a row.
    pub(super) fn workspace_len(self) -> usize {
        self.shape.padded_len() + self.kernel_len() + self.row_len()
    }

    fn kernel_len(self) -> usize {
        (self.shape.kernel * self.shape.channels).pow(2)
    }

    fn row_len(self) -> usize {
        self.shape.columns * self.shape.channels
    }

    pub(super) fn convolve<T: Real>(
        self,
        kernel: &[T],
        x: &[T],
        out: &mut [T],
        how: How<'_, T>,
        workspace: &mut [T],
    ) {
        let padded = &mut workspace[..self.shape.padded_len()];
        kernels::convolve(self.shape, kernel, x, out, how, padded);
    }

    /// The convolution with the kernel that is transposed in its channels and turned around.
    pub(super) fn convolve_transposed<T: Real>(
        self,
        kernel: &[T],
        g: &[T],
        out: &mut [T],
        how: How<'_, T>,
        workspace: &mut [T],
    ) {
        let (padded, rest) = workspace.split_at_mut(self.shape.padded_len());
        let turned = &mut rest[..self.kernel_len()];
        let (c, pixels) = (self.shape.channels, self.shape.kernel.pow(2));
        for (pixel, block) in turned.chunks_exact_mut(c * c).enumerate() {
            let from = &kernel[(pixels - 1 - pixel) * c * c..][..c * c];
            for (o, column) in block.chunks_exact_mut(c).enumerate() {
                for (p, value) in column.iter_mut().enumerate() {
                    *value = from[p * c + o];
                }
            }
        }
        kernels::convolve(self.shape, turned, g, out, how, padded);
    }

    pub(super) fn gradient<T: Real>(
        self,
        g: &[T],
        x: &[T],
        node: &mut [T],
        accumulate: Accum,
        workspace: &mut [T],
    ) {
        let (weights, bias) = node.split_at_mut(self.kernel_len());
        if accumulate == Accum::Replace {
            weights.fill(T::ZERO);
        }
        let padded = &mut workspace[..self.shape.padded_len()];
        kernels::correlate(self.shape, g, x, weights, padded);
        kernels::row_sums(g, bias, accumulate);
    }

    /// The biases of the channels, once for every pixel of a row.
    pub(super) fn bias_of_a_row<'a, T: Real>(self, bias: &[T], workspace: &'a mut [T]) -> &'a [T] {
        let first = self.shape.padded_len() + self.kernel_len();
        let row = &mut workspace[first..first + self.row_len()];
        for pixel in row.chunks_exact_mut(bias.len()) {
            pixel.copy_from_slice(bias);
        }
        row
    }
}
