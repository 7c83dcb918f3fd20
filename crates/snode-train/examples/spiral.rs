//! Two arms of a spiral told apart, with gradients in L² and in H¹.
//!
//!     cargo run --release -p snode-train --example spiral

use std::time::Instant;

use faer::Mat;
use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network, Scheme};
use snode_train::{Cost, Discretisation, Ncg, NcgOptions, Space, classify};

/// The network is wider than the plane: the further components start at 0 and give it room.
const WIDTH: usize = 8;

/// `count` points, one a column, and which of the two arms each is on.
fn spiral(count: usize, offset: f64) -> (Mat<f64>, Vec<usize>) {
    let labels: Vec<usize> = (0..count).map(|j| j % 2).collect();
    let x = Mat::from_fn(WIDTH, count, |i, j| {
        let radius = (j as f64 + offset) / count as f64;
        let angle = 4.0 * radius + std::f64::consts::PI * labels[j] as f64;
        [radius * angle.cos(), radius * angle.sin()].get(i).copied().unwrap_or(0.0)
    });
    (x, labels)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (x, labels) = spiral(300, 0.0);
    let (unseen, unseen_labels) = spiral(1000, 0.5);
    let sobolev = Space::H1 { length: 1.0, discretisation: Discretisation::Tridiagonal };
    for (name, space) in [("L²", Space::L2), ("H¹", sobolev)] {
        let grid = Grid::new(3.0, 30, Endpoint::Excluded)?;
        let mut network =
            Network::initial(WIDTH, grid, Activation::Tanh, Initialisation::Spline, 1);
        let options = NcgOptions { space, ..NcgOptions::default() };
        let mut ncg = Ncg::new(Box::new(Euler::new()), Cost::cross_entropy(2), options, &network)?;

        let begin = Instant::now();
        for _ in 0..200 {
            ncg.iterate(&mut network, x.as_ref(), &labels)?;
        }
        let seconds = begin.elapsed().as_secs_f64();

        let mut output = Mat::zeros(WIDTH, unseen.ncols());
        Euler::new().evaluate(&network, unseen.as_ref(), output.as_mut())?;
        let predicted = classify(output.as_ref(), 2);
        let right = predicted.iter().zip(&unseen_labels).filter(|(p, l)| p == l).count();
        println!("gradients in {name}: {right} of 1000 unseen points right, after {seconds:.1} s");
    }
    Ok(())
}
