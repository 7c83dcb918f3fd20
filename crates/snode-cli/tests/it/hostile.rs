//! Files of other programs that claim more than they are worth are refused soon, within little memory.
#![cfg(target_os = "linux")]

use crate::support;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use snode_store::hdf5::{self, ObjectReference1};
use support::{Ran, Sandbox};

/// Kilobytes of address space that the program may take: it has some 100 MB of its own.
const MEMORY: &str = "450000";

fn within_memory(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v \"$1\"; shift; exec \"$@\"", "sh", MEMORY]);
    command.arg(env!("CARGO_BIN_EXE_snode")).args(arguments).current_dir(sandbox.path(""));
    Ran::from(command.output().unwrap())
}

#[track_caller]
fn refused(sandbox: &Sandbox, arguments: &[&str], parts: &[&str]) {
    let begin = Instant::now();
    let ran = within_memory(sandbox, arguments);
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert!(matches!(ran.code, Some(1 | 2)), "{arguments:?}: {ran:?}");
    assert_eq!(ran.err.matches("error: ").count(), 1, "{arguments:?}: {ran:?}");
    for part in parts {
        assert!(ran.err.contains(part), "{arguments:?}: no `{part}` in: {}", ran.err);
    }
}

/// A file that begins with these bytes, and is zeros that take no place on the disk from there on.
fn sparse(path: &Path, bytes: &[u8], length: u64) {
    let mut file = File::create(path).unwrap();
    file.write_all(bytes).unwrap();
    file.set_len(length).unwrap();
}

fn import(file: &str) -> Vec<&str> {
    let known = ["--horizon", "1", "--activation", "relu", "--classes", "2"];
    let pixels = ["--background", "0", "--foreground", "1"];
    [&["import", file, "--output", "y.h5"][..], &known, &pixels].concat()
}

#[test]
fn files_of_zeros_are_refused() {
    let sandbox = Sandbox::new();
    let length = 2 << 30;
    let path = |name: &str| sandbox.path(name);
    sparse(&path("zeros.npz"), b"PK\x03\x04", length);
    refused(&sandbox, &import("zeros.npz"), &["zeros.npz", "not a NumPy .npz file"]);
    sparse(&path("zeros.safetensors"), &[], length);
    refused(&sandbox, &import("zeros.safetensors"), &["zeros.safetensors", "header"]);
    let mut header = vec![b' '; 124];
    header.extend([0, 1, b'I', b'M']);
    sparse(&path("zeros.mat"), &header, length);
    refused(&sandbox, &import("zeros.mat"), &["zeros.mat", "element of type 0"]);
    header[..19].copy_from_slice(b"MATLAB 7.3 MAT-file");
    sparse(&path("zeros73.mat"), &header, length);
    refused(&sandbox, &import("zeros73.mat"), &["zeros73.mat"]);
    // Numbers that would be there, for biases that do not fit.
    let tensors = format!(
        "{{\"weights\":{{\"dtype\":\"F32\",\"shape\":[1,16000,16000],\"data_offsets\":[0,{0}]}},\
         \"biases\":{{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[{0},{1}]}}}}",
        4 * 16_000_u64.pow(2),
        4 * 16_000_u64.pow(2) + 8
    );
    let mut header = (tensors.len() as u64).to_le_bytes().to_vec();
    header.extend(tensors.bytes());
    let length = header.len() as u64 + 4 * 16_000_u64.pow(2) + 8;
    sparse(&path("wide.safetensors"), &header, length);
    refused(&sandbox, &import("wide.safetensors"), &["`biases` has shape [1, 2]"]);
}

/// Writes a file of MATLAB 7.3 whose cells all refer to one matrix, and to one vector.
fn write_mat73(sandbox: &Sandbox, name: &str, side: usize, layers: usize) {
    // Other tests' processes may inherit the library's lock on the file it has written.
    let written = sandbox.path("written.mat");
    let write = || -> hdf5::Result<()> {
        let file = hdf5::File::with_options()
            .with_fcpl(|properties| properties.userblock(512))
            .create(&written)?;
        let group = file.create_group("#refs#")?;
        for (name, shape) in [("w", [side, side]), ("b", [1, side])] {
            let builder = group.new_dataset::<f64>().shape(shape).chunk(shape);
            let builder = if side > 100 { builder.deflate(9) } else { builder.fletcher32() };
            builder.create(name)?.write_raw(&vec![0.5; shape[0] * shape[1]])?;
        }
        for (name, cell) in [("Wcell", "#refs#/w"), ("Bcell", "#refs#/b")] {
            let references = (0..layers).map(|_| file.reference::<ObjectReference1>(cell));
            let references = references.collect::<hdf5::Result<Vec<_>>>()?;
            let builder = file.new_dataset::<ObjectReference1>().shape([layers, 1]);
            builder.create(name)?.write_raw(&references)?;
        }
        file.close()
    };
    write().unwrap();
    let mut header = b"MATLAB 7.3 MAT-file".to_vec();
    header.resize(124, b' ');
    header.extend([0, 2, b'I', b'M']);
    let mut bytes = std::fs::read(written).unwrap();
    bytes[..header.len()].copy_from_slice(&header);
    std::fs::write(sandbox.path(name), bytes).unwrap();
}

