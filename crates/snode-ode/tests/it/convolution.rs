//! Convolutions (S40): a convolution is the dense map of its matrix, and derivatives are those of the
//! discrete network.

use crate::support;

use faer::{Mat, MatRef};
use snode_ode::{
    Activation, AffineMap, Euler, Grid, Initialisation, Network, Parameters, Perturbation,
    PerturbedWalk, Real, Scheme, SchemeChoice,
};
use support::{adjoint_gap, all_bits, batch, inner, norm};

/// Channels, rows and columns, and the side of the kernel.
type Shape = (usize, (usize, usize), usize);

/// Shapes with every size of a block of channels, kernels smaller and larger than the image.
const SHAPES: [Shape; 7] = [
    (1, (3, 3), 5),
    (1, (1, 4), 7),
    (2, (4, 3), 1),
    (3, (5, 4), 3),
    (5, (3, 6), 3),
    (9, (2, 2), 3),
    (22, (3, 2), 5),
];

fn uniform() -> impl Iterator<Item = AffineMap> {
    SHAPES
        .into_iter()
        .map(|(channels, shape, kernel)| AffineMap::convolution(channels, shape, kernel).unwrap())
}

/// Blocks of all sizes, with no layer at some of them, for networks of five layers or six.
fn at_resolutions() -> impl Iterator<Item = AffineMap> {
    let maps: [(Shape, &[usize]); 5] = [
        ((1, (2, 4), 3), &[2, 3]),
        ((3, (4, 2), 1), &[0, 5]),
        ((2, (4, 8), 3), &[1, 2, 2]),
        ((1, (8, 4), 3), &[2, 0, 3]),
        ((1, (8, 8), 1), &[1, 1, 2, 2]),
    ];
    maps.into_iter().map(|((channels, shape, kernel), layers)| {
        let map = AffineMap::convolution(channels, shape, kernel).unwrap();
        map.at_resolutions(layers).unwrap()
    })
}

/// Parameters so large that the activation's whole range is used.
fn network<T: Real>(map: AffineMap, scheme: &SchemeChoice, layers: usize) -> Network<T> {
    let grid = Grid::new(1.0, layers, scheme.endpoint()).unwrap();
    let how = Initialisation::Independent;
    let mut network = Network::initial(map, grid, Activation::Tanh, how, 3);
    for k in 0..network.parameters().nodes() {
        let scale = T::from_f64((map.at(k).weights_shape().1 as f64).sqrt());
        network.parameters_mut().node_mut(k).iter_mut().for_each(|value| *value *= scale);
    }
    network
}

/// The dense parameters that do the same.
fn dense(parameters: &Parameters<f64>) -> Parameters<f64> {
    let map = parameters.map();
    let mut dense = Parameters::zeros(map.width(), parameters.nodes());
    for k in 0..parameters.nodes() {
        let map = map.at(k);
        dense.weights_mut(k).copy_from(map.matrix(parameters.node(k)));
        for position in 0..map.positions() {
            for (row, bias) in parameters.bias(k).iter().enumerate() {
                dense.bias_mut(k)[map.place(position, row)] = *bias;
            }
        }
    }
    dense
}

/// Schemes, and how far two solutions that agree may be apart.
fn schemes() -> impl Iterator<Item = (SchemeChoice, f64)> {
    SchemeChoice::all().into_iter().map(|choice| {
        let fixed = ["euler", "rk2", "rk4"].contains(&choice.name());
        (choice, if fixed { 1e-13 } else { 1e-9 })
    })
}

fn named(name: &str) -> SchemeChoice {
    SchemeChoice::all().into_iter().find(|choice| choice.name() == name).unwrap()
}

