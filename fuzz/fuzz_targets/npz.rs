#![no_main]
//! Any bytes as an .npz file.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = snode_exchange::read_npz(std::io::Cursor::new(bytes), &[]);
});
