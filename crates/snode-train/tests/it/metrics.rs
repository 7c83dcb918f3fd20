//! The metrics that are learnt (S53), (S54): what they are, that their representatives are the inner
//! product's, alone and with H¹, and the same bits for any number of threads and from a memory.

use crate::support;

use faer::{Mat, MatRef};
use snode_ode::{
    Activation, AffineMap, Endpoint, Euler, Grid, Initialisation, Interpolation, Network,
    Parameters, Readout, RungeKutta, Scheme, Scores,
};
use snode_train::space::Batch;
use snode_train::{
    BatchCost, Cost, Discretisation, GradientSpace, Loss, Memory, Preconditioner, Space,
};
use support::assert_close;

const WIDTH: usize = 5;
const DIAGONAL: Preconditioner = Preconditioner::Diagonal { decay: 0.9, damping: 0.2 };
const KRONECKER: Preconditioner = Preconditioner::Kronecker { decay: 0.8, damping: 0.1, every: 2 };

fn h1(length: f64) -> Space {
    Space::H1 { length, discretisation: Discretisation::Tridiagonal }
}

fn network(ends: Endpoint) -> Network<f64> {
    let grid = Grid::new(1.5, 6, ends).unwrap();
    let mut network = Network::initial(WIDTH, grid, Activation::Tanh, Initialisation::Spline, 3);
    network.parameters_mut().as_mut_slice().iter_mut().for_each(|p| *p *= 2.0);
    network
}

/// Batch number `number` of `points` data points.
fn batch(number: usize, points: usize) -> (Mat<f64>, Vec<usize>) {
    let x =
        Mat::from_fn(WIDTH, points, |i, j| (1.3 * i as f64 + 0.7 * (j + 40 * number) as f64).sin());
    (x, (0..points).map(|j| (j * j + number) % 3).collect())
}

/// What a scheme gives of a batch: λ(T) and the gradient; `then` sees the whole.
fn solved<R>(
    scheme: &mut dyn Scheme<f64>,
    network: &Network<f64>,
    (x, labels): &(Mat<f64>, Vec<usize>),
    then: impl FnOnce(&Batch<'_, '_, f64>) -> R,
) -> R {
    let mut cost = BatchCost::new(Cost::cross_entropy(3));
    let (_, mut trajectory) = cost.solve(scheme, network, x.as_ref(), labels).unwrap();
    let mut gradient = network.parameters().clone();
    trajectory.adjoint(cost.terminal(), Some(&mut gradient)).unwrap();
    then(&Batch { trajectory: &trajectory, objective: cost.objective(), gradient: &gradient })
}

/// The space after it has seen some batches.
fn trained(
    preconditioner: Preconditioner,
    space: Space,
    batches: &[(Mat<f64>, Vec<usize>)],
) -> Box<dyn GradientSpace<f64>> {
    let network = network(Endpoint::Excluded);
    let mut space = preconditioner.build(space, &network).unwrap();
    for batch in batches {
        solved(&mut Euler::new(), &network, batch, |batch| space.see(batch)).unwrap();
    }
    space
}

fn represent(space: &mut dyn GradientSpace<f64>, u: &Parameters<f64>) -> Parameters<f64> {
    let mut v = Parameters::zeros(u.width(), u.nodes());
    space.represent(u, &mut v);
    v
}

/// Some element of the space.
fn element(seed: f64) -> Parameters<f64> {
    let mut p = Parameters::zeros(WIDTH, 6);
    for (i, value) in p.as_mut_slice().iter_mut().enumerate() {
        *value = (seed + 1.7 * i as f64).sin();
    }
    p
}

/// V_k = [W_k | b_k].
fn matrix(p: &Parameters<f64>, k: usize) -> MatRef<'_, f64> {
    MatRef::from_column_major_slice(p.node(k), WIDTH, WIDTH + 1)
}

