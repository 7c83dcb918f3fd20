//! The layout of the authors' MATLAB program: cell arrays `Wcell` and `Bcell`.

use crate::array::Array;
use crate::mat5;
use crate::{Description, ExchangeError, Imported, Layers};

/// The names of the cell arrays of weights and of biases.
pub const CELLS: [&str; 2] = ["Wcell", "Bcell"];

/// Reads a network from the bytes of a .mat file of level 5 (MATLAB's `-v6` and `-v7`).
///
/// It must have the cell arrays [`CELLS`], with an n×n matrix and a vector of n in each cell, of
/// class double or single. The file says nothing else: horizon and activation are the reader's to
/// know.
///
/// # Errors
/// [`ExchangeError::Hdf5`] for a file of MATLAB 7.3, whose cells [`from_cells`] takes; if the bytes
/// are not a .mat file, a cell array is missing or does not fit, or a number is not finite.
pub fn read_mat(bytes: &[u8]) -> Result<Imported, ExchangeError> {
    let [weights, biases] = mat5::cells(bytes, CELLS)?;
    from_cells(weights, biases)
}

/// The network in two cell arrays, however they were read.
///
/// # Errors
/// If they do not fit each other, or a number is not finite.
pub fn from_cells(weights: Vec<Array>, biases: Vec<Array>) -> Result<Imported, ExchangeError> {
    if weights.len() != biases.len() {
        return Err(ExchangeError::Shape {
            object: format!("the cell array `{}`", CELLS[1]),
            found: vec![1, biases.len()],
            expected: format!("[1, {}], as `{}` has", weights.len(), CELLS[0]),
        });
    }
    let layers: Vec<_> = weights.into_iter().zip(biases).collect();
    Ok(Imported { layers: Layers::one_by_one(&layers)?, description: Description::default() })
}
