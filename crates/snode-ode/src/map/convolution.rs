//! Convolutions of images.

use faer::{Accum, Mat};

use super::blocks::Blocks;
use super::error::MapError;
use super::resolutions::Resolutions;
use crate::Real;
use crate::kernels::{self, How, ImageShape};

/// (A x)_{o,i,j} = Σ_{p,u,v} K_{o,p,u,v} x_{p, i+u−m, j+v−m}, β_{o,i,j} = b_o: a convolution by kernels
/// of s×s pixels, s odd and m = (s−1)/2, with zeros around the image.
///
/// A state has the channels of a pixel side by side, and the pixels of a row one behind the other. A
/// node's weights are a c × s²c matrix with K_{o,p,u,v} in row o and column (u s + v) c + p.
///
/// At a lower resolution (S43) blocks of f×f pixels, f = 2, 4 or 8, take the place of pixels: the f²c numbers of a
/// block are its channels. The order of the numbers of a state stays what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// The image that a state is.
    image: ImageShape,
    resolutions: Resolutions,
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
        let image = ImageShape { channels, rows, columns, kernel };
        Self { image, resolutions: Resolutions::full() }.checked()
    }

    /// See [`AffineMap::at_resolutions`](crate::AffineMap::at_resolutions).
    pub(super) fn at_resolutions(self, layers: &[usize]) -> Result<Self, MapError> {
        let resolutions = Resolutions::new(layers)?;
        let (side, (rows, columns)) = (resolutions.block(), self.shape());
        let pixels = format!("{rows}x{columns}");
        let are_whole = rows.is_multiple_of(side) && columns.is_multiple_of(side);
        let range = format!("multiples of {side}, the side of a block at the lowest resolution");
        MapError::require(are_whole, "resolutions", &pixels, &range)?;
        Self { resolutions, ..self }.checked()
    }

    fn checked(self) -> Result<Self, MapError> {
        let ImageShape { channels, rows, columns, kernel } = self.convolved();
        let most = 2 * rows.max(columns) - 1;
        let range = format!("at most {most}: larger ones reach beyond the image from every pixel");
        MapError::require(kernel <= most, "kernel", &kernel, &range)?;
        let numbers = [channels, channels, kernel, kernel, rows, columns]
            .into_iter()
            .try_fold(1_usize, usize::checked_mul);
        let fits = numbers.is_some_and(|numbers| numbers < 1 << 48);
        MapError::require(fits, "channels", &self.channels(), &"fewer than memory can hold")?;
        Ok(self)
    }

    /// What it is at one node.
    pub(super) fn at(self, node: usize) -> Self {
        Self { resolutions: self.resolutions.at(node), ..self }
    }

    /// The image whose pixels are the blocks, those of the lowest resolution where there are several.
    fn convolved(self) -> ImageShape {
        let ImageShape { channels, rows, columns, kernel } = self.image;
        let side = self.block();
        let channels = channels.saturating_mul(side * side);
        ImageShape { channels, rows: rows / side, columns: columns / side, kernel }
    }

    fn blocks(self) -> Blocks {
        let ImageShape { channels, columns, .. } = self.image;
        Blocks { side: self.block(), channels, columns }
    }

    /// c.
    pub fn channels(self) -> usize {
        self.image.channels
    }

    /// r and q.
    pub fn shape(self) -> (usize, usize) {
        (self.image.rows, self.image.columns)
    }

    /// s.
    pub fn kernel(self) -> usize {
        self.image.kernel
    }

    /// f, the side of the blocks: 1 where pixels are convolved; that of the lowest resolution where there are
    /// several.
    pub fn block(self) -> usize {
        self.resolutions.block()
    }

    /// How many layers convolve pixels, blocks of 2×2 pixels, and so on; nothing where all layers convolve pixels,
    /// and for the map of one node.
    pub fn resolutions(self) -> Vec<usize> {
        self.resolutions.layers()
    }

    /// r q.
    pub fn pixels(self) -> usize {
        self.image.rows * self.image.columns
    }

    /// n = c r q.
    pub fn width(self) -> usize {
        self.pixels() * self.channels()
    }

    /// How many blocks an image has.
    pub(super) fn positions(self) -> usize {
        self.pixels() / self.block().pow(2)
    }

    /// Rows and columns of the weights.
    pub(super) fn weights_shape(self) -> (usize, usize) {
        let ImageShape { channels, kernel, .. } = self.convolved();
        (channels, channels * kernel.pow(2))
    }

    /// Rows and columns of the matrix that a node has room for.
    pub(super) fn storage_shape(self) -> (usize, usize) {
        Self { resolutions: self.resolutions.lowest(), ..self }.weights_shape()
    }

    /// The component of a state that a number of a block is.
    pub(super) fn place(self, block: usize, number: usize) -> usize {
        self.blocks().place(block, number)
    }

    /// The index of K_{o,p,u,v} in a node.
    pub fn index(self, o: usize, p: usize, (u, v): (usize, usize)) -> usize {
        let ImageShape { channels, kernel, .. } = self.convolved();
        ((u * kernel + v) * channels + p) * self.storage_shape().0 + o
    }

    /// A, for the weights of a node.
    pub(super) fn matrix<T: Real>(self, weights: &[T]) -> Mat<T> {
        let (n, channels, rows) = (self.width(), self.weights_shape().0, self.storage_shape().0);
        let mut matrix = Mat::zeros(n, n);
        self.for_each_pair(|from, block, under| {
            for o in 0..channels {
                matrix[(self.place(block, o), from)] = weights[under * rows + o];
            }
        });
        matrix
    }

    /// Calls `see` with the place of a number in a state, a block that it lies under the kernel of, and its
    /// place there, for all of them.
    pub(super) fn for_each_pair(self, mut see: impl FnMut(usize, usize, usize)) {
        let ImageShape { channels, rows, columns, kernel } = self.convolved();
        let margin = kernel / 2;
        for (i, j) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
            for (u, v) in (0..kernel).flat_map(|u| (0..kernel).map(move |v| (u, v))) {
                let (y, x) = ((i + u).wrapping_sub(margin), (j + v).wrapping_sub(margin));
                if y < rows && x < columns {
                    for p in 0..channels {
                        let place = self.place(y * columns + x, p);
                        see(place, i * columns + j, (u * kernel + v) * channels + p);
                    }
                }
            }
        }
    }

    /// As much as the node needs that needs the most.
    pub(super) fn workspace_len(self) -> usize {
        let lens = self.resolutions.each().map(|resolutions| {
            let one = Self { resolutions, ..self };
            let parts = [one.convolved().padded_len(), 2 * one.kernel_len(), one.bias_rows_len()];
            parts.iter().sum::<usize>() + 2 * one.gathered_len()
        });
        lens.max().unwrap_or(0)
    }

    fn kernel_len(self) -> usize {
        let (rows, columns) = self.weights_shape();
        rows * columns
    }

    /// The numbers of the rows of an image that a row of blocks consists of.
    fn bias_rows_len(self) -> usize {
        self.width() / self.convolved().rows
    }

    /// An image in the order of blocks, where that is another order.
    fn gathered_len(self) -> usize {
        if self.block() == 1 { 0 } else { self.width() }
    }

    fn workspace<T>(self, workspace: &mut [T]) -> Workspace<'_, T> {
        let (padded, rest) = workspace.split_at_mut(self.convolved().padded_len());
        let (kernel, rest) = rest.split_at_mut(self.kernel_len());
        let (turned, rest) = rest.split_at_mut(self.kernel_len());
        let (bias, rest) = rest.split_at_mut(self.bias_rows_len());
        let (first, rest) = rest.split_at_mut(self.gathered_len());
        let second = &mut rest[..self.gathered_len()];
        Workspace { padded, kernel, turned, bias, gathered: [first, second] }
    }

    /// The weights without the rest of the matrix they are in the corner of.
    fn kernel_of<'a, T: Real>(self, weights: &'a [T], kernel: &'a mut [T]) -> &'a [T] {
        let (rows, stride) = (self.weights_shape().0, self.storage_shape().0);
        if rows == stride {
            return weights;
        }
        for (to, from) in kernel.chunks_exact_mut(rows).zip(weights.chunks_exact(stride)) {
            to.copy_from_slice(&from[..rows]);
        }
        kernel
    }

    /// `out` = `factor` A `x`, or `out` += `factor` A `x`, for the weights of a node.
    pub(super) fn convolve<T: Real>(
        self,
        weights: &[T],
        x: &[T],
        out: &mut [T],
        how: How<'_, T>,
        workspace: &mut [T],
    ) {
        let Workspace { padded, kernel, gathered, .. } = self.workspace(workspace);
        let kernel = self.kernel_of(weights, kernel);
        self.convolve_by(kernel, x, out, how, padded, gathered);
    }

    /// The convolution with the kernel that is transposed in its channels and turned around.
    pub(super) fn convolve_transposed<T: Real>(
        self,
        weights: &[T],
        g: &[T],
        out: &mut [T],
        how: How<'_, T>,
        workspace: &mut [T],
    ) {
        let Workspace { padded, kernel, turned, gathered, .. } = self.workspace(workspace);
        let kernel = self.kernel_of(weights, kernel);
        let ImageShape { channels: c, kernel: side, .. } = self.convolved();
        let pixels = side.pow(2);
        for (pixel, block) in turned.chunks_exact_mut(c * c).enumerate() {
            let from = &kernel[(pixels - 1 - pixel) * c * c..][..c * c];
            for (o, column) in block.chunks_exact_mut(c).enumerate() {
                for (p, value) in column.iter_mut().enumerate() {
                    *value = from[p * c + o];
                }
            }
        }
        self.convolve_by(turned, g, out, how, padded, gathered);
    }

    fn convolve_by<T: Real>(
        self,
        kernel: &[T],
        x: &[T],
        out: &mut [T],
        how: How<'_, T>,
        padded: &mut [T],
        [x_blocks, out_blocks]: [&mut [T]; 2],
    ) {
        if self.block() == 1 {
            return kernels::convolve(self.convolved(), kernel, x, out, how, padded);
        }
        let (n, blocks) = (self.width(), self.blocks());
        for (x, out) in x.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
            blocks.gather(x, x_blocks);
            if how.accumulate == Accum::Add {
                blocks.gather(out, out_blocks);
            }
            kernels::convolve(self.convolved(), kernel, x_blocks, out_blocks, how, padded);
            blocks.scatter(out_blocks, out);
        }
    }

    pub(super) fn gradient<T: Real>(
        self,
        g: &[T],
        x: &[T],
        node: &mut [T],
        accumulate: Accum,
        workspace: &mut [T],
    ) {
        let ((rows, columns), (stride, stored)) = (self.weights_shape(), self.storage_shape());
        let (weights, bias) = node.split_at_mut(stride * stored);
        if accumulate == Accum::Replace {
            weights.fill(T::ZERO);
            bias.fill(T::ZERO);
        }
        let bias = &mut bias[..rows];
        let Workspace { padded, kernel, gathered, .. } = self.workspace(workspace);
        if rows == stride {
            return self.add_gradient(g, x, weights, bias, padded, gathered);
        }
        kernel.fill(T::ZERO);
        self.add_gradient(g, x, kernel, bias, padded, gathered);
        let columns = weights.chunks_exact_mut(stride).take(columns);
        for (to, from) in columns.zip(kernel.chunks_exact(rows)) {
            for (to, from) in to.iter_mut().zip(from) {
                *to += *from;
            }
        }
    }

    fn add_gradient<T: Real>(
        self,
        g: &[T],
        x: &[T],
        kernel: &mut [T],
        bias: &mut [T],
        padded: &mut [T],
        [g_blocks, x_blocks]: [&mut [T]; 2],
    ) {
        if self.block() == 1 {
            kernels::correlate(self.convolved(), g, x, kernel, padded);
            return kernels::row_sums(g, bias, Accum::Add);
        }
        let (n, blocks) = (self.width(), self.blocks());
        for (g, x) in g.chunks_exact(n).zip(x.chunks_exact(n)) {
            blocks.gather(g, g_blocks);
            blocks.gather(x, x_blocks);
            kernels::correlate(self.convolved(), g_blocks, x_blocks, kernel, padded);
            kernels::row_sums(g_blocks, bias, Accum::Add);
        }
    }

    /// The biases once for every pixel of a row of blocks, in the order of a state.
    pub(super) fn bias_of_rows<'a, T: Real>(self, bias: &[T], workspace: &'a mut [T]) -> &'a [T] {
        let rows = self.workspace(workspace).bias;
        let run = self.block() * self.channels();
        for (row, bias) in rows.chunks_exact_mut(self.row_len()).zip(bias.chunks_exact(run)) {
            for of_block in row.chunks_exact_mut(run) {
                of_block.copy_from_slice(bias);
            }
        }
        rows
    }

    fn row_len(self) -> usize {
        self.image.columns * self.channels()
    }
}

/// What is needed to convolve, one behind the other in the memory of a thread.
struct Workspace<'a, T> {
    /// An image with its margin.
    padded: &'a mut [T],
    /// A kernel without the rest of its matrix.
    kernel: &'a mut [T],
    /// A kernel that is turned around.
    turned: &'a mut [T],
    /// The biases of the rows of an image that a row of blocks consists of.
    bias: &'a mut [T],
    /// Two images in the order of blocks.
    gathered: [&'a mut [T]; 2],
}