/// E[x̄ x̄ᵀ] and E[g gᵀ] at every node by definition, for the random final values of update number `draw`:
/// g is the bias gradient of a data point by itself.
fn moments((x, labels): &(Mat<f64>, Vec<usize>), draw: u64) -> Vec<(Mat<f64>, Mat<f64>)> {
    let network = network(Endpoint::Excluded);
    let count = labels.len();
    let mut euler = Euler::new();
    let output = euler.direct(&network, x.as_ref()).unwrap().output().to_owned();
    let terminals = Cost::cross_entropy(3).final_values(output.as_ref(), draw);
    let mut sums = vec![(Mat::zeros(WIDTH + 1, WIDTH + 1), Mat::zeros(WIDTH, WIDTH)); 6];
    let mut gradient = network.parameters().clone();
    for j in 0..count {
        let mut trajectory = euler.direct(&network, x.subcols(j, 1)).unwrap();
        trajectory.adjoint(terminals.subcols(j, 1), Some(&mut gradient)).unwrap();
        for (k, (states, adjoints)) in sums.iter_mut().enumerate() {
            let x = trajectory.state(k);
            let bar = |i: usize| if i < WIDTH { x[(i, 0)] } else { 1.0 };
            let g = gradient.bias(k);
            *states += Mat::from_fn(WIDTH + 1, WIDTH + 1, |a, b| bar(a) * bar(b) / count as f64);
            *adjoints += Mat::from_fn(WIDTH, WIDTH, |a, b| g[a] * g[b] / count as f64);
        }
    }
    sums
}

/// A moment with δ of its mean eigenvalue on the diagonal.
fn damped(moment: &Mat<f64>, damping: f64) -> Mat<f64> {
    let size = moment.nrows();
    let mean = (0..size).map(|i| moment[(i, i)]).sum::<f64>() / size as f64;
    Mat::from_fn(size, size, |i, j| moment[(i, j)] + if i == j { damping * mean } else { 0.0 })
}

#[test]
fn kronecker_factors_are_the_moments_of_states_and_adjoint_states() {
    // More data points than are carried through the network together.
    let batches: Vec<_> = [(0, 70), (1, 70), (2, 70)].map(|(b, m)| batch(b, m)).into();
    let mut space = trained(KRONECKER, Space::L2, &batches);
    let u = element(0.3);
    let v = represent(space.as_mut(), &u);
    // Batches 0 and 2 went into the means, with weights ½ each.
    let (first, second) = (moments(&batches[0], 0), moments(&batches[2], 1));
    for k in 0..6 {
        let mean = |a: &Mat<f64>, b: &Mat<f64>| {
            Mat::from_fn(a.nrows(), a.ncols(), |i, j| 0.5 * (a[(i, j)] + b[(i, j)]))
        };
        let states = damped(&mean(&first[k].0, &second[k].0), 0.1);
        let adjoints = damped(&mean(&first[k].1, &second[k].1), 0.1);
        let back = &adjoints * matrix(&v, k) * &states;
        let columns = support::columns(back.as_ref());
        assert_close(&columns, u.node(k), 1e-11, "S_k V_k A_k = U_k");
    }
}

/// Three layers of kernels of 3×3, scored by a pattern.
fn convolution(map: AffineMap) -> Network<f64> {
    let grid = Grid::new(1.5, 3, Endpoint::Excluded).unwrap();
    Network::initial(map, grid, Activation::Tanh, Initialisation::Spline, 3)
        .with_readout(Readout::Pattern { gain: 3.0, seed: 1 })
}

/// Of a convolution every pixel counts as a data point: x̄ is the patch under the kernel with a 1 behind it,
/// and g = σ′(z) ⊙ λ at the pixel. Both by definition, from σ′ and λ of Euler's scheme.
#[test]
fn kronecker_factors_of_a_convolution_are_moments_of_patches() {
    factors_are_moments_of_patches(AffineMap::convolution(3, (4, 3), 3).unwrap());
}

/// The same with blocks of pixels in place of pixels, of another size at every layer.
#[test]
fn kronecker_factors_have_the_size_of_the_node() {
    let map = AffineMap::convolution(1, (8, 4), 3).unwrap();
    factors_are_moments_of_patches(map.at_resolutions(&[1, 1, 1]).unwrap());
}

