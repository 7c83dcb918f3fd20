//! The same bits with AVX2 as with AVX-512: every product is one chain of fused multiply-adds in the order
//! of its terms, cut every 512, and every pass computes element by element, or in sums of fixed shape.
//!
//! On a machine without AVX-512 both sides are the same, and without AVX2 nothing is compared.

use faer::{Mat, MatRef};

use crate::kernels::with_avx2;
use crate::{
    Activation, AffineMap, Endpoint, Euler, Grid, Initialisation, Interpolation, Network,
    Perturbation, Real, RungeKutta, Scheme,
};

fn bits<T: Real>(values: MatRef<'_, T>, all: &mut Vec<u64>) {
    all.extend(values.col_iter().flat_map(faer::ColRef::iter).map(|v| v.to_f64().to_bits()));
}

/// The bits of x(T), of the gradient and λ(0) from x(T), and of ξ(T) along that gradient.
fn solved<T: Real>(
    scheme: &mut dyn Scheme<T>,
    network: &Network<T>,
    x0: MatRef<'_, T>,
) -> Vec<u64> {
    let mut all = Vec::new();
    let mut gradient = network.parameters().zeros_like();
    let mut trajectory = scheme.direct(network, x0).unwrap();
    let output = trajectory.output().to_owned();
    bits(output.as_ref(), &mut all);
    bits(trajectory.adjoint(output.as_ref(), Some(&mut gradient)).unwrap(), &mut all);
    all.extend(gradient.as_slice().iter().map(|g| g.to_f64().to_bits()));
    let along = Perturbation { parameters: Some(&gradient), input: Some(x0) };
    bits(trajectory.sensitivity(along).unwrap().sensitivity, &mut all);
    all
}

fn network<T: Real>(
    map: impl Into<AffineMap>,
    layers: usize,
    activation: Activation,
    endpoint: Endpoint,
) -> Network<T> {
    let grid = Grid::new(1.5, layers, endpoint).unwrap();
    let mut network = Network::initial(map, grid, activation, Initialisation::Spline, 7);
    let copy = network.parameters().clone();
    network.parameters_mut().combine(T::ZERO, &copy, T::from_f64(5.0));
    network
}

fn batch<T: Real>(rows: usize, columns: usize) -> Mat<T> {
    Mat::from_fn(rows, columns, |i, j| T::from_f64(((3 * i + 7 * j) as f64 * 0.11).sin()))
}

fn same<T: Real>(scheme: &mut dyn Scheme<T>, network: &Network<T>, columns: usize, what: &str) {
    let x0 = batch::<T>(network.width(), columns);
    let widest = solved(scheme, network, x0.as_ref());
    for threads in [1, 2] {
        let Some(narrow) = with_avx2(threads, || solved(scheme, network, x0.as_ref())) else {
            return;
        };
        let unlike = widest.iter().zip(&narrow).filter(|(a, b)| a != b).count();
        assert_eq!(unlike, 0, "{what}, {}, {columns} columns, {threads} threads", T::NAME);
    }
}

/// Widths and columns whose products are small ones, have rows left over behind the blocks of a kernel,
/// and are cut in two: of 520 terms, and of 600 columns in a gradient.
const SHAPES: [(usize, usize, usize); 6] =
    [(5, 4, 7), (12, 3, 20), (49, 3, 37), (196, 2, 50), (520, 2, 9), (61, 2, 600)];

fn under_euler<T: Real>() {
    for name in Activation::NAMES {
        let activation = name.parse().unwrap();
        let network = network::<T>(49, 3, activation, Endpoint::Excluded);
        same(&mut Euler::new(), &network, 30, name);
    }
    for (width, layers, columns) in SHAPES {
        let network = network::<T>(width, layers, Activation::Tanh, Endpoint::Excluded);
        same(&mut Euler::new(), &network, columns, &format!("Euler, n = {width}"));
    }
}

fn under_others<T: Real>() {
    let dense = network::<T>(37, 4, Activation::Softplus, Endpoint::Included);
    same(&mut RungeKutta::classical(Interpolation::Hermite), &dense, 30, "rk4");
    #[cfg(feature = "adaptive")]
    {
        let options = crate::AdaptiveOptions::default();
        let mut scheme = crate::SchemeChoice::Adaptive(options).build::<T>().unwrap();
        same(scheme.as_mut(), &dense, 30, "tsit5");
    }
    for channels in [3, 8, 20] {
        let map = AffineMap::convolution(channels, (6, 5), 3).unwrap();
        let network = network::<T>(map, 3, Activation::Tanh, Endpoint::Excluded);
        same(&mut Euler::new(), &network, 9, &format!("{channels} channels"));
    }
}

#[test]
fn the_bits_do_not_depend_on_the_instruction_set_under_euler() {
    under_euler::<f64>();
    under_euler::<f32>();
}

#[test]
fn the_bits_do_not_depend_on_the_instruction_set_under_other_schemes_and_maps() {
    under_others::<f64>();
    under_others::<f32>();
}
