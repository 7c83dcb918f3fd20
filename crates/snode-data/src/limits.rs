//! The largest sizes the crate handles, so that no file can ask for more memory than there is.

/// The largest number of rows, and of columns, of an image.
pub const MAX_SIDE: usize = 4096;

/// The largest number of pixels in one [`Images`](crate::Images) (2 GiB of memory), and of labels
/// in one label file.
///
/// For scale: MNIST has 47 million, the whole of EMNIST 640 million.
pub const MAX_PIXELS: usize = 1 << 30;

/// The largest number of classes: labels are single bytes.
pub const MAX_CLASSES: usize = 256;
