#![no_main]
//! Any bytes as a safetensors file, in both layouts.

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use snode_exchange::read_safetensors;

fuzz_target!(|bytes: &[u8]| {
    let _ = read_safetensors(Cursor::new(bytes), None, &[]);
    let names = "layers.{}".parse().expect("it is a pattern");
    let _ = read_safetensors(Cursor::new(bytes), Some(&names), &[]);
});
