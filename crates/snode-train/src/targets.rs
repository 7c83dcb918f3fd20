//! What belongs to the data points of a batch: the numbers of classes, or real vectors.

use faer::{Mat, MatMut, MatRef};

use crate::{TargetKind, TrainError};

/// The targets of a batch of M data points.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum TargetsRef<'a> {
    /// M numbers of classes, from 0.
    Classes(&'a [usize]),
    /// Real vectors of m components, m×M: one data point a column.
    Values(MatRef<'a, f64>),
}

impl<'a> TargetsRef<'a> {
    /// M, how many data points they belong to.
    pub fn len(&self) -> usize {
        match self {
            Self::Classes(labels) => labels.len(),
            Self::Values(values) => values.ncols(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Which kind they are.
    pub fn kind(&self) -> TargetKind {
        match self {
            Self::Classes(_) => TargetKind::Classes,
            Self::Values(_) => TargetKind::Values,
        }
    }

    /// The numbers of the classes.
    ///
    /// # Errors
    /// [`TrainError::Targets`] if the targets are real vectors.
    pub fn classes(self) -> Result<&'a [usize], TrainError> {
        match self {
            Self::Classes(labels) => Ok(labels),
            Self::Values(_) => Err(TrainError::Targets {
                found: TargetKind::Values,
                expected: TargetKind::Classes,
            }),
        }
    }

    /// The real vectors, m×M.
    ///
    /// # Errors
    /// [`TrainError::Targets`] if the targets are numbers of classes.
    pub fn values(self) -> Result<MatRef<'a, f64>, TrainError> {
        match self {
            Self::Values(values) => Ok(values),
            Self::Classes(_) => Err(TrainError::Targets {
                found: TargetKind::Classes,
                expected: TargetKind::Values,
            }),
        }
    }
}

impl<'a, L: AsRef<[usize]> + ?Sized> From<&'a L> for TargetsRef<'a> {
    fn from(labels: &'a L) -> Self {
        Self::Classes(labels.as_ref())
    }
}

impl<'a> From<MatRef<'a, f64>> for TargetsRef<'a> {
    fn from(values: MatRef<'a, f64>) -> Self {
        Self::Values(values)
    }
}

/// The targets of some data points, owned.
///
/// ```
/// use faer::Mat;
/// use snode_train::{TargetKind, Targets};
///
/// let classes = Targets::from(vec![0, 2, 1]);
/// let values = Targets::from(Mat::from_fn(2, 3, |i, j| (i + j) as f64));
/// assert_eq!((classes.len(), values.len()), (3, 3));
/// assert_eq!(values.as_ref().kind(), TargetKind::Values);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Targets {
    /// The numbers of classes, from 0.
    Classes(Vec<usize>),
    /// Real vectors, one a column.
    Values(Mat<f64>),
}

impl Targets {
    /// How many data points they belong to.
    pub fn len(&self) -> usize {
        self.as_ref().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same, borrowed.
    pub fn as_ref(&self) -> TargetsRef<'_> {
        match self {
            Self::Classes(labels) => TargetsRef::Classes(labels),
            Self::Values(values) => TargetsRef::Values(values.as_ref()),
        }
    }

    /// A place for the numbers of `count` classes: what is there already, where it is one.
    pub fn classes_mut(&mut self, count: usize) -> &mut [usize] {
        if !matches!(self, Self::Classes(labels) if labels.len() == count) {
            *self = Self::Classes(vec![0; count]);
        }
        match self {
            Self::Classes(labels) => labels,
            Self::Values(_) => &mut [],
        }
    }

    /// A place for `count` real vectors of so many components: what is there already, where it is one.
    pub fn values_mut(&mut self, components: usize, count: usize) -> MatMut<'_, f64> {
        if !matches!(self, Self::Values(values) if values.shape() == (components, count)) {
            *self = Self::Values(Mat::zeros(components, count));
        }
        match self {
            Self::Values(values) => values.as_mut(),
            Self::Classes(_) => MatMut::from_column_major_slice_mut(&mut [], 0, 0),
        }
    }
}

impl Default for Targets {
    /// No classes.
    fn default() -> Self {
        Self::Classes(Vec::new())
    }
}

impl From<Vec<usize>> for Targets {
    fn from(labels: Vec<usize>) -> Self {
        Self::Classes(labels)
    }
}

impl From<Mat<f64>> for Targets {
    fn from(values: Mat<f64>) -> Self {
        Self::Values(values)
    }
}
