//! Sets of equally large images.

use std::fmt;

use crate::limits::{MAX_PIXELS, MAX_SIDE};
use crate::{Error, Result};

/// Equally large images with integer pixels, of one channel unless told otherwise. The channels of an image
/// are planes, one below the other, and count as rows.
///
/// The pixels are `u16`, image after image, each image row by row: pixel `(row, col)` of image `i`
/// is number `i * width + row * cols + col`. A pixel of 0 is pure background, a pixel of
/// [`max_value`](Images::max_value) pure foreground; [`Encoding`](crate::Encoding) turns them into
/// the real numbers a network sees.
///
/// Integers keep block sums exact and sets small: 70,000 images of 14×14 take 27 MB, where
/// `f64` would take 110 MB.
#[derive(Clone, PartialEq, Eq)]
pub struct Images {
    rows: usize,
    cols: usize,
    channels: usize,
    max_value: u16,
    pixels: Vec<u16>,
}

impl Images {
    /// Images of `rows` × `cols` pixels from their pixels, image after image and row by row.
    ///
    /// There may be no images at all: `pixels` may be empty.
    ///
    /// # Errors
    ///
    /// If `rows` or `cols` is not in 1..=[`MAX_SIDE`], `max_value` is 0, there are more than
    /// [`MAX_PIXELS`] pixels or not a whole number of images, or a pixel exceeds `max_value`.
    pub fn new(rows: usize, cols: usize, max_value: u16, pixels: Vec<u16>) -> Result<Self> {
        check_shape(rows, cols)?;
        check_count("max_value", usize::from(max_value), 1, usize::from(u16::MAX))?;
        check_count("number of pixels", pixels.len(), 0, MAX_PIXELS)?;
        let width = rows * cols;
        if !pixels.len().is_multiple_of(width) {
            return Err(Error::Length {
                what: "pixels of the last image",
                found: pixels.len() % width,
                expected: width,
            });
        }
        if let Some(index) = pixels.iter().position(|&p| p > max_value) {
            return Err(Error::Pixel { index, found: pixels[index], max_value });
        }
        Ok(Self { rows, cols, channels: 1, max_value, pixels })
    }

    /// The same images, whose rows are those of so many channels, one below the other.
    ///
    /// # Errors
    ///
    /// If `channels` does not divide the rows.
    pub fn with_channels(self, channels: usize) -> Result<Self> {
        if channels == 0 || !self.rows.is_multiple_of(channels) {
            return Err(Error::Channels { rows: self.rows, channels });
        }
        Ok(Self { channels, ..self })
    }

    /// The channels of an image, at least 1: three for colours.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.pixels.len() / self.width()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// The rows of pixels in an image, those of all its channels; at least 1.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns of pixels in an image, at least 1.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The rows and columns of an image.
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.cols)
    }

    /// The pixels in an image, `rows * cols`: the number of units it needs as an initial state.
    pub fn width(&self) -> usize {
        self.rows * self.cols
    }

    /// The value that stands for full foreground, at least 1: 255 for pixels read from IDX files,
    /// 1020 for exact 2×2 sums of them.
    pub fn max_value(&self) -> u16 {
        self.max_value
    }

    /// All pixels, image after image and row by row.
    pub fn pixels(&self) -> &[u16] {
        &self.pixels
    }

    pub(crate) fn into_pixels(self) -> Vec<u16> {
        self.pixels
    }

    /// The pixels of image `index`, row by row.
    ///
    /// # Errors
    ///
    /// If there is no such image.
    pub fn image(&self, index: usize) -> Result<&[u16]> {
        let start = index.checked_mul(self.width());
        start
            .and_then(|start| self.pixels.get(start..)?.get(..self.width()))
            .ok_or(Error::OutOfRange { what: "image", index, count: self.len() })
    }

    /// The images in order, each as its pixels row by row.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, u16> {
        self.pixels.chunks_exact(self.width())
    }

    /// The images at `indices`, in that order; an image may be taken more than once.
    ///
    /// # Errors
    ///
    /// If an index is out of range or the result would exceed [`MAX_PIXELS`].
    pub fn select(&self, indices: &[usize]) -> Result<Self> {
        check_count("number of images", indices.len(), 0, MAX_PIXELS / self.width())?;
        let mut pixels = Vec::with_capacity(indices.len() * self.width());
        for &index in indices {
            pixels.extend_from_slice(self.image(index)?);
        }
        Ok(Self { pixels, ..*self })
    }

    /// The same images with full foreground at `max_value`, pixels rounded to the nearest integer
    /// (halves up).
    ///
    /// Exact if `max_value` is a multiple of the present one. `rescaled(255)` makes images ready
    /// for an IDX file.
    ///
    /// # Errors
    ///
    /// If `max_value` is 0.
    pub fn rescaled(&self, max_value: u16) -> Result<Self> {
        check_count("max_value", usize::from(max_value), 1, usize::from(u16::MAX))?;
        let (from, to) = (u64::from(self.max_value), u64::from(max_value));
        let scale = |&p: &u16| ((2 * u64::from(p) * to + from) / (2 * from)) as u16;
        Ok(Self { max_value, pixels: self.pixels.iter().map(scale).collect(), ..*self })
    }
}

