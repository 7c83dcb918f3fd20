//! `snode workprecision`: errors of schemes on a trained network fall as their orders say.

use crate::support;

use support::Sandbox;

fn trained() -> Sandbox {
    let sandbox = Sandbox::new();
    // Smooth in x and in depth.
    sandbox.experiment(&[
        "precision = \"f64\"",
        "network.activation = \"tanh\"",
        "network.layers = 8",
    ]);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    sandbox
}

const RUN: &str = "results/x.h5";

#[test]
fn errors_fall_with_the_order_of_the_scheme() {
    let sandbox = trained();
    let arguments = [
        "workprecision",
        RUN,
        "--json",
        "--schemes",
        "euler,rk2,rk4,dopri5",
        "--steps",
        "64,128,256",
        "--tolerances",
        "1e-3,1e-6,1e-9",
        "--images",
        "5",
    ];
    let json = &sandbox.succeeds(&arguments).json_lines()[0];
    assert_eq!((json["images"].as_u64(), json["layers"].as_u64()), (Some(5), Some(8)));
    let points = json["points"].as_array().unwrap();
    assert_eq!(points.len(), 3 * 3 + 3);
    let order = |scheme: &str, quantity: &str| {
        let of_scheme = |o: &&serde_json::Value| o["scheme"] == scheme;
        let found = json["orders"].as_array().unwrap().iter().find(of_scheme).unwrap();
        found["orders"][quantity].as_f64().unwrap()
    };
    for quantity in ["x(T)", "gradient", "sensitivity"] {
        let euler = order("euler", quantity);
        assert!((0.85..1.15).contains(&euler), "euler, {quantity}: {euler}");
    }
    let rk2 = order("rk2", "x(T)");
    assert!((1.8..2.3).contains(&rk2), "{rk2}");
    // Interpolation between the run's nodes bounds the order.
    let rk4 = order("rk4", "x(T)");
    assert!(rk4 > 2.5, "{rk4}");
    let adaptive: Vec<f64> = points
        .iter()
        .filter(|point| point["scheme"] == "dopri5")
        .map(|point| point["errors"]["x(T)"].as_f64().unwrap())
        .collect();
    assert!(adaptive[0] > 10.0 * adaptive[1] && adaptive[1] > 10.0 * adaptive[2], "{adaptive:?}");
    for point in points {
        for what in ["seconds", "right_hand_sides"] {
            assert!(point[what]["gradient"].as_f64().unwrap() > 0.0, "{point}");
        }
    }
}

#[test]
fn the_table_and_the_figure_are_files() {
    let sandbox = trained();
    let arguments = ["workprecision", RUN, "--images", "3", "--output", "figures"];
    let ran = sandbox.succeeds(&arguments);
    for part in ["x(T)", "gradient", "sensitivity", "[RHS]", "order", "rk4", "dopri5"] {
        assert!(ran.out.contains(part), "no `{part}` in {}", ran.out);
    }
    let file = |ending: &str| sandbox.path(&format!("figures/x-workprecision.{ending}"));
    let csv = std::fs::read_to_string(file("csv")).unwrap();
    assert!(
        csv.starts_with("scheme,tolerance,steps,quantity,error,seconds,right_hand_sides,order")
    );
    // Three schemes with three numbers of steps, one at three tolerances, three quantities.
    assert_eq!(csv.lines().count(), 1 + 12 * 3);
    assert!(std::fs::read_to_string(file("svg")).unwrap().contains("right-hand sides"));
    assert!(std::fs::read(file("png")).unwrap().starts_with(b"\x89PNG"));
    sandbox.fails(&arguments, 2, &["x-workprecision.csv", "--force"]);
}

#[test]
fn steps_without_nodes_in_common_are_refused() {
    let sandbox = trained();
    let parts = ["--steps", "found 12", "multiples or divisors of 8"];
    sandbox.fails(&["workprecision", RUN, "--steps", "8,12"], 2, &parts);
    let parts = ["--tolerance", "found 0"];
    sandbox.fails(&["workprecision", RUN, "--tolerances", "0"], 2, &parts);
    sandbox.fails(&["workprecision", "none.h5"], 1, &["none.h5", "no such file"]);
}