fn distance(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> f64 {
    norm((a - b).as_ref()) / norm(b)
}

#[test]
fn a_convolution_is_the_dense_network_of_its_matrix() {
    for (choice, tolerance) in schemes() {
        // The dense twins of larger ones take long under the implicit schemes.
        let lower = at_resolutions().filter(|_| choice.name() == "euler");
        for map in uniform().take(if tolerance < 1e-12 { 6 } else { 2 }).chain(lower) {
            let network = network::<f64>(map, &choice, 5);
            let (grid, activation) = (*network.grid(), network.activation());
            let twin = Network::new(dense(network.parameters()), grid, activation).unwrap();
            let x0 = batch(map.width(), 3, 0.2);
            let (mut scheme, mut other) = (choice.build().unwrap(), choice.build().unwrap());
            let mut solved = scheme.direct(&network, x0.as_ref()).unwrap();
            let mut expected = other.direct(&twin, x0.as_ref()).unwrap();
            let apart = distance(solved.output(), expected.output());
            assert!(apart < tolerance, "{}: {map:?}: x(T) {apart:e}", choice.name());

            // A perturbation of the kernels is one of the matrices.
            let direction =
                Network::<f64>::initial(map, grid, activation, Initialisation::Independent, 8)
                    .into_parameters();
            let lifted = dense(&direction);
            let xi0 = batch(map.width(), 3, 0.7);
            let along = |parameters| Perturbation { parameters, input: Some(xi0.as_ref()) };
            let xi = solved.sensitivity(along(Some(&direction))).unwrap().sensitivity.to_owned();
            let twin_xi = expected.sensitivity(along(Some(&lifted))).unwrap().sensitivity;
            let apart = distance(xi.as_ref(), twin_xi);
            assert!(apart < tolerance, "{}: {map:?}: ξ(T) {apart:e}", choice.name());

            // ⟨∇_K, K′⟩ = ⟨∇_A, A(K′)⟩ for every K′.
            let w = batch(map.width(), 3, 1.1);
            let (mut gradient, mut full) = (direction.zeros_like(), lifted.zeros_like());
            let lambda = solved.adjoint(w.as_ref(), Some(&mut gradient)).unwrap();
            let twin_lambda = expected.adjoint(w.as_ref(), Some(&mut full)).unwrap();
            let apart = distance(lambda, twin_lambda);
            assert!(apart < tolerance, "{}: {map:?}: λ(0) {apart:e}", choice.name());
            let (found, wanted) = (gradient.inner(&direction, &grid), full.inner(&lifted, &grid));
            let size = (full.inner(&full, &grid) * lifted.inner(&lifted, &grid)).sqrt();
            let apart = (found - wanted).abs() / size;
            assert!(apart < tolerance, "{}: {map:?}: gradient {apart:e}", choice.name());
        }
    }
}

#[test]
fn jacobian_and_its_transpose_belong_together() {
    for choice in ["euler", "rk2", "rk4"].map(named) {
        let lower = at_resolutions().filter(|_| choice.name() == "euler");
        for map in uniform().chain(lower) {
            let mut scheme = choice.build::<f64>().unwrap();
            let gap = adjoint_gap(scheme.as_mut(), &network(map, &choice, 6), 3);
            assert!(gap < 1e-14, "{}: {map:?}: {gap:e}", choice.name());
            let mut scheme = choice.build::<f32>().unwrap();
            let gap = adjoint_gap(scheme.as_mut(), &network(map, &choice, 6), 3);
            assert!(gap < 2e-6, "{}: {map:?}: {gap:e}", choice.name());
        }
    }
}

/// ½‖x(T)‖² of the network with its parameters moved by `step`·`direction`.
fn moved(
    network: &Network<f64>,
    direction: &Parameters<f64>,
    x0: &Mat<f64>,
    step: f64,
    choice: &SchemeChoice,
) -> f64 {
    let mut network = network.clone();
    network.parameters_mut().axpy(step, direction);
    let mut scheme = choice.build().unwrap();
    let trajectory = scheme.direct(&network, x0.as_ref()).unwrap();
    inner(trajectory.output(), trajectory.output()) / 2.0
}

#[test]
fn the_gradient_is_the_derivative() {
    let map = AffineMap::convolution(3, (5, 4), 3).unwrap();
    let cases = ["euler", "rk4"].map(|name| (named(name), map));
    for (choice, map) in cases.into_iter().chain(at_resolutions().map(|map| (named("euler"), map)))
    {
        let network = network::<f64>(map, &choice, 6);
        let x0 = batch(map.width(), 3, 0.2);
        let mut scheme = choice.build().unwrap();
        let mut trajectory = scheme.direct(&network, x0.as_ref()).unwrap();
        let output = trajectory.output().to_owned();
        let mut gradient = network.parameters().zeros_like();
        trajectory.adjoint(output.as_ref(), Some(&mut gradient)).unwrap();
        let how = Initialisation::Independent;
        let direction = snode_ode::initialise::<f64>(how, map, network.grid(), 17);
        let slope = gradient.inner(&direction, network.grid());

        let at = |step| moved(&network, &direction, &x0, step, &choice);
        let central = (at(1e-4) - at(-1e-4)) / 2e-4;
        assert!((central - slope).abs() < 1e-7 * slope.abs(), "{central} {slope}");

        // The Taylor remainder falls by 4 where the step is halved.
        let remainder = |step: f64| (at(step) - at(0.0) - step * slope).abs();
        let order = (remainder(0.02) / remainder(0.01)).log2();
        assert!((order - 2.0).abs() < 0.1, "{}: {map:?}: {order}", choice.name());
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    fn bits<T: Real>(map: AffineMap, choice: &SchemeChoice, threads: usize) -> Vec<u64> {
        let network = network::<T>(map, choice, 5);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| all_bits(choice.build().unwrap().as_mut(), &network, 37))
    }
    let map = AffineMap::convolution(2, (4, 3), 3).unwrap();
    let lower = at_resolutions().map(|map| (named("euler"), map));
    for (choice, map) in SchemeChoice::all().into_iter().map(|choice| (choice, map)).chain(lower) {
        let (single, double) = (bits::<f32>(map, &choice, 1), bits::<f64>(map, &choice, 1));
        for threads in [2, 3] {
            assert!(double == bits::<f64>(map, &choice, threads), "{}: {map:?}", choice.name());
            assert!(single == bits::<f32>(map, &choice, threads), "{}: {map:?}", choice.name());
        }
    }
}

#[test]
fn several_problems_at_once_are_each_by_itself() {
    let map = AffineMap::convolution(4, (5, 5), 3).unwrap();
    at_resolutions().chain([map]).for_each(several_are_each_by_itself);
}

fn several_are_each_by_itself(map: AffineMap) {
    let (n, points) = (map.width(), 3);
    let mut scheme = Euler::<f64>::new();
    let network = network(map, &named("euler"), 6);
    let mut trajectory = scheme.direct(&network, batch(n, points, 0.1).as_ref()).unwrap();
    let starts = batch(n, 2 * points, 0.5);
    let (mut lambda, mut xi) = (Mat::zeros(n, 2 * points), Mat::zeros(n, 2 * points));
    trajectory.adjoint_columns(starts.as_ref(), lambda.as_mut()).unwrap();
    trajectory.sensitivity_columns(starts.as_ref(), xi.as_mut()).unwrap();
    for block in 0..2 {
        let start = starts.subcols(block * points, points);
        assert_eq!(
            trajectory.adjoint(start, None).unwrap(),
            lambda.subcols(block * points, points)
        );
        let along = Perturbation { parameters: None, input: Some(start) };
        let found = trajectory.sensitivity(along).unwrap().sensitivity;
        assert_eq!(found, xi.subcols(block * points, points));
    }
}

#[test]
fn a_perturbed_walk_is_the_perturbed_solution() {
    let map = AffineMap::convolution(4, (5, 5), 3).unwrap();
    at_resolutions().chain([map]).for_each(a_walk_is_the_perturbed_solution);
}

fn a_walk_is_the_perturbed_solution(map: AffineMap) {
    let network = network::<f64>(map, &named("euler"), 6);
    let (x0, xi0) = (batch(map.width(), 3, 0.1), batch(map.width(), 3, 0.6));
    let how = Initialisation::Independent;
    let direction = snode_ode::initialise::<f64>(how, map, network.grid(), 5);
    for parameters in [None, Some(&direction)] {
        let noise = Perturbation { parameters, input: Some(xi0.as_ref()) };
        let mut walk = PerturbedWalk::new(&network, x0.as_ref(), &[noise], &[0.1]).unwrap();
        while walk.advance() {}
        let mut euler = Euler::new();
        let mut solved = euler.direct(&network, x0.as_ref()).unwrap();
        assert_eq!(walk.state(), solved.output());
        let xi = solved.sensitivity(noise).unwrap().sensitivity;
        assert!(distance(walk.sensitivity(0), xi) < 1e-14);
        let mut perturbed = network.clone();
        if let Some(parameters) = parameters {
            perturbed.parameters_mut().axpy(0.1, parameters);
        }
        let moved = &x0 + 0.1 * &xi0;
        let mut other = Euler::new();
        let solved = other.direct(&perturbed, moved.as_ref()).unwrap();
        assert!(distance(walk.perturbed(0, 0), solved.output()) < 1e-14);
    }
}

/// Blocks of pixels are the channels of a smaller image: pixels in another order, and nothing else.
#[test]
fn blocks_are_pixels_of_a_smaller_image() {
    let (channels, (rows, columns), side) = (2, (4, 6), 2);
    let map = AffineMap::convolution(channels, (rows, columns), 3).unwrap();
    let map = map.at_resolutions(&[0, 5]).unwrap();
    let small = AffineMap::convolution(channels * 4, (rows / side, columns / side), 3).unwrap();
    assert_eq!(map.node_len(), small.node_len());
    let network = network::<f64>(map, &named("euler"), 5);
    let mut parameters = Parameters::zeros(small, 5);
    parameters.as_mut_slice().copy_from_slice(network.parameters().as_slice());
    let other = Network::new(parameters, *network.grid(), network.activation()).unwrap();
    let place = |i: usize| map.place(i / small.channels(), i % small.channels());
    let x0 = batch(map.width(), 3, 0.2);
    let reordered = Mat::from_fn(map.width(), 3, |i, j| x0[(place(i), j)]);
    let (mut euler, mut euler_of_other) = (Euler::new(), Euler::new());
    let solved = euler.direct(&network, x0.as_ref()).unwrap();
    let expected = euler_of_other.direct(&other, reordered.as_ref()).unwrap();
    for (i, j) in (0..map.width()).flat_map(|i| (0..3).map(move |j| (i, j))) {
        assert_eq!(solved.output()[(place(i), j)], expected.output()[(i, j)]);
    }
}

/// Numbers of a node that are not of its map are not read, and have no derivative.
#[test]
fn only_the_corner_of_a_matrix_counts() {
    for map in at_resolutions() {
        let network = network::<f64>(map, &named("euler"), 5);
        let parameters = network.parameters();
        let mut filled = parameters.zeros_like();
        filled.as_mut_slice().fill(7.0);
        for k in 0..5 {
            filled.weights_mut(k).copy_from(parameters.weights(k));
            filled.bias_mut(k).copy_from_slice(parameters.bias(k));
        }
        let filled = Network::new(filled, *network.grid(), network.activation()).unwrap();
        let x0 = batch(map.width(), 2, 0.2);
        let (mut euler, mut other) = (Euler::new(), Euler::new());
        let output = euler.direct(&network, x0.as_ref()).unwrap().output().to_owned();
        let mut solved = other.direct(&filled, x0.as_ref()).unwrap();
        assert_eq!(output, solved.output());
        let mut gradient = parameters.zeros_like();
        gradient.as_mut_slice().fill(f64::NAN);
        solved.adjoint(output.as_ref(), Some(&mut gradient)).unwrap();
        for k in 0..5 {
            gradient.weights_mut(k).fill(0.0);
            gradient.bias_mut(k).fill(0.0);
        }
        assert!(gradient.as_slice().iter().all(|value| *value == 0.0), "{map:?}");
    }
}

#[test]
fn schemes_that_read_between_nodes_refuse_several_resolutions() {
    let map = at_resolutions().next().unwrap();
    for choice in SchemeChoice::all().into_iter().filter(|choice| choice.name() != "euler") {
        let network = network::<f64>(map, &choice, 5);
        let mut scheme = choice.build().unwrap();
        let refused = Err(snode_ode::SolveError::SeveralMaps { scheme: choice.name() });
        let x0 = batch(map.width(), 2, 0.2);
        let mut out = x0.clone();
        assert_eq!(scheme.evaluate(&network, x0.as_ref(), out.as_mut()), refused);
        assert!(scheme.direct(&network, x0.as_ref()).is_err());
    }
}

#[test]
fn resolutions_that_a_map_has_not_are_refused() {
    let map = AffineMap::convolution(2, (4, 6), 3).unwrap();
    let refused =
        |map: AffineMap, layers: &[usize]| map.at_resolutions(layers).unwrap_err().to_string();
    let found = "resolutions: found 4x6; expected multiples of 4, the side of a block at the lowest resolution";
    assert_eq!(refused(map, &[1, 1, 1]), found);
    assert_eq!(refused(map, &[]), "resolutions: found 0; expected layers at 1 to 4 resolutions");
    assert!(refused(AffineMap::dense(24), &[1, 1]).starts_with("resolutions: found a dense map"));
    let wide = AffineMap::convolution(2, (4, 6), 7).unwrap();
    assert!(refused(wide, &[1, 1]).starts_with("kernel: found 7; expected at most 5"));
}

#[test]
fn maps_that_make_no_sense_are_refused() {
    let refused = |channels, shape, kernel| {
        AffineMap::convolution(channels, shape, kernel).unwrap_err().to_string()
    };
    assert_eq!(refused(0, (2, 2), 3), "channels: found 0; expected at least 1");
    assert_eq!(refused(1, (0, 2), 3), "pixels: found 0x2; expected at least 1x1");
    assert_eq!(refused(1, (5, 5), 4), "kernel: found 4; expected an odd number");
    assert!(refused(1, (2, 5), 11).starts_with("kernel: found 11; expected at most 9"));
    assert!(refused(usize::MAX / 2, (5, 5), 3).starts_with("channels: found"));
    let map = AffineMap::convolution(2, (3, 4), 3).unwrap();
    assert_eq!((map.pixels(), map.channels(), map.bias_len()), (12, 2, 2));
    assert_eq!((map.weights_shape(), map.node_len()), ((2, 18), 38));
}

/// What PyTorch's conv2d and autograd make of the same network: `data/convolution.py`.
#[test]
fn pytorch_computes_the_same() {
    let recorded: serde_json::Value =
        serde_json::from_str(include_str!("../data/convolution.json")).unwrap();
    let is_recorded = |what: &str, found: &[f64]| {
        let expected = recorded[what].as_array().unwrap();
        assert_eq!(expected.len(), found.len());
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            let expected = expected.as_f64().unwrap();
            assert!((found - expected).abs() < 1e-12, "{what} {at}: {found} {expected}");
        }
    };
    let sines = |size: f64, phase: f64, factor: f64| {
        move |i: usize| size * (phase + factor * i as f64).sin()
    };
    let map = AffineMap::convolution(3, (4, 5), 3).unwrap();
    let (n, points) = (map.width(), 2);
    let grid = Grid::new(2.0, 4, snode_ode::Endpoint::Excluded).unwrap();
    let parameters = |number: &dyn Fn(usize) -> f64| {
        let mut parameters = Parameters::zeros(map, 4);
        for (i, value) in parameters.as_mut_slice().iter_mut().enumerate() {
            *value = number(i);
        }
        parameters
    };
    let states = |number: &dyn Fn(usize) -> f64| Mat::from_fn(n, points, |i, j| number(j * n + i));
    let flat = |matrix: MatRef<'_, f64>| -> Vec<f64> {
        (0..points).flat_map(|j| (0..n).map(move |i| matrix[(i, j)])).collect()
    };
    let network = parameters(&sines(0.5, 1.0, 1.7));
    let network = Network::new(network, grid, Activation::Tanh).unwrap();
    let mut euler = Euler::new();
    let mut solved = euler.direct(&network, states(&sines(1.0, 0.3, 0.9)).as_ref()).unwrap();
    is_recorded("output", &flat(solved.output()));
    let mut gradient = network.parameters().zeros_like();
    let terminal = states(&sines(1.0, 2.0, 0.7));
    let lambda = solved.adjoint(terminal.as_ref(), Some(&mut gradient)).unwrap();
    is_recorded("adjoint", &flat(lambda));
    let derivative: Vec<f64> = gradient.as_slice().iter().map(|g| g * grid.step()).collect();
    is_recorded("derivative", &derivative);
    let (along, xi0) = (parameters(&sines(1.0, 0.5, 2.3)), states(&sines(1.0, 1.5, 1.1)));
    let along = Perturbation { parameters: Some(&along), input: Some(xi0.as_ref()) };
    is_recorded("sensitivity", &flat(solved.sensitivity(along).unwrap().sensitivity));
}
