//! How good predictions are.

use faer::MatRef;
use snode_ode::Real;

use super::classify;
use crate::{TargetKind, TargetsRef};

/// How a network did on a set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// How good its predictions were.
    pub fit: Fit,
    /// Of how many data points.
    pub total: usize,
    /// The mean cost, without weight decay; 0 for a set without data points.
    pub cost: f64,
}

/// How good predictions are, by the kind of their targets.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fit {
    /// Of classes.
    Classes {
        /// How many predictions were right.
        correct: usize,
    },
    /// Of real targets.
    Values(ValueErrors),
}

/// The errors of predictions of real targets (S74).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValueErrors {
    /// The mean squared error of a component.
    pub mean_square: f64,
    /// The mean absolute error of a component.
    pub mean_absolute: f64,
    /// R²: 1 for exact predictions, 0 for those no better than the mean target of the set; NaN where all
    /// targets are the same.
    pub r_squared: f64,
}

impl Score {
    /// Of `correct` right predictions of `total`.
    pub fn of_classes(correct: usize, total: usize, cost: f64) -> Self {
        Self { fit: Fit::Classes { correct }, total, cost }
    }

    /// Of a set without data points.
    pub(super) fn none(kind: TargetKind) -> Self {
        let fit = match kind {
            TargetKind::Classes => Fit::Classes { correct: 0 },
            TargetKind::Values => Fit::Values(ValueErrors::NONE),
        };
        Self { fit, total: 0, cost: 0.0 }
    }

    /// The fraction of a classification that was right, 0 to 1; 0 for a set without data points. None
    /// of a regression.
    pub fn accuracy(&self) -> Option<f64> {
        match self.fit {
            Fit::Classes { correct } => Some(correct as f64 / self.total.max(1) as f64),
            Fit::Values(_) => None,
        }
    }

    /// How many predictions of a classification were right. None of a regression.
    pub fn correct(&self) -> Option<usize> {
        match self.fit {
            Fit::Classes { correct } => Some(correct),
            Fit::Values(_) => None,
        }
    }

    /// The errors of a regression. None of a classification.
    pub fn errors(&self) -> Option<ValueErrors> {
        match self.fit {
            Fit::Values(errors) => Some(errors),
            Fit::Classes { .. } => None,
        }
    }

    /// A number that is larger for a better score: the accuracy, or minus the mean squared error.
    pub fn merit(&self) -> f64 {
        match self.fit {
            Fit::Classes { correct } => correct as f64 / self.total.max(1) as f64,
            Fit::Values(errors) => -errors.mean_square,
        }
    }
}

impl Fit {
    /// Of outputs, or scores, one a column: class c is predicted by the largest of the first `scores`
    /// rows, a real target by these rows themselves.
    ///
    /// # Panics
    /// If there are not as many targets as columns, or real ones have other than `scores` components.
    pub fn of<T: Real>(output: MatRef<'_, T>, targets: TargetsRef<'_>, scores: usize) -> Self {
        match targets {
            TargetsRef::Classes(labels) => {
                let predicted = classify(output, scores);
                let correct = predicted.iter().zip(labels).filter(|(p, l)| p == l).count();
                Self::Classes { correct }
            }
            TargetsRef::Values(values) => {
                let mut sums = ErrorSums::new(scores);
                sums.add(output, values);
                Self::Values(sums.errors())
            }
        }
    }
}

impl ValueErrors {
    const NONE: Self = Self { mean_square: 0.0, mean_absolute: 0.0, r_squared: f64::NAN };
}

/// What [`ValueErrors`] are made of, collected from several groups of data points.
///
/// ```
/// use faer::mat;
/// use snode_train::ErrorSums;
///
/// let mut sums = ErrorSums::new(1);
/// sums.add(mat![[1.0, 2.0]].as_ref(), mat![[1.0, 3.0]].as_ref());
/// sums.add(mat![[5.0]].as_ref(), mat![[5.0]].as_ref());
/// let errors = sums.errors();
/// assert_eq!((errors.mean_square, errors.mean_absolute), (1.0 / 3.0, 1.0 / 3.0));
/// assert_eq!(errors.r_squared, 1.0 - 1.0 / 8.0);
/// ```
#[derive(Clone, Debug)]
pub struct ErrorSums {
    count: usize,
    squares: f64,
    absolute: f64,
    /// The mean of each component's targets so far, and the sum of squared distances from it.
    components: Vec<(f64, f64)>,
}

impl ErrorSums {
    /// Of targets of so many components; of no data points yet.
    pub fn new(components: usize) -> Self {
        Self { count: 0, squares: 0.0, absolute: 0.0, components: vec![(0.0, 0.0); components] }
    }

    /// Adds predictions, the first rows of `output`, of the targets `values`, one data point a column.
    ///
    /// # Panics
    /// If `values` is not components × columns, or `output` has fewer rows.
    pub fn add<T: Real>(&mut self, output: MatRef<'_, T>, values: MatRef<'_, f64>) {
        assert_eq!(values.shape(), (self.components.len(), output.ncols()), "targets");
        for j in 0..values.ncols() {
            self.count += 1;
            for (i, (mean, spread)) in self.components.iter_mut().enumerate() {
                let target = values[(i, j)];
                let residual = output[(i, j)].to_f64() - target;
                self.squares += residual * residual;
                self.absolute += residual.abs();
                // Welford's update: without cancellation for targets far from 0.
                let before = target - *mean;
                *mean += before / self.count as f64;
                *spread += before * (target - *mean);
            }
        }
    }

    /// The errors so far.
    pub fn errors(&self) -> ValueErrors {
        let numbers = (self.count * self.components.len()) as f64;
        if numbers == 0.0 {
            return ValueErrors::NONE;
        }
        let spread: f64 = self.components.iter().map(|(_, spread)| spread).sum();
        let r_squared = if spread > 0.0 { 1.0 - self.squares / spread } else { f64::NAN };
        ValueErrors {
            mean_square: self.squares / numbers,
            mean_absolute: self.absolute / numbers,
            r_squared,
        }
    }
}