fn factors_are_moments_of_patches(map: AffineMap) {
    let network = convolution(map);
    let (map, grid) = (network.map(), *network.grid());
    let points = 11;
    let x = Mat::from_fn(map.width(), points, |i, j| (1.3 * i as f64 + 0.7 * j as f64).sin());
    let labels: Vec<usize> = (0..points).map(|j| j * j % 3).collect();
    let mut space = KRONECKER.build(Space::L2, &network).unwrap();
    let batch = (x, labels);
    solved(&mut Euler::new(), &network, &batch, |batch| space.see(batch)).unwrap();

    let mut euler = Euler::new();
    let trajectory = euler.direct(&network, batch.0.as_ref()).unwrap();
    let scores = Scores::new(network.readout(), map, 3).unwrap();
    let mut seen = Mat::zeros(3, points);
    scores.read(trajectory.output(), seen.as_mut());
    let final_scores = Cost::cross_entropy(3).final_values(seen.as_ref(), 0);
    let mut lambda = Mat::zeros(map.width(), points);
    scores.pull_back(final_scores.as_ref(), lambda.as_mut());

    let mut u = network.parameters().clone();
    for (i, value) in u.as_mut_slice().iter_mut().enumerate() {
        *value = (0.3 + 1.7 * i as f64).sin();
    }
    let mut v = u.zeros_like();
    space.represent(&u, &mut v);
    for k in (0..3).rev() {
        let map = map.at(k);
        let ((rows, side), count) = (map.weights_shape(), (points * map.positions()) as f64);
        let patches = map.patches(trajectory.state(k));
        let bar =
            Mat::from_fn(
                side + 1,
                patches.ncols(),
                |i, j| if i < side { patches[(i, j)] } else { 1.0 },
            );
        let matrix = map.matrix(network.parameters().node(k));
        let mut g = &matrix * trajectory.state(k);
        for j in 0..points {
            for (position, row) in
                (0..map.positions()).flat_map(|position| (0..rows).map(move |row| (position, row)))
            {
                let at = (map.place(position, row), j);
                let z = g[at] + network.parameters().bias(k)[row];
                g[at] = (1.0 - z.tanh().powi(2)) * lambda[at];
            }
        }
        let of_pixels = Mat::from_fn(rows, points * map.positions(), |row, column| {
            g[(map.place(column % map.positions(), row), column / map.positions())]
        });
        let states = damped(&(&bar * bar.transpose() * (1.0 / count)), 0.1);
        let adjoints = damped(&(&of_pixels * of_pixels.transpose() * (1.0 / count)), 0.1);
        let node = |of: &Parameters<f64>| {
            let (weights, bias) = (of.weights(k), of.bias(k));
            Mat::from_fn(rows, side + 1, |i, j| if j < side { weights[(i, j)] } else { bias[i] })
        };
        let (back, expected) = (&adjoints * node(&v) * &states, node(&u));
        let [back, expected] = [back, expected].map(|matrix| support::columns(matrix.as_ref()));
        assert_close(&back, &expected, 1e-11, "S_k V_k A_k = U_k");
        lambda += matrix.transpose() * g * grid.step();
    }
}

#[test]
fn the_diagonal_metric_is_the_root_of_the_running_squares() {
    let batches: Vec<_> = [(0, 9), (1, 9)].map(|(b, m)| batch(b, m)).into();
    let mut space = trained(DIAGONAL, Space::L2, &batches);
    let gradients: Vec<_> = batches
        .iter()
        .map(|batch| {
            let network = network(Endpoint::Excluded);
            solved(&mut Euler::new(), &network, batch, |batch| batch.gradient.clone())
        })
        .collect();
    let pairs = gradients[0].as_slice().iter().zip(gradients[1].as_slice());
    let squares: Vec<f64> = pairs.map(|(a, b)| 0.5 * (a * a + b * b)).collect();
    let epsilon = 0.2 * (squares.iter().sum::<f64>() / squares.len() as f64).sqrt();
    let u = element(0.9);
    let v = represent(space.as_mut(), &u);
    let back: Vec<f64> =
        v.as_slice().iter().zip(&squares).map(|(v, q)| (q.sqrt() + epsilon) * v).collect();
    assert_close(&back, u.as_slice(), 1e-13, "(√q + ε) v = u");
}

/// ⟨Pu, w⟩ = ⟨u, Pw⟩ and ⟨Pu, u⟩ > 0: P is the inverse of an inner product's operator.
#[test]
fn representatives_are_those_of_an_inner_product() {
    let batches: Vec<_> = [(0, 20), (1, 20)].map(|(b, m)| batch(b, m)).into();
    let grid = *network(Endpoint::Excluded).grid();
    for preconditioner in [DIAGONAL, KRONECKER] {
        for space in [Space::L2, h1(0.3), h1(2.0)] {
            let mut metric = trained(preconditioner, space, &batches);
            let (u, w) = (element(0.1), element(2.2));
            let (pu, pw) = (represent(metric.as_mut(), &u), represent(metric.as_mut(), &w));
            let (left, right) = (pu.inner(&w, &grid), u.inner(&pw, &grid));
            let scale = (pu.inner(&u, &grid) * pw.inner(&w, &grid)).sqrt();
            assert!((left - right).abs() < 1e-12 * scale, "{preconditioner:?} {space:?}");
            assert!(pu.inner(&u, &grid) > 0.0, "{preconditioner:?} {space:?}");
        }
    }
}

