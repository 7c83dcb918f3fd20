//! A group being read. Nothing in the file is trusted: types and shapes are looked at before a
//! value is read, and sizes before memory is taken for them.

use std::fmt::Display;
use std::path::Path;

use hdf5::types::{TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5::{Container, Dataset, Group, H5Type};
use ndarray::Ix2;

use crate::StoreError;
use crate::write_group::{attribute, object};

/// gzip makes nothing smaller than by a factor 1032; this leaves room for what is around it.
const LARGEST_RATIO: u128 = 1100;

/// A group of the file at `path` that is being read.
pub(crate) struct ReadGroup<'a> {
    pub path: &'a Path,
    /// `/`, `/network`, ….
    pub name: String,
    pub group: Group,
}

impl<'a> ReadGroup<'a> {
    pub fn has(&self, name: &str) -> bool {
        self.group.link_exists(name)
    }

    pub fn child(&self, name: &str) -> Result<ReadGroup<'a>, StoreError> {
        let full = object(&self.name, name);
        self.require(name, &full)?;
        let group = self.group.group(name).map_err(self.failed(&full))?;
        Ok(ReadGroup { path: self.path, name: full, group })
    }

    /// The names of the attributes.
    pub fn attribute_names(&self) -> Result<Vec<String>, StoreError> {
        self.group.attr_names().map_err(self.failed(&self.name))
    }

    /// The type of an attribute's one value.
    pub fn attribute_type(&self, name: &str) -> Result<TypeDescriptor, StoreError> {
        let (attr, what) = self.attribute(name)?;
        self.scalar_type(&attr, &what)
    }

    /// The names of the groups in it.
    pub fn group_names(&self) -> Result<Vec<String>, StoreError> {
        let groups = self.group.groups().map_err(self.failed(&self.name))?;
        let names = groups.iter().map(|group| group.name());
        Ok(names.filter_map(|name| name.rsplit('/').next().map(str::to_owned)).collect())
    }

    /// The names of the datasets with elements of this type.
    pub fn dataset_names<T: H5Type>(&self) -> Result<Vec<String>, StoreError> {
        let datasets = self.group.datasets().map_err(self.failed(&self.name))?;
        let mut names = Vec::new();
        for dataset in datasets {
            let full = dataset.name();
            if self.element_type(&dataset, &full)? == T::type_descriptor() {
                names.extend(full.rsplit('/').next().map(str::to_owned));
            }
        }
        Ok(names)
    }

    /// The shape of a dataset.
    pub fn shape(&self, name: &str) -> Result<Vec<usize>, StoreError> {
        let (dataset, full) = self.dataset(name)?;
        dataset.get_shape().map_err(self.failed(&full))
    }

    /// A dataset of any shape, with it; the last dimension's numbers stand next to each other.
    pub fn array<T: H5Type>(&self, name: &str) -> Result<(Vec<usize>, Vec<T>), StoreError> {
        let (dataset, full) = self.dataset(name)?;
        self.require_type::<T>(&dataset, &full)?;
        let shape = dataset.get_shape().map_err(self.failed(&full))?;
        if shape.contains(&0) {
            return Ok((shape, Vec::new()));
        }
        self.require_stored::<T>(&dataset, &full, &shape)?;
        let values = dataset.read_raw().map_err(self.failed(&full))?;
        Ok((shape, values))
    }

    /// A text attribute.
    pub fn text(&self, name: &str) -> Result<String, StoreError> {
        let (attr, what) = self.attribute(name)?;
        self.decode(&attr, &what)
    }

    /// A text attribute, as what it stands for.
    pub fn parsed<V: std::str::FromStr>(&self, name: &str, allowed: &str) -> Result<V, StoreError> {
        let text = self.text(name)?;
        text.parse().map_err(|_| {
            self.value_error(attribute(&self.name, name), format_args!("{text:?}"), allowed)
        })
    }

    /// An attribute that is a non-negative integer.
    pub fn unsigned(&self, name: &str) -> Result<u64, StoreError> {
        let (attr, what) = self.attribute(name)?;
        match self.scalar_type(&attr, &what)? {
            TypeDescriptor::Unsigned(_) => attr.read_scalar().map_err(self.failed(&what)),
            TypeDescriptor::Integer(_) => {
                let value: i64 = attr.read_scalar().map_err(self.failed(&what))?;
                u64::try_from(value)
                    .map_err(|_| self.value_error(what, value, "0 or a positive integer"))
            }
            other => Err(self.type_error(what, other, "an integer")),
        }
    }

    /// An attribute that is a count.
    pub fn count(&self, name: &str) -> Result<usize, StoreError> {
        let value = self.unsigned(name)?;
        usize::try_from(value).map_err(|_| {
            self.value_error(attribute(&self.name, name), value, "what this computer can count to")
        })
    }

    /// An attribute that is a real number, any.
    pub fn real(&self, name: &str) -> Result<f64, StoreError> {
        let (attr, what) = self.attribute(name)?;
        match self.scalar_type(&attr, &what)? {
            TypeDescriptor::Float(_) => attr.read_scalar().map_err(self.failed(&what)),
            other => Err(self.type_error(what, other, "a real number")),
        }
    }

    /// An attribute that is a finite real number.
    pub fn finite(&self, name: &str) -> Result<f64, StoreError> {
        let value = self.real(name)?;
        if value.is_finite() {
            Ok(value)
        } else {
            Err(self.value_error(attribute(&self.name, name), value, "a finite number"))
        }
    }

    /// A dataset of one text.
    pub fn text_dataset(&self, name: &str) -> Result<String, StoreError> {
        let (dataset, full) = self.dataset(name)?;
        self.decode(&dataset, &full)
    }

    /// A dataset of one dimension: numbers, or the rows of a table. Columns are found by their
    /// names; further ones do no harm.
    pub fn column<T: H5Type>(
        &self,
        name: &str,
        length: Option<usize>,
    ) -> Result<Vec<T>, StoreError> {
        let (dataset, full) = self.dataset(name)?;
        self.require_type::<T>(&dataset, &full)?;
        let shape = dataset.get_shape().map_err(self.failed(&full))?;
        match (&shape[..], length) {
            (&[_], None) => {}
            (&[found], Some(expected)) if found == expected => {}
            _ => {
                let expected = length.map_or("one dimension".into(), |n| format!("[{n}]"));
                return Err(self.shape_error(full, shape, expected));
            }
        }
        if shape == [0] {
            return Ok(Vec::new());
        }
        self.require_stored::<T>(&dataset, &full, &shape)?;
        dataset.read_raw().map_err(self.failed(&full))
    }

    /// A dataset of shape [rows, columns], row by row.
    pub fn matrix<T: H5Type>(
        &self,
        name: &str,
        (rows, columns): (usize, usize),
    ) -> Result<Vec<T>, StoreError> {
        let (dataset, full) = self.checked::<T>(name, &[rows, columns])?;
        dataset.read_raw().map_err(self.failed(&full))
    }

    /// A dataset of shape [`count`, rows, columns], read one matrix at a time, row by row.
    pub fn matrices<T: H5Type>(
        &self,
        name: &str,
        (count, rows, columns): (usize, usize, usize),
        mut take: impl FnMut(usize, &[T]),
    ) -> Result<(), StoreError> {
        let (dataset, full) = self.checked::<T>(name, &[count, rows, columns])?;
        for k in 0..count {
            let matrix =
                dataset.read_slice::<T, _, Ix2>((k, .., ..)).map_err(self.failed(&full))?;
            take(k, matrix.as_slice().unwrap_or_default());
        }
        Ok(())
    }

    /// A dataset of the type and shape it must have, with no more numbers than the file can hold.
    pub fn checked<T: H5Type>(
        &self,
        name: &str,
        expected: &[usize],
    ) -> Result<(Dataset, String), StoreError> {
        let (dataset, full) = self.dataset(name)?;
        self.require_type::<T>(&dataset, &full)?;
        let shape = dataset.get_shape().map_err(self.failed(&full))?;
        if shape != expected {
            return Err(self.shape_error(full, shape, format!("{expected:?}")));
        }
        self.require_stored::<T>(&dataset, &full, &shape)?;
        Ok((dataset, full))
    }

    pub fn value_error(&self, object: String, found: impl Display, allowed: &str) -> StoreError {
        StoreError::Value {
            path: self.path.to_owned(),
            object,
            found: found.to_string(),
            allowed: allowed.to_owned(),
        }
    }

    pub fn shape_error(&self, object: String, found: Vec<usize>, expected: String) -> StoreError {
        StoreError::Shape { path: self.path.to_owned(), object, found, expected }
    }

    fn type_error(
        &self,
        object: String,
        found: impl Display,
        expected: impl Display,
    ) -> StoreError {
        StoreError::WrongType {
            path: self.path.to_owned(),
            object,
            found: format!("of type {found}"),
            expected: expected.to_string(),
        }
    }

    fn attribute(&self, name: &str) -> Result<(hdf5::Attribute, String), StoreError> {
        let what = attribute(&self.name, name);
        match self.group.attr(name) {
            Ok(attr) => Ok((attr, what)),
            Err(_) => Err(StoreError::Missing { path: self.path.to_owned(), object: what }),
        }
    }

    fn dataset(&self, name: &str) -> Result<(Dataset, String), StoreError> {
        let full = object(&self.name, name);
        self.require(name, &full)?;
        let dataset = self.group.dataset(name).map_err(self.failed(&full))?;
        Ok((dataset, full))
    }

    fn require(&self, name: &str, full: &str) -> Result<(), StoreError> {
        if self.has(name) {
            Ok(())
        } else {
            Err(StoreError::Missing { path: self.path.to_owned(), object: full.to_owned() })
        }
    }

    fn element_type(&self, object: &Container, what: &str) -> Result<TypeDescriptor, StoreError> {
        let dtype = object.dtype().map_err(self.failed(what))?;
        dtype
            .to_descriptor()
            .map_err(|_| self.type_error(what.to_owned(), "that is not used here", "one that is"))
    }

    /// The type of something that must be one value: not an array, and not HDF5's "nothing".
    fn scalar_type(&self, object: &Container, what: &str) -> Result<TypeDescriptor, StoreError> {
        let space = object.space().map_err(self.failed(what))?;
        if space.is_scalar() {
            self.element_type(object, what)
        } else {
            Err(self.shape_error(what.to_owned(), space.shape(), "one value".into()))
        }
    }

    fn require_type<T: H5Type>(&self, dataset: &Dataset, full: &str) -> Result<(), StoreError> {
        let found = self.element_type(dataset, full)?;
        let expected = T::type_descriptor();
        if includes(&found, &expected) {
            Ok(())
        } else {
            Err(self.type_error(full.to_owned(), found, format_args!("{expected}")))
        }
    }

    fn require_stored<T: H5Type>(
        &self,
        dataset: &Dataset,
        full: &str,
        shape: &[usize],
    ) -> Result<(), StoreError> {
        let elements: u128 = shape
            .iter()
            .fold(1, |product: u128, &dimension| product.saturating_mul(dimension as u128));
        let claimed = elements.saturating_mul(size_of::<T>() as u128);
        let stored = dataset.storage_size();
        if claimed <= u128::from(stored) * LARGEST_RATIO {
            return Ok(());
        }
        let (path, object) = (self.path.to_owned(), full.to_owned());
        Err(StoreError::Claim { path, object, claimed, stored })
    }

    /// A text. The library does not check that it is UTF-8.
    fn decode(&self, object: &Container, what: &str) -> Result<String, StoreError> {
        let failed = self.failed(what);
        let bytes = match self.scalar_type(object, what)? {
            TypeDescriptor::VarLenUnicode => {
                object.read_scalar::<VarLenUnicode>().map_err(failed)?.as_bytes().to_vec()
            }
            TypeDescriptor::VarLenAscii => {
                object.read_scalar::<VarLenAscii>().map_err(failed)?.as_bytes().to_vec()
            }
            other => {
                let expected = "a text of variable length";
                return Err(self.type_error(what.to_owned(), other, expected));
            }
        };
        String::from_utf8(bytes).map_err(|error| {
            let found = format!("{:?}", String::from_utf8_lossy(error.as_bytes()));
            self.value_error(what.to_owned(), found, "UTF-8 text")
        })
    }

    fn failed(&self, what: &str) -> impl Fn(hdf5::Error) -> StoreError {
        let (path, object) = (self.path.to_owned(), what.to_owned());
        move |source| StoreError::Hdf5 {
            path: path.clone(),
            object: object.clone(),
            action: "reading",
            source,
        }
    }
}

/// Whether elements of type `found` have everything that ones of type `expected` have.
fn includes(found: &TypeDescriptor, expected: &TypeDescriptor) -> bool {
    match (found, expected) {
        (TypeDescriptor::Compound(found), TypeDescriptor::Compound(expected)) => expected
            .fields
            .iter()
            .all(|field| found.fields.iter().any(|f| f.name == field.name && f.ty == field.ty)),
        _ => found == expected,
    }
}
