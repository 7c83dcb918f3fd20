//! What a report is made of: sections of tables and figures, each with its numbers.

use crate::csv_table::Csv;

/// A part of a report.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Its anchor.
    pub id: &'static str,
    /// Its heading.
    pub title: String,
    /// What it shows, and how it was measured.
    pub about: String,
    /// What a reader should know of the data that is there.
    pub notes: Vec<String>,
    /// Tables.
    pub tables: Vec<Table>,
    /// Figures.
    pub figures: Vec<Figure>,
}

/// A table for readers, with the numbers behind it.
#[derive(Clone, Debug)]
pub struct Table {
    /// The name of its file, without ending.
    pub name: String,
    /// Stands above it.
    pub title: String,
    /// The names of the columns.
    pub header: Vec<String>,
    /// The cells, row by row, each as long as the header.
    pub rows: Vec<Vec<String>>,
    /// What it was made of, in full precision.
    pub data: Csv,
}

/// A figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The name of its file, without ending.
    pub name: String,
    /// Stands below it.
    pub caption: String,
    /// The text of its SVG file.
    pub svg: String,
    /// The numbers that were drawn.
    pub data: Option<Csv>,
}
