//! What is refused for its size alone.

/// The most numbers a network may have, weights and biases together: 2 GiB in double precision.
/// The paper's have 6 million.
pub const MAX_NUMBERS: usize = 1 << 28;

/// The longest file that is read: room for [`MAX_NUMBERS`] in double precision, and 16 MiB beside
/// them.
pub const MAX_BYTES: u64 = 8 * MAX_NUMBERS as u64 + (1 << 24);

/// The longest list of contents of a file, and the longest text in it.
pub(crate) const MAX_CONTENTS: u64 = 4 << 20;

/// The most variables or arrays in a file.
pub(crate) const MAX_OBJECTS: usize = 1 << 16;

/// The longest text that is a property of a network.
pub(crate) const MAX_TEXT: usize = 4096;

/// Deflate makes nothing smaller than by this factor.
pub(crate) const LARGEST_RATIO: u128 = snode_numpy::LARGEST_RATIO as u128;
