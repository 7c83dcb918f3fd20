//! Convolutions of images, directly: a block of channels of a few pixels is kept in registers.
//!
//! An image has the channels of a pixel side by side. With zeros around it, the s c numbers under a row of
//! the kernel stand one behind the other, and move by c from a pixel to the next: nothing is copied for
//! a product but the image itself, once. Every result is one sum in an order of its own, whichever images are
//! computed together.

use faer::Accum;
use pulp::NullaryFnOnce;

use super::dispatch;

use crate::Real;

/// Images and kernels: c channels, r rows, q columns, kernels of s×s pixels, s odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImageShape {
    pub(crate) channels: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) kernel: usize,
}

impl ImageShape {
    fn len(self) -> usize {
        self.channels * self.rows * self.columns
    }

    /// The numbers of a row of an image with its margin.
    fn padded_row(self) -> usize {
        (self.columns + self.kernel - 1) * self.channels
    }

    /// The numbers of an image with its margin.
    pub(crate) fn padded_len(self) -> usize {
        (self.rows + self.kernel - 1) * self.padded_row()
    }

    /// s c, the numbers under a row of the kernel.
    fn reach(self) -> usize {
        self.kernel * self.channels
    }

    /// An image into the middle of `padded`, zeros around it.
    #[inline(always)]
    fn pad<T: Real>(self, image: &[T], padded: &mut [T]) {
        let (row, margin) = (self.columns * self.channels, self.kernel / 2);
        let (above, rest) = padded.split_at_mut(margin * self.padded_row());
        above.fill(T::ZERO);
        let (inside, below) = rest.split_at_mut(self.rows * self.padded_row());
        below.fill(T::ZERO);
        for (from, to) in image.chunks_exact(row).zip(inside.chunks_exact_mut(self.padded_row())) {
            let (left, rest) = to.split_at_mut(margin * self.channels);
            let (to, right) = rest.split_at_mut(row);
            left.fill(T::ZERO);
            to.copy_from_slice(from);
            right.fill(T::ZERO);
        }
    }
}

/// The most pixels, or columns of a kernel, whose sums are in registers at once.
const MOST: usize = 7;

/// Calls `$body` with a constant `$count` from 1 to 7 of the same value as `$value`.
macro_rules! with_constant {
    ($value:expr, $count:ident => $body:expr) => {
        match $value {
            1 => {
                const $count: usize = 1;
                $body
            }
            2 => {
                const $count: usize = 2;
                $body
            }
            3 => {
                const $count: usize = 3;
                $body
            }
            4 => {
                const $count: usize = 4;
                $body
            }
            5 => {
                const $count: usize = 5;
                $body
            }
            6 => {
                const $count: usize = 6;
                $body
            }
            _ => {
                const $count: usize = MOST;
                $body
            }
        }
    };
}

/// `0..len` in as few equal pieces as possible, of [`MOST`] at most.
#[inline(always)]
fn pieces(len: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = len.div_ceil(MOST);
    (0..count).map(move |piece| {
        let first = len * piece / count;
        (first, len * (piece + 1) / count - first)
    })
}

/// Calls `$body` for blocks of `$lanes` channels, a constant, that begin at `$first`.
macro_rules! for_blocks {
    ($channels:expr, $first:ident, $lanes:ident => $body:expr) => {{
        let mut $first = 0;
        while $channels - $first >= 16 && size_of::<T>() <= 4 {
            const $lanes: usize = 16;
            $body;
            $first += 16;
        }
        while $channels - $first >= 8 {
            const $lanes: usize = 8;
            $body;
            $first += 8;
        }
        while $channels - $first >= 4 {
            const $lanes: usize = 4;
            $body;
            $first += 4;
        }
        while $channels > $first {
            const $lanes: usize = 1;
            $body;
            $first += 1;
        }
    }};
}

/// The first `LANES` numbers.
#[inline(always)]
fn lanes<T, const LANES: usize>(values: &[T]) -> &[T; LANES] {
    // Inlined, and the length is known: no branch is left but the bounds check.
    values.first_chunk().unwrap_or_else(|| out_of_bounds())
}

#[cold]
fn out_of_bounds() -> ! {
    panic!("an image is shorter than its shape")
}

struct Convolve<'a, T> {
    shape: ImageShape,
    kernel: &'a [T],
    images: &'a [T],
    out: &'a mut [T],
    accumulate: Accum,
    factor: T,
    padded: &'a mut [T],
}

/// `LANES` channels from `first` on of `PIXELS` pixels side by side, the first of which has the upper left
/// corner of its kernel at `corner`.
#[inline(always)]
fn pixels<T: Real, const PIXELS: usize, const LANES: usize>(
    shape: ImageShape,
    kernel: &[T],
    corner: &[T],
    first: usize,
) -> [[T; LANES]; PIXELS] {
    let (c, reach) = (shape.channels, shape.reach());
    let mut sums = [[T::ZERO; LANES]; PIXELS];
    for u in 0..shape.kernel {
        let row = &corner[u * shape.padded_row()..][..(PIXELS - 1) * c + reach];
        let rows: [&[T]; PIXELS] = std::array::from_fn(|pixel| &row[pixel * c..][..reach]);
        let columns = kernel[u * reach * c..(u + 1) * reach * c].chunks_exact(c);
        for (t, column) in columns.enumerate() {
            let column: &[T; LANES] = lanes(&column[first..]);
            for pixel in 0..PIXELS {
                let x = rows[pixel][t];
                for lane in 0..LANES {
                    sums[pixel][lane] = column[lane].mul_add(x, sums[pixel][lane]);
                }
            }
        }
    }
    sums
}

