//! How large arrays are stored.

use hdf5::H5Type;
use hdf5::dataset::DatasetBuilder;

/// How arrays and tables are stored: plainly, or compressed.
///
/// Either way they are cut into chunks with a checksum (Fletcher-32) each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// As they are: fast.
    None,
    /// Shuffled and compressed by gzip at a level from 1 (fast) to 9 (small). Any HDF5 reader can
    /// undo it.
    Gzip(u8),
}

impl Compression {
    /// For checkpoints, which are written often and soon overwritten.
    pub const CHECKPOINT: Self = Self::None;
    /// For results, which are kept. Mantissas of weights hardly compress: level 1 takes a sixth off
    /// `f64` files, and level 9 one per cent more for ten times the time.
    pub const RESULT: Self = Self::Gzip(1);

    /// A chunk is about this large at most.
    const CHUNK_BYTES: usize = 1 << 20;

    /// How many rows of `row` elements make a chunk of an array with `rows` of them.
    pub(crate) fn chunk_rows<T: H5Type>(rows: usize, row: usize) -> usize {
        (Self::CHUNK_BYTES / (row * size_of::<T>()).max(1)).clamp(1, rows.max(1))
    }

    /// A builder with these filters and this chunk. No times are stored, so that the same record
    /// gives the same bytes.
    pub(crate) fn apply(self, builder: DatasetBuilder, chunk: &[usize]) -> DatasetBuilder {
        let builder = builder.obj_track_times(false).chunk(chunk);
        match self {
            Self::None => builder,
            Self::Gzip(level) => builder.shuffle().deflate(level),
        }
        .fletcher32()
    }
}
