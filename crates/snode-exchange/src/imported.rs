//! What a file of another program holds.

use crate::{Description, Layers};

/// A network as read from another program's file.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// Its parameters, layer by layer.
    pub layers: Layers,
    /// What the file says of it beside them.
    pub description: Description,
}
