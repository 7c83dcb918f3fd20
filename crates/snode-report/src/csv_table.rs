//! Tables for CSV files.

use std::borrow::Cow;

use snode_experiment::format::printable;

use crate::error::Result;

/// A table for a CSV file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Csv {
    /// The header, then the rows.
    records: Vec<csv::StringRecord>,
}

impl Csv {
    /// A table with these columns.
    pub fn new(header: impl IntoIterator<Item: AsRef<str>>) -> Self {
        Self { records: vec![record(header)] }
    }

    /// Adds a row, of as many cells as there are columns.
    pub fn row(&mut self, cells: impl IntoIterator<Item: AsRef<str>>) {
        self.records.push(record(cells));
    }

    /// The table as CSV.
    ///
    /// # Errors
    /// If a row has another number of cells than the header.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for record in &self.records {
            writer.write_record(record)?;
        }
        writer.into_inner().map_err(|error| csv::Error::from(error.into_error()).into())
    }
}

fn record(cells: impl IntoIterator<Item: AsRef<str>>) -> csv::StringRecord {
    let mut record = csv::StringRecord::new();
    cells.into_iter().for_each(|cell| record.push_field(&harmless(cell.as_ref())));
    record
}

/// A cell that no spreadsheet takes for a formula: one that begins like a formula, and is no number,
/// gets an apostrophe in front, as spreadsheets write texts. Control characters are written out.
fn harmless(cell: &str) -> Cow<'_, str> {
    if cell.parse::<f64>().is_ok() {
        return Cow::Borrowed(cell);
    }
    let begins_like_a_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    match (begins_like_a_formula, cell.chars().any(char::is_control)) {
        (false, false) => Cow::Borrowed(cell),
        (true, _) => Cow::Owned(format!("'{}", printable(cell))),
        (false, true) => Cow::Owned(printable(cell)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula() {
        let cells = ["=1+1", "+a", "@x", "-cmd", "-0.5", "+1e3", "NCG + decay", "", "a\u{1b}b"];
        assert_eq!(
            cells.map(harmless),
            ["'=1+1", "'+a", "'@x", "'-cmd", "-0.5", "+1e3", "NCG + decay", "", "a\\u001bb"]
        );
    }
}
