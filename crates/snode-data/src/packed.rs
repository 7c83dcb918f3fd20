//! The compact form in which a data set is embedded in the program.
//!
//! It is made for dark images with smooth grey edges, such as MNIST at 14×14, which it brings from
//! 27 MB to 5 MB, less than general-purpose compressors reach on the pixels as they are, and is
//! decoded by nothing more than gunzip and a few bit operations.
//!
//! # The format
//!
//! A packed data set is a gzip file, the CRC-32 of which protects the contents. The contents are:
//!
//! 1. the 8 ASCII bytes `snodepk1`;
//! 2. the numbers of training images, test images, rows, columns and classes and the maximal value
//!    (6 × 4 bytes, little-endian);
//! 3. the labels, one byte each, training before test, as are the pixels that follow;
//! 4. which pixels are not 0: one bit for each, 7 to a byte from the lowest bit on; the highest
//!    bit is 0. Seven bits are half a row of 14 pixels: bytes stay aligned with rows, which helps
//!    compression;
//! 5. of each pixel `p` that is not 0, `h = ⌈p / 4⌉` (1 byte);
//! 6. of each pixel that is not 0, `4 h − p` (2 bits), 4 to a byte from the lowest bits on. These
//!    are as good as random and are kept from spoiling the compression of the rest.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use flate2::bufread::GzDecoder;
use flate2::{Compression, GzBuilder};

use crate::images::{check_count, check_shape};
use crate::limits::{MAX_CLASSES, MAX_PIXELS};
use crate::{Dataset, Error, Images, Result, Split, Task};

/// The first bytes of the contents.
const MAGIC: [u8; 8] = *b"snodepk1";

/// The bits of a mask byte that stand for pixels.
const MASK_BITS: u8 = 0x7f;

/// The bytes before the labels.
const HEADER_BYTES: usize = MAGIC.len() + 6 * 4;

/// The largest maximal value that can be packed: 1020, that of 2×2 sums of bytes.
pub const MAX_PACKED_VALUE: u16 = 4 * u8::MAX as u16;

/// Packs a data set; its name is not kept. The same data set always gives the same bytes.
///
/// # Errors
///
/// If the maximal value exceeds [`MAX_PACKED_VALUE`] or there are more than [`MAX_PIXELS`] pixels
/// in both splits together.
pub fn pack(dataset: &Dataset) -> Result<Vec<u8>> {
    if let Task::Regression { components } = dataset.task() {
        return Err(Error::RealTargets { path: origin(), components });
    }
    let (train, test) = (dataset.train(), dataset.test());
    let max_value = train.images().max_value();
    check_count("max_value", usize::from(max_value), 1, usize::from(MAX_PACKED_VALUE))?;
    let splits = [train.images().pixels(), test.images().pixels()];
    check_count("number of pixels", splits[0].len() + splits[1].len(), 1, MAX_PIXELS)?;
    let pixels = splits.concat();
    let (rows, cols) = dataset.shape();

    let mut contents = MAGIC.to_vec();
    for number in [train.len(), test.len(), rows, cols, dataset.classes(), usize::from(max_value)] {
        contents.extend((number as u32).to_le_bytes());
    }
    contents.extend(train.labels());
    contents.extend(test.labels());
    for group in pixels.chunks(7) {
        contents.push(group.iter().rev().fold(0, |bits, &p| bits << 1 | u8::from(p > 0)));
    }
    let nonzero: Vec<u16> = pixels.into_iter().filter(|&p| p > 0).collect();
    contents.extend(nonzero.iter().map(|p| p.div_ceil(4) as u8));
    for group in nonzero.chunks(4) {
        contents
            .push(group.iter().rev().fold(0, |bits, &p| bits << 2 | p.wrapping_neg() as u8 & 3));
    }

    gzip(&contents).map_err(|source| io_error("compressing", source))
}

