//! The embedded MNIST against what is known of the original.

use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use snode_data::mnist::{EMBEDDED, PROVENANCE, load};
use snode_data::{Dataset, Encoding, Split, packed};

static MNIST: LazyLock<Dataset> = LazyLock::new(|| load().unwrap());

fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut contents = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut contents).unwrap();
    contents
}

/// The sum of all pixels and that of their squares.
fn moments(split: &Split) -> (u64, u64) {
    let pixels = || split.images().pixels().iter().map(|&p| u64::from(p));
    (pixels().sum(), pixels().map(|p| p * p).sum())
}

#[test]
fn the_embedded_file_is_the_one_described() {
    assert_eq!(EMBEDDED.len() as u64, PROVENANCE.embedded.bytes);
    assert_eq!(sha256(EMBEDDED), PROVENANCE.embedded.sha256);
}

#[test]
fn the_description_beside_the_file_agrees_with_the_provenance() {
    let readme = include_str!("../../data/README.md");
    for file in PROVENANCE.sources.iter().chain([&PROVENANCE.embedded]) {
        assert!(readme.contains(&format!("`{}` |", file.name)), "{}", file.name);
        assert!(readme.contains(file.sha256), "{}", file.name);
    }
    assert!(readme.contains(&sha256(&gunzip(EMBEDDED))));
}

#[test]
fn shape_counts_and_classes_are_those_of_mnist() {
    assert_eq!((MNIST.name(), MNIST.shape(), MNIST.classes()), ("MNIST", (14, 14), 10));
    assert_eq!((MNIST.train().len(), MNIST.test().len()), (60_000, 10_000));
    assert_eq!(MNIST.train().images().max_value(), 1020);
    assert_eq!(
        MNIST.train().label_histogram(10),
        [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    );
    assert_eq!(
        MNIST.test().label_histogram(10),
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    );
}

#[test]
fn labels_are_in_the_original_order() {
    let labels = MNIST.train().labels();
    assert_eq!(labels[..20], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1, 7, 2, 8, 6, 9]);
    assert_eq!(labels[59_995..], [8, 3, 5, 6, 8]);
    assert_eq!(MNIST.test().labels()[9_995..], [2, 3, 4, 5, 6]);
}

/// The references were computed from the original files by another program.
#[test]
fn pixels_are_the_exact_block_sums() {
    assert_eq!(moments(MNIST.train()), (1_567_298_545, 1_168_848_580_361));
    assert_eq!(moments(MNIST.test()), (264_923_200, 199_022_727_024));
    let row_7 =
        |split: &Split, image| split.images().image(image).unwrap()[7 * 14..8 * 14].to_vec();
    assert_eq!(row_7(MNIST.train(), 0), [0, 0, 0, 0, 0, 0, 81, 724, 878, 202, 0, 0, 0, 0]);
    assert_eq!(row_7(MNIST.train(), 59_999), [0, 0, 0, 0, 0, 741, 267, 764, 458, 52, 0, 0, 0, 0]);
    assert_eq!(row_7(MNIST.test(), 0), [0, 0, 0, 0, 0, 0, 0, 0, 695, 508, 0, 0, 0, 0]);
    assert_eq!(
        row_7(MNIST.test(), 9_999),
        [0, 0, 3, 669, 1001, 262, 207, 525, 834, 1012, 1012, 919, 13, 0]
    );
}

#[test]
fn the_first_hundred_images_encode_to_known_sums() {
    let first: Vec<usize> = (0..100).collect();
    let x: Vec<f64> = Encoding::default().encode(MNIST.train().images(), &first).unwrap();
    let sum: f64 = x.iter().sum();
    let squares: f64 = x.iter().map(|x| x * x).sum();
    assert!((sum - -2_481.261_764_705_872).abs() < 1e-9, "{sum}");
    assert!((squares - 1_787.475_798_731_243_5).abs() < 1e-9, "{squares}");
}

#[test]
fn the_summary_has_the_known_mean() {
    let pixels = MNIST.summary(&Encoding::default()).train.pixels.unwrap();
    // The mean of MNIST is well known to be 0.1307 of full foreground.
    assert!((pixels.mean + 0.1307).abs() < 5e-5, "{}", pixels.mean);
    assert_eq!((pixels.min, pixels.max), (-1.0, 0.0));
}

/// Contents, not compressed bytes: those may differ between versions of the compressor.
#[test]
fn packing_again_gives_the_same_contents() {
    assert_eq!(gunzip(&packed::pack(&MNIST).unwrap()), gunzip(EMBEDDED));
}

#[test]
fn damage_to_the_embedded_file_is_noticed() {
    let mut damaged = EMBEDDED.to_vec();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    assert!(packed::unpack(&damaged, "damaged").is_err());
}
