//! The weights and images that all peers start from, in one .npz file.
//!
//! Nodes are stored as snode has them: weights column by column, biases behind. Numbers are double precision; who
//! works in single precision rounds them.

use std::collections::HashMap;
use std::io::Cursor;
use std::path::Path;

use faer::{Mat, MatRef};
use snode_attack::{SolvedNetwork, predict};
use snode_benches::{BATCH, LAYERS, WIDTH, network};
use snode_data::{Encoding, mnist};
use snode_numpy::{Archive, ArchiveWriter, NumpyError};
use snode_ode::{
    Activation, AffineMap, Endpoint, Euler, Grid, Initialisation, Network, Parameters, Real,
};
use snode_resnet::{Optimiser, RmsProp, Sgd, SgdOptions};
use snode_train::Cost;

use crate::Result;

/// C.
pub const CLASSES: usize = 10;
/// Layers, horizon and pixels of the convolutional networks.
pub const CONVOLUTION_LAYERS: usize = 10;
const CONVOLUTION_HORIZON: f64 = 10.0;
const SIDE: usize = 14;
/// Channels of the convolutional networks.
pub const CHANNELS: [usize; 3] = [8, 16, 32];
/// Steps that the network under attack is trained by.
const STEPS: usize = 400;
/// More bytes than the file has.
const LONGEST: u64 = 1 << 30;

/// The arrays by their names.
pub struct Data(HashMap<String, Vec<f64>>);

impl Data {
    pub fn read(path: &Path) -> Result<Self> {
        let mut archive = Archive::open(Cursor::new(std::fs::read(path)?), LONGEST)?;
        let mut arrays = HashMap::new();
        for name in archive.names() {
            let name = name.trim_end_matches(".npy");
            let header = archive.header(name)?.ok_or("an array is missing")?;
            let kind = header.number_type(name)?;
            let len = header.shape.iter().product::<usize>();
            let numbers = archive.numbers(name, &header, kind, |next| {
                (0..len).map(|_| next()).collect::<std::result::Result<Vec<f64>, NumpyError>>()
            })?;
            arrays.insert(name.to_owned(), numbers);
        }
        Ok(Self(arrays))
    }

    fn array(&self, name: &str) -> Result<&[f64]> {
        Ok(self.0.get(name).ok_or_else(|| format!("{name} is missing"))?)
    }

    fn numbers<T: Real>(&self, name: &str) -> Result<Vec<T>> {
        Ok(self.array(name)?.iter().map(|value| T::from_f64(*value)).collect())
    }

    pub fn images<T: Real>(&self, name: &str, width: usize) -> Result<Mat<T>> {
        let numbers = self.numbers::<T>(name)?;
        let columns = numbers.len() / width;
        Ok(MatRef::from_column_major_slice(&numbers, width, columns).to_owned())
    }

    pub fn labels(&self, name: &str) -> Result<Vec<usize>> {
        Ok(self.array(name)?.iter().map(|label| *label as usize).collect())
    }

    /// The dense network of this name.
    pub fn dense<T: Real>(
        &self,
        name: &str,
        activation: Activation,
        endpoint: Endpoint,
    ) -> Result<Network<T>> {
        self.network(name, AffineMap::dense(WIDTH), Grid::new(3.0, LAYERS, endpoint)?, activation)
    }

    /// The convolutional network with so many channels.
    pub fn convolution<T: Real>(
        &self,
        channels: usize,
        activation: Activation,
    ) -> Result<Network<T>> {
        let (map, grid) = convolution(channels)?;
        self.network(&format!("convolution_{channels}"), map, grid, activation)
    }

    fn network<T: Real>(
        &self,
        name: &str,
        map: AffineMap,
        grid: Grid,
        activation: Activation,
    ) -> Result<Network<T>> {
        let mut parameters = Parameters::zeros(map, grid.nodes());
        parameters.as_mut_slice().copy_from_slice(&self.numbers(name)?);
        Ok(Network::new(parameters, grid, activation)?)
    }
}

/// The numbers of a matrix, column by column.
fn numbers<T: Real>(x: &Mat<T>) -> impl Iterator<Item = f64> {
    (0..x.ncols()).flat_map(move |j| x.col(j).iter()).map(|value| value.to_f64())
}

/// ‖x‖, over all numbers.
pub fn norm<T: Real>(x: &Mat<T>) -> f64 {
    numbers(x).map(|value| value * value).sum::<f64>().sqrt()
}

