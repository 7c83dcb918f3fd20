//! Image sets in IDX files, the format of MNIST and its kin.
//!
//! An IDX file of images is the bytes `00 00 08 03`, the numbers of images, rows and columns (each
//! 4 bytes, big-endian) and one byte for each pixel; one of labels is `00 00 08 01`, their number
//! and one byte for each label. Files may be compressed with gzip, which is recognised by content,
//! not by name.
//!
//! A folder of four such files, under any of the [usual names](IdxFiles::find), is a data set:
//!
//! ```no_run
//! use std::path::Path;
//!
//! let dataset = snode_data::idx::load_folder(Path::new("data/fashion"), "Fashion-MNIST")?;
//! println!("{} training images", dataset.train().len());
//! # Ok::<(), snode_data::Error>(())
//! ```
//!
//! Files are not trusted: headers are checked against [limits](crate::limits), against the files'
//! lengths and against each other before any pixel is read, and memory is taken as data arrives, not
//! as headers promise.

mod folder;
mod gunzip;
mod names;
mod read;
mod replace;
mod write;

pub use folder::{IdxFiles, load_folder, write_folder};
pub use read::{images_from_reader, labels_from_reader, read_images, read_labels};
pub use write::{write_images, write_labels};

/// The first bytes of a file of images: unsigned bytes in 3 dimensions.
const IMAGES_MAGIC: [u8; 4] = [0, 0, 8, 3];

/// The first bytes of a file of labels: unsigned bytes in 1 dimension.
const LABELS_MAGIC: [u8; 4] = [0, 0, 8, 1];

/// The first bytes of a file of labels of QMNIST: 32-bit integers in 2 dimensions.
const WIDE_LABELS_MAGIC: [u8; 4] = [0, 0, 12, 2];

/// The first bytes of a gzip file.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