impl<'a> IntoIterator for &'a Images {
    type Item = &'a [u16];
    type IntoIter = std::slice::ChunksExact<'a, u16>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Shows the shape, not the pixels.
impl fmt::Debug for Images {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Images")
            .field("len", &self.len())
            .field("rows", &self.rows)
            .field("cols", &self.cols)
            .field("channels", &self.channels)
            .field("max_value", &self.max_value)
            .finish_non_exhaustive()
    }
}

/// Checks that both sides of an image are in 1..=[`MAX_SIDE`].
pub(crate) fn check_shape(rows: usize, cols: usize) -> Result<()> {
    check_count("number of rows", rows, 1, MAX_SIDE)?;
    check_count("number of columns", cols, 1, MAX_SIDE)
}

/// Checks that a count is in `min..=max`.
pub(crate) fn check_count(what: &'static str, found: usize, min: usize, max: usize) -> Result<()> {
    if (min..=max).contains(&found) {
        Ok(())
    } else {
        Err(Error::Count { what, found: found as u64, min: min as u64, max: max as u64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_image_major_and_row_major() {
        let images = Images::new(2, 3, 20, (0..18).collect()).unwrap();
        assert_eq!((images.len(), images.width(), images.shape()), (3, 6, (2, 3)));
        assert_eq!(images.image(1).unwrap(), [6, 7, 8, 9, 10, 11]);
        assert_eq!(images.iter().nth(2).unwrap(), [12, 13, 14, 15, 16, 17]);
    }

    #[test]
    fn images_out_of_range_are_an_error_whatever_the_index() {
        let images = Images::new(1, 2, 1, vec![0, 1]).unwrap();
        for index in [1, 2, usize::MAX / 2, usize::MAX / 2 + 1, usize::MAX] {
            let message = images.image(index).unwrap_err().to_string();
            assert!(message.contains("only 1"), "{message}");
        }
    }

    #[test]
    fn inconsistent_images_are_refused() {
        assert!(matches!(Images::new(0, 2, 1, vec![]), Err(Error::Count { .. })));
        assert!(matches!(Images::new(2, MAX_SIDE + 1, 1, vec![]), Err(Error::Count { .. })));
        assert!(matches!(Images::new(usize::MAX, 2, 1, vec![]), Err(Error::Count { .. })));
        assert!(matches!(Images::new(2, 2, 0, vec![]), Err(Error::Count { .. })));
        assert!(matches!(Images::new(2, 2, 1, vec![0; 5]), Err(Error::Length { found: 1, .. })));
        let too_bright = Images::new(1, 2, 9, vec![9, 10]);
        assert!(matches!(too_bright, Err(Error::Pixel { index: 1, found: 10, .. })));
    }

    #[test]
    fn selecting_keeps_the_order_asked_for() {
        let images = Images::new(1, 1, 9, vec![5, 6, 7]).unwrap();
        assert_eq!(images.select(&[2, 0, 2]).unwrap().pixels(), [7, 5, 7]);
        assert!(images.select(&[3]).is_err());
    }

    #[test]
    fn rescaling_rounds_to_nearest() {
        let sums = Images::new(1, 5, 1020, vec![0, 1, 2, 510, 1020]).unwrap();
        assert_eq!(sums.rescaled(255).unwrap().pixels(), [0, 0, 1, 128, 255]);
        assert_eq!(sums.rescaled(255).unwrap().max_value(), 255);
        assert!(sums.rescaled(0).is_err());
    }

    #[test]
    fn channels_divide_the_rows_and_stay() {
        let images = Images::new(6, 1, 9, (0..6).collect()).unwrap();
        assert_eq!(images.channels(), 1);
        for wrong in [0, 4] {
            let refused = images.clone().with_channels(wrong);
            assert!(matches!(refused, Err(Error::Channels { rows: 6, .. })), "{wrong}");
        }
        let coloured = images.with_channels(3).unwrap();
        assert_eq!(coloured.select(&[0]).unwrap().channels(), 3);
        assert_eq!(coloured.rescaled(5).unwrap().channels(), 3);
    }
}
