//! The error type of the crate.

use std::io;
use std::path::PathBuf;

/// A result with the crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why a file could not be read or an operation could not be done.
///
/// Messages name the file, what was found and what is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system, or the gzip decoder, reported an error.
    #[error("{}: {action} failed: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done, such as `"reading"`.
        action: &'static str,
        /// The cause.
        source: io::Error,
    },

    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] snode_files::FileError),

    /// The path names a folder, a pipe or a device.
    #[error("{}: not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },

    /// A folder lacks one of the four conventional IDX files.
    #[error("{}: no file with the {what}; looked for {tried}", folder.display())]
    MissingFile {
        /// The folder searched.
        folder: PathBuf,
        /// What the file holds, such as `"training images"`.
        what: &'static str,
        /// The names tried, separated by commas.
        tried: String,
    },

    /// A file starts with the wrong bytes: it is of another format, or of another IDX kind.
    #[error("{}: starts with the bytes {found:02x?}, expected {expected:02x?} ({meaning})", path.display())]
    Magic {
        /// The file.
        path: PathBuf,
        /// Its first bytes.
        found: Vec<u8>,
        /// The first bytes of a file of the kind expected.
        expected: Vec<u8>,
        /// What the expected bytes say.
        meaning: &'static str,
    },

    /// A file's header declares something outside the allowed range.
    #[error("{}: {what} by the header: found {found}; expected {min} to {max}", path.display())]
    Declared {
        /// The file.
        path: PathBuf,
        /// What is declared, such as `"rows"`.
        what: &'static str,
        /// The number declared.
        found: u64,
        /// The smallest number allowed.
        min: u64,
        /// The largest number allowed.
        max: u64,
    },

    /// A file ends before the data its header declares.
    #[error("{}: {part} ends after {found} of {declared} bytes", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Which part of the file ended: `"header"` or `"data"`.
        part: &'static str,
        /// The bytes of that part found.
        found: u64,
        /// The bytes of that part that should be there.
        declared: u64,
    },

    /// A file goes on after the data its header declares.
    #[error("{}: goes on after the {declared} bytes of data its header declares", path.display())]
    TrailingBytes {
        /// The file.
        path: PathBuf,
        /// The bytes of data declared.
        declared: u64,
    },

    /// A compressed file declares more data than it can hold.
    #[error("{}: header declares {declared} bytes of data, which a file of {stored} bytes cannot hold", path.display())]
    Claim {
        /// The file.
        path: PathBuf,
        /// The bytes of data declared.
        declared: u64,
        /// The bytes of the file.
        stored: u64,
    },

    /// There is no memory for what a file holds.
    #[error("{}: its contents take {bytes} bytes, which this computer has no memory for", path.display())]
    Memory {
        /// The file.
        path: PathBuf,
        /// The bytes of memory its contents take.
        bytes: u64,
    },

    /// A folder that is to be replaced by a data set holds something else.
    #[error("{}: holds {found}, which is none of the four files of a data set and would be lost", folder.display())]
    OtherFiles {
        /// The folder.
        folder: PathBuf,
        /// What it holds.
        found: String,
    },

    /// An image file and its label file hold different numbers of items.
    #[error("{} holds {images} images, but {} holds {labels} labels", images_path.display(), labels_path.display())]
    FileCountMismatch {
        /// The image file.
        images_path: PathBuf,
        /// The number of images in it.
        images: usize,
        /// The label file.
        labels_path: PathBuf,
        /// The number of labels in it.
        labels: usize,
    },

    /// A label in a file is not one of the classes.
    #[error("{}: label {index}: found {found}; expected 0 to {}", path.display(), classes.saturating_sub(1))]
    FileLabel {
        /// The label file.
        path: PathBuf,
        /// The position of the label, from 0.
        index: usize,
        /// The label.
        found: u8,
        /// The number of classes.
        classes: usize,
    },

    /// A label is not one of the classes.
    #[error("label {index} of the {split} split: found {found}; expected 0 to {}", classes.saturating_sub(1))]
    Label {
        /// `"training"` or `"test"`.
        split: &'static str,
        /// The position of the label, from 0.
        index: usize,
        /// The label.
        found: u8,
        /// The number of classes.
        classes: usize,
    },

    /// An array or a table of text is not as it should be.
    #[error("{}: {problem}", path.display())]
    Array {
        /// The file or folder.
        path: PathBuf,
        /// What was found where, and what was expected.
        problem: String,
    },

    /// A NumPy file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Numpy {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Box<snode_numpy::NumpyError>,
    },

    /// The targets are real vectors where class numbers are needed.
    #[error("{}: found real targets of {components} components; expected class numbers", path.display())]
    RealTargets {
        /// The file or folder.
        path: PathBuf,
        /// How many numbers a target has.
        components: usize,
    },

    /// The targets of a split are not of the kind of the data set's.
    #[error("the targets of the {split} split are not of the kind and length of the data set's")]
    TargetsDiffer {
        /// `"training"` or `"test"`.
        split: &'static str,
    },

    /// A count is outside the allowed range.
    #[error("{what}: found {found}; expected {min} to {max}")]
    Count {
        /// What is counted.
        what: &'static str,
        /// The number given.
        found: u64,
        /// The smallest number allowed.
        min: u64,
        /// The largest number allowed.
        max: u64,
    },

    /// A number of elements is not what the other arguments ask for.
    #[error("{what}: {found} given, {expected} expected")]
    Length {
        /// What has the wrong length.
        what: &'static str,
        /// The number given.
        found: usize,
        /// The number expected.
        expected: usize,
    },

    /// A pixel exceeds the value that stands for full foreground.
    #[error("pixel {index}: found {found}; expected 0 to {max_value}")]
    Pixel {
        /// The position of the pixel in the whole set, from 0.
        index: usize,
        /// The pixel.
        found: u16,
        /// The largest value allowed.
        max_value: u16,
    },

    /// An image, batch or label was asked for that does not exist.
    #[error("{what} {index} asked for, but there are only {count}, counted from 0")]
    OutOfRange {
        /// What was asked for, such as `"image"`.
        what: &'static str,
        /// The position asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },

    /// Training and test images differ in shape or in maximal value.
    #[error(
        "test images are {}x{} with values to {}, training images {}x{} with values to {}: they must agree",
        test.0, test.1, test.2, train.0, train.1, train.2
    )]
    SplitsDiffer {
        /// Rows, columns and maximal value of the training images.
        train: (usize, usize, u16),
        /// Rows, columns and maximal value of the test images.
        test: (usize, usize, u16),
    },

    /// The rows of an image cannot be those of so many channels.
    #[error(
        "images of {rows} rows, those of all channels, cannot have {channels} channels; expected a divisor of the rows"
    )]
    Channels {
        /// Rows of the images, those of all channels.
        rows: usize,
        /// The channels asked for.
        channels: usize,
    },

    /// The images are not a whole number of blocks high and wide.
    #[error("{rows}x{cols} images cannot be cut into blocks of {block_rows}x{block_cols} pixels")]
    Blocks {
        /// Rows of the images.
        rows: usize,
        /// Columns of the images.
        cols: usize,
        /// Rows of a block.
        block_rows: usize,
        /// Columns of a block.
        block_cols: usize,
    },

    /// A real parameter is not finite or outside its range.
    #[error("{what}: found {found}; expected {allowed}")]
    Parameter {
        /// The parameter.
        what: &'static str,
        /// The value given.
        found: f64,
        /// The values allowed.
        allowed: &'static str,
    },

    /// The images cannot be stored with single-byte pixels as they are.
    #[error(
        "IDX files hold values to 255, these images have values to {max_value}; rescale them first"
    )]
    NotBytes {
        /// The maximal value of the images.
        max_value: u16,
    },
}

// Errors go from thread to thread, and into the boxes of other libraries.
const _: fn() = || {
    fn travels<E: std::error::Error + Send + Sync + 'static>() {}
    travels::<Error>();
};
