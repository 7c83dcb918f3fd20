//! Golden values of the authors' MATLAB prototype and an independent re-derivation (see
//! `golden/README.md`): single-pass fields to 1e-12 relative, three NCG iterations to 1e-10, both
//! in f64; f32 within 2e-5.
//!
//! The prototype's gradient is h times (S6), its step length ours divided by h; its centring term
//! sits at Tσ(0)h where (S4) has Tσ(0), which matters for sigmoid and softplus only. Where it does,
//! the cases are run with the prototype's centre.

use crate::support;

use faer::Mat;
use snode_ode::{Activation, Euler, Network, Parameters, Perturbation, Real, Scheme};
use snode_train::{
    Conjugacy, DecayProducts, Discretisation, LinearisedCost, Ncg, NcgOptions, Products, Space,
};
use support::golden::{Case, json, matrix, numbers, vector};
use support::{assert_close, columns, relative_distance};

const SINGLE_PASS: f64 = 1e-12;
const NCG: f64 = 1e-10;

const ACTIVATIONS: [&str; 5] = ["tanh", "relu", "sigmoid", "softplus", "elu"];
const LOSSES: [&str; 4] = ["l2", "ce", "ce_mu3", "l2_mu4"];

fn cases() -> impl Iterator<Item = Case> {
    ACTIVATIONS
        .into_iter()
        .flat_map(|activation| {
            LOSSES.into_iter().map(move |loss| format!("{activation}__{loss}.json"))
        })
        .map(|file| Case::read(&file))
}

const MIDPOINT: Space = Space::H1 { length: 1.0, discretisation: Discretisation::Midpoint };

#[test]
fn activations() {
    let golden = json("_activations.json");
    let at = vector::<f64>(&golden["t"]);
    for (name, activation) in [
        ("tanh", "tanh"),
        ("relu", "relu"),
        ("sigmoid", "sigmoid"),
        ("softplus", "softplus"),
        ("elu", "elu(0.2)"),
        ("selu", "elu(1)"),
        ("lrelu", "leaky-relu(0.01)"),
        ("srelu", "smoothed-relu"),
        ("slrelu", "smoothed-leaky-relu(0.01)"),
    ] {
        let activation: Activation = activation.parse().unwrap();
        let (values, slopes) = (numbers(&golden[name]["sigma"]), numbers(&golden[name]["dsigma"]));
        for ((&z, value), slope) in at.iter().zip(values).zip(slopes) {
            let (ours, our_slope) = activation.value_and_slope(z);
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs() + 1e-15;
            assert!(close(ours, value), "{name}({z}): {ours} instead of {value}");
            assert!(close(our_slope, slope), "{name}'({z}): {our_slope} instead of {slope}");
        }
    }
}

#[test]
fn direct_cost_and_gradient() {
    for case in cases() {
        let network = case.network::<f64>();
        let mut euler = Euler::new();
        let mut trajectory = euler.direct(&network, case.x0::<f64>().as_ref()).unwrap();
        for k in 0..=case.layers {
            let expected = matrix::<f64>(&case.json["x"][k]);
            assert_close(
                &columns(trajectory.state(k)),
                &columns(expected.as_ref()),
                SINGLE_PASS,
                &case.name,
            );
        }

        let cost = case.cost();
        let mut terminal = Mat::zeros(case.width, case.batch);
        let mut value = cost
            .value_and_terminal(trajectory.output(), &case.labels, case.centre(), terminal.as_mut())
            .unwrap();
        value.decay =
            cost.mu4 / 2.0 * network.parameters().inner(network.parameters(), network.grid());
        for (ours, name) in [
            (value.l2, "l2"),
            (value.cross_entropy, "ce"),
            (value.centring, "mu3"),
            (value.decay, "mu4"),
            (value.total(), "total"),
        ] {
            assert_close(&[ours], &[case.json["J"][name].as_f64().unwrap()], SINGLE_PASS, name);
        }

        let mut gradient = case.zeros();
        trajectory.adjoint(terminal.as_ref(), Some(&mut gradient)).unwrap();
        gradient.axpy(cost.mu4, network.parameters());
        let mut prototype = gradient.clone();
        prototype.combine(case.step, &gradient, 0.0);
        assert_close(
            prototype.as_slice(),
            case.parameters::<f64>("UW", "UB").as_slice(),
            SINGLE_PASS,
            &case.name,
        );

        let mut smooth = case.zeros();
        MIDPOINT.build(network.grid()).unwrap().represent(&prototype, &mut smooth);
        assert_close(
            smooth.as_slice(),
            case.parameters::<f64>("UW_sob", "UB_sob").as_slice(),
            SINGLE_PASS,
            &case.name,
        );
    }
}

