//! Files that are based on others.

use std::path::PathBuf;

use super::locator::Locator;
use crate::error::{Error, Result};

/// One file, parsed.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub path: PathBuf,
    pub text: String,
    /// Where the keys of this file alone stand.
    pub locator: Locator,
    /// All its keys.
    pub table: toml::Table,
}

impl Layer {
    /// The file it is based on.
    pub fn base(&self) -> Result<Option<PathBuf>> {
        match self.table.get("base") {
            None => Ok(None),
            Some(toml::Value::String(base)) if !base.is_empty() => {
                Ok(Some(self.locator.folder_of("base").join(base)))
            }
            Some(other) => {
                let expected = "expected the path of a TOML file, relative to this one";
                Err(Error::Config {
                    place: self.locator.place_of("base"),
                    key: Some("base".into()),
                    problem: format!("found {other}; {expected}"),
                })
            }
        }
    }
}

/// Puts `over` over `under`: tables key by key, everything else in place of what was there.
pub(super) fn merge(under: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(under)), toml::Value::Table(over)) => merge(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_merged_and_lists_replaced() {
        let table = |text: &str| toml::from_str::<toml::Table>(text).unwrap();
        let mut under =
            table("a = 1\nlist = [1, 2]\n[t]\nb = 1\nc = 2\n[[l]]\nx = 1\n[[l]]\nx = 2");
        merge(&mut under, table("list = [3]\n[t]\nc = 3\nd = 4\n[[l]]\nx = 5"));
        assert_eq!(under, table("a = 1\nlist = [3]\n[t]\nb = 1\nc = 3\nd = 4\n[[l]]\nx = 5"));
    }
}
