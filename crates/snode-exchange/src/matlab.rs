//! The layout of the authors' MATLAB program: cell arrays `Wcell` and `Bcell`.

use std::io::{Read, Seek};

use crate::mat5;
use crate::{ArrayHead, Description, ExchangeError, Imported, LayersReader};

/// The names of the cell arrays of weights and of biases.
pub const CELLS: [&str; 2] = ["Wcell", "Bcell"];

/// Reads a network from a .mat file of level 5 (MATLAB's `-v6` and `-v7`).
///
/// It must have the cell arrays [`CELLS`], with an n×n matrix and a vector of n in each cell, of
/// class double or single; other variables are passed over. The file says nothing else: horizon and
/// activation are the reader's to know.
///
/// # Errors
/// [`ExchangeError::Hdf5`] for a file of MATLAB 7.3; if the file cannot be read or is not a .mat
/// file, a cell array is missing, damaged or does not fit, or a number is not finite.
pub fn read_mat<R: Read + Seek>(source: R) -> Result<Imported, ExchangeError> {
    let mut file = mat5::File::open(source)?;
    let [weights, biases] = file.cell_arrays(CELLS)?;
    let mut layers = layers_of_cells(
        [weights.count, biases.count],
        [&weights.first, &biases.first],
        file.length,
    )?;
    let stored = weights.first.kind;
    file.read_cells(&biases, |k, head, order, next| {
        layers.check_cells(None, Some(head))?;
        layers.biases(k..k + 1, order, next)
    })?;
    file.read_cells(&weights, |k, head, order, next| {
        layers.check_cells(Some(head), None)?;
        layers.weights(k..k + 1, order, next)
    })?;
    Ok(Imported { layers: layers.finish(), stored, description: Description::default() })
}

/// The layers of the two cell arrays [`CELLS`], by how many cells they have and what is in the
/// first of each, in a file of `stored` bytes; their numbers are still to be read.
///
/// # Errors
/// If the two do not fit each other, or are more than any network has, or than the file can hold.
pub fn layers_of_cells(
    counts: [usize; 2],
    [weights, biases]: [&ArrayHead; 2],
    stored: u64,
) -> Result<LayersReader, ExchangeError> {
    let [layers, found] = counts;
    if found != layers {
        return Err(ExchangeError::Shape {
            object: format!("the cell array `{}`", CELLS[1]),
            found: vec![1, found],
            expected: format!("[1, {layers}], as `{}` has", CELLS[0]),
        });
    }
    LayersReader::of_cells(layers, weights, biases, stored)
}
