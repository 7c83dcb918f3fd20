//! Image sets for standalone neural ODEs (SNODEs).
//!
//! A SNODE takes an image as the initial state of an ordinary differential equation. This crate
//! provides the images. It reads whatever a [`Place`] holds, [IDX files](idx), [arrays] or
//! [CIFAR-10](cifar), or gives the [MNIST](mnist) that is embedded in it; [resamples](resample) images;
//! [encodes](Encoding) pixels as the real numbers the equation starts from; divides images into seeded
//! [mini-batches](Batches); and adds [noise](Noise).
//!
//! ```
//! use snode_data::{Batches, Dataset, Encoding, Images, Split};
//!
//! // Four training images and a test image of 4x4 pixels, as `idx::load_folder` would read them.
//! let train = Images::new(4, 4, 255, (0..64).collect())?;
//! let test = Images::new(4, 4, 255, vec![255; 16])?;
//! let dataset = Dataset::new(
//!     "example",
//!     2,
//!     Split::new(train, vec![0, 1, 1, 0])?,
//!     Split::new(test, vec![1])?,
//! )?;
//!
//! // At a quarter of the pixels: exact sums of 2x2 pixels.
//! let dataset = dataset.resample(2, 2)?;
//! let train = dataset.train();
//! assert_eq!(train.images().image(0)?, [10, 18, 42, 50]);
//! assert_eq!(train.images().max_value(), 4 * 255);
//!
//! // An epoch of mini-batches of 2, each a matrix with one column for each image.
//! let encoding = Encoding::default(); // background 0, foreground -1
//! let batches = Batches::new(42, train.len(), 2)?;
//! let mut columns = vec![0.0_f64; train.images().width() * batches.size()];
//! for batch in &batches.epoch(0) {
//!     encoding.encode_into(train.images(), batch, &mut columns)?;
//!     // … a training step …
//! }
//! # Ok::<(), snode_data::Error>(())
//! ```
//!
//! # Conventions
//!
//! * Images are stored with integer pixels, image after image and row by row, and only become
//!   real numbers, `f32` or `f64`, when [encoded](Encoding::encode_into): one column of a
//!   column-major matrix for each image.
//! * Images, batches, epochs and classes are counted from 0.
//! * Everything random follows from a seed by [independent streams](streams) that are the same on
//!   every machine, and any piece can be asked for in any order.
//! * No input makes the crate panic, hang or take unbounded memory: [errors](Error) name the file,
//!   what was found and what is [allowed](limits).
//!
//! # Features
//!
//! * `mnist` (off by default) embeds MNIST at 14×14 pixels, 5 MB, and offers `mnist::load`. The
//!   embedded file is not under the licence of the code, but commonly distributed under
//!   CC BY-SA 3.0; its origin is told by [`mnist::PROVENANCE`].

pub mod arrays;
mod batches;
pub mod cifar;
mod dataset;
mod encoding;
mod error;
pub mod idx;
mod images;
pub mod limits;
pub mod mnist;
mod noise;
pub mod packed;
mod place;
mod real;
mod remark;
pub mod resample;
mod shuffle;
mod split;
pub mod streams;
mod summary;
mod targets;
mod variation;

pub use batches::{Batches, Epoch, Incomplete};
pub use dataset::Dataset;
pub use encoding::Encoding;
pub use error::{Error, Result};
pub use images::Images;
pub use noise::Noise;
pub use place::{Format, Loaded, Place};
pub use real::Real;
pub use remark::Remark;
pub use split::Split;
pub use summary::{PixelStatistics, SplitSummary, Summary};
pub use targets::{Targets, Task};
pub use variation::{Erased, Variation, Varied};
