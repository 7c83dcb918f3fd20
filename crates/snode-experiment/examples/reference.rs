//! Writes the tables of keys in docs/experiments.md from the declarations of the keys:
//! `reference FILE`. With `--check` before the file it only says whether they differ.

use std::error::Error;

use snode_experiment::keys::with_tables;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = arguments.last().ok_or("found no file; expected one, e.g. docs/experiments.md")?;
    let found = std::fs::read_to_string(path)?;
    let expected = with_tables(&found);
    if arguments[0] != "--check" {
        std::fs::write(path, expected)?;
    } else if found != expected {
        return Err(format!("{path}: other tables than the declarations; run `make docs`").into());
    }
    Ok(())
}
