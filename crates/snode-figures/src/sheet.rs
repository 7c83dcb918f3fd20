//! Sheets of small grey pictures, as PNG.

use crate::FigureError;

/// How large a pixel of a picture is drawn.
const MAGNIFICATION: usize = 4;
/// Pixels between two pictures.
const GAP: usize = 6;
/// The grey between them.
const BETWEEN: u8 = 255;

/// Pictures of one size in rows.
#[derive(Clone, Debug)]
pub struct Sheet {
    size: (usize, usize),
    rows: Vec<Vec<Vec<u8>>>,
}

impl Sheet {
    /// A sheet for pictures of `size` = (rows, columns) pixels.
    pub fn new(size: (usize, usize)) -> Self {
        Self { size, rows: Vec::new() }
    }

    /// Adds a row of pictures whose pixels, row after row, are 0 (black) to 1 (white); what lies
    /// beyond is shown as the nearer of the two.
    ///
    /// # Panics
    /// If a picture has another size.
    pub fn row(&mut self, pictures: impl IntoIterator<Item = Vec<f64>>) {
        let grey = |value: f64| (255.0 * value.clamp(0.0, 1.0)).round() as u8;
        let picture = |pixels: Vec<f64>| {
            assert_eq!(pixels.len(), self.size.0 * self.size.1, "a picture of another size");
            pixels.into_iter().map(grey).collect()
        };
        self.rows.push(pictures.into_iter().map(picture).collect());
    }

    /// Width, height and pixels of the whole sheet.
    fn pixels(&self) -> (usize, usize, Vec<u8>) {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let (rows, cols) = (self.size.0 * MAGNIFICATION, self.size.1 * MAGNIFICATION);
        let width = GAP + columns * (cols + GAP);
        let height = GAP + self.rows.len() * (rows + GAP);
        let mut sheet = vec![BETWEEN; width * height];
        for (i, pictures) in self.rows.iter().enumerate() {
            for (j, picture) in pictures.iter().enumerate() {
                let (top, left) = (GAP + i * (rows + GAP), GAP + j * (cols + GAP));
                for y in 0..rows {
                    for x in 0..cols {
                        let pixel = y / MAGNIFICATION * self.size.1 + x / MAGNIFICATION;
                        sheet[(top + y) * width + left + x] = picture[pixel];
                    }
                }
            }
        }
        (width, height, sheet)
    }

    /// The sheet as the bytes of a PNG file.
    ///
    /// # Errors
    /// If it is too large.
    pub fn png(&self) -> Result<Vec<u8>, FigureError> {
        let (width, height, pixels) = self.pixels();
        let too_large = || FigureError("the sheet is too large for a picture".into());
        let side = |side: usize| u32::try_from(side).map_err(|_| too_large());
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, side(width)?, side(height)?);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let failed = |error: png::EncodingError| FigureError(error.to_string());
        encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&pixels))
            .map_err(failed)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stand_side_by_side() {
        let mut sheet = Sheet::new((1, 2));
        sheet.row([vec![0.0, 2.0], vec![0.5, -1.0]]);
        sheet.row([vec![1.0, 1.0]]);
        let (width, height, pixels) = sheet.pixels();
        assert_eq!((width, height), (6 + 2 * (8 + 6), 6 + 2 * (4 + 6)));
        let at = |y: usize, x: usize| pixels[y * width + x];
        assert_eq!([at(6, 6), at(9, 9), at(6, 10), at(6, 13)], [0, 0, 255, 255]);
        assert_eq!([at(6, 20), at(6, 24), at(0, 0), at(16, 20)], [128, 0, 255, 255]);
        assert!(sheet.png().unwrap().starts_with(b"\x89PNG"));
    }
}
