//! The derivative by the numbers of every layer: the Euler adjoint times h, and the derivative of
//! the discrete cost.

use faer::Mat;
use snode_ode::{
    Activation, Euler, Initialisation, Parameters, Real, Scheme, SolveError, initialise,
};
use snode_resnet::{Backpropagation, ResNet};
use snode_train::{Cost, TrainError};

const WIDTH: usize = 8;

fn problem<T: Real>(activation: Activation) -> (ResNet<T>, Mat<T>, Vec<usize>) {
    let how = Initialisation::Spline;
    let mut resnet = ResNet::<T>::initial(WIDTH, 1.5, 12, activation, how, 11).unwrap();
    let copy = resnet.parameters().clone();
    resnet.parameters_mut().combine(T::ZERO, &copy, T::from_f64(4.0));
    let x0 = Mat::from_fn(WIDTH, 9, |i, j| T::from_f64(-(i as f64 + 2.3 * j as f64).sin().abs()));
    (resnet, x0, (0..9).map(|j| j % 3).collect())
}

fn zeros<T: Real>(resnet: &ResNet<T>) -> Parameters<T> {
    Parameters::zeros(resnet.width(), resnet.layers())
}

fn losses() -> [(&'static str, Cost); 4] {
    [
        ("l2", Cost::l2(3)),
        ("ce", Cost { mu3: 0.0, ..Cost::cross_entropy(3) }),
        ("ce and centring", Cost { mu3: 0.3, ..Cost::cross_entropy(3) }),
        ("everything", Cost { mu1: 0.4, mu2: 0.7, mu3: 0.2, mu4: 0.05, ..Cost::l2(3) }),
    ]
}

/// ∂J/∂W_k = h ∇_W J(t_k), and ∂J/∂b_k likewise (S21).
fn backpropagation_is_the_adjoint_times_h<T: Real>(tolerance: f64) {
    for name in Activation::NAMES {
        for (loss, cost) in losses() {
            let (resnet, x0, labels) = problem::<T>(name.parse().unwrap());
            let network = resnet.network();
            let mut euler = Euler::new();
            let mut trajectory = euler.direct(network, x0.as_ref()).unwrap();
            let mut terminal = Mat::zeros(WIDTH, 9);
            let centre = cost.centre_for(network);
            cost.value_and_terminal(trajectory.output(), &labels, centre, terminal.as_mut())
                .unwrap();
            let mut gradient = zeros(&resnet);
            trajectory.adjoint(terminal.as_ref(), Some(&mut gradient)).unwrap();
            gradient.axpy(T::from_f64(cost.mu4), network.parameters());

            let mut derivative = zeros(&resnet);
            Backpropagation::new(cost)
                .derivative(&resnet, x0.as_ref(), &labels, &mut derivative)
                .unwrap();
            let largest =
                derivative.as_slice().iter().fold(0.0_f64, |m, v| m.max(v.to_f64().abs()));
            for (&g, &d) in gradient.as_slice().iter().zip(derivative.as_slice()) {
                let gap = (resnet.step() * g.to_f64() - d.to_f64()).abs();
                assert!(gap <= tolerance * largest, "{name} {loss}: {gap:.2e}");
            }
        }
    }
}

#[test]
fn backpropagation_is_the_adjoint_times_h_f64() {
    backpropagation_is_the_adjoint_times_h::<f64>(4.0 * f64::EPSILON);
}

#[test]
fn backpropagation_is_the_adjoint_times_h_f32() {
    backpropagation_is_the_adjoint_times_h::<f32>(4.0 * f64::from(f32::EPSILON));
}

/// |J(p + εd) − J(p) − ε Σ⟨∂J/∂p, d⟩| falls like ε²: the sum has no weight h.
#[test]
fn remainders_are_of_second_order() {
    for name in ["tanh", "sigmoid", "softplus", "identity"] {
        for (loss, cost) in losses() {
            let (mut resnet, x0, labels) = problem::<f64>(name.parse().unwrap());
            let direction =
                initialise::<f64>(Initialisation::Independent, WIDTH, resnet.network().grid(), 12);
            let mut backpropagation = Backpropagation::new(cost);
            let mut derivative = zeros(&resnet);
            let mut value = |resnet: &ResNet<f64>, derivative: &mut Parameters<f64>| {
                let terms =
                    backpropagation.derivative(resnet, x0.as_ref(), &labels, derivative).unwrap();
                terms.total()
            };
            let initial = value(&resnet, &mut derivative);
            let slope: f64 =
                derivative.as_slice().iter().zip(direction.as_slice()).map(|(g, d)| g * d).sum();
            let begin = resnet.parameters().clone();
            let mut ignored = zeros(&resnet);
            let mut remainder = |step: f64| {
                resnet.parameters_mut().copy_from(&begin);
                resnet.parameters_mut().axpy(step, &direction);
                (value(&resnet, &mut ignored) - initial - step * slope).abs()
            };
            let steps = [0.02, 0.01, 0.005, 0.0025];
            let remainders = steps.map(&mut remainder);
            let rate = (remainders[0] / remainders[3]).log2() / 3.0;
            assert!(rate > 1.95 && rate < 2.3, "{name} {loss}: {rate} {remainders:?}");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let (resnet, x0, labels) = problem::<f64>(Activation::Tanh);
    let mut derivative = zeros(&resnet);
    let mut backpropagation = Backpropagation::new(Cost::l2(3));
    let mut with = |x0: &Mat<f64>, labels: &[usize], derivative: &mut Parameters<f64>| {
        backpropagation.derivative(&resnet, x0.as_ref(), labels, derivative).unwrap_err()
    };
    let error = with(&Mat::zeros(5, 9), &labels, &mut derivative);
    assert!(matches!(error, TrainError::Solve(SolveError::Shape { .. })), "{error}");
    let error = with(&x0, &labels[..8], &mut derivative);
    assert!(matches!(error, TrainError::LabelCount { .. }), "{error}");
    let error = with(&x0, &[7; 9], &mut derivative);
    assert!(matches!(error, TrainError::Label { .. }), "{error}");
    let error = with(&x0, &labels, &mut Parameters::zeros(WIDTH, 3));
    assert!(matches!(error, TrainError::Solve(SolveError::Shape { .. })), "{error}");
    let error = with(&Mat::from_fn(WIDTH, 9, |_, _| f64::NAN), &labels, &mut derivative);
    assert!(matches!(error, TrainError::Solve(SolveError::Stopped { .. })), "{error}");
}
