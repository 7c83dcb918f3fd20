//! Images of one's own as IDX files: what `snode` takes for `[data] source`.
//!
//!     cargo run -p snode-data --example own_idx -- FOLDER

use std::path::PathBuf;

use snode_data::{Dataset, Images, Split, idx};

const SIDE: usize = 8;

/// `count` images of a bar, upright (class 0) or lying (class 1), each at a place of its own.
fn bars(count: usize) -> snode_data::Result<Split> {
    let mut pixels = Vec::new();
    let mut labels = Vec::new();
    for image in 0..count {
        let (class, place) = (image % 2, (image / 2) % SIDE);
        for row in 0..SIDE {
            for column in 0..SIDE {
                let on_bar = if class == 0 { column == place } else { row == place };
                pixels.push(if on_bar { 255 } else { 0 });
            }
        }
        labels.push(class as u8);
    }
    Split::new(Images::new(SIDE, SIDE, 255, pixels)?, labels)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("own_idx FOLDER")?);
    std::fs::create_dir_all(&folder)?;
    idx::write_folder(&folder, &Dataset::new("bars", 2, bars(400)?, bars(100)?)?)?;

    let dataset = idx::load_folder(&folder, "bars")?;
    let (rows, cols) = dataset.shape();
    println!(
        "{}: {} training and {} test images of {rows}x{cols}, {} classes",
        folder.display(),
        dataset.train().len(),
        dataset.test().len(),
        dataset.classes()
    );
    Ok(())
}
