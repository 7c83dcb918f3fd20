//! Images: where they come from, what identifies them, and how networks get them.

mod encoded;
mod fingerprint;
mod source;
mod text_picture;

pub use encoded::{EncodedBatches, encoded, evaluation_set};
pub use fingerprint::{IMAGES, IMAGES_PATH, fingerprint, path_between};
pub use source::{KNOWN, Known, Source, remarks, target_rows};
pub use text_picture::text_picture;
