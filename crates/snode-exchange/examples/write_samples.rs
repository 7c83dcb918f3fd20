//! Writes networks of every activation in every format, with inputs and what becomes of them:
//! what `scripts/check-exchange.py` compares with other programs' results.
//!
//! `cargo run -p snode-exchange --example write_samples -- FOLDER`

use std::error::Error;
use std::path::Path;

use faer::Mat;
use snode_exchange::{Description, Element, write_npz, write_onnx, write_safetensors};
use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network, Scheme};

const WIDTH: usize = 12;
const POINTS: usize = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("write_samples FOLDER")?;
    for activation in Activation::NAMES {
        write::<f32>(Path::new(&folder), activation.parse()?)?;
        write::<f64>(Path::new(&folder), activation.parse()?)?;
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
    write(".onnx", &write_onnx(&network, &about, true)?)?;
    write(".npz", &write_npz(&network, &about)?)?;
    write(".safetensors", &write_safetensors(&network, &about, None)?)?;
    for (ending, values) in [(".x", &x), (".y", &y)] {
        let columns = values.col_iter().flat_map(faer::ColRef::iter);
        let bytes: Vec<u8> = columns.flat_map(|value| value.to_f64().to_le_bytes()).collect();
        write(ending, &bytes)?;
    }
    Ok(())
}
