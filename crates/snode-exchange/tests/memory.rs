//! Readers take no memory for what they refuse, and little more than the network for what they read.
#![cfg(target_os = "linux")]

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use snode_exchange::{ExchangeError, read_mat, read_npz};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// How many bytes of zeros stand behind what is small.
const ZEROS: usize = 110 << 20;
/// The most that may be taken for them.
const MOST: usize = 50 << 20;

fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    1024 * line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap()
}

fn write_zeros(to: &mut impl Write, mut count: usize) {
    let zeros = vec![0; 1 << 16];
    while count > 0 {
        let piece = count.min(zeros.len());
        to.write_all(&zeros[..piece]).unwrap();
        count -= piece;
    }
}

/// An .npz file of arrays with these headers and as many bytes of zeros.
fn npz(arrays: &[(&str, &str, usize)]) -> Cursor<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, header, zeros) in arrays {
        archive.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        archive.write_all(b"\x93NUMPY\x01\x00").unwrap();
        archive.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
        archive.write_all(header.as_bytes()).unwrap();
        write_zeros(&mut archive, *zeros);
    }
    archive.finish().unwrap()
}

fn header(kind: &str, shape: &str) -> String {
    format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}")
}

/// A .mat file whose one variable is compressed: a cell array of one square matrix of zeros.
fn mat(name: &str, side: u32) -> Cursor<Vec<u8>> {
    let numbers =
        |numbers: &[u32]| numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>();
    let bytes = side * side * 8;
    let cell = [numbers(&[6, 8, 6, 0, 5, 8, side, side, 1, 0, 9, bytes])].concat();
    let cell_length = cell.len() as u32 + bytes;
    let mut start = numbers(&[6, 8, 1, 0, 5, 8, 1, 1, 1, name.len() as u32]);
    start.extend(name.bytes());
    start.resize(start.len().next_multiple_of(8), 0);
    start.extend(numbers(&[14, cell_length]));
    start.extend(cell);
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&numbers(&[14, start.len() as u32 + bytes])).unwrap();
    encoder.write_all(&start).unwrap();
    write_zeros(&mut encoder, bytes as usize);
    let compressed = encoder.finish().unwrap();
    let mut file = vec![b' '; 124];
    file.extend([0, 1, b'I', b'M']);
    file.extend(numbers(&[15, compressed.len() as u32]));
    file.extend(compressed);
    Cursor::new(file)
}

/// One test: the peak is that of the process.
#[test]
fn what_is_refused_takes_little_memory() {
    let small = header("<f4", "2, 2, 2");
    let biases = header("<f4", "2, 2");
    let wide = header("<f4", "1, 5000, 5000");
    let text = header("<U25000000", "");
    let wrong = header("<f4", "5000, 1");
    let files = [
        ("longer than its shape", npz(&[("weights", &small, ZEROS), ("biases", &biases, 16)])),
        (
            "a long text",
            npz(&[
                ("weights", &small, 32),
                ("biases", &biases, 16),
                ("name", &text, 4 * 25_000_000),
            ]),
        ),
        (
            "biases that do not fit",
            npz(&[("weights", &wide, 4 * 5000 * 5000), ("biases", &wrong, 20_000)]),
        ),
        ("no biases", npz(&[("weights", &wide, 4 * 5000 * 5000)])),
    ];
    let before = peak();
    for (what, file) in files {
        let error = read_npz(file, &[]).unwrap_err();
        assert!(!matches!(error, ExchangeError::Read(_)), "{what}: {error}");
        assert!(peak() < before + MOST, "{what}: {} of {before} bytes", peak());
    }
    let files = [mat("Wcell", 3600), mat("others", 3600)];
    for file in files {
        let error = read_mat(file).unwrap_err();
        assert!(matches!(error, ExchangeError::Missing { .. }), "{error}");
        assert!(peak() < before + MOST, "{} of {before} bytes", peak());
    }
    // What is read takes the network and little else.
    let biases = header("<f4", "1, 5000");
    let file = npz(&[("weights", &wide, 4 * 5000 * 5000), ("biases", &biases, 20_000)]);
    let network = 4 * 5000 * 5001;
    assert_eq!(read_npz(file, &[]).unwrap().layers.width(), 5000);
    assert!(peak() < before + network + MOST / 4, "{} of {before} bytes", peak());
}
