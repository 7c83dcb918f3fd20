//! Reading the golden files.

use std::path::PathBuf;

use faer::Mat;
use serde_json::Value;
use snode_ode::{Activation, Endpoint, Euler, Grid, Network, Parameters, Real, Scheme};
use snode_train::Cost;

/// The file's content.
pub fn json(file: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

pub fn vector<T: Real>(value: &Value) -> Vec<T> {
    numbers(value).into_iter().map(T::from_f64).collect()
}

/// A list of rows.
pub fn matrix<T: Real>(value: &Value) -> Mat<T> {
    let rows: Vec<Vec<T>> = value.as_array().unwrap().iter().map(vector).collect();
    Mat::from_fn(rows.len(), rows[0].len(), |i, j| rows[i][j])
}

/// One file of the tiny set.
pub struct Case {
    pub name: String,
    pub json: Value,
    pub width: usize,
    pub layers: usize,
    pub batch: usize,
    pub step: f64,
    pub labels: Vec<usize>,
}

impl Case {
    pub fn read(file: &str) -> Self {
        let json = json(file);
        let parameters = &json["params"];
        let number = |name: &str| parameters[name].as_u64().unwrap() as usize;
        Self {
            name: file.to_owned(),
            width: number("width"),
            layers: number("n_layers"),
            batch: number("batch"),
            step: parameters["t_step"].as_f64().unwrap(),
            labels: numbers(&json["classes"]).into_iter().map(|c| c as usize).collect(),
            json,
        }
    }

    fn parameter(&self, name: &str) -> f64 {
        self.json["params"][name].as_f64().unwrap()
    }

    fn activation(&self) -> Activation {
        match self.json["params"]["activation"].as_str().unwrap() {
            "elu" => Activation::Elu { alpha: 0.2 },
            name => name.parse().unwrap(),
        }
    }

    pub fn grid(&self) -> Grid {
        Grid::new(self.parameter("T"), self.layers, Endpoint::Excluded).unwrap()
    }

    pub fn zeros<T: Real>(&self) -> Parameters<T> {
        Parameters::zeros(self.width, self.layers)
    }

    pub fn parameters_of<T: Real>(&self, weights: &Value, biases: &Value) -> Parameters<T> {
        let mut parameters = self.zeros();
        for k in 0..self.layers {
            parameters.weights_mut(k).copy_from(matrix::<T>(&weights[k]));
            parameters.bias_mut(k).copy_from_slice(&vector::<T>(&biases[k]));
        }
        parameters
    }

    pub fn parameters<T: Real>(&self, weights: &str, biases: &str) -> Parameters<T> {
        self.parameters_of(&self.json[weights], &self.json[biases])
    }

    pub fn network<T: Real>(&self) -> Network<T> {
        Network::new(self.parameters("W", "b"), self.grid(), self.activation()).unwrap()
    }

    pub fn x0<T: Real>(&self) -> Mat<T> {
        matrix(&self.json["x0"])
    }

    pub fn cost(&self) -> Cost {
        Cost {
            mu1: self.parameter("mu1"),
            mu2: self.parameter("mu2"),
            mu3: self.parameter("mu3"),
            mu4: self.parameter("mu4"),
            penalty: snode_train::Penalty::L2,
            classes: self.parameter("n_classes") as usize,
            target_off: self.parameter("l2enc0"),
            target_on: self.parameter("l2enc1"),
            centre: Some(self.centre()),
        }
    }

    /// The prototype's centre of the μ₃ term.
    pub fn centre(&self) -> f64 {
        self.parameter("T") * self.activation().at_zero() * self.step
    }

    /// J of a network on the case's batch.
    pub fn total_cost(&self, network: &Network<f64>) -> f64 {
        let mut euler = Euler::new();
        let trajectory = euler.direct(network, self.x0::<f64>().as_ref()).unwrap();
        let cost = self.cost();
        let mut value = cost.value(trajectory.output(), &self.labels, self.centre()).unwrap();
        value.decay =
            cost.mu4 / 2.0 * network.parameters().inner(network.parameters(), network.grid());
        value.total()
    }
}
