//! How the files of MNIST and its kin are called.

use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// What one of the four files holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    TrainImages,
    TrainLabels,
    TestImages,
    TestLabels,
}

impl Role {
    pub const ALL: [Self; 4] =
        [Self::TrainImages, Self::TrainLabels, Self::TestImages, Self::TestLabels];

    /// What it holds, in words.
    pub fn text(self) -> &'static str {
        match self {
            Self::TrainImages => "training images",
            Self::TrainLabels => "training labels",
            Self::TestImages => "test images",
            Self::TestLabels => "test labels",
        }
    }

    /// The beginning and the end of its conventional name.
    pub fn conventional(self) -> (&'static str, &'static str) {
        match self {
            Self::TrainImages => ("train-images", "idx3-ubyte"),
            Self::TrainLabels => ("train-labels", "idx1-ubyte"),
            Self::TestImages => ("t10k-images", "idx3-ubyte"),
            Self::TestLabels => ("t10k-labels", "idx1-ubyte"),
        }
    }
}

/// A name taken apart, as `emnist-balanced-train-images-idx3-ubyte.gz`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    /// What stands before `train`, `test` or `t10k`: `emnist-balanced`.
    set: String,
    role: Role,
    is_compressed: bool,
}

impl Name {
    /// Of a file of images or labels; `None` for other files.
    fn parse(name: &str) -> Option<Self> {
        let (stem, is_compressed) = match name.strip_suffix(".gz") {
            Some(stem) => (stem, true),
            None => (name, false),
        };
        let (stem, kind) = stem.rsplit_once("idx")?;
        let stem = stem.strip_suffix(['-', '.', '_'])?;
        let (split, is_images) = match kind {
            "3-ubyte" => (stem.strip_suffix("images")?, true),
            "1-ubyte" | "2-int" => (stem.strip_suffix("labels")?, false),
            _ => return None,
        };
        let split = split.strip_suffix(['-', '.', '_'])?;
        let (set, is_train) = [("train", true), ("t10k", false), ("test", false)]
            .into_iter()
            .find_map(|(word, is_train)| Some((split.strip_suffix(word)?, is_train)))?;
        let role = match (is_train, is_images) {
            (true, true) => Role::TrainImages,
            (true, false) => Role::TrainLabels,
            (false, true) => Role::TestImages,
            (false, false) => Role::TestLabels,
        };
        let set = set.strip_suffix(['-', '.', '_']).unwrap_or(set);
        Some(Self { set: set.to_owned(), role, is_compressed })
    }
}

/// The folders below which torchvision keeps files: `MNIST/raw` and so on.
const KEPT_IN: &str = "raw";

/// The four files of a data set, in the order of [`Role::ALL`].
///
/// `place` is a folder, or a folder and the beginning of the names of one of several sets in it. The files
/// may be in `raw` in the folder, or in `raw` in its only folder that has one.
pub(super) fn find(place: &Path) -> Result<[PathBuf; 4]> {
    let (folder, set) = if place.is_dir() {
        (folder_of(place), None)
    } else {
        let name = place.file_name().map(|name| name.to_string_lossy().into_owned());
        let parent = place.parent().unwrap_or(Path::new(""));
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        (folder_of(parent), name)
    };
    let mut found: Vec<(Name, PathBuf)> = names_in(&folder)?;
    let mut sets: Vec<String> = found.iter().map(|(name, _)| name.set.clone()).collect();
    sets.sort();
    sets.dedup();
    let set = match set {
        Some(set) => set,
        None if sets.len() > 1 && sets[0].is_empty() => String::new(),
        None if sets.len() > 1 => {
            let problem = format!(
                "found the files of several data sets: {}; expected one of these names behind the \
                 path of the folder",
                sets.join(", ")
            );
            return Err(Error::Array { path: folder, problem });
        }
        None => sets.pop().unwrap_or_default(),
    };
    found.retain(|(name, _)| name.set == set);
    // Names without .gz first, and among those with hyphens before those with dots.
    found.sort_by(|(a, x), (b, y)| (a.is_compressed, x).cmp(&(b.is_compressed, y)));
    let mut paths = Vec::new();
    for role in Role::ALL {
        match found.iter().find(|(name, _)| name.role == role) {
            Some((_, path)) => paths.push(path.clone()),
            None => return Err(missing(&folder, &set, role)),
        }
    }
    let [a, b, c, d] = paths.try_into().unwrap_or_default();
    Ok([a, b, c, d])
}

fn missing(folder: &Path, set: &str, role: Role) -> Error {
    let (stem, kind) = role.conventional();
    let before = if set.is_empty() { String::new() } else { format!("{set}-") };
    let tried = format!(
        "{before}{stem}-{kind}, also with dots or underscores, with test for t10k, and .gz"
    );
    Error::MissingFile { folder: folder.to_owned(), what: role.text(), tried }
}

/// The folder that the files are in.
fn folder_of(folder: &Path) -> PathBuf {
    let has_files = |folder: &Path| names_in(folder).is_ok_and(|names| !names.is_empty());
    if has_files(folder) {
        return folder.to_owned();
    }
    let raw = folder.join(KEPT_IN);
    if has_files(&raw) {
        return raw;
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut below: Vec<PathBuf> =
        entries.map(|entry| entry.path().join(KEPT_IN)).filter(|raw| has_files(raw)).collect();
    match below.len() {
        1 => below.remove(0),
        _ => folder.to_owned(),
    }
}

/// The files of images and labels in a folder.
fn names_in(folder: &Path) -> Result<Vec<(Name, PathBuf)>> {
    let io = |source| Error::Io { path: folder.to_owned(), action: "reading", source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(Name::parse);
        // A link that leads nowhere is one of the files: that it cannot be opened is said then.
        if let Some(name) = name
            && (path.is_file() || path.is_symlink())
        {
            found.push((name, path));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_whole_family_are_known() {
        for (name, set, role, is_compressed) in [
            ("train-images-idx3-ubyte", "", Role::TrainImages, false),
            ("t10k-labels.idx1-ubyte.gz", "", Role::TestLabels, true),
            (
                "emnist-balanced-test-images-idx3-ubyte.gz",
                "emnist-balanced",
                Role::TestImages,
                true,
            ),
            ("qmnist-train-labels-idx2-int.gz", "qmnist", Role::TrainLabels, true),
            ("kmnist_test_images_idx3-ubyte", "kmnist", Role::TestImages, false),
        ] {
            let expected = Name { set: set.into(), role, is_compressed };
            assert_eq!(Name::parse(name), Some(expected), "{name}");
        }
        for name in ["idx3-ubyte", "train-images-idx1-ubyte", "images-idx3-ubyte", "a.txt", "idx"] {
            assert_eq!(Name::parse(name), None, "{name}");
        }
    }
}
