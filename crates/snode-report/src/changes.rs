//! Whether runs have changed, by the names, sizes and times of their files.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use snode_runner::grid::CELLS;
use snode_runner::grid::manifest::Manifest;
use snode_runner::{FileRole, Files};

/// Looks for changes of the runs at a path, a folder or a file.
///
/// Files of results, manifests and the files that say why a cell failed count; of checkpoints, which
/// change all the time, only whether they are there.
#[derive(Clone, Debug)]
pub struct Changes {
    source: PathBuf,
    /// What was there at the last look.
    seen: Option<BTreeMap<PathBuf, Option<Mark>>>,
}

/// What tells two states of a file apart.
type Mark = (u64, Option<SystemTime>);

impl Changes {
    /// Of the runs at a path, where nothing needs to be yet.
    pub fn new(source: &Path) -> Self {
        Self { source: source.to_owned(), seen: None }
    }

    /// Whether anything has changed since the last look; the first one finds a change.
    pub fn found(&mut self) -> bool {
        let now = look(&self.source);
        let is_new = self.seen.as_ref() != Some(&now);
        self.seen = Some(now);
        is_new
    }
}

/// The files that are there. What cannot be read is not there.
fn look(source: &Path) -> BTreeMap<PathBuf, Option<Mark>> {
    let mark = |metadata: Metadata| (metadata.len(), metadata.modified().ok());
    if let Ok(metadata) = std::fs::metadata(source)
        && metadata.is_file()
    {
        return [(source.to_owned(), Some(mark(metadata)))].into();
    }
    let mut files = BTreeMap::new();
    for folder in [source.to_owned(), source.join(CELLS)] {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let role = Files::with(&path).map(|(_, role)| role);
            if role == Some(FileRole::Checkpoint) {
                files.insert(path, None);
            } else if role.is_some() || Manifest::is_at(&path) {
                files.insert(path, entry.metadata().ok().map(mark));
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_of_results_and_not_of_checkpoints_or_logs() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("results");
        let mut changes = Changes::new(&source);
        assert!(changes.found() && !changes.found());
        let cells = source.join(CELLS);
        std::fs::create_dir_all(&cells).unwrap();
        assert!(!changes.found());
        for (name, text, is_change) in [
            ("a.checkpoint.h5", "1", true),
            ("a.checkpoint.h5", "12", false),
            ("a.log", "1", false),
            ("a.h5", "1", true),
            ("a.h5", "12", true),
            ("b.failed", "why", true),
        ] {
            std::fs::write(cells.join(name), text).unwrap();
            assert_eq!(changes.found(), is_change, "{name} {text}");
        }
        std::fs::remove_file(cells.join("b.failed")).unwrap();
        assert!(changes.found() && !changes.found());
    }
}