/// A thousand references to one matrix.
#[test]
fn cells_that_share_a_matrix_are_not_multiplied() {
    let sandbox = Sandbox::new();
    write_mat73(&sandbox, "shared.mat", 500, 1000);
    refused(&sandbox, &import("shared.mat"), &["shared.mat", "250500000 numbers"]);
}

#[test]
fn damaged_numbers_in_hdf5_are_refused() {
    let sandbox = Sandbox::new();
    write_mat73(&sandbox, "good.mat", 4, 2);
    sandbox.succeeds(&import("good.mat"));
    std::fs::remove_file(sandbox.path("y.h5")).unwrap();
    let mut bytes = std::fs::read(sandbox.path("good.mat")).unwrap();
    let numbers = [0.5_f64; 16].map(f64::to_le_bytes).concat();
    let at = bytes.windows(numbers.len()).position(|window| window == numbers).unwrap();
    bytes[at + 20] ^= 1;
    std::fs::write(sandbox.path("bad.mat"), bytes).unwrap();
    refused(&sandbox, &import("bad.mat"), &["bad.mat", "checksum"]);
}

#[test]
fn images_that_are_not_there_take_no_memory() {
    let sandbox = Sandbox::new();
    let write = |folder: &str, split: &str, images: u32, labels: u32| {
        let folder = sandbox.path(folder);
        std::fs::create_dir_all(&folder).unwrap();
        let header = |magic: u8, sizes: &[u32]| {
            let mut header = vec![0, 0, 8, magic];
            header.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
            header
        };
        let image_header = header(3, &[images, 1024, 1024]);
        let length = 16 + u64::from(images) * 1024 * 1024;
        sparse(&folder.join(format!("{split}-images-idx3-ubyte")), &image_header, length);
        let length = 8 + u64::from(labels);
        sparse(&folder.join(format!("{split}-labels-idx1-ubyte")), &header(1, &[labels]), length);
    };
    write("more", "train", 1024, 1023);
    write("more", "t10k", 1, 1);
    refused(&sandbox, &["data", "inspect", "more"], &["1024 images", "1023 labels"]);
    // All of it would be right, but for one byte of the last file that is read.
    write("short", "train", 1024, 1024);
    write("short", "t10k", 1, 1);
    let path = sandbox.path("short/t10k-labels-idx1-ubyte");
    File::options().write(true).open(path).unwrap().set_len(8).unwrap();
    refused(&sandbox, &["data", "inspect", "short"], &["data ends after 0 of 1 bytes"]);
    // What is right, and too much for this memory, is no abort.
    write("large", "train", 1024, 1024);
    write("large", "t10k", 1, 1);
    refused(&sandbox, &["data", "inspect", "large"], &["train-images", "no memory for"]);
}

/// The beginning of an .npy file.
fn npy(shape: &str, kind: &str) -> Vec<u8> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes()].concat()
}

#[test]
fn arrays_and_tables_that_are_not_there_take_no_memory() {
    let sandbox = Sandbox::new();
    let inspect = |name| ["data", "inspect", name];
    sparse(&sandbox.path("zeros.npz"), b"PK\x03\x04", 2 << 30);
    refused(&sandbox, &inspect("zeros.npz"), &["zeros.npz"]);
    // A first line that does not end.
    sparse(&sandbox.path("zeros.csv"), b"x,label\n", 2 << 30);
    refused(&sandbox, &inspect("zeros.csv"), &["zeros.csv"]);
    sparse(&sandbox.path("names.csv"), b"x,", 2 << 30);
    refused(&sandbox, &inspect("names.csv"), &["names.csv"]);
    // 2 GB of numbers that would be right, but for a missing label.
    std::fs::create_dir(sandbox.path("arrays")).unwrap();
    let write = |name: &str, shape: &str, kind: &str, bytes: u64| {
        let header = npy(shape, kind);
        let length = header.len() as u64 + bytes;
        sparse(&sandbox.path("arrays").join(name), &header, length);
    };
    write("x_train.npy", "(65536, 4096)", "<f8", 8 << 28);
    write("y_train.npy", "(65535,)", "|u1", 65535);
    refused(&sandbox, &inspect("arrays"), &["arrays", "65535"]);
    // A header that promises more than there is.
    write("y_train.npy", "(65536,)", "|u1", 65536);
    write("x_train.npy", "(65536, 4096)", "<f8", 1 << 20);
    refused(&sandbox, &inspect("arrays"), &["x_train"]);
    // CIFAR-10's batches: not a whole number of images.
    std::fs::create_dir(sandbox.path("cifar")).unwrap();
    sparse(&sandbox.path("cifar/data_batch_1.bin"), &[], 2 << 30);
    sparse(&sandbox.path("cifar/test_batch.bin"), &[], 3073);
    refused(&sandbox, &inspect("cifar"), &["data_batch_1.bin", "3073"]);
}
