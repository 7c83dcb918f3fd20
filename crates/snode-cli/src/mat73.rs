//! MATLAB's newest format, which is HDF5: cell arrays are datasets of references to matrices.
//!
//! MATLAB's dimensions are reversed in HDF5: what is there row by row is the matrix column by
//! column. Sizes are compared with what the file stores before anything is read; but the HDF5
//! library itself can crash on files that are damaged, and these have no checksum.

use std::path::Path;

use snode_exchange::{Array, CELLS, Imported, Order, Values, from_cells};
use snode_store::hdf5::types::{FloatSize, TypeDescriptor};
use snode_store::hdf5::{
    self, Dataset, File, H5Type, ObjectReference1, ReferencedObject, silence_errors,
};

use crate::error::{Error, Result};

/// How much larger than its bytes in the file an array can be: the ratio of deflate.
const LARGEST_RATIO: u64 = 1032;

/// Reads the network in the cell arrays `Wcell` and `Bcell` of a file.
///
/// # Errors
/// If the file is not a .mat file of MATLAB 7.3, a cell array is missing or does not fit, or a number
/// is not finite.
pub fn read(path: &Path) -> Result<Imported> {
    silence_errors(true);
    let file = File::open(path).map_err(|error| failed(path, &error))?;
    let [weights, biases] = CELLS.map(|name| cells(path, &file, name));
    from_cells(weights?, biases?).map_err(|error| failed(path, &error))
}

fn cells(path: &Path, file: &File, name: &str) -> Result<Vec<Array>> {
    let hdf5_failed = |error: hdf5::Error| failed(path, &error);
    if !file.link_exists(name) {
        return Err(failed(path, &format!("the cell array `{name}` is missing")));
    }
    let dataset = file.dataset(name).map_err(hdf5_failed)?;
    let references = read_all::<ObjectReference1>(path, name, &dataset)?;
    let mut arrays = Vec::new();
    for (k, reference) in references.iter().enumerate() {
        let name = format!("`{name}{{{}}}`", k + 1);
        let ReferencedObject::Dataset(matrix) = file.dereference(reference).map_err(hdf5_failed)?
        else {
            return Err(failed(path, &format!("{name} is no matrix")));
        };
        arrays.push(array(path, name, &matrix)?);
    }
    Ok(arrays)
}

fn array(path: &Path, name: String, matrix: &Dataset) -> Result<Array> {
    let descriptor = matrix.dtype().and_then(|dtype| dtype.to_descriptor());
    let values = match descriptor {
        Ok(TypeDescriptor::Float(FloatSize::U4)) => Values::F32(read_all(path, &name, matrix)?),
        Ok(TypeDescriptor::Float(FloatSize::U8)) => Values::F64(read_all(path, &name, matrix)?),
        Ok(other) => {
            return Err(failed(
                path,
                &format!("{name} is of type {other}; allowed: double, single"),
            ));
        }
        Err(error) => return Err(failed(path, &error)),
    };
    let mut shape = matrix.shape();
    shape.reverse();
    Array::new(name, shape, Order::ColumnMajor, values).map_err(|error| failed(path, &error))
}

/// All elements of a dataset, if the file can hold them.
fn read_all<T: H5Type>(path: &Path, name: &str, dataset: &Dataset) -> Result<Vec<T>> {
    let shape = dataset.get_shape().map_err(|error| failed(path, &error))?;
    let claimed = shape
        .iter()
        .fold(size_of::<T>() as u64, |product, &side| product.saturating_mul(side as u64));
    let stored = dataset.storage_size();
    if claimed > stored.saturating_mul(LARGEST_RATIO) {
        let problem = format!("{name} claims {claimed} bytes, but only {stored} are stored");
        return Err(failed(path, &problem));
    }
    let found = dataset.dtype().and_then(|dtype| dtype.to_descriptor());
    match found {
        Ok(found) if found == T::type_descriptor() => {
            dataset.read_raw().map_err(|error| failed(path, &error))
        }
        Ok(found) => Err(failed(path, &format!("{name} is of type {found}"))),
        Err(error) => Err(failed(path, &error)),
    }
}

fn failed(path: &Path, problem: &dyn std::fmt::Display) -> Error {
    Error::Results(format!("{}: {problem}", path.display()))
}
