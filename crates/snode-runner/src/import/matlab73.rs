//! MATLAB's newest format, which is HDF5: cell arrays are datasets of references to matrices.
//!
//! MATLAB's dimensions are reversed in HDF5: what is there row by row is the matrix column by
//! column. Types and shapes of all matrices are looked at before any is read, and sizes compared with
//! what the file stores; but the HDF5 library itself can crash on files that are damaged, and these
//! have no checksum but those of their filters, which the library verifies.

use std::path::Path;

use snode_exchange::{
    ArrayHead, CELLS, Description, Imported, LayersReader, NumberType, Order, layers_of_cells,
};
use snode_store::hdf5::types::{FloatSize, TypeDescriptor};
use snode_store::hdf5::{
    Dataset, File, H5Type, ObjectReference1, ReferencedObject, silence_errors,
};
use snode_store::open_hdf5;

use crate::error::{Error, Result};

/// How much larger than its bytes in the file an array can be: the ratio of deflate.
const LARGEST_RATIO: u64 = 1032;
/// The largest chunk that a small matrix may stand in.
const SMALL_CHUNK: u64 = 1 << 20;
/// The most cells of an array, which are as many layers.
const MOST_CELLS: usize = 1_000_000;

/// Reads the network in the cell arrays `Wcell` and `Bcell` of a file.
///
/// # Errors
/// If the file is not a .mat file of MATLAB 7.3, a cell array is missing or does not fit, or a number
/// is not finite.
pub fn read_matlab73(path: &Path) -> Result<Imported> {
    silence_errors(true);
    let file = open_hdf5(path).map_err(|error| failed(path, &error))?;
    let stored =
        std::fs::metadata(path).map_err(|source| Error::file(path, "cannot read", source))?.len();
    let cells = Cells { path, file };
    let references = [cells.references(CELLS[0])?, cells.references(CELLS[1])?];
    let [weights, biases] = [0, 1].map(|array| cells.matrix(array, 0, &references));
    let firsts = [weights?.0, biases?.0];
    let counts = [references[0].len(), references[1].len()];
    let mut layers = layers_of_cells(counts, [&firsts[0], &firsts[1]], stored)
        .map_err(|error| failed(path, &error))?;
    for k in 0..counts[0] {
        let ((weights, _), (biases, _)) =
            (cells.matrix(0, k, &references)?, cells.matrix(1, k, &references)?);
        layers.check_cells(Some(&weights), Some(&biases)).map_err(|error| failed(path, &error))?;
    }
    for k in 0..counts[0] {
        cells.read(&mut layers, k, &references)?;
    }
    let description = Description::default();
    Ok(Imported { layers: layers.finish(), stored: firsts[0].kind, description })
}

/// A file with cell arrays.
struct Cells<'a> {
    path: &'a Path,
    file: File,
}

