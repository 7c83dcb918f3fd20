//! Attack steps of the authors' prototype with the true Jacobian (`correct_order` in the golden
//! files, which live beside the tests of snode-train).

use std::path::PathBuf;

use faer::Mat;
use serde_json::Value;
use snode_attack::{
    Attack, AttackOptions, JacobianMode, Linearisable, Margin, MovingTarget, SolvedNetwork,
    approach, attack, closest, sensitivity_matrices,
};
use snode_ode::{Endpoint, Euler, Grid, Network, Parameters};

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

fn matrix(value: &Value) -> Mat<f64> {
    let rows: Vec<Vec<f64>> = value.as_array().unwrap().iter().map(numbers).collect();
    Mat::from_fn(rows.len(), rows[0].len(), |i, j| rows[i][j])
}

fn network(json: &Value) -> Network<f64> {
    let number = |name: &str| json["params"][name].as_f64().unwrap();
    let (width, layers) = (number("width") as usize, number("n_layers") as usize);
    let mut parameters = Parameters::zeros(width, layers);
    for k in 0..layers {
        let (weights, bias) = (matrix(&json["W"][k]), numbers(&json["b"][k]));
        let node = parameters.node_mut(k);
        for (j, i) in (0..width).flat_map(|j| (0..width).map(move |i| (j, i))) {
            node[j * width + i] = weights[(i, j)];
        }
        node[width * width..].copy_from_slice(&bias);
    }
    let name = json["params"]["activation"].as_str().unwrap();
    let name = if name == "elu" { "elu(0.2)" } else { name };
    let grid = Grid::new(number("T"), layers, Endpoint::Excluded).unwrap();
    Network::new(parameters, grid, activation(name)).unwrap()
}

fn activation(name: &str) -> snode_ode::Activation {
    use snode_ode::Activation;
    match name {
        "tanh" => Activation::Tanh,
        "relu" => Activation::Relu,
        "sigmoid" => Activation::Sigmoid,
        "softplus" => Activation::Softplus,
        _ => Activation::Elu { alpha: 0.2 },
    }
}

fn close(found: f64, expected: f64, what: &str) {
    assert!(
        (found - expected).abs() <= 1e-12 * expected.abs().max(1.0),
        "{what}: {found} {expected}"
    );
}

/// Every golden file: its name and content.
fn files() -> Vec<(String, Value)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../snode-train/tests/golden");
    let mut files: Vec<(String, Value)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().contains("__"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.display().to_string(), serde_json::from_str(&text).unwrap())
        })
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

#[test]
fn one_step_is_the_prototypes() {
    let files = files();
    assert_eq!(files.len(), 20);
    for (file, json) in &files {
        let network = network(json);
        let classes = json["params"]["n_classes"].as_u64().unwrap() as usize;
        let mut model = SolvedNetwork::new(&network, Box::new(Euler::new()), classes).unwrap();
        let x0 = matrix(&json["x0"]);
        let matrices = sensitivity_matrices(&mut model, x0.as_ref(), JacobianMode::Vjp).unwrap();
        let mut z = Mat::zeros(classes, x0.ncols());
        model.linearise(x0.as_ref(), z.as_mut()).unwrap();
        for j in 0..x0.ncols() {
            let golden = &json["attack"][j]["correct_order"];
            let integer = |name: &str| golden[name].as_u64().unwrap() as usize;
            let class = integer("source_class");
            let outputs: Vec<f64> = (0..classes).map(|c| z[(c, j)]).collect();
            for (found, expected) in outputs.iter().zip(numbers(&golden["z"])) {
                close(*found, expected, file);
            }
            let p = matrix(&json["P"][j]);
            for (class, i) in (0..classes).flat_map(|c| (0..x0.nrows()).map(move |i| (c, i))) {
                close(matrices.row(j, class)[i], p[(class, i)], file);
            }
            let distances = numbers(&golden["xi0_norms"]);
            let directions = matrix(&golden["P_diff"]);
            let margin = Margin::Multiplicative(0.975);
            let row = |class| matrices.row(j, class);
            for target in (0..classes).filter(|&target| target != class) {
                let way = approach(&outputs, class, target, row(class), row(target), margin);
                close(way.distance, distances[target], file);
                for i in 0..x0.nrows() {
                    close(way.direction[i], directions[(i, target)], file);
                }
            }
            let nearest = closest(&outputs, class, row, margin).unwrap();
            assert_eq!(nearest.target, integer("target"), "{file}");

            // The same step through the attack itself: from a single image of the predicted class.
            let method = MovingTarget { iterations: 1, ..Default::default() };
            let image = x0.as_ref().subcols(j, 1);
            let expected = numbers(&golden["x1"]);
            let after = integer("class_after");
            let results =
                attack(&mut model, &method, image, &[class], &AttackOptions::default()).unwrap();
            let result = &results.images[0];
            assert_eq!((result.class_after, result.iterations), (after, 1), "{file}");
            if after != class {
                let norm = golden["perturbation_norm"].as_f64().unwrap();
                close(result.norm2, norm, file);
                let found = result.adversarial.as_ref().unwrap();
                for (found, expected) in found.iter().zip(expected) {
                    close(*found, expected, file);
                }
            }
        }
    }
    let method: &dyn Attack<f64> = &MovingTarget::default();
    assert_eq!(method.name(), "moving-target");
}
