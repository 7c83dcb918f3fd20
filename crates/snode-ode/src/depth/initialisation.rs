//! Initial parameters.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

use super::spline::not_a_knot_weights;
use super::{Grid, Parameters};
use crate::{AffineMap, Real};

/// How the parameters begin: independent N(0, 1/N²) values, N the columns of the weights (n of a dense
/// map, c s² of a convolution; where nodes have weights of several shapes (S43), of the node's own), and how they
/// depend on depth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Initialisation {
    /// Drawn at the integer times 0 … ⌈T⌉ and interpolated entrywise by a not-a-knot cubic spline,
    /// so that the weights are smooth in depth from the start. Takes memory for ⌈T⌉ + 1 draws.
    #[default]
    Spline,
    /// Every node its own draw.
    Independent,
    /// One draw for all nodes.
    Constant,
}

/// Initial parameters of a `map` on `grid`, from the seeded streams of draws. A width n is that of a
/// dense map.
///
/// Draw number j (an integer time, a node, or the only one) is stream j of ChaCha8 under `seed`:
/// the weights column by column, then the biases, as standard normal numbers in f64 divided by N. The
/// same seed therefore gives the same network in `f32` and `f64`, up to rounding.
///
/// ```
/// use snode_ode::{Endpoint, Grid, Initialisation, initialise};
/// let grid = Grid::new(3.0, 30, Endpoint::Excluded).unwrap();
/// let parameters = initialise::<f64>(Initialisation::Spline, 4, &grid, 7);
/// assert_eq!((parameters.width(), parameters.nodes()), (4, 30));
/// ```
///
/// # Panics
/// If the parameters, or the draws of [`Initialisation::Spline`], are more than memory can hold.
pub fn initialise<T: Real>(
    how: Initialisation,
    map: impl Into<AffineMap>,
    grid: &Grid,
    seed: u64,
) -> Parameters<T> {
    let mut parameters = Parameters::zeros(map, grid.nodes());
    let columns = parameters.map().weights_shape().1;
    let len = parameters.node_len();
    let draw = |stream: u64| -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        (0..len)
            .map(|_| {
                let z: f64 = StandardNormal.sample(&mut rng);
                z / columns as f64
            })
            .collect()
    };
    match how {
        Initialisation::Independent => {
            for k in 0..grid.nodes() {
                combine(&[draw(k as u64)], &[1.0], parameters.node_mut(k));
            }
        }
        Initialisation::Constant => {
            let only = [draw(0)];
            for k in 0..grid.nodes() {
                combine(&only, &[1.0], parameters.node_mut(k));
            }
        }
        Initialisation::Spline => {
            let intervals = grid.horizon().ceil().max(1.0) as usize;
            let draws: Vec<Vec<f64>> = (0..=intervals as u64).map(draw).collect();
            let times: Vec<f64> = (0..grid.nodes()).map(|k| grid.time(k)).collect();
            let weights = not_a_knot_weights(intervals, &times);
            for (k, row) in weights.chunks_exact(intervals + 1).enumerate() {
                combine(&draws, row, parameters.node_mut(k));
            }
        }
    }
    if !parameters.map().is_uniform() {
        (0..grid.nodes()).for_each(|k| confine(&mut parameters, k));
    }
    parameters
}

/// Leaves of a node what its map has, with the deviation 1/N for the columns N of its own weights.
fn confine<T: Real>(parameters: &mut Parameters<T>, k: usize) {
    let (largest, columns) = (parameters.map().weights_shape().1, parameters.weights(k).ncols());
    let factor = T::from_f64(largest as f64 / columns as f64);
    let (weights, bias) = (parameters.weights(k).to_owned(), parameters.bias(k).to_owned());
    parameters.node_mut(k).fill(T::ZERO);
    parameters.weights_mut(k).copy_from(faer::Scale(factor) * weights);
    for (to, from) in parameters.bias_mut(k).iter_mut().zip(bias) {
        *to = factor * from;
    }
}

/// `out` = Σ_j `weights[j]` `draws[j]`, summed in f64.
fn combine<T: Real>(draws: &[Vec<f64>], weights: &[f64], out: &mut [T]) {
    for (i, value) in out.iter_mut().enumerate() {
        *value = T::from_f64(draws.iter().zip(weights).map(|(draw, w)| w * draw[i]).sum());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Endpoint;

    #[test]
    fn draws_have_the_stated_spread() {
        let grid = Grid::new(3.0, 3, Endpoint::Excluded).unwrap();
        let width = 60;
        let parameters = initialise::<f64>(Initialisation::Independent, width, &grid, 1);
        let values = parameters.as_slice();
        let mean: f64 = values.iter().sum::<f64>() / values.len() as f64;
        let variance: f64 =
            values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        let expected = 1.0 / (width * width) as f64;
        assert!(mean.abs() < 4.0 * expected.sqrt() / (values.len() as f64).sqrt());
        assert!((variance / expected - 1.0).abs() < 0.05);
    }

    #[test]
    fn spline_passes_through_the_draws_and_both_precisions_agree() {
        let grid = Grid::new(4.0, 8, Endpoint::Included).unwrap();
        let smooth = initialise::<f64>(Initialisation::Spline, 5, &grid, 3);
        let constant = initialise::<f64>(Initialisation::Constant, 5, &grid, 3);
        let first = constant.node(0);
        for (a, b) in smooth.node(0).iter().zip(first) {
            assert!((a - b).abs() < 1e-15);
        }
        let single = initialise::<f32>(Initialisation::Spline, 5, &grid, 3);
        for (a, b) in smooth.as_slice().iter().zip(single.as_slice()) {
            assert_eq!(*a as f32, *b);
        }
    }

    #[test]
    fn seeds_differ() {
        let grid = Grid::new(1.0, 2, Endpoint::Excluded).unwrap();
        let a = initialise::<f64>(Initialisation::Spline, 3, &grid, 0);
        let b = initialise::<f64>(Initialisation::Spline, 3, &grid, 1);
        assert_ne!(a.as_slice(), b.as_slice());
    }
}