#[test]
fn adjoint_states() {
    for case in cases() {
        let network = case.network::<f64>();
        let cost = case.cost();
        // lambda[k] is dJ/dx_{k+1}: the adjoint of the network that begins at layer k+1. Solving
        // from the terminal value through the last layers only is a network with fewer layers.
        let mut euler = Euler::new();
        let mut trajectory = euler.direct(&network, case.x0::<f64>().as_ref()).unwrap();
        let mut terminal = Mat::zeros(case.width, case.batch);
        cost.value_and_terminal(
            trajectory.output(),
            &case.labels,
            case.centre(),
            terminal.as_mut(),
        )
        .unwrap();
        let last = matrix::<f64>(&case.json["lambda"][case.layers - 1]);
        assert_close(&columns(terminal.as_ref()), &columns(last.as_ref()), SINGLE_PASS, &case.name);
        // One layer further down than lambda[0]: from dJ/dx_1 by hand.
        let lambda0 = trajectory.adjoint(terminal.as_ref(), None).unwrap();
        let lambda1 = matrix::<f64>(&case.json["lambda"][0]);
        let x0 = case.x0::<f64>();
        let weights = network.parameters().weights(0);
        let bias = network.parameters().bias(0);
        let expected = Mat::from_fn(case.width, case.batch, |i, j| {
            lambda1[(i, j)]
                + case.step
                    * (0..case.width)
                        .map(|r| {
                            let z: f64 = bias[r]
                                + (0..case.width)
                                    .map(|c| weights[(r, c)] * x0[(c, j)])
                                    .sum::<f64>();
                            let slope = network.activation().value_and_slope(z).1;
                            weights[(r, i)] * slope * lambda1[(r, j)]
                        })
                        .sum::<f64>()
        });
        assert_close(&columns(lambda0), &columns(expected.as_ref()), SINGLE_PASS, &case.name);
    }
}

#[test]
fn sensitivities_and_the_jacobian() {
    for case in cases() {
        let network = case.network::<f64>();
        let mut euler = Euler::new();
        let mut trajectory = euler.direct(&network, case.x0::<f64>().as_ref()).unwrap();

        let direction = case.parameters::<f64>("dir_W", "dir_b");
        let along = Perturbation { parameters: Some(&direction), input: None };
        let ours = columns(trajectory.sensitivity(along).unwrap().sensitivity);
        let expected = matrix::<f64>(&case.json["xi_dir"][case.layers]);
        assert_close(&ours, &columns(expected.as_ref()), SINGLE_PASS, &case.name);

        let xi0 = matrix::<f64>(&case.json["xi0_in"]);
        let along = Perturbation { parameters: None, input: Some(xi0.as_ref()) };
        let ours = columns(trajectory.sensitivity(along).unwrap().sensitivity);
        let expected = matrix::<f64>(&case.json["xiT_in"]);
        assert_close(&ours, &columns(expected.as_ref()), SINGLE_PASS, &case.name);

        // The Jacobian, forward column by column and backward row by row.
        for sample in 0..case.batch {
            let expected = matrix::<f64>(&case.json["P"][sample]);
            let n = case.width;
            let x0 = case.x0::<f64>();
            let repeated = Mat::from_fn(n, n, |i, _| x0[(i, sample)]);
            let mut trajectory = euler.direct(&network, repeated.as_ref()).unwrap();
            let identity = Mat::<f64>::identity(n, n);
            let along = Perturbation { parameters: None, input: Some(identity.as_ref()) };
            let forward = columns(trajectory.sensitivity(along).unwrap().sensitivity);
            assert_close(&forward, &columns(expected.as_ref()), SINGLE_PASS, &case.name);
            let lambda0 = trajectory.adjoint(identity.as_ref(), None).unwrap();
            let backward = columns(lambda0.transpose());
            assert_close(&backward, &columns(expected.as_ref()), SINGLE_PASS, &case.name);
        }
    }
}

