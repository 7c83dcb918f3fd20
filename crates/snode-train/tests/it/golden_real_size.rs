//! Golden values at the paper's size: width 196, 150 layers, the first 100 MNIST images, six NCG
//! iterations (`golden/real_size/README.md`): 1e-10 relative in f64, 2e-5 in f32.

use crate::support;

use faer::Mat;
use snode_ode::{
    Activation, Endpoint, Euler, Grid, Network, Parameters, Perturbation, Real, Scheme,
};
use snode_train::{Conjugacy, Cost, Discretisation, Ncg, NcgOptions, Space, classify};
use support::golden::{json, numbers};
use support::{assert_close, columns, relative_distance};

const WIDTH: usize = 196;
const LAYERS: usize = 150;
const BATCH: usize = 100;

fn network<T: Real>(activation: Activation) -> Network<T> {
    let mut parameters = Parameters::zeros(WIDTH, LAYERS);
    for k in 0..LAYERS {
        let depth = k as f64;
        let n = WIDTH as f64;
        parameters.weights_mut(k).copy_from(Mat::from_fn(WIDTH, WIDTH, |i, j| {
            T::from_f64((0.37 * i as f64 + 1.13 * j as f64 + 0.71 * depth).sin() / n)
        }));
        for (i, b) in parameters.bias_mut(k).iter_mut().enumerate() {
            *b = T::from_f64((0.53 * i as f64 + 0.29 * depth).cos() / n);
        }
    }
    let grid = Grid::new(3.0, LAYERS, Endpoint::Excluded).unwrap();
    Network::new(parameters, grid, activation).unwrap()
}

/// The first 100 training images of MNIST as −(2×2 mean)/255.
fn images<T: Real>() -> (Mat<T>, Vec<usize>) {
    let mnist = snode_data::mnist::load().unwrap();
    let indices: Vec<usize> = (0..BATCH).collect();
    let pixels: Vec<f64> =
        snode_data::Encoding::default().encode(mnist.train().images(), &indices).unwrap();
    let x = Mat::from_fn(WIDTH, BATCH, |i, j| T::from_f64(pixels[j * WIDTH + i]));
    let labels = mnist.train().labels()[..BATCH].iter().map(|&l| usize::from(l)).collect();
    (x, labels)
}

fn cost_and_space(loss: &str, space: &str) -> (Cost, Space) {
    let cost = match loss {
        "l2" => Cost::l2(10),
        _ => Cost { mu3: 0.0, ..Cost::cross_entropy(10) },
    };
    let space = match space {
        "l2grad" => Space::L2,
        _ => Space::H1 { length: 1.0, discretisation: Discretisation::Midpoint },
    };
    (cost, space)
}

fn files() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    ["tanh", "relu"].into_iter().flat_map(|activation| {
        ["l2", "ce"]
            .into_iter()
            .flat_map(move |loss| ["l2grad", "sobolev"].map(move |space| (activation, loss, space)))
    })
}

/// The block of rows 0…3 and columns 90…93 that the files hold, row by row.
fn block(parameters: &Parameters<f64>, node: usize) -> Vec<f64> {
    let weights = parameters.weights(node);
    (0..4).flat_map(|i| (90..94).map(move |j| (i, j))).map(|at| weights[at]).collect()
}

fn rows(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().flat_map(numbers).collect()
}

