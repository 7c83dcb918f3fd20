//! The network before any training.

use snode_ode::{AffineMap, Grid, Network};

use crate::number::Number;
use crate::resolved::ResolvedExperiment;
use crate::schema::InitialDistribution;

/// The network of a resolved experiment before any training, for images of so many rows and columns.
///
/// # Errors
/// What is wrong, if the map or the grid in depth cannot be.
pub fn initial_network<T: Number>(
    experiment: &ResolvedExperiment,
    shape: (usize, usize),
) -> std::result::Result<Network<T>, String> {
    let (keys, seed) = (&experiment.keys.network, experiment.keys.seed);
    let grid = Grid::new(keys.horizon, keys.layers, experiment.scheme().endpoint())
        .map_err(|error| error.to_string())?;
    let map = experiment.map(shape).map_err(|error| error.to_string())?;
    let how = keys.initialisation;
    let mut network = Network::initial(map, grid, keys.activation, how, seed);
    let (distribution, gain) =
        (keys.initial_distribution.unwrap_or_default(), keys.initial_gain.unwrap_or(1.0));
    for k in 0..network.parameters().nodes() {
        scale(distribution, gain, &mut network, k);
    }
    let network = network.with_readout(experiment.readout());
    let inputs = shape.0 * shape.1;
    if map == AffineMap::dense(inputs) {
        return Ok(network);
    }
    network.with_inputs(inputs, 0.0).map_err(|error| error.to_string())
}

/// Gives node k the distribution; it has the paper's with a gain of one.
fn scale<T: Number>(
    distribution: InitialDistribution,
    gain: f64,
    network: &mut Network<T>,
    k: usize,
) {
    let products = network.parameters().weights(k).ncols();
    let factor = match distribution {
        InitialDistribution::Paper => gain,
        InitialDistribution::He => gain * (2.0 * products as f64).sqrt(),
    };
    let factor: T = snode_ode::Real::from_f64(factor);
    network.parameters_mut().node_mut(k).iter_mut().for_each(|number| *number *= factor);
    if distribution == InitialDistribution::He {
        network.parameters_mut().bias_mut(k).fill(T::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use snode_ode::Network;

    use super::initial_network;
    use crate::{ExperimentFile, resolve};

    /// The standard deviations of the weights and of the biases of each of two layers, with `lines` in `[network]`.
    fn deviations(lines: &str) -> Vec<[f64; 2]> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network.toml");
        let text = format!(
            "[network]\nmap = \"convolution\"\nchannels = 16\nresolutions = [1, 1]\nlayers = 2\n\
             readout = \"pattern\"\ninitialisation = \"independent\"\n{lines}\n"
        );
        std::fs::write(&path, text).unwrap();
        let experiment = resolve(&ExperimentFile::read(&path, &[]).unwrap()).unwrap();
        let network: Network<f64> = initial_network(&experiment, (14, 14)).unwrap();
        let deviation = |numbers: Vec<f64>| {
            let count = numbers.len() as f64;
            (numbers.into_iter().map(|number| number * number).sum::<f64>() / count).sqrt()
        };
        (0..2)
            .map(|k| {
                let (weights, biases) =
                    (network.parameters().weights(k), network.parameters().bias(k));
                let weights = weights
                    .col_iter()
                    .flat_map(|column| column.iter().copied().collect::<Vec<_>>());
                [deviation(weights.collect()), deviation(biases.to_vec())]
            })
            .collect()
    }

    /// Sums have 144 products at first, and 576 of blocks of 2×2 pixels.
    #[test]
    fn the_first_parameters_have_the_distribution_that_is_asked_for() {
        let he = r#"initial_distribution = "he""#;
        let paper = |gain: f64| [[gain / 144.0; 2], [gain / 576.0; 2]];
        let of_he =
            |gain: f64| [144.0, 576.0].map(|products: f64| [gain * (2.0 / products).sqrt(), 0.0]);
        for (lines, expected) in [
            (String::new(), paper(1.0)),
            ("initial_gain = 3.0".to_owned(), paper(3.0)),
            (he.to_owned(), of_he(1.0)),
            (format!("{he}\ninitial_gain = 0.5"), of_he(0.5)),
        ] {
            for (found, expected) in
                deviations(&lines).as_flattened().iter().zip(expected.as_flattened())
            {
                // There are as few as 16 biases.
                assert!((found - expected).abs() <= 0.5 * expected, "{lines}: {found}, {expected}");
            }
        }
    }
}
