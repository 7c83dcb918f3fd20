//! Every experiment that the repository shows is accepted, with its images: the files, and the
//! TOML in the documents. So is every command that a help text shows.

use std::path::{Path, PathBuf};

use snode_cli::cli::command;
use snode_cli::commands::init::STARTER;
use snode_experiment::ExperimentFile;
use snode_runner::{Grid, Result};

const DOCUMENT: &str = "docs/experiments.md";

/// A document of the repository.
fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)).unwrap()
}

/// Reads and checks a file with all of its cells; one experiment is a grid of one.
fn accept(path: &Path) -> Result<usize> {
    // Images that not every machine has give way to those that are built in.
    let has_images = !path.to_string_lossy().contains("fashion-mnist");
    let built_in = ["data.source=mnist14", "data.size=[28, 28]"].map(String::from);
    let file = ExperimentFile::read_any(path, if has_images { &[] } else { &built_in })?;
    Ok(Grid::of(file, &[], None)?.cells.len())
}

fn tomls(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tomls(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            found.push(path);
        }
    }
}

#[test]
fn all_experiments_of_the_repository_are_accepted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
    let mut found = Vec::new();
    tomls(&root, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for path in found {
        if let Err(error) = accept(&path) {
            panic!("{error}");
        }
    }
}

#[test]
fn what_the_documents_show_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    // What the examples are based on.
    std::fs::write(folder.path().join("common.toml"), "").unwrap();
    for name in ["README.md", DOCUMENT, "docs/figures.md", "docs/cluster.md"] {
        let text = read(name);
        let blocks: Vec<&str> = text
            .split("```toml\n")
            .skip(1)
            .map(|rest| rest.split("```").next().unwrap_or_default())
            .collect();
        assert!(!blocks.is_empty(), "{name}");
        for block in blocks {
            let path = folder.path().join("example.toml");
            std::fs::write(&path, block).unwrap();
            if let Err(error) = accept(&path) {
                panic!("{name}: {error} in\n{block}");
            }
        }
    }
}

#[test]
fn the_starter_file_is_accepted_and_points_to_the_document() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("starter.toml");
    std::fs::write(&path, STARTER).unwrap();
    assert_eq!(accept(&path).unwrap(), 1);
    assert!(STARTER.contains(DOCUMENT));
}

/// The words of a line, without what the shell makes of it.
fn words(line: &str) -> Vec<&str> {
    let is_own = |word: &&str| !matches!(*word, ">" | "<");
    line.split_whitespace().take_while(is_own).map(|word| word.trim_matches('\'')).collect()
}

#[test]
fn every_command_has_examples_that_it_takes() {
    for known in command().get_subcommands().filter(|c| !c.is_hide_set()) {
        let name = known.get_name();
        let help = known.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines: Vec<&str> = help.lines().filter(|line| line.starts_with("  ")).collect();
        assert!(help.starts_with("Examples:\n") && lines.len() >= 2, "{name}");
        for line in lines {
            let words = words(line);
            assert_eq!(words[..2], ["snode", name]);
            if let Err(error) = command().try_get_matches_from(&words) {
                panic!("{line}: {error}");
            }
            let file = words.iter().find(|word| word.starts_with("experiments/"));
            let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
            assert!(file.is_none_or(|file| root.join(file).exists()), "{line}");
        }
    }
}
