//! Convolutions of images, directly: a block of channels of a few pixels is kept in registers.
//!
//! An image has the channels of a pixel side by side. With zeros around it, the s c numbers under a row of
//! the kernel stand one behind the other, and move by c from a pixel to the next: nothing is copied for
//! a product but the image itself, once. Every result is one sum in an order of its own, whichever images are
//! computed together.

use std::any::TypeId;

use faer::Accum;
use pulp::{Simd, WithSimd};

use super::simd::{Few, Vectors, Wide};
use super::{How, dispatch};
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

/// How many pieces of [`MOST`] at most there are of `len`.
#[inline(always)]
fn pieces(len: usize) -> usize {
    len.div_ceil(MOST)
}

/// Where a piece of so many equal ones begins in `0..len`, and how long it is.
#[inline(always)]
fn piece(len: usize, pieces: usize, piece: usize) -> (usize, usize) {
    let first = len * piece / pieces;
    (first, len * (piece + 1) / pieces - first)
}

/// A pass over images, one after the other, each in blocks of channels.
trait Pass<T> {
    /// How many images there are, and channels.
    fn counts(&self) -> (usize, usize);

    /// Puts an image where the blocks find it.
    fn take(&mut self, image: usize);

    /// As many channels of the image taken as a vector has numbers, from `first` on.
    fn block<V: Vectors<T>>(&mut self, vectors: V, image: usize, first: usize);
}

/// All images and channels: as many channels as possible by `wide` vectors, the others by narrow ones.
#[inline(always)]
fn all_blocks<T: Real, V: Vectors<T>>(pass: &mut impl Pass<T>, wide: V) {
    let (images, channels) = pass.counts();
    for image in 0..images {
        pass.take(image);
        let mut first = 0;
        while channels - first >= V::LEN {
            pass.block(wide, image, first);
            first += V::LEN;
        }
        while channels - first >= 4 {
            pass.block(Few::<4>, image, first);
            first += 4;
        }
        while channels > first {
            pass.block(Few::<1>, image, first);
            first += 1;
        }
    }
}

/// In the instruction set of the machine, or the next narrower one where channels fit that.
#[inline(always)]
fn run<T>(pass: impl WithSimd<Output = ()>, channels: usize) {
    #[cfg(target_arch = "x86_64")]
    if !channels.is_multiple_of(64 / size_of::<T>())
        && let Some(avx2) = pulp::x86::V3::try_new()
    {
        return Simd::vectorize(avx2, pass);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = channels;
    dispatch(pass);
}

/// A pass with its two types of numbers compiled in this crate, and once: a generic function is compiled in every
/// crate that calls it, as that crate is optimised.
macro_rules! compiled_here {
    ($pass:ident) => {
        impl WithSimd for &mut $pass<'_, f32> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                all_blocks(self, Wide(simd));
            }
        }

        impl WithSimd for &mut $pass<'_, f64> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                all_blocks(self, Wide(simd));
            }
        }

        impl<'a, T: Real> $pass<'a, T> {
            fn run(mut self) {
                #[inline(never)]
                fn single(pass: &mut $pass<'_, f32>) {
                    let channels = pass.shape.channels;
                    run::<f32>(pass, channels);
                }
                #[inline(never)]
                fn double(pass: &mut $pass<'_, f64>) {
                    let channels = pass.shape.channels;
                    run::<f64>(pass, channels);
                }
                if let Some(pass) = self.of::<f32>() {
                    single(pass);
                } else if let Some(pass) = self.of::<f64>() {
                    double(pass);
                } else {
                    all_blocks(&mut self, Few::<1>);
                }
            }

            /// The same pass, if its numbers are of type N.
            fn of<N: Real>(&mut self) -> Option<&mut $pass<'a, N>> {
                let pass = std::ptr::from_mut(self).cast();
                // SAFETY: T and N are the same type.
                (TypeId::of::<T>() == TypeId::of::<N>()).then(|| unsafe { &mut *pass })
            }
        }
    };
}

compiled_here!(Convolve);
compiled_here!(Correlate);

struct Convolve<'a, T> {
    shape: ImageShape,
    kernel: &'a [T],
    images: &'a [T],
    out: &'a mut [T],
    accumulate: Accum,
    factor: T,
    padded: &'a mut [T],
}

/// A vector of channels from `first` on of `PIXELS` pixels side by side, the first of which has the upper left
/// corner of its kernel at `corner`.
#[inline(always)]
fn pixels<T: Real, V: Vectors<T>, const PIXELS: usize>(
    vectors: V,
    shape: ImageShape,
    kernel: &[T],
    corner: &[T],
    first: usize,
) -> [V::Vector; PIXELS] {
    let (c, reach) = (shape.channels, shape.reach());
    let mut sums = [vectors.splat(T::ZERO); PIXELS];
    for u in 0..shape.kernel {
        let row = &corner[u * shape.padded_row()..][..(PIXELS - 1) * c + reach];
        let mut rows: [&[T]; PIXELS] = [&[]; PIXELS];
        for (pixel, of_pixel) in rows.iter_mut().enumerate() {
            *of_pixel = &row[pixel * c..][..reach];
        }
        let columns = &kernel[u * reach * c..(u + 1) * reach * c];
        for t in 0..reach {
            let column = vectors.load(&columns[t * c + first..]);
            for pixel in 0..PIXELS {
                let x = vectors.splat(rows[pixel][t]);
                sums[pixel] = vectors.mul_add(column, x, sums[pixel]);
            }
        }
    }
    sums
}

