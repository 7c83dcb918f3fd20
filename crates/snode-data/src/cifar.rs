//! CIFAR-10's binary version: batches of records, each a label and the red, green and blue planes of 32×32
//! pixels.
//!
//! An image is 96×32 pixels here, its planes one below the other: 3,072 numbers.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use snode_files::Links;

use crate::{Dataset, Error, Images, Result, Split};

/// Red, green and blue.
pub const CHANNELS: usize = 3;
/// Rows of an image: those of its channels.
pub const ROWS: usize = CHANNELS * 32;
/// Columns of an image.
pub const COLS: usize = 32;
/// How many classes there are.
pub const CLASSES: usize = 10;

/// A label and an image.
const RECORD: usize = 1 + ROWS * COLS;
/// The most records of a batch, ten times as many as those of CIFAR-10 have.
const MOST: u64 = 100_000;
/// The names of the batches to train on, of which some may be missing, and of the batch to test with.
const TRAIN: [&str; 5] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
];
const TEST: &str = "test_batch.bin";
/// The folder in the archive that is handed out.
const FOLDER: &str = "cifar-10-batches-bin";

/// The folder with the batches, which is this one or `cifar-10-batches-bin` in it, if there are any.
pub fn find(folder: &Path) -> Option<PathBuf> {
    let holds = |folder: &PathBuf| TRAIN.iter().any(|name| folder.join(name).is_file());
    [folder.to_owned(), folder.join(FOLDER)].into_iter().find(holds)
}

/// Reads `data_batch_1.bin` to `data_batch_5.bin`, as many as there are, and `test_batch.bin`, if it is
/// there.
///
/// # Errors
///
/// If a file cannot be read, is not a whole number of records, or a label is not below 10; or if there is
/// nothing to train on.
pub fn load_folder(folder: &Path, name: impl Into<String>) -> Result<Dataset> {
    let (mut train, mut test) = (Records::default(), Records::default());
    for path in TRAIN.iter().map(|name| folder.join(name)).filter(|path| path.exists()) {
        train.read(&path)?;
    }
    let path = folder.join(TEST);
    if path.exists() {
        test.read(&path)?;
    }
    Dataset::new(name, CLASSES, train.split()?, test.split()?)
}

#[derive(Default)]
struct Records {
    pixels: Vec<u16>,
    labels: Vec<u8>,
}

impl Records {
    fn read(&mut self, path: &Path) -> Result<()> {
        let io = |source| Error::Io { path: path.to_owned(), action: "reading", source };
        let file: File = snode_files::open(path, Links::Follow)?;
        let length = file.metadata().map_err(io)?.len();
        if !length.is_multiple_of(RECORD as u64) || length == 0 || length > MOST * RECORD as u64 {
            let problem = format!(
                "found {length} bytes; expected a multiple of {RECORD}, from 1 to {MOST} images of \
                 CIFAR-10"
            );
            return Err(Error::Array { path: path.to_owned(), problem });
        }
        let mut reader = BufReader::new(file);
        let mut record = [0; RECORD];
        for index in 0..(length / RECORD as u64) as usize {
            reader.read_exact(&mut record).map_err(io)?;
            let (label, pixels) = (record[0], &record[1..]);
            if usize::from(label) >= CLASSES {
                let (path, found) = (path.to_owned(), label);
                return Err(Error::FileLabel { path, index, found, classes: CLASSES });
            }
            self.labels.push(label);
            self.pixels.extend(pixels.iter().map(|&pixel| u16::from(pixel)));
        }
        Ok(())
    }

    fn split(self) -> Result<Split> {
        let images = Images::new(ROWS, COLS, u8::MAX.into(), self.pixels)?;
        Split::new(images.with_channels(CHANNELS)?, self.labels)
    }
}
