//! Writes networks of every activation in every format, and convolutions with every readout as ONNX, with
//! inputs and what becomes of them: what `scripts/check-exchange.py` compares with other programs' results.
//!
//! `cargo run -p snode-exchange --example write_samples -- FOLDER`

use std::error::Error;
use std::path::Path;

use faer::Mat;
use snode_exchange::{Description, Element, OnnxOutputs, write_npz, write_onnx, write_safetensors};
use snode_ode::{
    Activation, AffineMap, Endpoint, Euler, Grid, Initialisation, Network, Readout, Scheme, Scores,
};

const WIDTH: usize = 12;
const POINTS: usize = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("write_samples FOLDER")?;
    for activation in Activation::NAMES {
        write::<f32>(Path::new(&folder), activation.parse()?)?;
        write::<f64>(Path::new(&folder), activation.parse()?)?;
    }
    let (gain, seed) = (4.0, 1);
    for readout in
        [Readout::Components, Readout::ChannelMeans { gain }, Readout::Pattern { gain, seed }]
    {
        for layers in [&[10][..], &[3, 3, 4]] {
            write_convolution::<f32>(Path::new(&folder), readout, layers)?;
            write_convolution::<f64>(Path::new(&folder), readout, layers)?;
        }
    }
    Ok(())
}

/// `ACTIVATION-PRECISION` with the endings `.onnx`, `.npz`, `.safetensors`, and `.x` and `.y`: input
/// and final state as f64, one data point after the other.
fn write<T: Element>(folder: &Path, activation: Activation) -> Result<(), Box<dyn Error>> {
    let grid = Grid::new(3.0, 20, Endpoint::Excluded)?;
    let network = Network::<T>::initial(WIDTH, grid, activation, Initialisation::Spline, 5);
    let about = Description { classes: Some(4), ..Description::default() };
    let x = Mat::from_fn(WIDTH, POINTS, |i, j| T::from_f64((0.7 * (i + 3 * j) as f64).sin()));
    let mut y = Mat::zeros(WIDTH, POINTS);
    Euler::new().evaluate(&network, x.as_ref(), y.as_mut())?;

    let name = format!("{activation}-{}", T::NAME);
    let write =
        |ending: &str, bytes: &[u8]| std::fs::write(folder.join(name.clone() + ending), bytes);
    let outputs = OnnxOutputs { state: true, ..OnnxOutputs::default() };
    write(".onnx", &write_onnx(&network, &about, outputs)?)?;
    write(".npz", &write_npz(&network, &about)?)?;
    write(".safetensors", &write_safetensors(&network, &about, None)?)?;
    write(".x", &numbers(&x))?;
    write(".y", &numbers(&y))?;
    Ok(())
}

/// `convolution-RESOLUTIONS-READOUT-PRECISION` with the endings `.onnx`, and `.x` and `.y`: images of one channel
/// and 8×12 pixels, and their scores.
fn write_convolution<T: Element>(
    folder: &Path,
    readout: Readout,
    layers: &[usize],
) -> Result<(), Box<dyn Error>> {
    let map = AffineMap::convolution(6, (8, 12), 3)?.at_resolutions(layers)?;
    let grid = Grid::new(10.0, 10, Endpoint::Excluded)?;
    let network = Network::<T>::initial(map, grid, Activation::Tanh, Initialisation::Spline, 5)
        .with_inputs(map.pixels(), 0.0)?
        .with_readout(readout);
    let about = Description { classes: Some(4), ..Description::default() };
    let images =
        Mat::from_fn(map.pixels(), POINTS, |i, j| T::from_f64((0.7 * (i + 3 * j) as f64).sin()));
    let mut states = Mat::zeros(map.width(), POINTS);
    network.lifting().lift(images.as_ref(), states.as_mut());
    let mut finals = Mat::zeros(map.width(), POINTS);
    Euler::new().evaluate(&network, states.as_ref(), finals.as_mut())?;
    let mut scores = Mat::zeros(4, POINTS);
    Scores::new(readout, map, 4)?.read(finals.as_ref(), scores.as_mut());

    let name = format!("convolution-{}-{}-{}", layers.len(), readout.name(), T::NAME);
    let write =
        |ending: &str, bytes: &[u8]| std::fs::write(folder.join(name.clone() + ending), bytes);
    write(".onnx", &write_onnx(&network, &about, OnnxOutputs::default())?)?;
    write(".x", &numbers(&images))?;
    write(".y", &numbers(&scores))?;
    Ok(())
}

/// The columns, one after the other, as f64.
fn numbers<T: Element>(values: &Mat<T>) -> Vec<u8> {
    let columns = values.col_iter().flat_map(faer::ColRef::iter);
    columns.flat_map(|value| value.to_f64().to_le_bytes()).collect()
}
