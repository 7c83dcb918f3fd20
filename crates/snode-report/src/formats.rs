//! In which formats the figures and tables of a report are written.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::str::FromStr;

use crate::Table;
use crate::error::Result;
use crate::latex::latex;
use crate::markdown_table;

/// Pixels of a PNG picture for each unit of a figure.
const MAGNIFICATION: f32 = 2.0;

/// A format of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FigureFormat {
    /// Shapes, for pages.
    Svg,
    /// Pixels.
    Png,
    /// Shapes, for papers.
    Pdf,
}

impl FigureFormat {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Svg, Self::Png, Self::Pdf];

    /// The ending of its files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Pdf => "pdf",
        }
    }

    /// The bytes of a file of a figure that is given as SVG.
    ///
    /// # Errors
    /// If the figure is too large for the format.
    pub fn bytes(self, svg: &str) -> Result<Vec<u8>> {
        Ok(match self {
            Self::Svg => svg.as_bytes().to_vec(),
            Self::Png => snode_figures::png(svg, MAGNIFICATION)?,
            Self::Pdf => snode_figures::pdf(svg)?,
        })
    }
}

/// A format of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TableFormat {
    /// The numbers behind tables and figures in full precision, as CSV.
    Csv,
    /// What tables show, as Markdown.
    Markdown,
    /// What tables show, as LaTeX with the rules of booktabs.
    Latex,
}

impl TableFormat {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Markdown, Self::Latex];

    /// The ending of its files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Markdown => "md",
            Self::Latex => "tex",
        }
    }

    /// The bytes of a file of a table.
    ///
    /// # Errors
    /// If the numbers behind the table are not as many in each row.
    pub fn bytes(self, table: &Table) -> Result<Vec<u8>> {
        Ok(match self {
            Self::Csv => table.data.bytes()?,
            Self::Markdown => markdown_table::table(table).into_bytes(),
            Self::Latex => latex(table).into_bytes(),
        })
    }
}

/// A format of figures or of tables, named by the ending of its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Of figures.
    Figure(FigureFormat),
    /// Of tables.
    Table(TableFormat),
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let figures = FigureFormat::ALL.map(|format| (format.ending(), Self::Figure(format)));
        let tables = TableFormat::ALL.map(|format| (format.ending(), Self::Table(format)));
        let all = || figures.into_iter().chain(tables);
        let known = all().find(|(ending, _)| *ending == text);
        known.map(|(_, format)| format).ok_or_else(|| {
            let all: Vec<&str> = all().map(|(ending, _)| ending).collect();
            format!("expected one of {}", all.join(", "))
        })
    }
}

/// The formats of a report, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formats {
    /// Those of its figures.
    pub figures: BTreeSet<FigureFormat>,
    /// Those of its tables.
    pub tables: BTreeSet<TableFormat>,
}

impl Default for Formats {
    /// All of them.
    fn default() -> Self {
        Self {
            figures: FigureFormat::ALL.into_iter().collect(),
            tables: TableFormat::ALL.into_iter().collect(),
        }
    }
}

impl FromIterator<Format> for Formats {
    fn from_iter<I: IntoIterator<Item = Format>>(formats: I) -> Self {
        let mut all = Self { figures: BTreeSet::new(), tables: BTreeSet::new() };
        for format in formats {
            match format {
                Format::Figure(format) => _ = all.figures.insert(format),
                Format::Table(format) => _ = all.tables.insert(format),
            }
        }
        all
    }
}

/// A file for a figure, in the format that the ending of its name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureFile {
    /// The file.
    pub path: PathBuf,
    /// Its format.
    pub format: FigureFormat,
}

impl FromStr for FigureFile {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let path = PathBuf::from(text);
        let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        let known = FigureFormat::ALL.into_iter().find(|format| format.ending() == ending);
        match known {
            Some(format) => Ok(Self { path, format }),
            None => Err("expected a name that ends in .svg, .png or .pdf".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_named_by_their_endings() {
        let named = |texts: &[&str]| -> Formats {
            texts.iter().map(|text| text.parse::<Format>().unwrap()).collect()
        };
        assert_eq!(named(&["svg", "png", "pdf", "csv", "md", "tex", "md"]), Formats::default());
        let some = named(&["csv", "pdf"]);
        assert!(some.figures.iter().eq([&FigureFormat::Pdf]));
        assert!(some.tables.iter().eq([&TableFormat::Csv]));
        let error = "jpg".parse::<Format>().unwrap_err();
        assert_eq!(error, "expected one of svg, png, pdf, csv, md, tex");
    }

    #[test]
    fn the_ending_of_a_file_says_its_format() {
        let file: FigureFile = "a/b.pdf".parse().unwrap();
        assert_eq!((file.path, file.format), ("a/b.pdf".into(), FigureFormat::Pdf));
        for text in ["a", "a.jpg", "pdf", ""] {
            assert!(text.parse::<FigureFile>().is_err(), "{text}");
        }
    }
}