impl<T: Real> Convolve<'_, T> {
    #[inline(always)]
    fn store<V: Vectors<T>, const PIXELS: usize>(
        &mut self,
        vectors: V,
        sums: &[V::Vector; PIXELS],
        at: usize,
    ) {
        let (c, factor) = (self.shape.channels, vectors.splat(self.factor));
        for pixel in 0..PIXELS {
            let out = &mut self.out[at + pixel * c..];
            let value = if self.accumulate == Accum::Replace {
                vectors.mul(sums[pixel], factor)
            } else {
                vectors.mul_add(sums[pixel], factor, vectors.load(out))
            };
            vectors.store(out, value);
        }
    }
}

impl<T: Real> Pass<T> for Convolve<'_, T> {
    #[inline(always)]
    fn counts(&self) -> (usize, usize) {
        (self.images.len() / self.shape.len(), self.shape.channels)
    }

    #[inline(always)]
    fn take(&mut self, image: usize) {
        let len = self.shape.len();
        self.shape.pad(&self.images[image * len..(image + 1) * len], self.padded);
    }

    #[inline(always)]
    fn block<V: Vectors<T>>(&mut self, vectors: V, image: usize, first: usize) {
        let shape = self.shape;
        let (c, pieces) = (shape.channels, pieces(shape.columns));
        for i in 0..shape.rows {
            for number in 0..pieces {
                let (j, count) = piece(shape.columns, pieces, number);
                let at = image * shape.len() + (i * shape.columns + j) * c + first;
                let corner = i * shape.padded_row() + j * c;
                with_constant!(count, PIXELS => {
                    let corner = &self.padded[corner..];
                    let sums = pixels::<T, V, PIXELS>(vectors, shape, self.kernel, corner, first);
                    self.store(vectors, &sums, at);
                });
            }
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
    how: How<'_, T>,
    padded: &mut [T],
) {
    debug_assert_eq!(images.len(), out.len());
    let How { accumulate, factor, .. } = how;
    Convolve { shape, kernel, images, out, accumulate, factor, padded }.run();
}

struct Correlate<'a, T> {
    shape: ImageShape,
    g: &'a [T],
    images: &'a [T],
    kernel: &'a mut [T],
    padded: &'a mut [T],
}

/// Σ_{i,j} g_{o,i,j} x_{p,i+u−m,j+v−m} for a vector of channels o from `first` on, and `COLUMNS` of the pairs
/// (v, p) from `column` on, for row u of the kernel.
#[inline(always)]
fn columns<T: Real, V: Vectors<T>, const COLUMNS: usize>(
    vectors: V,
    shape: ImageShape,
    g: &[T],
    padded: &[T],
    (u, column): (usize, usize),
    first: usize,
) -> [V::Vector; COLUMNS] {
    let c = shape.channels;
    let mut sums = [vectors.splat(T::ZERO); COLUMNS];
    let rows = padded[u * shape.padded_row()..].chunks(shape.padded_row());
    for (g, x) in g.chunks_exact(shape.columns * c).zip(rows) {
        let x = &x[column..];
        for (j, g) in g.chunks_exact(c).enumerate() {
            let (g, x) = (vectors.load(&g[first..]), &x[j * c..][..COLUMNS]);
            for column in 0..COLUMNS {
                sums[column] = vectors.mul_add(g, vectors.splat(x[column]), sums[column]);
            }
        }
    }
    sums
}

impl<T: Real> Pass<T> for Correlate<'_, T> {
    #[inline(always)]
    fn counts(&self) -> (usize, usize) {
        (self.images.len() / self.shape.len(), self.shape.channels)
    }

    #[inline(always)]
    fn take(&mut self, image: usize) {
        let len = self.shape.len();
        self.shape.pad(&self.images[image * len..(image + 1) * len], self.padded);
    }

    #[inline(always)]
    fn block<V: Vectors<T>>(&mut self, vectors: V, image: usize, first: usize) {
        let shape = self.shape;
        let (c, reach) = (shape.channels, shape.reach());
        let (g, pieces) = (&self.g[image * shape.len()..(image + 1) * shape.len()], pieces(reach));
        for u in 0..shape.kernel {
            for number in 0..pieces {
                let (column, count) = piece(reach, pieces, number);
                with_constant!(count, COLUMNS => {
                    let at = (u, column);
                    let sums = columns::<T, V, COLUMNS>(vectors, shape, g, self.padded, at, first);
                    for (number, sum) in sums.into_iter().enumerate() {
                        let out = &mut self.kernel[(u * reach + column + number) * c + first..];
                        vectors.store(out, vectors.add(vectors.load(out), sum));
                    }
                });
            }
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
    Correlate { shape, g, images, kernel, padded }.run();
}
