//! No damage to a file is overlooked, and none does harm.

use crate::support;

use std::path::Path;

use proptest::prelude::*;
use snode_store::{Compression, StoreError, read_info, read_network, read_run, update};
use support::{message, sample_bytes};

/// The error all ways of reading give for these bytes.
fn refused(path: &Path, bytes: &[u8]) -> StoreError {
    std::fs::write(path, bytes).unwrap();
    let error = read_run::<f64>(path).expect_err("a damaged file was read");
    assert!(read_info(path).is_err() && read_network::<f64>(path).is_err());
    assert!(update(path, |_| Ok(())).is_err());
    message(path, &error);
    error
}

#[test]
fn truncated_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for compression in [Compression::None, Compression::RESULT] {
        let bytes = sample_bytes(folder.path(), compression);
        let path = folder.path().join("cut.h5");
        let lengths = (0..600).chain((600..bytes.len()).step_by(53)).chain([bytes.len() - 1]);
        for length in lengths {
            match refused(&path, &bytes[..length]) {
                StoreError::NotHdf5 { .. } => assert_eq!(length, 0),
                StoreError::Truncated { found, expected, .. } => {
                    assert_eq!(found, length as u64);
                    if length >= 512 {
                        assert_eq!(expected, Some(bytes.len() as u64));
                    }
                }
                other => panic!("{length}: {other}"),
            }
        }
    }
}

#[test]
fn longer_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = sample_bytes(folder.path(), Compression::RESULT);
    for _ in 0..3 {
        bytes.push(0);
        let error = refused(&folder.path().join("long.h5"), &bytes);
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flipped.h5");
    let bytes = sample_bytes(folder.path(), Compression::RESULT);
    let offsets = (0..1200).chain((1200..bytes.len()).step_by(41));
    for (i, offset) in offsets.enumerate() {
        let mut flipped = bytes.clone();
        flipped[offset] ^= 1 << (i % 8);
        let error = refused(&path, &flipped);
        if offset >= 512 {
            assert!(matches!(error, StoreError::Damaged { .. }), "{offset}: {error}");
        }
    }
}

#[test]
fn files_with_holes_are_refused() {
    // What a file system may leave after a crash: the length is right, blocks are zero.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("holes.h5");
    let bytes = sample_bytes(folder.path(), Compression::None);
    for begin in (0..bytes.len()).step_by(4096) {
        let mut holes = bytes.clone();
        let end = (begin + 4096).min(bytes.len());
        holes[begin..end].fill(0);
        if holes != bytes {
            refused(&path, &holes);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Any other bytes anywhere.
    #[test]
    fn overwritten_files_are_refused(
        place in any::<prop::sample::Index>(),
        new in prop::collection::vec(any::<u8>(), 1..200),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = sample_bytes(folder.path(), Compression::RESULT);
        let before = bytes.clone();
        let begin = place.index(bytes.len());
        for (to, from) in bytes[begin..].iter_mut().zip(new) {
            *to = from;
        }
        prop_assume!(bytes != before);
        refused(&folder.path().join("overwritten.h5"), &bytes);
    }

    /// Files that begin like one of ours and go on anyhow.
    #[test]
    fn invented_files_are_refused(
        lines in "(snode run\n)?((layout|length|crc32) [0-9a-f]{0,22}\n){0,5}",
        rest in prop::collection::vec(any::<u8>(), 0..1200),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = lines.into_bytes();
        bytes.extend(rest);
        refused(&folder.path().join("invented.h5"), &bytes);
    }
}
