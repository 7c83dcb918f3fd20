#![no_main]
//! Any bytes as arrays of data: an .npz file, an .npy file of inputs, a table of text, a batch of CIFAR-10.

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use snode_data::arrays::{load_csv, load_npy_folder, load_npz};
use snode_data::cifar;

/// A folder that goes with the process.
static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fn write(name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path: &Path = FOLDER.path();
    std::fs::write(path.join(name), bytes).unwrap();
    path.join(name)
}

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let result = match choice % 4 {
        0 => load_npz(&write("x.npz", bytes), None).map(drop),
        1 => load_csv(&write("x.csv", bytes), None).map(drop),
        2 => {
            // The same bytes as inputs and as class numbers.
            write("x_train.npy", bytes);
            write("y_train.npy", bytes);
            load_npy_folder(FOLDER.path(), None).map(drop)
        }
        _ => {
            write("data_batch_1.bin", bytes);
            cifar::load_folder(FOLDER.path(), "fuzz").map(drop)
        }
    };
    if let Err(error) = result {
        assert!(!error.to_string().is_empty());
    }
});