#[test]
fn step_lengths() {
    for case in cases() {
        let network = case.network::<f64>();
        let cost = case.cost();
        let mut euler = Euler::new();
        let mut trajectory = euler.direct(&network, case.x0::<f64>().as_ref()).unwrap();
        for (name, weights, biases) in [
            ("step_dir", "dir_W", "dir_b"),
            ("step_sd", "UW", "UB"),
            ("step_sd_sob", "UW_sob", "UB_sob"),
        ] {
            let golden = &case.json[name];
            // The prototype follows the fixed direction also where it ascends, to a negative step:
            // the same line, walked the other way.
            let along = case.parameters::<f64>(weights, biases);
            let ascends = name == "step_dir" && golden["phi0"].as_f64().unwrap() > 0.0;
            let sign = if ascends || name != "step_dir" { -1.0 } else { 1.0 };
            let mut direction = case.zeros();
            direction.combine(0.0, &along, sign);
            let along = Perturbation { parameters: Some(&direction), input: None };
            let solved = trajectory.sensitivity(along).unwrap();
            let grid = network.grid();
            let mut phi =
                LinearisedCost::new(snode_train::Cost { centre: Some(case.centre()), ..cost });
            let decay = DecayProducts {
                parameters_direction: network.parameters().inner(&direction, grid),
                direction_direction: direction.inner(&direction, grid),
            };
            let outputs = [solved.output, solved.sensitivity];
            phi.set(&network, outputs, (&case.labels).into(), decay).unwrap();
            let step = phi.minimise(None).unwrap();
            let walked = if ascends { -1.0 } else { 1.0 };
            let expected = [golden["eta"].as_f64().unwrap(), golden["phi0"].as_f64().unwrap()];
            let what = format!("{} {name}", case.name);
            assert_close(
                &[step.eta * walked, step.initial_slope * walked],
                &expected,
                SINGLE_PASS,
                &what,
            );
            let scale = step.initial_slope.abs();
            assert!(step.residual.abs() < 1e-13 * scale, "{what}: residual {}", step.residual);
        }
    }
}

#[test]
fn ncg_iterations() {
    for case in cases() {
        for (formula, conjugacy) in [
            ("FR", Conjugacy::FletcherReeves),
            ("PR", Conjugacy::PolakRibiere),
            ("FR-PR", Conjugacy::FletcherReevesPolakRibiere),
        ] {
            for (space_name, space) in [("l2", Space::L2), ("sobolev", MIDPOINT)] {
                let golden = &case.json["ncg"][formula][space_name];
                // The prototype has no test for descent: a case in which it walks uphill is one
                // where the restart of (S8) must differ.
                let descends = numbers(&golden["phi0"]).iter().all(|&slope| slope < 0.0);
                let what = format!("{} {formula} {space_name}", case.name);
                let mut network = case.network::<f64>();
                let options = NcgOptions { space, conjugacy, ..NcgOptions::default() };
                let mut ncg =
                    Ncg::new(Box::new(Euler::new()), case.cost(), options, &network).unwrap();
                let iterations: Vec<_> = (0..3)
                    .map(|_| {
                        ncg.iterate(&mut network, case.x0::<f64>().as_ref(), &case.labels).unwrap()
                    })
                    .collect();
                if !descends {
                    assert!(iterations.iter().any(|i| i.restarted), "{what}");
                    continue;
                }
                assert!(iterations.iter().all(|i| !i.restarted), "{what}");
                let mut costs: Vec<f64> = iterations.iter().map(|i| i.cost.total()).collect();
                costs.push(case.total_cost(&network));
                assert_close(&costs, &numbers(&golden["J"]), NCG, &what);
                let h = case.step;
                for (j, iteration) in iterations.iter().enumerate() {
                    let ours = [
                        iteration.gamma,
                        iteration.eta / h,
                        iteration.slope * h,
                        // ‖U‖² = h² Σ ‖g_k‖² = h ‖g‖².
                        iteration.gradient_norm.powi(2) * h,
                    ];
                    for (ours, name) in ours.iter().zip(["gamma", "eta", "phi0", "grad_norm2"]) {
                        let expected = numbers(&golden[name])[j];
                        assert_close(&[*ours], &[expected], NCG, &format!("{what} {name}[{j}]"));
                    }
                }
                let expected = case.parameters_of::<f64>(&golden["W"], &golden["b"]);
                assert_close(network.parameters().as_slice(), expected.as_slice(), NCG, &what);
            }
        }
    }
}

