//! An adaptive solve of the direct problem.

use std::time::Instant;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, Par};
use snode_benches::{BATCH, LAYERS, WIDTH};
use snode_ode::{
    Activation, AdaptiveOptions, Endpoint, Interpolation, Method, Network, Problem, Real, Scheme,
    SchemeChoice, Statistics,
};

use crate::data::{Data, norm};
use crate::{Result, Work};

const TOLERANCE: f64 = 1e-3;

struct Solve<T: Real> {
    scheme: Box<dyn Scheme<T>>,
    /// The same, exact enough to be compared with others.
    exact: Box<dyn Scheme<T>>,
    network: Network<T>,
    images: Mat<T>,
    output: Mat<T>,
    /// Whether x(t) is kept all along, as a gradient needs it.
    keeps: bool,
    right_hand_sides: usize,
}

/// A solve at tolerance 1e-3 by the method of the case, with W(t) piecewise linear.
pub fn solve<T: Real>(data: &Data, case: &str, peer: &str) -> Result<Box<dyn Work>> {
    let method = case.parse::<Method>()?;
    let build = |tolerance| {
        let options = AdaptiveOptions {
            method,
            interpolation: Interpolation::Linear,
            ..AdaptiveOptions::default()
        };
        SchemeChoice::Adaptive(options.tolerance(tolerance)).build::<T>()
    };
    let tight = if T::NAME == "f32" { 1e-5 } else { 1e-9 };
    Ok(Box::new(Solve {
        scheme: build(TOLERANCE)?,
        exact: build(tight)?,
        network: data.dense("closed", Activation::Tanh, Endpoint::Included)?,
        images: data.images("images", WIDTH)?,
        output: Mat::zeros(WIDTH, BATCH),
        keeps: peer.contains("x(t)"),
        right_hand_sides: 0,
    }))
}

impl<T: Real> Solve<T> {
    fn evaluate(&mut self) -> Result<Statistics> {
        let x0 = self.images.as_ref();
        if self.keeps {
            let trajectory = self.scheme.direct(&self.network, x0)?;
            return Ok(trajectory.statistics(Problem::Direct));
        }
        Ok(self.scheme.evaluate(&self.network, x0, self.output.as_mut())?)
    }
}

impl<T: Real> Work for Solve<T> {
    fn check(&mut self) -> Result<Vec<(&'static str, f64)>> {
        self.exact.evaluate(&self.network, self.images.as_ref(), self.output.as_mut())?;
        let exact = norm(&self.output);
        self.right_hand_sides = self.evaluate()?.right_hand_sides;
        self.scheme.evaluate(&self.network, self.images.as_ref(), self.output.as_mut())?;
        let error = (norm(&self.output) / exact - 1.0).abs();
        let calls = self.right_hand_sides as f64;
        Ok(vec![("‖x(T)‖", exact), ("right-hand sides", calls), ("error", error)])
    }

    fn run(&mut self) -> Result<()> {
        self.evaluate().map(drop)
    }

    /// A product for each right-hand side, with distinct matrices from all over the depth.
    fn products(&mut self) -> Option<f64> {
        let mut z = vec![T::ZERO; WIDTH * BATCH];
        let begin = Instant::now();
        for call in 0..self.right_hand_sides {
            matmul(
                MatMut::from_column_major_slice_mut(&mut z, WIDTH, BATCH),
                Accum::Replace,
                self.network.parameters().weights(call * LAYERS / self.right_hand_sides),
                self.images.as_ref(),
                T::ONE,
                Par::Seq,
            );
        }
        Some(begin.elapsed().as_secs_f64())
    }
}