/// Unpacks a data set and gives it a name.
///
/// # Errors
///
/// If the bytes are not a packed data set: the checksum or a number is wrong, the data is shorter
/// or longer than its header declares, or a pixel or label is out of range.
pub fn unpack(packed: &[u8], name: impl Into<String>) -> Result<Dataset> {
    let mut input = GzDecoder::new(packed);
    let header = read(&mut input, "header", HEADER_BYTES)?;
    let (magic, numbers) = header.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(Error::Magic {
            path: origin(),
            found: magic.to_vec(),
            expected: MAGIC.to_vec(),
            meaning: "a packed data set",
        });
    }
    let mut sizes = [0_usize; 6];
    for (size, bytes) in sizes.iter_mut().zip(numbers.chunks_exact(4)) {
        *size = bytes.iter().rev().fold(0, |size, &byte| size << 8 | usize::from(byte));
    }
    let [train, test, rows, cols, classes, max_value] = sizes;
    check_shape(rows, cols)?;
    check_count("number of classes", classes, 1, MAX_CLASSES)?;
    check_count("max_value", max_value, 1, usize::from(MAX_PACKED_VALUE))?;
    let width = rows * cols;
    check_count("number of training images", train, 1, MAX_PIXELS / width)?;
    check_count("number of test images", test, 0, MAX_PIXELS / width - train)?;
    let max_value = max_value as u16;

    let train_labels = read(&mut input, "labels", train)?;
    let test_labels = read(&mut input, "labels", test)?;
    let masks = read(&mut input, "mask", ((train + test) * width).div_ceil(7))?;
    let nonzero = masks.iter().map(|mask| (mask & MASK_BITS).count_ones() as usize).sum();
    let highs = read(&mut input, "high bits", nonzero)?;
    let lows = read(&mut input, "low bits", nonzero.div_ceil(4))?;
    let ended = read_most(&mut input, 1)?.is_empty();
    if !ended || !input.get_ref().is_empty() {
        let declared = (HEADER_BYTES + train + test + masks.len() + nonzero + lows.len()) as u64;
        return Err(Error::TrailingBytes { path: origin(), declared });
    }

    let mut train_pixels = place(&masks, &highs, &lows);
    train_pixels.truncate((train + test) * width);
    let test_pixels = train_pixels.split_off(train * width);
    train_pixels.shrink_to_fit();
    let images = |pixels| Images::new(rows, cols, max_value, pixels);
    Dataset::new(
        name,
        classes,
        Split::new(images(train_pixels)?, train_labels)?,
        Split::new(images(test_pixels)?, test_labels)?,
    )
}

/// Puts the values of pixels that are not 0 where the masks say; there is one `high` for each bit.
fn place(masks: &[u8], highs: &[u8], lows: &[u8]) -> Vec<u16> {
    let mut pixels = vec![0_u16; masks.len() * 7];
    let mut next = 0;
    for (&mask, group) in masks.iter().zip(pixels.chunks_exact_mut(7)) {
        let mut mask = mask & MASK_BITS;
        while mask != 0 {
            let low = lows[next / 4] >> (2 * (next % 4)) & 3;
            // Below 0 only in damaged data, and then too large for `Images`.
            let value = (4 * u16::from(highs[next])).wrapping_sub(u16::from(low));
            group[mask.trailing_zeros() as usize] = value;
            mask &= mask - 1;
            next += 1;
        }
    }
    pixels
}

fn gzip(contents: &[u8]) -> io::Result<Vec<u8>> {
    // Neither time nor file name goes into the header.
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::best());
    encoder.write_all(contents)?;
    encoder.finish()
}

/// Reads exactly `declared` bytes, taking memory only as they arrive.
fn read(input: &mut impl Read, part: &'static str, declared: usize) -> Result<Vec<u8>> {
    let bytes = read_most(input, declared)?;
    if bytes.len() < declared {
        let (found, declared) = (bytes.len() as u64, declared as u64);
        return Err(Error::Truncated { path: origin(), part, found, declared });
    }
    Ok(bytes)
}

/// Reads `most` bytes, or fewer if there are not as many. At the end, the checksum is verified.
fn read_most(input: &mut impl Read, most: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let result = input.take(most as u64).read_to_end(&mut bytes);
    result.map_err(|source| io_error("decompressing", source))?;
    Ok(bytes)
}

/// What errors name in place of a file.
fn origin() -> PathBuf {
    PathBuf::from("packed data set")
}

