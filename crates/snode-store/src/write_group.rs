//! A group being written, with what error messages need.

use std::fmt::Display;
use std::path::Path;

use hdf5::types::VarLenUnicode;
use hdf5::{Group, H5Type};
use ndarray::ArrayView2;

use crate::{Compression, StoreError};

/// A group of the file at `path` that is being written.
pub(crate) struct WriteGroup<'a> {
    /// The file's final name.
    pub path: &'a Path,
    /// `/`, `/network`, ….
    pub name: String,
    pub group: Group,
    pub compression: Compression,
}

impl<'a> WriteGroup<'a> {
    pub fn child(&self, name: &str) -> Result<WriteGroup<'a>, StoreError> {
        let group = self.group.create_group(name).map_err(self.failed(name))?;
        let (path, compression) = (self.path, self.compression);
        Ok(WriteGroup { path, name: object(&self.name, name), group, compression })
    }

    /// A text attribute.
    pub fn text(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let text = self.encode(&attribute(&self.name, name), value)?;
        self.attribute(name, &text)
    }

    /// A number, as it is.
    pub fn attribute<T: H5Type>(&self, name: &str, value: &T) -> Result<(), StoreError> {
        let attr = self.group.new_attr::<T>().create(name).map_err(self.failed(name))?;
        attr.write_scalar(value).map_err(self.failed(name))
    }

    /// A dataset of one text.
    pub fn text_dataset(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let text = self.encode(&object(&self.name, name), value)?;
        let builder = self.group.new_dataset::<VarLenUnicode>().obj_track_times(false);
        let dataset = builder.create(name).map_err(self.failed(name))?;
        dataset.write_scalar(&text).map_err(self.failed(name))
    }

    /// A dataset of one dimension: numbers, or the rows of a table.
    pub fn column<T: H5Type>(&self, name: &str, rows: &[T]) -> Result<(), StoreError> {
        let builder = self.group.new_dataset_builder().packed(true);
        let builder = if rows.is_empty() {
            builder.obj_track_times(false)
        } else {
            self.compression.apply(builder, &[Compression::chunk_rows::<T>(rows.len(), 1)])
        };
        builder.with_data(rows).create(name).map_err(self.failed(name))?;
        Ok(())
    }

    /// A dataset of shape [`count`, rows, columns], written one matrix at a time; `next` is given
    /// the number of a matrix and a buffer for it.
    pub fn matrices<T: H5Type + Copy + Default>(
        &self,
        name: &str,
        count: usize,
        (rows, columns): (usize, usize),
        mut next: impl FnMut(usize, &mut [T]),
    ) -> Result<(), StoreError> {
        let failed = self.failed(name);
        let chunk = [1, Compression::chunk_rows::<T>(rows, columns), columns];
        let builder = self.compression.apply(self.group.new_dataset_builder(), &chunk);
        let builder = builder.empty::<T>().shape((count, rows, columns));
        let dataset = builder.create(name).map_err(&failed)?;
        let mut buffer = vec![T::default(); rows * columns];
        for k in 0..count {
            next(k, &mut buffer);
            let view = ArrayView2::from_shape((rows, columns), &buffer)
                .map_err(|error| failed(error.into()))?;
            dataset.write_slice(view, (k, .., ..)).map_err(&failed)?;
        }
        Ok(())
    }

    /// A dataset of shape [rows, columns] from its rows one after another.
    pub fn matrix<T: H5Type>(
        &self,
        name: &str,
        (rows, columns): (usize, usize),
        values: &[T],
    ) -> Result<(), StoreError> {
        let failed = self.failed(name);
        let chunk = [Compression::chunk_rows::<T>(rows, columns), columns];
        let builder = self.compression.apply(self.group.new_dataset_builder(), &chunk);
        let view = ArrayView2::from_shape((rows, columns), values)
            .map_err(|error| failed(error.into()))?;
        builder.with_data(view).create(name).map_err(failed)?;
        Ok(())
    }

    /// A value that cannot be stored.
    pub fn unwritable(&self, what: String, found: impl Display, allowed: &str) -> StoreError {
        StoreError::Unwritable {
            path: self.path.to_owned(),
            object: what,
            found: found.to_string(),
            allowed: allowed.to_owned(),
        }
    }

    fn encode(&self, what: &str, value: &str) -> Result<VarLenUnicode, StoreError> {
        value.parse().map_err(|_| {
            self.unwritable(what.to_owned(), format!("{value:?}"), "a text without NUL characters")
        })
    }

    fn failed(&self, name: &str) -> impl Fn(hdf5::Error) -> StoreError {
        let (path, object) = (self.path.to_owned(), object(&self.name, name));
        move |source| StoreError::Hdf5 {
            path: path.clone(),
            object: object.clone(),
            action: "writing",
            source,
        }
    }
}

/// The full name of an object in a group.
pub(crate) fn object(group: &str, name: &str) -> String {
    format!("{}/{name}", group.trim_end_matches('/'))
}

/// An attribute of a group, in words.
pub(crate) fn attribute(group: &str, name: &str) -> String {
    format!("attribute `{name}` of {group}")
}
