//! No bytes make a reader panic, hang or allocate more than they are worth.
//!
//! `fuzz/` goes further with coverage as its guide; this runs with the other tests.

use crate::support;

use std::io::{Cursor, Write};

use proptest::prelude::*;
use snode_exchange::{
    ExchangeError, LayerNames, read_mat, read_npz, read_safetensors, write_npz, write_safetensors,
};
use snode_ode::Activation;
use support::{about, damaged, network};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn names() -> LayerNames {
    "layers.{}".parse().unwrap()
}

fn npz() -> Vec<Vec<u8>> {
    let network = network::<f32>(2, 2, Activation::Tanh);
    vec![write_npz(&network, &about()).unwrap()]
}

fn safetensors() -> Vec<Vec<u8>> {
    let network = network::<f64>(2, 2, Activation::Tanh);
    vec![
        write_safetensors(&network, &about(), None).unwrap(),
        write_safetensors(&network, &about(), Some(&names())).unwrap(),
    ]
}

fn mat() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../data/plain.mat").to_vec(),
        include_bytes!("../data/compressed.mat").to_vec(),
        include_bytes!("../data/big-endian.mat").to_vec(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn damaged_npz(bytes in damaged(npz())) {
        let _ = read_npz(Cursor::new(&bytes), &[]);
    }

    #[test]
    fn damaged_safetensors(bytes in damaged(safetensors())) {
        let _ = read_safetensors(Cursor::new(&bytes), None, &[]);
        let _ = read_safetensors(Cursor::new(&bytes), Some(&names()), &[]);
    }

    #[test]
    fn damaged_mat(bytes in damaged(mat())) {
        let _ = read_mat(Cursor::new(&bytes));
    }
}

#[test]
fn truncated_files_are_refused() {
    for length in 0..npz()[0].len() {
        assert!(read_npz(Cursor::new(&npz()[0][..length]), &[]).is_err(), "npz, {length}");
    }
    for (sample, names) in safetensors().iter().zip([None, Some(names())]) {
        for length in 0..sample.len() {
            let cut = Cursor::new(&sample[..length]);
            assert!(read_safetensors(cut, names.as_ref(), &[]).is_err(), "{length}");
        }
    }
    // Of this one nothing can be missing but what fills up the last element.
    let sample = mat().remove(2);
    for length in 0..sample.len() - 8 {
        assert!(read_mat(Cursor::new(&sample[..length])).is_err(), "mat, {length}");
    }
}

/// An .npz file whose `weights` are eight numbers behind this header.
fn with_header(header: &str) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let biases = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }";
    for (name, header, numbers) in [("weights.npy", header, 8), ("biases.npy", biases, 4)] {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(b"\x93NUMPY\x01\x00").unwrap();
        archive.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
        archive.write_all(header.as_bytes()).unwrap();
        archive.write_all(&vec![0; 4 * numbers]).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn headers_that_claim_too_much_are_refused() {
    let good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2, 2), }";
    // Python 2 wrote an L behind some numbers.
    let old = "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 2L, 2L), }";
    for header in [good, old] {
        assert!(read_npz(Cursor::new(with_header(header)), &[]).is_ok(), "{header}");
    }
    for header in [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9999, 9999, 9999), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551615, 2, 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0xFFFFFFFFFFFFFFFF, 2, 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 2, 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': ((((((((2)))))))), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (2, 2, 2), }",
        "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 2, 2), }",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 2, 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2, 1), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }",
        "{'descr': '<f4', 'fortran_order': False, }",
        "{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{",
        "",
    ] {
        let error = read_npz(Cursor::new(with_header(header)), &[]).unwrap_err();
        let wrong = matches!(
            error,
            ExchangeError::Format { .. }
                | ExchangeError::TooLarge { .. }
                | ExchangeError::Type { .. }
                | ExchangeError::Shape { .. }
        );
        assert!(wrong && !error.to_string().contains("checksum"), "{header}: {error}");
    }
}

/// Where a file has bytes that a format's checksums protect, every bit of them counts.
#[test]
fn damaged_numbers_are_refused() {
    let sample = npz().remove(0);
    let weights = network::<f32>(2, 2, Activation::Tanh).into_parameters();
    let first = weights.weights(0)[(0, 0)].to_le_bytes();
    let at = sample.windows(4).position(|window| window == first).unwrap();
    for position in at..at + 2 * 2 * 2 * 4 {
        let mut damaged = sample.clone();
        damaged[position] ^= 1;
        let error = read_npz(Cursor::new(damaged), &[]).unwrap_err().to_string();
        assert!(error.contains("`weights`") && error.contains("checksum"), "{error}");
    }
    // The checksum behind a compressed variable.
    let sample = mat().remove(1);
    for position in sample.len() - 4..sample.len() {
        let mut damaged = sample.clone();
        damaged[position] ^= 1;
        assert!(read_mat(Cursor::new(damaged)).is_err(), "byte {position}");
    }
}

#[test]
fn arrays_beside_the_network_are_named() {
    let mut archive = ZipWriter::new_append(Cursor::new(npz().remove(0))).unwrap();
    for name in ["stem.npy", "notes.txt"] {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(b"whatever it is").unwrap();
    }
    let bytes = archive.finish().unwrap().into_inner();
    let read = |ignore: &[&str]| {
        let ignore: Vec<String> = ignore.iter().map(|&name| name.into()).collect();
        read_npz(Cursor::new(&bytes), &ignore)
    };
    let names = vec!["notes.txt".to_owned(), "stem".into()];
    assert_eq!(read(&[]), Err(ExchangeError::LeftOver { names }));
    assert!(read(&["stem", "notes*"]).is_ok());
    assert!(matches!(read(&["weights", "*"]), Err(ExchangeError::NotLeftOver { .. })));
}

#[test]
fn layers_have_no_gaps() {
    let mut bytes = safetensors().remove(1);
    // Layer 1 becomes layer 3.
    while let Some(at) = bytes.windows(8).position(|window| window == b"layers.1") {
        bytes[at + 7] = b'3';
    }
    let text = read_safetensors(Cursor::new(bytes), Some(&names()), &[]).unwrap_err().to_string();
    assert!(text.contains("`layers.1.weight` is missing"), "{text}");
}
