//! Grids: files that describe many experiments.

pub mod manifest;
