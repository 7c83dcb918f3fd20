//! The cells of grids as members of one file.

use std::collections::BTreeSet;

use serde_json::Value;
use snode_store::{Attribute, Member};

use super::{Cell, FoundGrid};

/// The cells of grids that have results, each once, and those that have none.
pub struct Members<'a> {
    /// Those with results.
    pub members: Vec<Member>,
    /// Those without, with their grids.
    pub missing: Vec<(&'a FoundGrid, &'a Cell)>,
}

impl<'a> Members<'a> {
    /// Those of these grids, by their files.
    pub fn of(grids: &'a [FoundGrid]) -> Self {
        let (mut members, mut missing) = (Vec::new(), Vec::new());
        let mut seen = BTreeSet::new();
        for grid in grids {
            for cell in &grid.cells {
                let path = cell.files(&grid.folder).results;
                if !path.exists() {
                    missing.push((grid, cell));
                } else if seen.insert(cell.identity.clone()) {
                    members.push(Member {
                        name: cell.short().to_owned(),
                        path,
                        label: label(cell),
                    });
                }
            }
        }
        Self { members, missing }
    }
}

fn label(cell: &Cell) -> Vec<(String, Attribute)> {
    let attribute = |value: &Value| match value {
        Value::String(text) => Attribute::Text(text.clone()),
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => Attribute::Unsigned(whole),
            (None, Some(real)) => Attribute::Real(real),
            (None, None) => Attribute::Text(number.to_string()),
        },
        other => Attribute::Text(other.to_string()),
    };
    cell.label.iter().map(|(key, value)| (key.clone(), attribute(value))).collect()
}
