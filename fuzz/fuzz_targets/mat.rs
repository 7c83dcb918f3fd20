#![no_main]
//! Any bytes as a .mat file of level 5.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = snode_exchange::read_mat(std::io::Cursor::new(bytes));
});
