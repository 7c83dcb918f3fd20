//! Derives the embedded MNIST at 14×14 from the four original IDX files.
//!
//! ```text
//! cargo run --release -p snode-data --example derive_mnist14 -- FOLDER OUTPUT
//! ```
//!
//! `FOLDER` holds the uncompressed original files, which are checked against the SHA-256 in
//! `snode_data::mnist::PROVENANCE`. The program prints length and SHA-256 of what it wrote.

use std::error::Error;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};
use snode_data::idx::IdxFiles;
use snode_data::mnist::PROVENANCE;
use snode_data::packed;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, output] = arguments.as_slice() else {
        return Err("usage: derive_mnist14 FOLDER OUTPUT".into());
    };
    let paths = PROVENANCE.sources.map(|source| Path::new(folder).join(source.name));
    for (path, source) in paths.iter().zip(PROVENANCE.sources) {
        let found = sha256(&fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?);
        if found != source.sha256 {
            let (path, expected) = (path.display(), source.sha256);
            return Err(format!("{path}: SHA-256 is {found}, expected {expected}").into());
        }
    }

    let [train_images, train_labels, test_images, test_labels] = paths;
    let files = IdxFiles { train_images, train_labels, test_images, test_labels };
    let dataset = files.load(PROVENANCE.name, Some(10))?.resample(14, 14)?;
    let packed = packed::pack(&dataset)?;
    if packed::unpack(&packed, PROVENANCE.name)? != dataset {
        return Err("the packed data set differs from the original".into());
    }
    fs::write(output, &packed)?;
    println!("{output}: {} bytes, SHA-256 {}", packed.len(), sha256(&packed));
    Ok(())
}

fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}
