//! A number that changes when images do.

use std::path::{Component, Path, PathBuf};

use snode_data::{Split, Targets};

/// The key of a data set's fingerprint in the provenance of a run.
pub const IMAGES: &str = "images_fingerprint";
/// The key of the path that leads from the folder of a run's results to that of its images.
pub const IMAGES_PATH: &str = "images_path";

/// The path that leads from one folder to another. None if there is no such path, or it is no text.
pub fn path_between(from: &Path, to: &Path) -> Option<String> {
    let (from, to) = (from.canonicalize().ok()?, to.canonicalize().ok()?);
    let common = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(to.components().skip(common)).collect();
    path.to_str().map(str::to_owned)
}

/// A fingerprint of images and labels, by which a run notices that its data is no longer what it
/// was. Not cryptographic.
pub fn fingerprint(splits: &[&Split]) -> String {
    let mut hash = Fnv::default();
    for split in splits {
        let images = split.images();
        for number in [images.len(), images.rows(), images.cols(), images.max_value().into()] {
            hash.add(number as u64);
        }
        for pixels in images.pixels().chunks(4) {
            hash.add(pixels.iter().fold(0, |word, &pixel| word << 16 | u64::from(pixel)));
        }
        match split.targets() {
            Targets::Classes(labels) => {
                for &label in labels {
                    hash.add(label.into());
                }
            }
            Targets::Vectors { components, values } => {
                hash.add(*components as u64);
                for value in values {
                    hash.add(value.to_bits());
                }
            }
        }
    }
    format!("{:016x}", hash.0)
}

/// FNV-1a over words of 64 bits.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, word: u64) {
        // The multiplication only carries upwards; the rotation brings high bits down again.
        self.0 = (self.0 ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(29);
    }
}

#[cfg(test)]
mod tests {
    use snode_data::{Images, Targets};

    use super::*;

    #[test]
    fn every_pixel_and_label_counts() {
        let split = |pixels: Vec<u16>, label| {
            Split::new(Images::new(1, 3, 9, pixels).unwrap(), vec![label]).unwrap()
        };
        let base = fingerprint(&[&split(vec![1, 2, 3], 0)]);
        assert_eq!(base, fingerprint(&[&split(vec![1, 2, 3], 0)]));
        assert_ne!(base, fingerprint(&[&split(vec![1, 2, 4], 0)]));
        assert_ne!(base, fingerprint(&[&split(vec![9, 2, 3], 0)]));
        assert_ne!(base, fingerprint(&[&split(vec![1, 2, 3], 1)]));
        let regression = |value| {
            let targets = Targets::Vectors { components: 1, values: vec![value] };
            let images = Images::new(1, 3, 9, vec![1, 2, 3]).unwrap();
            fingerprint(&[&Split::with_targets(images, targets).unwrap()])
        };
        assert_ne!(regression(0.5), regression(0.25));
        assert_ne!(base, regression(0.0));
    }
}
