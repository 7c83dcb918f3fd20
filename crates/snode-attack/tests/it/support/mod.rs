//! Models and images for the tests.
#![allow(dead_code, reason = "each test file uses its own part")]

use faer::{Mat, MatMut, MatRef};
use snode_attack::{AttackError, Linearisable};
use snode_ode::{Activation, Endpoint, Grid, Initialisation, Network, Real};

/// z = A x + b.
pub struct Affine {
    pub a: Mat<f64>,
    pub b: Vec<f64>,
}

impl Affine {
    /// Numbers without a pattern.
    pub fn new(classes: usize, inputs: usize) -> Self {
        Self {
            a: Mat::from_fn(classes, inputs, |i, j| (1.7 * i as f64 + 0.9 * j as f64 + 0.3).sin()),
            b: (0..classes).map(|i| 0.3 * (i as f64 + 0.5).cos()).collect(),
        }
    }
}

impl Linearisable<f64> for Affine {
    fn inputs(&self) -> usize {
        self.a.ncols()
    }

    fn classes(&self) -> usize {
        self.a.nrows()
    }

    fn linearise(&mut self, x: MatRef<'_, f64>, mut z: MatMut<'_, f64>) -> Result<(), AttackError> {
        let product = &self.a * x;
        for j in 0..x.ncols() {
            for i in 0..self.a.nrows() {
                z[(i, j)] = product[(i, j)] + self.b[i];
            }
        }
        Ok(())
    }

    fn jvp(&mut self, v: MatRef<'_, f64>, mut out: MatMut<'_, f64>) -> Result<(), AttackError> {
        out.copy_from(&self.a * v);
        Ok(())
    }

    fn vjp(&mut self, w: MatRef<'_, f64>, mut out: MatMut<'_, f64>) -> Result<(), AttackError> {
        out.copy_from(self.a.transpose() * w);
        Ok(())
    }
}

/// A small network whose parameters are large enough for its classes to differ.
pub fn network<T: Real>(width: usize, activation: Activation, ends: Endpoint) -> Network<T> {
    let grid = Grid::new(1.0, 8, ends).unwrap();
    let mut network = Network::<T>::initial(width, grid, activation, Initialisation::Spline, 3);
    let scale = T::from_f64(2.0 * width as f64);
    for value in network.parameters_mut().as_mut_slice() {
        *value *= scale;
    }
    network
}

/// Images in [−1, 0].
pub fn images<T: Real>(width: usize, count: usize) -> Mat<T> {
    Mat::from_fn(width, count, |i, j| {
        T::from_f64(-(0.5 + 0.5 * (0.37 + 1.3 * i as f64 + 2.1 * j as f64).sin()))
    })
}
