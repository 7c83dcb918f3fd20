#![no_main]
//! Any bytes as an IDX file, of images and of labels.

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use snode_data::idx::{images_from_reader, labels_from_reader};

fuzz_target!(|bytes: &[u8]| {
    let _ = images_from_reader(bytes, Path::new("fuzz"));
    let _ = labels_from_reader(bytes, Path::new("fuzz"));
});
