//! The one thing an attack needs: a map that can be linearised.

use faer::{MatMut, MatRef};
use snode_ode::Real;

use crate::AttackError;

/// A differentiable map from inputs of n numbers to C outputs, the largest of which is the predicted
/// class: a network under attack.
///
/// Everything is done on batches: matrices with one data point a column. Derivatives are taken at
/// the points of the last [`linearise`](Self::linearise), several directions for each of its M
/// points at once: column i·M + j of `v` or `w` belongs to point j.
///
/// [`SolvedNetwork`](crate::SolvedNetwork) implements it for neural ODEs under any scheme and for
/// residual networks. A model of your own does so in a page:
///
/// ```
/// use faer::{Mat, MatMut, MatRef};
/// use snode_attack::{
///     Attack, AttackError, AttackOptions, DeepFool, Linearisable, MovingTarget, Outcome, attack,
/// };
///
/// /// z = A tanh(x).
/// struct Mine {
///     a: Mat<f64>,
///     slopes: Mat<f64>,
/// }
///
/// impl Linearisable<f64> for Mine {
///     fn inputs(&self) -> usize {
///         self.a.ncols()
///     }
///
///     fn classes(&self) -> usize {
///         self.a.nrows()
///     }
///
///     fn linearise(&mut self, x: MatRef<'_, f64>, mut z: MatMut<'_, f64>) -> Result<(), AttackError> {
///         let hidden = Mat::from_fn(x.nrows(), x.ncols(), |i, j| x[(i, j)].tanh());
///         self.slopes = Mat::from_fn(x.nrows(), x.ncols(), |i, j| 1.0 - hidden[(i, j)].powi(2));
///         z.copy_from(&self.a * &hidden);
///         Ok(())
///     }
///
///     fn jvp(&mut self, v: MatRef<'_, f64>, mut out: MatMut<'_, f64>) -> Result<(), AttackError> {
///         let points = self.slopes.ncols();
///         let v = Mat::from_fn(v.nrows(), v.ncols(), |i, j| v[(i, j)] * self.slopes[(i, j % points)]);
///         out.copy_from(&self.a * v);
///         Ok(())
///     }
///
///     fn vjp(&mut self, w: MatRef<'_, f64>, mut out: MatMut<'_, f64>) -> Result<(), AttackError> {
///         let points = self.slopes.ncols();
///         let g = self.a.transpose() * w;
///         for j in 0..g.ncols() {
///             for i in 0..g.nrows() {
///                 out[(i, j)] = g[(i, j)] * self.slopes[(i, j % points)];
///             }
///         }
///         Ok(())
///     }
/// }
///
/// let a = Mat::from_fn(3, 4, |i, j| ((3 * i + 2 * j) % 5) as f64);
/// let mut model = Mine { a, slopes: Mat::new() };
/// let images = Mat::from_fn(4, 2, |i, j| -0.1 * (1 + (i + 2 * j) % 4) as f64);
/// let labels = snode_attack::predict(&mut model, images.as_ref(), 100)?;
/// for method in [&MovingTarget::default() as &dyn Attack<f64>, &DeepFool::default()] {
///     let results = attack(&mut model, method, images.as_ref(), &labels, &AttackOptions::default())?;
///     assert_eq!(results.images[0].outcome, Outcome::Fooled);
///     assert!(results.images[0].norm2 < 0.5);
/// }
/// # Ok::<(), AttackError>(())
/// ```
///
/// An error of the model's own becomes an [`AttackError`] by `?`, once it is boxed
/// ([`ModelError`](crate::ModelError)).
pub trait Linearisable<T: Real> {
    /// n.
    fn inputs(&self) -> usize;

    /// C.
    fn classes(&self) -> usize;

    /// `z` (C×M) = z(`x`) for points `x` (n×M), keeping what derivatives there need.
    ///
    /// # Errors
    /// If it cannot be computed.
    fn linearise(&mut self, x: MatRef<'_, T>, z: MatMut<'_, T>) -> Result<(), AttackError>;

    /// `z` (C×M) = z(`x`) for points `x` (n×M), for predictions; may forget where the map was
    /// linearised.
    ///
    /// # Errors
    /// As [`linearise`](Self::linearise).
    fn evaluate(&mut self, x: MatRef<'_, T>, z: MatMut<'_, T>) -> Result<(), AttackError> {
        self.linearise(x, z)
    }

    /// `out` (C×rM) = J `v` for directions `v` (n×rM).
    ///
    /// # Errors
    /// If it cannot be computed, or the map was never linearised.
    fn jvp(&mut self, v: MatRef<'_, T>, out: MatMut<'_, T>) -> Result<(), AttackError>;

    /// `out` (n×rM) = Jᵀ `w` for weights `w` (C×rM) of the outputs.
    ///
    /// # Errors
    /// As [`jvp`](Self::jvp).
    fn vjp(&mut self, w: MatRef<'_, T>, out: MatMut<'_, T>) -> Result<(), AttackError>;
}
