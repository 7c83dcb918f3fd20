//! Sheets of small grey pictures with labels.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::FigureError;

/// The least width of a picture, in units of the figure.
const PICTURE: usize = 66;
/// Units between two pictures.
const GAP: usize = 12;
/// Units from one line of text to the next.
const LINE: usize = 16;
/// The size of letters, and about how wide one is.
const LETTERS: usize = 12;
const LETTER: f64 = 7.2;

/// Pictures of one size in rows, with titles of rows, names of columns, and labels below pictures.
#[derive(Clone, Debug)]
pub struct Sheet {
    size: (usize, usize),
    columns: Vec<String>,
    rows: Vec<(String, Vec<Picture>)>,
}

/// A picture of a [`Sheet`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// Its pixels, row after row, from 0 (black) to 1 (white); what lies beyond is shown as the nearer
    /// of the two. Nothing for a place that stays empty.
    pub pixels: Option<Vec<f64>>,
    /// The lines of text below it.
    pub labels: Vec<String>,
}

impl Picture {
    /// A picture without a label.
    pub fn new(pixels: Vec<f64>) -> Self {
        Self { pixels: Some(pixels), labels: Vec::new() }
    }

    /// The same with a further line of text below it.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.labels.push(label.into());
        self
    }
}

impl Sheet {
    /// A sheet for pictures of `size` = (rows, columns) pixels.
    pub fn new(size: (usize, usize)) -> Self {
        Self { size, columns: Vec::new(), rows: Vec::new() }
    }

    /// Gives names to the columns, which stand above the first row.
    pub fn name_columns(&mut self, names: impl IntoIterator<Item = impl Into<String>>) {
        self.columns = names.into_iter().map(Into::into).collect();
    }

    /// Adds a row of pictures with a title above it.
    ///
    /// # Panics
    /// If a picture has another size.
    pub fn row(
        &mut self,
        title: impl Into<String>,
        pictures: impl IntoIterator<Item = impl Into<Picture>>,
    ) {
        let pictures: Vec<Picture> = pictures.into_iter().map(Into::into).collect();
        for pixels in pictures.iter().filter_map(|picture| picture.pixels.as_ref()) {
            assert_eq!(pixels.len(), self.size.0 * self.size.1, "a picture of another size");
        }
        self.rows.push((title.into(), pictures));
    }

    /// The sheet as the text of an SVG file, which [`png`](crate::png()) and [`pdf`](crate::pdf()) take.
    ///
    /// # Errors
    /// If a picture is too large.
    pub fn svg(&self) -> Result<String, FigureError> {
        let (rows, columns) = self.size;
        let magnification = PICTURE.div_ceil(columns.max(1)).max(1);
        let (width, height) = (columns * magnification, rows * magnification);
        let pictures = || self.rows.iter().flat_map(|(_, pictures)| pictures);
        let labels = pictures().flat_map(|picture| &picture.labels).chain(&self.columns);
        let step = labels.map(|label| wide(label)).fold(width, usize::max) + GAP;
        let most = self.rows.iter().map(|(_, pictures)| pictures.len()).max().unwrap_or(0);
        let titles = self.rows.iter().map(|(title, _)| wide(title)).max().unwrap_or(0);
        let whole = GAP + (most * step).max(titles + GAP);
        let mut parts = Vec::new();
        let mut y = GAP;
        if !self.columns.is_empty() {
            for (column, name) in self.columns.iter().enumerate() {
                let middle = GAP + column * step + (step - GAP) / 2;
                parts.push(text(middle, y + LETTERS, "middle", name));
            }
            y += LINE + GAP / 2;
        }
        for (title, pictures) in &self.rows {
            if !title.is_empty() {
                parts.push(text(GAP, y + LETTERS, "start", title));
                y += LINE + GAP / 3;
            }
            for (column, picture) in pictures.iter().enumerate() {
                let middle = GAP + column * step + (step - GAP) / 2;
                let place = (middle - width / 2, y, width, height);
                match &picture.pixels {
                    Some(pixels) => parts.push(self.image(pixels, place)?),
                    None => parts.push(empty(place)),
                }
                for (line, label) in picture.labels.iter().enumerate() {
                    parts.push(text(middle, y + height + (line + 1) * LINE - 2, "middle", label));
                }
            }
            let lines = pictures.iter().map(|picture| picture.labels.len()).max().unwrap_or(0);
            y += height + lines * LINE + GAP;
        }
        Ok(format!(
            "<svg width=\"{whole}\" height=\"{y}\" viewBox=\"0 0 {whole} {y}\" \
             xmlns=\"http://www.w3.org/2000/svg\">\n\
             <rect width=\"{whole}\" height=\"{y}\" fill=\"#FFFFFF\"/>\n{}</svg>\n",
            parts.concat()
        ))
    }

