//! Losses: what a network is trained for (S70).

mod huber;
mod line;
mod residual;
mod squared;

pub use huber::HuberLoss;
pub use line::Line;
pub use squared::SquaredLoss;

use std::fmt;

use faer::{Mat, MatMut, MatRef};
use snode_ode::{Network, Real};

use crate::probe::random_signs;
use crate::{CostValue, TargetKind, TargetsRef, TrainError};

/// A loss φ (S70): what it costs that a data point of target y ends in x(T). A batch costs the mean.
///
/// The paper's is [`Cost`](crate::Cost); [`SquaredLoss`] and [`HuberLoss`] are for real targets. Implement
/// the trait to train for another one: every method of training works with any. What penalises
/// parameters is no part of it, but of the [`Objective`](crate::Objective).
///
/// Everything is computed for whole batches, so that a call costs nothing against its work. x(T) is
/// n×M, one data point a column; under a readout other than `components` there are only the scores in
/// its place ([`scores`](Self::scores)×M).
///
/// The distance to targets with a power p, which for p = 2 is a squared loss:
///
/// ```
/// use faer::{Mat, MatMut, MatRef};
/// use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network, Real};
/// use snode_train::{
///     CostValue, Line, Loss, Ncg, NcgOptions, Objective, TargetKind, TargetsRef, TrainError,
/// };
///
/// #[derive(Debug)]
/// struct Power {
///     components: usize,
///     /// p > 1: the loss is convex and has a derivative.
///     exponent: f64,
/// }
///
/// impl Power {
///     /// |r|ᵖ/p, its derivative, and its second derivative.
///     fn of(&self, r: f64) -> [f64; 3] {
///         let p = self.exponent;
///         let (size, sign) = (r.abs(), r.signum());
///         [size.powf(p) / p, sign * size.powf(p - 1.0), (p - 1.0) * size.powf(p - 2.0)]
///     }
/// }
///
/// impl<T: Real> Loss<T> for Power {
///     fn scores(&self) -> usize {
///         self.components
///     }
///
///     fn target_kind(&self) -> TargetKind {
///         TargetKind::Values
///     }
///
///     fn value_and_terminal(
///         &self,
///         _: &Network<T>,
///         output: MatRef<'_, T>,
///         targets: TargetsRef<'_>,
///         mut terminal: MatMut<'_, T>,
///     ) -> Result<CostValue, TrainError> {
///         let y = targets.values()?;
///         let per_point = 1.0 / y.ncols() as f64;
///         let mut sum = 0.0;
///         for j in 0..y.ncols() {
///             for i in 0..self.components {
///                 let [value, slope, _] = self.of(output[(i, j)].to_f64() - y[(i, j)]);
///                 sum += value;
///                 terminal[(i, j)] = T::from_f64(per_point * slope);
///             }
///         }
///         Ok(CostValue { other: per_point * sum, ..CostValue::default() })
///     }
///
///     // φ′ needs the residuals and how they move: two numbers for each.
///     fn linearise(
///         &self,
///         _: &Network<T>,
///         [output, sensitivity]: [MatRef<'_, T>; 2],
///         targets: TargetsRef<'_>,
///         line: &mut Line,
///     ) -> Result<(), TrainError> {
///         let y = targets.values()?;
///         for j in 0..y.ncols() {
///             for i in 0..self.components {
///                 let residual = output[(i, j)].to_f64() - y[(i, j)];
///                 line.values.extend([residual, sensitivity[(i, j)].to_f64()]);
///             }
///         }
///         Ok(())
///     }
///
///     fn add_rest(&self, line: &Line, eta: f64, [first, second]: &mut [f64; 2]) {
///         let per_point = self.components as f64 / (line.values.len() / 2) as f64;
///         for pair in line.values.chunks_exact(2) {
///             let [_, slope, curvature] = self.of(pair[0] + eta * pair[1]);
///             *first += per_point * pair[1] * slope;
///             *second += per_point * pair[1] * pair[1] * curvature;
///         }
///     }
/// }
///
/// // The network is to learn the rotation of points by a right angle.
/// let x = Mat::from_fn(2, 20, |i, j| f64::sin(0.3 * j as f64 + 1.5 * i as f64));
/// let y = Mat::from_fn(2, 20, |i, j| if i == 0 { -x[(1, j)] } else { x[(0, j)] });
/// let grid = Grid::new(1.0, 20, Endpoint::Excluded)?;
/// let mut network = Network::initial(2, grid, Activation::Tanh, Initialisation::Spline, 1);
/// let objective = Objective::new(Power { components: 2, exponent: 3.0 });
/// let scheme = Box::new(Euler::new());
/// let mut ncg = Ncg::new(scheme, objective, NcgOptions::default(), &network)?;
/// let first = ncg.iterate(&mut network, x.as_ref(), y.as_ref())?;
/// let mut last = first;
/// for _ in 0..30 {
///     last = ncg.iterate(&mut network, x.as_ref(), y.as_ref())?;
/// }
/// assert!(last.cost.total() < first.cost.total() / 100.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Loss<T: Real>: fmt::Debug + Send + Sync {
    /// How many scores of a data point the loss is about: C classes, or the m components of a target. A
    /// network needs as many components, or a readout as many scores.
    fn scores(&self) -> usize;

    /// What belongs to a data point.
    fn target_kind(&self) -> TargetKind;

    /// The mean of φ over the batch and, in `terminal`, λ(T) = ∂/∂x(T) of it: 1/M is part of both.
    ///
    /// `terminal` has the shape of `output` and is 0; both are of `network`, which most losses need not
    /// know. Sums are best taken in `f64`.
    ///
    /// # Errors
    /// If targets do not fit, or there are none.
    fn value_and_terminal(
        &self,
        network: &Network<T>,
        output: MatRef<'_, T>,
        targets: TargetsRef<'_>,
        terminal: MatMut<'_, T>,
    ) -> Result<CostValue, TrainError>;

    /// Collects in `line`, which is empty, what φ′ along x(T) + ηξ(T) is made of (S71), from `outputs`, x(T)
    /// and ξ(T), and targets that [`value_and_terminal`](Self::value_and_terminal) has taken.
    ///
    /// # Errors
    /// If targets do not fit.
    fn linearise(
        &self,
        network: &Network<T>,
        outputs: [MatRef<'_, T>; 2],
        targets: TargetsRef<'_>,
        line: &mut Line,
    ) -> Result<(), TrainError>;

    /// Adds to φ′(η) and φ″(η) the rest ρ(η) and ρ′(η) of (S71), made of the values in `line`. φ′ has to
    /// grow. Not called where there are no values.
    fn add_rest(&self, line: &Line, eta: f64, derivatives: &mut [f64; 2]) {
        let _ = (line, eta, derivatives);
    }

    /// Whether φ attains its minimum along every line, where it falls at first. Where φ′ and φ″ are both
    /// 0 is then a minimum; else φ may fall for ever, and have underflowed.
    fn attains_minimum(&self) -> bool {
        false
    }

    /// Refuses a loss that cannot be trained for.
    ///
    /// # Errors
    /// [`TrainError::Cost`] or [`TrainError::Option`] with the reason.
    fn check(&self) -> Result<(), TrainError> {
        Ok(())
    }

    /// λ(T) for every data point of outputs x(T) (n×M), of mean 0 and covariance about that of the second
    /// derivative of φ: what [`Kronecker`](crate::space::Kronecker) factors are learnt from (S54). Random
    /// signs in the scores unless a loss says more: a metric need not be exact.
    fn final_values(&self, output: MatRef<'_, T>, draw: u64) -> Mat<T> {
        random_signs(self.scores(), output, draw)
    }
}
