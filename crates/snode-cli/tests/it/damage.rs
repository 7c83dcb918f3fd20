//! No text makes the reading of experiments panic.

use proptest::prelude::*;
use snode_cli::commands::init::STARTER;
use snode_experiment::{ExperimentFile, check, resolve};

/// Reads, checks and resolves a text as an experiment.
fn read(text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.toml");
    std::fs::write(&path, text).unwrap();
    if let Ok(file) = ExperimentFile::read(&path, &[]) {
        let _ = check(&file.experiment, &file.locator);
        let _ = resolve(&file);
    }
}

/// Values that are of no use, or only just.
const VALUES: [&str; 16] = [
    "0",
    "-1",
    "1",
    "nan",
    "inf",
    "-0.0",
    "1e400",
    "9223372036854775807",
    "\"\"",
    "[]",
    "[1, 2]",
    "{}",
    "true",
    "1e-320",
    "\"l2\"",
    "2000-01-01",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The starter file with values and lines exchanged, and pieces cut out.
    #[test]
    fn damaged_experiments(
        exchanged in prop::collection::vec((any::<prop::sample::Index>(), 0..VALUES.len()), 0..4),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 1..30_usize), 0..3),
        inserted in prop::collection::vec((any::<prop::sample::Index>(), "[\\[\\]{}\"'=#,.\\n a-z0-9]{1,8}"), 0..3),
    ) {
        let uncommented = STARTER.lines().map(|line| line.strip_prefix("# ").unwrap_or(line));
        let mut lines: Vec<String> = uncommented.map(Into::into).collect();
        for (line, value) in &exchanged {
            let index = line.index(lines.len());
            if let Some((key, _)) = lines[index].clone().split_once('=') {
                lines[index] = format!("{key}= {}", VALUES[*value]);
            }
        }
        // Comments that are no keys stay comments.
        lines.retain(|line| line.is_empty() || line.starts_with('[') || line.contains(" = "));
        let mut text: Vec<char> = lines.join("\n").chars().collect();
        for (place, length) in &cuts {
            let begin = place.index(text.len());
            text.drain(begin..(begin + length).min(text.len()));
        }
        for (place, new) in &inserted {
            let begin = place.index(text.len());
            text.splice(begin..begin, new.chars());
        }
        read(&text.into_iter().collect::<String>());
    }

    #[test]
    fn invented_experiments(text in "([a-z_]{1,8}(\\.[a-z]{1,4})? ?= ?[0-9a-z\\[{\"'.,+-]{0,8}\n|\\[{1,3}[a-z.]{0,9}\\]{0,2}\n|\\PC{0,9}\n){0,9}") {
        read(&text);
    }
}

#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [("[", "]"), ("{a=", "}"), ("[{a=", "}]")] {
        for depth in [10, 1000, 100_000] {
            read(&format!("seed = {}1{}", open.repeat(depth), close.repeat(depth)));
            read(&format!("seed = {}", open.repeat(depth)));
        }
    }
    read(&format!("{}= 1", "a.".repeat(200_000) + "a"));
    read(&format!("[{}]", "a.".repeat(200_000) + "a"));
}
