//! What belongs to the inputs of a data set.

use std::fmt;

use crate::limits::MAX_CLASSES;
use crate::{Error, Result};

/// What belongs to each input.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// The number of a class, from 0.
    Classes(Vec<u8>),
    /// A vector of real numbers.
    Vectors {
        /// How many numbers a vector has, at least 1.
        components: usize,
        /// The numbers, vector after vector; all of them finite.
        values: Vec<f64>,
    },
}

impl Targets {
    /// How many inputs they belong to.
    pub fn len(&self) -> usize {
        match self {
            Self::Classes(labels) => labels.len(),
            Self::Vectors { components, values } => values.len() / components.max(&1),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The real vector that belongs to an input; none of a class, or of an input that there is not.
    pub fn vector(&self, index: usize) -> Option<&[f64]> {
        match self {
            Self::Classes(_) => None,
            Self::Vectors { components, values } => {
                values.get(index.checked_mul(*components)?..)?.get(..*components)
            }
        }
    }

    /// What belongs to an input, for people: `class 3`, or `target 0.5, -1`. Empty of one that
    /// there is not.
    pub fn describe(&self, index: usize) -> String {
        match self {
            Self::Classes(labels) => {
                labels.get(index).map_or_else(String::new, |label| format!("class {label}"))
            }
            Self::Vectors { .. } => {
                let texts = self.vector(index).unwrap_or(&[]).iter().map(f64::to_string);
                format!("target {}", texts.collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// What they are called, for messages.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Classes(_) => "labels",
            Self::Vectors { .. } => "targets",
        }
    }

    /// The numbers of the classes; empty of real vectors.
    pub(crate) fn labels(&self) -> &[u8] {
        match self {
            Self::Classes(labels) => labels,
            Self::Vectors { .. } => &[],
        }
    }

    /// Those at `indices`, which there have to be.
    pub(crate) fn select(&self, indices: &[usize]) -> Self {
        match self {
            Self::Classes(labels) => {
                Self::Classes(indices.iter().map(|&index| labels[index]).collect())
            }
            Self::Vectors { components, .. } => {
                let values = indices.iter().flat_map(|&index| self.vector(index).unwrap_or(&[]));
                Self::Vectors { components: *components, values: values.copied().collect() }
            }
        }
    }

    /// Refuses vectors that are none, or hold a number that is not finite.
    pub(crate) fn check(&self) -> Result<()> {
        let Self::Vectors { components, values } = self else { return Ok(()) };
        if *components == 0 || !values.len().is_multiple_of(*components) {
            let (found, expected) = (values.len(), *components);
            return Err(Error::Length { what: "numbers of real targets", found, expected });
        }
        match values.iter().find(|value| !value.is_finite()) {
            Some(&found) => {
                Err(Error::Parameter { what: "a target", found, allowed: "finite numbers" })
            }
            None => Ok(()),
        }
    }
}

/// What is to be learnt from a data set: written as `10 classes`, or `real targets of 2 components`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Which class an input belongs to.
    Classification {
        /// C, the number of classes, 1 to 256; labels are 0 to C − 1.
        classes: usize,
    },
    /// A vector of real numbers.
    Regression {
        /// m, how many numbers it has, at least 1.
        components: usize,
    },
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Classification { classes } => write!(f, "{classes} classes"),
            Self::Regression { components: 1 } => f.write_str("real targets of 1 component"),
            Self::Regression { components } => {
                write!(f, "real targets of {components} components")
            }
        }
    }
}

impl Task {
    /// How many scores a network gives an input: C, or m.
    pub fn scores(self) -> usize {
        match self {
            Self::Classification { classes } => classes,
            Self::Regression { components } => components,
        }
    }

    /// Refuses targets that are of another task; `split` says of which split they are.
    pub(crate) fn check(self, split: &'static str, targets: &Targets) -> Result<()> {
        match (self, targets) {
            (Self::Classification { classes }, Targets::Classes(labels)) => {
                label_outside(labels, classes).map_or(Ok(()), |index| {
                    let found = labels[index];
                    Err(Error::Label { split, index, found, classes })
                })
            }
            (Self::Regression { components }, Targets::Vectors { components: found, .. })
                if components == *found =>
            {
                Ok(())
            }
            _ => Err(Error::TargetsDiffer { split }),
        }
    }

    /// The task of training targets.
    pub(crate) fn of(targets: &Targets, classes: usize) -> Self {
        match targets {
            Targets::Classes(_) => Self::Classification { classes },
            Targets::Vectors { components, .. } => Self::Regression { components: *components },
        }
    }

    /// Whether classes are allowed: 1 to 256 of them.
    pub(crate) fn check_count(self) -> Result<()> {
        match self {
            Self::Classification { classes } => {
                crate::images::check_count("number of classes", classes, 1, MAX_CLASSES)
            }
            Self::Regression { components } => {
                let most = crate::limits::MAX_PIXELS;
                crate::images::check_count("components of a target", components, 1, most)
            }
        }
    }
}

/// The position of the first label that is not below `classes`.
pub(crate) fn label_outside(labels: &[u8], classes: usize) -> Option<usize> {
    labels.iter().position(|&label| usize::from(label) >= classes)
}