    fn image(
        &self,
        pixels: &[f64],
        (x, y, width, height): (usize, usize, usize, usize),
    ) -> Result<String, FigureError> {
        let grey = |value: &f64| (255.0 * value.clamp(0.0, 1.0)).round() as u8;
        let bytes = self.png(&pixels.iter().map(grey).collect::<Vec<u8>>())?;
        Ok(format!(
            "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
             preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" \
             href=\"data:image/png;base64,{}\"/>\n",
            STANDARD.encode(bytes)
        ))
    }

    /// One picture as the bytes of a PNG file.
    fn png(&self, pixels: &[u8]) -> Result<Vec<u8>, FigureError> {
        let too_large = |_| FigureError("the picture is too large".into());
        let side = |side: usize| u32::try_from(side).map_err(too_large);
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, side(self.size.1)?, side(self.size.0)?);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let failed = |error: png::EncodingError| FigureError(error.to_string());
        let mut writer = encoder.write_header().map_err(failed)?;
        writer.write_image_data(pixels).map_err(failed)?;
        drop(writer);
        Ok(bytes)
    }
}

impl From<Vec<f64>> for Picture {
    fn from(pixels: Vec<f64>) -> Self {
        Self::new(pixels)
    }
}

/// About how wide a text is.
fn wide(text: &str) -> usize {
    (LETTER * text.chars().count() as f64).ceil() as usize
}

/// A place without a picture.
fn empty((x, y, width, height): (usize, usize, usize, usize)) -> String {
    format!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"#F4F4F4\"/>\n")
}

fn text(x: usize, y: usize, anchor: &str, text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            other if other.is_control() => shown.push('\u{fffd}'),
            other => shown.push(other),
        }
    }
    format!(
        "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" font-family=\"sans-serif\" \
         font-size=\"{LETTERS}\">{shown}</text>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{pdf, png};

    fn sheet() -> Sheet {
        let mut sheet = Sheet::new((1, 2));
        sheet.row(
            "clean <&>",
            [Picture::new(vec![0.0, 2.0]).with_label("2 → 8"), Picture::new(vec![0.5, -1.0])],
        );
        sheet.row("", [vec![1.0, 1.0]]);
        sheet
    }

    #[test]
    fn pictures_have_titles_and_labels() {
        let text = sheet().svg().unwrap();
        for part in [">clean &lt;&amp;&gt;<", ">2 → 8<"] {
            assert!(text.contains(part), "no {part} in {text}");
        }
        assert_eq!(text.matches("<image").count(), 3);
    }

    #[test]
    fn pictures_are_in_png_and_pdf() {
        let text = sheet().svg().unwrap();
        let bytes = png(&text, 1.0).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let at = |y: usize, x: usize| pixels[4 * (y * info.width as usize + x)];
        // Below the title: black and white, then grey and black.
        let y = GAP + LINE + GAP / 3 + 10;
        let step = PICTURE + GAP;
        let row = [15, PICTURE, step + 15, step + PICTURE].map(|x| at(y, x));
        assert_eq!(row, [0, 255, 128, 0]);
        let file = pdf(&text).unwrap();
        assert_eq!(String::from_utf8_lossy(&file).matches("/Subtype /Image").count(), 3);
    }
}
