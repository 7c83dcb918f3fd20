//! Uncertainty of predictions from the sensitivity problem, without noisy data.

mod chi;
mod distribution;
mod predictions;
mod reliability;

use faer::{Mat, MatRef};
use rayon::prelude::*;
use snode_ode::{Across, Network, Real, Scheme, Scores, SolveError, Trajectory};
use snode_train::TrainError;

pub use distribution::{NearestClass, ScoreDistributions};
pub use reliability::{ReliabilityBin, calibration_error, reliability};

use crate::AnalysisError;
use crate::noise::check_components;

/// What the noise is on whose effect on the scores is estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoiseSource {
    /// The components of the input, independently (S63).
    #[default]
    Input,
    /// Every entry of W and b at every node, independently (S64).
    Parameters,
    /// Every entry of W and b, the same at every depth (S64).
    ConstantParameters,
}

/// How the distribution of scores is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UncertaintyOptions {
    /// What the noise is on.
    pub on: NoiseSource,
    /// How many components of an input are data, the first ones; noise on the input moves no others.
    /// All of them if not given.
    pub components: Option<usize>,
    /// How many images are solved for at once. Memory grows with it.
    pub batch: usize,
}

impl Default for UncertaintyOptions {
    /// Noise on all components of the input, 100 images at once.
    fn default() -> Self {
        Self { on: NoiseSource::Input, components: None, batch: 100 }
    }
}

/// The scores of every image (a column of `x0`, data×N), and their covariance under noise, from C columns of
/// the adjoint problem an image (S63, S64).
///
/// Any scheme will do. Noise on the parameters is cheap under Euler's scheme at every node; else it
/// takes C gradients an image.
///
/// # Errors
/// If an option is out of its range, there are more classes than the network is wide, or a problem
/// cannot be solved.
pub fn score_distributions<T: Real>(
    scheme: &mut dyn Scheme<T>,
    network: &Network<T>,
    x0: MatRef<'_, T>,
    classes: usize,
    options: &UncertaintyOptions,
) -> Result<ScoreDistributions, AnalysisError> {
    let lifting = network.lifting();
    let width = lifting.inputs();
    if x0.nrows() != width {
        return Err(AnalysisError::Solve(SolveError::Shape {
            operation: "the data of a network".into(),
            expected: (width, x0.ncols()),
            found: x0.shape(),
        }));
    }
    check_components(options.components, width)?;
    let scores_of =
        Scores::new(network.readout(), network.map(), classes).map_err(TrainError::from)?;
    AnalysisError::require("batch", options.batch as f64, options.batch > 0, "at least 1")?;
    let components = options.components.unwrap_or(width);
    // By gradients there is nothing to share between images, see Trajectory::parameter_grams.
    let batch = if options.on == NoiseSource::ConstantParameters { 1 } else { options.batch };
    let (mut scores, mut covariances) = (Vec::new(), Vec::new());
    for first in (0..x0.ncols()).step_by(batch) {
        let images = batch.min(x0.ncols() - first);
        let mut state = Mat::zeros(network.width(), images);
        lifting.lift(x0.subcols(first, images), state.as_mut());
        let mut trajectory = scheme.direct(network, state.as_ref())?;
        let mut read = Mat::zeros(classes, images);
        scores_of.read(trajectory.output(), read.as_mut());
        let read = &read;
        scores.extend((0..images).flat_map(|j| (0..classes).map(move |c| read[(c, j)].to_f64())));
        covariances.extend(covariances_of(&mut trajectory, &scores_of, components, options.on)?);
    }
    Ok(ScoreDistributions::new(classes, scores, covariances))
}

/// C×C numbers for each data point of a trajectory.
fn covariances_of<T: Real>(
    trajectory: &mut Trajectory<'_, T>,
    scores: &Scores<T>,
    components: usize,
    on: NoiseSource,
) -> Result<Vec<f64>, AnalysisError> {
    let classes = scores.classes();
    let (n, m) = trajectory.output().shape();
    let mut terminals = Mat::zeros(n, classes * m);
    scores.pull_back(unit_columns::<T>(m, classes).as_ref(), terminals.as_mut());
    let across = match on {
        NoiseSource::Input => {
            let mut rows = Mat::zeros(n, classes * m);
            trajectory.adjoint_columns(terminals.as_ref(), rows.as_mut())?;
            let lifting = trajectory.network().lifting();
            let mut of_inputs = Mat::zeros(lifting.inputs(), classes * m);
            lifting.restrict(rows.as_ref(), of_inputs.as_mut());
            return Ok(products(&of_inputs, classes, components));
        }
        NoiseSource::Parameters => Across::Nodes,
        NoiseSource::ConstantParameters => Across::Depth,
    };
    let mut grams = Mat::zeros(classes * classes, m);
    trajectory.parameter_grams(terminals.as_ref(), across, grams.as_mut())?;
    Ok((0..m).flat_map(|j| grams.col_as_slice(j).to_vec()).collect())
}

/// e_c for each class c, once for each of m data points.
fn unit_columns<T: Real>(m: usize, classes: usize) -> Mat<T> {
    Mat::from_fn(
        classes,
        classes * m,
        |i, column| if i == column / m.max(1) { T::ONE } else { T::ZERO },
    )
}

/// P Pᵀ of each data point, over the first `components` columns of P, where column c·M + j of `rows` is
/// row c of point j's P.
fn products<T: Real>(rows: &Mat<T>, classes: usize, components: usize) -> Vec<f64> {
    let m = rows.ncols() / classes;
    let mut all = vec![0.0; m * classes * classes];
    all.par_chunks_mut(classes * classes).enumerate().for_each(|(j, product)| {
        let row = |c: usize| &rows.col_as_slice(c * m + j)[..components];
        for (a, b) in (0..classes).flat_map(|a| (0..=a).map(move |b| (a, b))) {
            let pairs = row(a).iter().zip(row(b));
            let value = pairs.map(|(a, b)| a.to_f64() * b.to_f64()).sum();
            (product[a * classes + b], product[b * classes + a]) = (value, value);
        }
    });
    all
}