#[test]
#[allow(clippy::too_many_lines, reason = "the fields of one golden file, in its order")]
fn six_iterations_in_double_precision() {
    let (x0, labels) = images::<f64>();
    for (activation, loss, space_name) in files() {
        let golden = json(&format!("real_size/{activation}__{loss}__{space_name}.json"));
        let what = |field: &str| format!("{activation} {loss} {space_name} {field}");
        assert_close(
            &[columns(x0.as_ref()).iter().sum::<f64>()],
            &[golden["x0_sum"].as_f64().unwrap()],
            1e-13,
            &what("x0"),
        );
        let (cost, space) = cost_and_space(loss, space_name);
        let mut network = network::<f64>(activation.parse().unwrap());

        let mut euler = Euler::new();
        let trajectory = euler.direct(&network, x0.as_ref()).unwrap();
        let output = trajectory.output();
        let corner: Vec<f64> =
            (0..10).flat_map(|i| (0..5).map(move |j| (i, j))).map(|at| output[at]).collect();
        assert_close(&corner, &rows(&golden["init_xT_rows0_9_img0_4"]), 1e-12, &what("xT"));
        let predicted: Vec<f64> = classify(output, 10).iter().map(|&c| c as f64).collect();
        assert_eq!(predicted, numbers(&golden["init_pred"]), "{}", what("prediction"));

        // The Jacobian of image 0: C adjoint columns from unit vectors.
        let repeated = Mat::from_fn(WIDTH, WIDTH, |i, _| x0[(i, 0)]);
        let mut trajectory = euler.direct(&network, repeated.as_ref()).unwrap();
        let identity = Mat::<f64>::identity(WIDTH, WIDTH);
        let lambda0 = trajectory.adjoint(identity.as_ref(), None).unwrap();
        let by_adjoint = lambda0.transpose().to_owned();
        let along = Perturbation { parameters: None, input: Some(identity.as_ref()) };
        let by_sensitivity = trajectory.sensitivity(along).unwrap().sensitivity.to_owned();
        assert_close(
            &columns(by_adjoint.as_ref()),
            &columns(by_sensitivity.as_ref()),
            1e-12,
            &what("P by adjoint and by sensitivity"),
        );
        assert_close(
            &[by_adjoint.norm_l2()],
            &[golden["P_img0_fro"].as_f64().unwrap()],
            1e-12,
            &what("P"),
        );
        let corner: Vec<f64> =
            (0..3).flat_map(|i| (90..100).map(move |j| (i, j))).map(|at| by_adjoint[at]).collect();
        assert_close(&corner, &rows(&golden["P_img0_rows0_2_cols90_99"]), 1e-11, &what("P block"));

        let options =
            NcgOptions { space, conjugacy: Conjugacy::FletcherReeves, ..NcgOptions::default() };
        let ncg = Ncg::new(Box::new(Euler::new()), cost, options, &network).unwrap();
        let mut ncg = ncg.keeping_gradients();
        let h = network.grid().step();
        let mut costs = Vec::new();
        for j in 0..6 {
            let iteration = ncg.iterate(&mut network, x0.as_ref(), &labels).unwrap();
            if j == 0 {
                let mut gradient = ncg.gradient().unwrap().clone();
                gradient.combine(h, &gradient.clone(), 0.0);
                for node in [0, 149] {
                    let field = format!("grad0_UW_k{node}_rows0_3_cols90_93");
                    assert_close(
                        &block(&gradient, node),
                        &rows(&golden[&field]),
                        1e-11,
                        &what(&field),
                    );
                }
            }
            assert!(!iteration.restarted, "{}", what("restart"));
            costs.push(iteration.cost.total());
            let ours = [
                iteration.gamma,
                iteration.eta / h,
                iteration.slope * h,
                iteration.gradient_norm.powi(2) * h,
            ];
            for (ours, field) in ours.iter().zip(["gamma", "eta", "phi0", "grad_norm2"]) {
                let expected = numbers(&golden[field])[j];
                assert_close(&[*ours], &[expected], 1e-10, &what(&format!("{field}[{j}]")));
            }
        }
        let mut euler = Euler::new();
        let trajectory = euler.direct(&network, x0.as_ref()).unwrap();
        let output = trajectory.output();
        costs.push(cost.value(output, &labels, 0.0).unwrap().total());
        assert_close(&costs, &numbers(&golden["J"]), 1e-10, &what("J"));
        let predicted: Vec<f64> = classify(output, 10).iter().map(|&c| c as f64).collect();
        assert_eq!(predicted, numbers(&golden["final_pred"]), "{}", what("final prediction"));
        let expected = rows(&golden["final_W_k75_rows0_3_cols90_93"]);
        assert_close(&block(network.parameters(), 75), &expected, 1e-10, &what("W"));
    }
}

#[test]
fn six_iterations_in_single_precision() {
    let (x0, labels) = images::<f32>();
    for (activation, loss, space_name) in files() {
        let golden = json(&format!("real_size/{activation}__{loss}__{space_name}.json"));
        let (cost, space) = cost_and_space(loss, space_name);
        let mut network = network::<f32>(activation.parse().unwrap());
        let options = NcgOptions { space, ..NcgOptions::default() };
        let mut ncg = Ncg::new(Box::new(Euler::new()), cost, options, &network).unwrap();
        let costs: Vec<f64> = (0..6)
            .map(|_| ncg.iterate(&mut network, x0.as_ref(), &labels).unwrap().cost.total())
            .collect();
        let distance = relative_distance(&costs, &numbers(&golden["J"])[..6]);
        assert!(distance < 2e-5, "{activation} {loss} {space_name}: {distance:.2e}");
    }
}