fn convolution(channels: usize) -> Result<(AffineMap, Grid)> {
    let map = AffineMap::convolution(channels, (SIDE, SIDE), 3)?;
    Ok((map, Grid::new(CONVOLUTION_HORIZON, CONVOLUTION_LAYERS, Endpoint::Excluded)?))
}

struct Writer(ArchiveWriter);

impl Writer {
    fn add(
        &mut self,
        name: &str,
        shape: &[usize],
        numbers: impl Iterator<Item = f64>,
    ) -> Result<()> {
        let bytes: Vec<u8> = numbers.flat_map(f64::to_le_bytes).collect();
        Ok(self.0.add(name, "<f8", shape, &bytes)?)
    }

    fn parameters<T: Real>(&mut self, name: &str, parameters: &Parameters<T>) -> Result<()> {
        let shape = [parameters.nodes(), parameters.node_len()];
        self.add(name, &shape, parameters.as_slice().iter().map(|value| value.to_f64()))
    }

    fn images<T: Real>(&mut self, name: &str, images: &Mat<T>) -> Result<()> {
        self.add(name, &[images.ncols(), images.nrows()], numbers(images))
    }

    fn labels(&mut self, name: &str, labels: &[usize]) -> Result<()> {
        self.add(name, &[labels.len()], labels.iter().map(|label| *label as f64))
    }
}

/// MNIST at 14×14 pixels, and the labels: the training images, or those of the tests.
fn mnist_images(tests: bool) -> Result<(Mat<f32>, Vec<usize>)> {
    let data = mnist::load()?;
    let split = if tests { data.test() } else { data.train() };
    let all: Vec<usize> = (0..split.len()).collect();
    let pixels = Encoding::default().encode::<f32>(split.images(), &all)?;
    let images = MatRef::from_column_major_slice(&pixels, WIDTH, split.len()).to_owned();
    Ok((images, split.labels().iter().map(|label| usize::from(*label)).collect()))
}

/// A network that knows most images, in single precision.
fn trained(images: &Mat<f32>, labels: &[usize]) -> Result<Network<f32>> {
    let mut network = network::<f32>(Activation::Tanh);
    let optimiser = Optimiser::RmsProp(RmsProp::default());
    let options = SgdOptions { optimiser, ..SgdOptions::default() };
    let mut sgd = Sgd::new(Cost::cross_entropy(CLASSES), options, &network)?;
    for step in 0..STEPS {
        let first = step * BATCH;
        let batch = images.subcols(first, BATCH);
        sgd.step(&mut network, batch, &labels[first..first + BATCH])?;
    }
    Ok(network)
}

/// Writes the file.
pub fn write(path: &Path) -> Result<()> {
    let mut file = Writer(ArchiveWriter::new());
    let initial = network::<f64>(Activation::Tanh);
    file.parameters("initial", initial.parameters())?;
    let mut closed = initial.with_endpoint(Endpoint::Included);
    let copy = closed.parameters().clone();
    // Weights ten times the initial ones, so that there is something to adapt to.
    closed.parameters_mut().combine(0.0, &copy, 10.0);
    file.parameters("closed", closed.parameters())?;

    let (images, labels) = mnist_images(false)?;
    file.images("images", &images.subcols(0, BATCH).to_owned())?;
    file.labels("labels", &labels[..BATCH])?;
    let trained = trained(&images, &labels)?;
    file.parameters("trained", trained.parameters())?;
    let (images, labels) = mnist_images(true)?;
    let mut model = SolvedNetwork::new(&trained, Box::new(Euler::new()), CLASSES)?;
    let right: Vec<usize> = (predict(&mut model, images.as_ref(), BATCH)?.iter().zip(&labels))
        .enumerate()
        .filter_map(|(image, (class, label))| (class == label).then_some(image))
        .take(BATCH)
        .collect();
    let of_right = Mat::from_fn(WIDTH, BATCH, |i, j| images[(i, right[j])]);
    file.images("attacked_images", &of_right)?;
    let of_right: Vec<usize> = right.iter().map(|&image| labels[image]).collect();
    file.labels("attacked_labels", &of_right)?;

    for channels in CHANNELS {
        let (map, grid) = convolution(channels)?;
        let initial =
            Network::<f64>::initial(map, grid, Activation::Tanh, Initialisation::Spline, 1);
        file.parameters(&format!("convolution_{channels}"), initial.parameters())?;
        let images =
            Mat::from_fn(map.width(), BATCH, |i, j| ((i * 31 + j * 17) % 101) as f64 / 101.0);
        file.images(&format!("convolution_images_{channels}"), &images)?;
    }
    Ok(std::fs::write(path, file.0.finish()?)?)
}