impl<T: Real> Convolve<'_, T> {
    #[inline(always)]
    fn store<const PIXELS: usize, const LANES: usize>(
        &mut self,
        sums: &[[T; LANES]; PIXELS],
        at: usize,
    ) {
        let c = self.shape.channels;
        for (pixel, sums) in sums.iter().enumerate() {
            let out = &mut self.out[at + pixel * c..][..LANES];
            if self.accumulate == Accum::Replace {
                for lane in 0..LANES {
                    out[lane] = sums[lane] * self.factor;
                }
            } else {
                for lane in 0..LANES {
                    out[lane] = sums[lane].mul_add(self.factor, out[lane]);
                }
            }
        }
    }
}

impl<T: Real> NullaryFnOnce for Convolve<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        let shape = self.shape;
        let (c, len) = (shape.channels, shape.len());
        for (number, image) in self.images.chunks_exact(len).enumerate() {
            shape.pad(image, self.padded);
            for_blocks!(c, first, LANES => {
                for i in 0..shape.rows {
                    for (j, count) in pieces(shape.columns) {
                        let at = number * len + (i * shape.columns + j) * c + first;
                        let corner = i * shape.padded_row() + j * c;
                        with_constant!(count, PIXELS => {
                            let corner = &self.padded[corner..];
                            let sums = pixels::<T, PIXELS, LANES>(shape, self.kernel, corner, first);
                            self.store(&sums, at);
                        });
                    }
                }
            });
        }
    }
}

/// `out` = `factor` A `images`, or `out` += `factor` A `images`, for the convolution with a `kernel` of
/// c × s²c numbers. `padded` is scratch.
pub(crate) fn convolve<T: Real>(
    shape: ImageShape,
    kernel: &[T],
    images: &[T],
    out: &mut [T],
    (accumulate, factor): (Accum, T),
    padded: &mut [T],
) {
    debug_assert_eq!(images.len(), out.len());
    dispatch(Convolve { shape, kernel, images, out, accumulate, factor, padded });
}

struct Correlate<'a, T> {
    shape: ImageShape,
    g: &'a [T],
    images: &'a [T],
    kernel: &'a mut [T],
    padded: &'a mut [T],
}

/// Σ_{i,j} g_{o,i,j} x_{p,i+u−m,j+v−m} for `LANES` channels o from `first` on, and `COLUMNS` of the pairs
/// (v, p) from `column` on, for row u of the kernel.
#[inline(always)]
fn columns<T: Real, const COLUMNS: usize, const LANES: usize>(
    shape: ImageShape,
    g: &[T],
    padded: &[T],
    (u, column): (usize, usize),
    first: usize,
) -> [[T; LANES]; COLUMNS] {
    let c = shape.channels;
    let mut sums = [[T::ZERO; LANES]; COLUMNS];
    let rows = padded[u * shape.padded_row()..].chunks(shape.padded_row());
    for (g, x) in g.chunks_exact(shape.columns * c).zip(rows) {
        let x = &x[column..];
        for (j, g) in g.chunks_exact(c).enumerate() {
            let (g, x): (&[T; LANES], &[T; COLUMNS]) = (lanes(&g[first..]), lanes(&x[j * c..]));
            for column in 0..COLUMNS {
                for lane in 0..LANES {
                    sums[column][lane] = g[lane].mul_add(x[column], sums[column][lane]);
                }
            }
        }
    }
    sums
}

impl<T: Real> NullaryFnOnce for Correlate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let shape = self.shape;
        let (c, len, reach) = (shape.channels, shape.len(), shape.reach());
        for (g, image) in self.g.chunks_exact(len).zip(self.images.chunks_exact(len)) {
            shape.pad(image, self.padded);
            for_blocks!(c, first, LANES => {
                for u in 0..shape.kernel {
                    for (column, count) in pieces(reach) {
                        with_constant!(count, COLUMNS => {
                            let at = (u, column);
                            let sums =
                                columns::<T, COLUMNS, LANES>(shape, g, self.padded, at, first);
                            for (column, sums) in (u * reach + column..).zip(&sums) {
                                let out = &mut self.kernel[column * c + first..][..LANES];
                                for lane in 0..LANES {
                                    out[lane] += sums[lane];
                                }
                            }
                        });
                    }
                }
            });
        }
    }
}

/// `kernel` += the derivative of ⟨`g`, A `images`⟩ by the kernel, image after image. `padded` is scratch.
pub(crate) fn correlate<T: Real>(
    shape: ImageShape,
    g: &[T],
    images: &[T],
    kernel: &mut [T],
    padded: &mut [T],
) {
    debug_assert_eq!(images.len(), g.len());
    dispatch(Correlate { shape, g, images, kernel, padded });
}
