#![no_main]
//! Any text as the file of an experiment or of a grid, which may be based on a `common.toml` beside
//! it: read, resolved, checked, and fitted to images, cell by cell.

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use snode_data::{Dataset, Images, Split};
use snode_experiment::{Experiment, ExperimentFile, Facts, Setting, fit};
use snode_runner::Result;
use snode_runner::grid::Definition;

/// A grid may have 100,000 cells; what is wrong shows in the first ones.
const CELLS: usize = 8;
const BASE: &str = "common.toml";

/// A folder that goes with the process.
static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(BASE), "seed = 7\n[network]\nlayers = 3\n").unwrap();
    folder
});

/// What the images of every experiment are.
static FACTS: LazyLock<Facts> = LazyLock::new(|| {
    let split = || {
        let images = Images::new(4, 4, 255, vec![0; 16 * 30]).unwrap();
        Split::new(images, (0..30).map(|i| i % 3).collect()).unwrap()
    };
    Facts::of(&Dataset::new("fuzz", 3, split(), split()).unwrap())
});

fn accept(path: &Path) -> Result<()> {
    let file = ExperimentFile::read_any(path, &[])?;
    let definition = Definition::read(&file)?;
    for number in 0..definition.combinations().unwrap_or(0).min(CELLS) {
        let of_case = definition.cases.get(number).map_or(&[][..], |case| &case.settings);
        let of_axes = definition.axes.iter().map(|axis| &axis.values[number % axis.values.len()]);
        let settings: Vec<Setting> = of_case.iter().chain(of_axes).cloned().collect();
        let mut file = file.with(&settings)?;
        // No folder but the one of this process is looked at.
        file.experiment.data.source = "mnist14".into();
        let mut experiment = snode_experiment::resolve(&file)?;
        snode_experiment::check(&file.experiment, &file.locator)?;
        fit(&file, &mut experiment, *FACTS)?;
        let text = toml::to_string(&experiment).unwrap();
        assert_eq!(toml::from_str::<Experiment>(&text).unwrap(), *experiment.keys());
    }
    Ok(())
}

/// Whether the file is based on another one than ours.
fn leads_astray(bytes: &[u8]) -> bool {
    let table = str::from_utf8(bytes).ok().and_then(|text| text.parse::<toml::Table>().ok());
    let base = table.and_then(|mut table| table.remove("base"));
    base.is_some_and(|base| base.as_str().is_some_and(|name| ![BASE, "fuzz.toml"].contains(&name)))
}

fuzz_target!(|bytes: &[u8]| {
    if leads_astray(bytes) {
        return;
    }
    let path = FOLDER.path().join("fuzz.toml");
    std::fs::write(&path, bytes).unwrap();
    if let Err(error) = accept(&path) {
        assert!(!error.to_string().is_empty());
    }
});