#[test]
fn single_precision_follows_within_2e_5() {
    for case in cases() {
        let network = case.network::<f32>();
        let mut euler = Euler::new();
        let mut trajectory = euler.direct(&network, case.x0::<f32>().as_ref()).unwrap();
        let cost = case.cost();
        let mut terminal = Mat::zeros(case.width, case.batch);
        cost.value_and_terminal(
            trajectory.output(),
            &case.labels,
            case.centre(),
            terminal.as_mut(),
        )
        .unwrap();
        let mut gradient = case.zeros();
        trajectory.adjoint(terminal.as_ref(), Some(&mut gradient)).unwrap();
        gradient.axpy(cost.mu4 as f32, network.parameters());
        gradient.combine(0.0, &gradient.clone(), case.step as f32);
        let expected = case.parameters::<f64>("UW", "UB");
        let ours: Vec<f64> = gradient.as_slice().iter().map(|v| v.to_f64()).collect();
        assert!(relative_distance(&ours, expected.as_slice()) < 2e-5, "{}", case.name);

        for (space_name, space) in [("l2", Space::L2), ("sobolev", MIDPOINT)] {
            let golden = &case.json["ncg"]["FR"][space_name];
            if numbers(&golden["phi0"]).iter().any(|&slope| slope >= 0.0) {
                continue;
            }
            let mut network = case.network::<f32>();
            let options = NcgOptions { space, ..NcgOptions::default() };
            let mut ncg = Ncg::new(Box::new(Euler::new()), case.cost(), options, &network).unwrap();
            let costs: Vec<f64> = (0..3)
                .map(|_| {
                    ncg.iterate(&mut network, case.x0::<f32>().as_ref(), &case.labels).unwrap()
                })
                .map(|i| i.cost.total())
                .collect();
            let expected = &numbers(&golden["J"])[..3];
            assert!(
                relative_distance(&costs, expected) < 2e-5,
                "{} {space_name}: {costs:?} instead of {expected:?}",
                case.name
            );
        }
    }
}

#[test]
fn sobolev_operator() {
    for golden in json("_sobolev.json").as_array().unwrap() {
        let (nodes, step) = (golden["L"].as_u64().unwrap() as usize, golden["h"].as_f64().unwrap());
        let grid = snode_ode::Grid::new(step * nodes as f64, nodes, snode_ode::Endpoint::Excluded)
            .unwrap();
        // Width 1: every node has one weight and one bias, both the test row here.
        let mut u = Parameters::<f64>::zeros(1, nodes);
        for (k, value) in numbers(&golden["u"]).into_iter().enumerate() {
            u.node_mut(k).fill(value);
        }
        let mut v = Parameters::zeros(1, nodes);
        MIDPOINT.build(&grid).unwrap().represent(&u, &mut v);
        let ours: Vec<f64> = (0..nodes).map(|k| v.node(k)[1]).collect();
        assert_close(&ours, &numbers(&golden["v"]), SINGLE_PASS, &format!("{nodes} nodes"));
    }
}

#[test]
fn conjugacy_factors() {
    let golden = json("_ncg_gamma.json");
    let flat = |weights: &str, biases: &str| {
        let mut all: Vec<f64> = Vec::new();
        for node in golden[weights].as_array().unwrap() {
            all.extend(columns(matrix::<f64>(node).as_ref()));
        }
        all.extend(columns(matrix::<f64>(&golden[biases]).as_ref()));
        all
    };
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (new, old) = (flat("UW", "UB"), flat("UW_prev", "UB_prev"));
    let products = |new: &[f64], old: &[f64]| Products {
        new_new: dot(new, new),
        new_old: dot(new, old),
        old_old: dot(old, old),
        ..Products::default()
    };
    let tripled: Vec<f64> = new.iter().map(|v| 3.0 * v).collect();
    let negated: Vec<f64> = new.iter().map(|v| -v).collect();
    for (golden, products) in [
        (&golden, products(&new, &old)),
        (&golden["scaled3"], products(&new, &tripled)),
        (&golden["negated"], products(&new, &negated)),
    ] {
        for (name, formula) in [
            ("FR", Conjugacy::FletcherReeves),
            ("PR", Conjugacy::PolakRibiere),
            ("FR-PR", Conjugacy::FletcherReevesPolakRibiere),
        ] {
            assert_close(
                &[formula.gamma(&products)],
                &[golden[name].as_f64().unwrap()],
                SINGLE_PASS,
                name,
            );
        }
    }
}

#[test]
fn networks_are_shared_between_precisions() {
    let case = Case::read("tanh__l2.json");
    let (double, single): (Network<f64>, Network<f32>) = (case.network(), case.network());
    for (a, b) in double.parameters().as_slice().iter().zip(single.parameters().as_slice()) {
        assert_eq!(*a as f32, *b);
    }
}