impl Cells<'_> {
    /// What a cell array refers to.
    fn references(&self, name: &str) -> Result<Vec<ObjectReference1>> {
        if !self.file.link_exists(name) {
            let mut there = self.file.member_names().unwrap_or_default();
            there.retain(|name| !name.starts_with('#'));
            there.sort_unstable();
            let there = if there.is_empty() { "none".into() } else { there.join(", ") };
            let problem = format!("the cell array `{name}` is missing; there are: {there}");
            return Err(self.failed(problem));
        }
        let Ok(dataset) = self.file.dataset(name) else {
            return Err(self.failed(format!("`{name}` is no cell array")));
        };
        let cells = dataset.size();
        if !(1..=MOST_CELLS).contains(&cells) {
            let problem = format!("`{name}` has {cells} cells; expected 1 to {MOST_CELLS}");
            return Err(self.failed(problem));
        }
        self.read_all::<ObjectReference1>(&format!("`{name}`"), &dataset)
    }

    /// The matrix in cell `k` of one of the two arrays, and what it is said to be.
    fn matrix(
        &self,
        array: usize,
        k: usize,
        references: &[Vec<ObjectReference1>; 2],
    ) -> Result<(ArrayHead, Dataset)> {
        let name = format!("`{}{{{}}}`", CELLS[array], k + 1);
        let reference = references[array].get(k);
        let found = reference.map(|reference| self.file.dereference(reference));
        let Some(Ok(ReferencedObject::Dataset(matrix))) = found else {
            return Err(self.failed(format!("{name} is no matrix")));
        };
        let kind = match matrix.dtype().and_then(|dtype| dtype.to_descriptor()) {
            Ok(TypeDescriptor::Float(FloatSize::U4)) => NumberType::F32,
            Ok(TypeDescriptor::Float(FloatSize::U8)) => NumberType::F64,
            Ok(other) => {
                let problem = format!("{name}: found type {other}; expected double or single");
                return Err(self.failed(problem));
            }
            Err(error) => return Err(self.failed(error)),
        };
        let mut shape = matrix.get_shape().map_err(|error| self.failed(error))?;
        shape.reverse();
        Ok((ArrayHead { name, shape, kind }, matrix))
    }

    /// Reads the numbers of a layer.
    fn read(
        &self,
        layers: &mut LayersReader,
        k: usize,
        references: &[Vec<ObjectReference1>; 2],
    ) -> Result<()> {
        let order = Order::ColumnMajor;
        let (head, matrix) = self.matrix(0, k, references)?;
        let mut numbers = self.numbers(&head, &matrix)?;
        layers
            .weights(k..k + 1, order, || Ok(numbers.next().unwrap_or(f64::NAN)))
            .map_err(|error| self.failed(error))?;
        let (head, matrix) = self.matrix(1, k, references)?;
        let mut numbers = self.numbers(&head, &matrix)?;
        layers
            .biases(k..k + 1, order, || Ok(numbers.next().unwrap_or(f64::NAN)))
            .map_err(|error| self.failed(error))
    }

    /// The numbers of a matrix.
    fn numbers(&self, head: &ArrayHead, matrix: &Dataset) -> Result<Box<dyn Iterator<Item = f64>>> {
        if head.kind == NumberType::F32 {
            let numbers = self.read_all::<f32>(&head.name, matrix)?;
            return Ok(Box::new(numbers.into_iter().map(f64::from)));
        }
        Ok(Box::new(self.read_all::<f64>(&head.name, matrix)?.into_iter()))
    }

    /// All elements of a dataset, if the file can hold them.
    fn read_all<T: H5Type>(&self, name: &str, dataset: &Dataset) -> Result<Vec<T>> {
        let shape = dataset.get_shape().map_err(|error| self.failed(error))?;
        let bytes = |sides: &[usize]| {
            let size = size_of::<T>() as u64;
            sides.iter().fold(size, |product, &side| product.saturating_mul(side as u64))
        };
        let (claimed, stored) = (bytes(&shape), dataset.storage_size());
        if claimed > stored.saturating_mul(LARGEST_RATIO) {
            return Err(
                self.failed(format!("{name} claims {claimed} bytes, but only {stored} are stored"))
            );
        }
        // The library takes memory for whole chunks.
        let chunk = dataset.chunk().map_or(0, |sides| bytes(&sides));
        if chunk > claimed.max(SMALL_CHUNK) {
            return Err(
                self.failed(format!("{name} of {claimed} bytes stands in chunks of {chunk} bytes"))
            );
        }
        let found = dataset.dtype().and_then(|dtype| dtype.to_descriptor());
        match found {
            Ok(found) if found == T::type_descriptor() => {
                dataset.read_raw().map_err(|error| self.failed(error))
            }
            Ok(found) => Err(self.failed(format!("{name}: found type {found}"))),
            Err(error) => Err(self.failed(error)),
        }
    }

    #[allow(clippy::needless_pass_by_value)] // as map_err gives it
    fn failed(&self, problem: impl std::fmt::Display) -> Error {
        failed(self.path, &problem)
    }
}

fn failed(path: &Path, problem: &dyn std::fmt::Display) -> Error {
    Error::Results(format!("{}: {problem}", path.display()))
}