/// With ℓ → 0 the space of functions of depth is L², and C Cᵀ = P.
#[test]
fn with_a_vanishing_length_the_metric_is_that_without_depth() {
    let batches = [batch(0, 20)];
    for preconditioner in [DIAGONAL, KRONECKER] {
        let u = element(0.5);
        let alone = represent(trained(preconditioner, Space::L2, &batches).as_mut(), &u);
        let with = represent(trained(preconditioner, h1(1e-9), &batches).as_mut(), &u);
        assert_close(with.as_slice(), alone.as_slice(), 1e-12, "C Cᵀ u = P u");
        let smooth = represent(trained(preconditioner, h1(1.0), &batches).as_mut(), &u);
        assert!(support::relative_distance(smooth.as_slice(), alone.as_slice()) > 0.1);
    }
}

#[test]
fn a_metric_resumes_from_its_memory_with_the_same_bits() {
    let all: Vec<_> = (0..5).map(|b| batch(b, 70)).collect();
    for preconditioner in [DIAGONAL, KRONECKER] {
        for space in [Space::L2, h1(1.0)] {
            for seen in 1..4 {
                let mut whole = trained(preconditioner, space, &all[..seen]);
                let mut memory = whole.remember(Memory::new());
                let network = network(Endpoint::Excluded);
                let mut resumed = preconditioner.build(space, &network).unwrap();
                resumed.resume(&mut memory).unwrap();
                for batch in &all[seen..] {
                    for space in [&mut whole, &mut resumed] {
                        solved(&mut Euler::new(), &network, batch, |batch| space.see(batch))
                            .unwrap();
                    }
                    let u = element(0.4);
                    assert!(represent(whole.as_mut(), &u) == represent(resumed.as_mut(), &u));
                }
            }
        }
    }
}

#[test]
fn metrics_have_the_same_bits_for_any_number_of_threads() {
    let batches: Vec<_> = (0..3).map(|b| batch(b, 150)).collect();
    for preconditioner in [DIAGONAL, KRONECKER] {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                represent(trained(preconditioner, h1(1.0), &batches).as_mut(), &element(0.7))
            })
        };
        let one = with(1);
        assert!(one == with(2) && one == with(3), "{preconditioner:?}");
    }
}

/// On other schemes' grids the factors are those of Euler's adjoint: near the scheme's own, and definite.
#[test]
fn metrics_go_with_every_scheme() {
    let network = network(Endpoint::Included);
    let grid = *network.grid();
    let mut schemes: Vec<Box<dyn Scheme<f64>>> =
        vec![Box::new(RungeKutta::classical(Interpolation::Hermite))];
    let options = snode_ode::AdaptiveOptions::default();
    schemes.push(Box::new(snode_ode::Adaptive::new(options).unwrap()));
    for mut scheme in schemes {
        for preconditioner in [DIAGONAL, KRONECKER] {
            let mut space = preconditioner.build(h1(1.0), &network).unwrap();
            let gradient = solved(scheme.as_mut(), &network, &batch(0, 12), |batch| {
                space.see(batch).unwrap();
                batch.gradient.clone()
            });
            let v = represent(space.as_mut(), &gradient);
            assert!(v.is_finite() && v.inner(&gradient, &grid) > 0.0);
        }
    }
}

#[test]
fn options_out_of_their_ranges_are_refused() {
    let refused = |preconditioner: Preconditioner, name: &str| {
        assert_eq!(preconditioner.check().unwrap_err().option, name);
    };
    refused(Preconditioner::Diagonal { decay: 1.0, damping: 0.1 }, "preconditioner_decay");
    refused(Preconditioner::Diagonal { decay: 0.5, damping: 0.0 }, "preconditioner_damping");
    let every = Preconditioner::Kronecker { decay: 0.5, damping: 0.1, every: 0 };
    refused(every, "preconditioner_every");
    assert!(Preconditioner::None.check().is_ok() && KRONECKER.check().is_ok());
}