fn io_error(action: &'static str, source: io::Error) -> Error {
    Error::Io { path: origin(), action, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dataset(rows: usize, cols: usize, train: usize, pixels: Vec<u16>) -> Dataset {
        let images = Images::new(rows, cols, MAX_PACKED_VALUE, pixels).unwrap();
        let labels = (0..images.len()).map(|i| (i % 3) as u8).collect();
        let all = Split::new(images, labels).unwrap();
        let test: Vec<usize> = (train..all.len()).collect();
        Dataset::new("any", 3, all.take(train).unwrap(), all.select(&test).unwrap()).unwrap()
    }

    /// Every value there is, in 73 training images and 29 test images of 2x5 pixels.
    fn all_values() -> Dataset {
        dataset(2, 5, 73, (0..MAX_PACKED_VALUE).collect())
    }

    #[test]
    fn every_value_survives() {
        let packed = pack(&all_values()).unwrap();
        assert_eq!(unpack(&packed, "any").unwrap(), all_values());
        let brightest = dataset(1, 1, 1, vec![MAX_PACKED_VALUE]);
        assert_eq!(unpack(&pack(&brightest).unwrap(), "any").unwrap(), brightest);
    }

    #[test]
    fn packing_is_deterministic() {
        assert_eq!(pack(&all_values()).unwrap(), pack(&all_values()).unwrap());
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        let bright = Images::new(1, 1, MAX_PACKED_VALUE + 1, vec![0]).unwrap();
        let split = Split::new(bright, vec![0]).unwrap();
        let bright = Dataset::new("any", 1, split.clone(), split).unwrap();
        assert!(matches!(pack(&bright), Err(Error::Count { found: 1021, max: 1020, .. })));
    }

    #[test]
    fn damage_is_found_or_harmless() {
        let packed = pack(&all_values()).unwrap();
        for position in 0..packed.len() {
            let mut damaged = packed.clone();
            damaged[position] ^= 4;
            // Some bits, such as those that fill up a block, mean nothing.
            if let Ok(found) = unpack(&damaged, "any") {
                assert_eq!(found, all_values(), "byte {position}");
                assert!(position < packed.len() - 8, "the checksum and the length count");
            }
            assert!(unpack(&packed[..position], "any").is_err(), "cut at {position}");
        }
    }

    #[test]
    fn headers_that_promise_too_much_are_refused() {
        let header = |numbers: [u32; 6]| {
            let mut contents = MAGIC.to_vec();
            contents.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
            unpack(&gzip(&contents).unwrap(), "any").unwrap_err()
        };
        let max = u32::MAX;
        assert!(matches!(header([max, max, 1, 1, 1, 1]), Error::Count { .. }));
        assert!(matches!(header([1, max, 1, 1, 1, 1]), Error::Count { .. }));
        assert!(matches!(header([1, 1, max, 1, 1, 1]), Error::Count { .. }));
        assert!(matches!(header([1, 1, 1, 0, 1, 1]), Error::Count { .. }));
        assert!(matches!(header([1, 1, 1, 1, 0, 1]), Error::Count { .. }));
        assert!(matches!(header([1, 1, 1, 1, 1, 1021]), Error::Count { .. }));
        assert!(matches!(header([1 << 29, 1 << 29, 1, 1, 1, 1]), Error::Truncated { .. }));
    }

    #[test]
    fn unfit_contents_are_refused() {
        let contents = |labels: [u8; 2], mask: u8, high: u8, low: u8| {
            let mut contents = MAGIC.to_vec();
            contents.extend([1_u32, 1, 1, 1, 2, 100].iter().flat_map(|n| n.to_le_bytes()));
            contents.extend([labels[0], labels[1], mask, high, low]);
            unpack(&gzip(&contents).unwrap(), "any")
        };
        assert_eq!(contents([1, 1], 1, 25, 0).unwrap().train().images().pixels(), [100]);
        assert!(matches!(contents([1, 2], 1, 25, 0), Err(Error::Label { found: 2, .. })));
        assert!(matches!(contents([1, 1], 1, 26, 0), Err(Error::Pixel { found: 104, .. })));
        assert!(matches!(contents([1, 1], 1, 0, 3), Err(Error::Pixel { .. })));
        assert!(matches!(contents([1, 1], 3, 25, 0), Err(Error::Truncated { .. })));
        assert!(matches!(contents([1, 1], 0, 25, 0), Err(Error::TrailingBytes { .. })));
        assert!(unpack(&gzip(b"snodepk2................").unwrap(), "any").is_err());
        assert!(unpack(&[], "any").is_err());
        let joined = [pack(&all_values()).unwrap(), vec![0]].concat();
        assert!(matches!(unpack(&joined, "any"), Err(Error::TrailingBytes { .. })));
    }

    proptest! {
        #[test]
        fn any_data_set_survives(
            rows in 1_usize..5, cols in 1_usize..9, train in 1_usize..6,
            seed in proptest::collection::vec(
                prop_oneof![Just(0), Just(1020), 0_u16..=1020], 4 * 8 * 10,
            ),
            test in 0_usize..4,
        ) {
            let pixels = seed[..rows * cols * (train + test)].to_vec();
            let dataset = dataset(rows, cols, train, pixels);
            prop_assert_eq!(unpack(&pack(&dataset).unwrap(), "any").unwrap(), dataset);
        }

        #[test]
        fn arbitrary_contents_never_panic(
            numbers in proptest::array::uniform6(0_u32..12),
            rest in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut contents = MAGIC.to_vec();
            contents.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
            contents.extend(rest);
            let _ = unpack(&gzip(&contents).unwrap(), "any");
        }
    }
}
