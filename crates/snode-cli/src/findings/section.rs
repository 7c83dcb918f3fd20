//! What a report is made of: sections of tables and figures, each with its numbers.

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
    pub data: Data,
}

/// A figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The name of its file, without ending.
    pub name: String,
    /// Stands below it.
    pub caption: String,
    /// The figure itself.
    pub content: Content,
    /// The numbers that were drawn.
    pub data: Option<Data>,
}

/// A figure itself.
#[derive(Clone, Debug)]
pub enum Content {
    /// A chart: the text of an SVG file.
    Chart(String),
    /// A sheet of pictures: the bytes of a PNG file.
    Sheet(Vec<u8>),
}

/// Numbers with the names of their columns, for a CSV file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// The names of the columns.
    pub header: Vec<String>,
    /// The rows, each as long as the header.
    pub rows: Vec<Vec<String>>,
}

impl Data {
    /// Columns without rows yet.
    pub fn new(header: &[&str]) -> Self {
        Self { header: header.iter().map(|&name| name.to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let row: Vec<String> = cells.into_iter().collect();
        debug_assert_eq!(row.len(), self.header.len(), "a row has as many cells as the header");
        self.rows.push(row);
    }
}
