//! What is refused for its size alone.

/// The most numbers a network may have, weights and biases together: 2 GiB in double precision.
/// The paper's have 6 million.
pub const MAX_NUMBERS: usize = 1 << 28;

/// The longest file, and the longest contents of a compressed one, that is read: room for
/// [`MAX_NUMBERS`] in double precision, and 16 MiB beside them.
pub const MAX_BYTES: u64 = 8 * MAX_NUMBERS as u64 + (1 << 24);
