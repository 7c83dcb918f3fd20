//! Batches without data points and networks without width: every scheme takes them.

use crate::support;

use faer::Mat;
use snode_ode::{
    Activation, Combination, Grid, Initialisation, Network, Perturbation, PerturbedWalk, Real,
    Scheme, SchemeChoice, SolveError,
};
use support::all_bits;

fn network<T: Real>(choice: SchemeChoice, width: usize) -> Network<T> {
    let grid = Grid::new(1.5, 6, choice.endpoint()).unwrap();
    Network::initial(width, grid, Activation::Tanh, Initialisation::Independent, 1)
}

/// All that a scheme computes for n×m numbers, one of n and m being 0: nothing, and the gradient 0.
fn solve_nothing<T: Real>(scheme: &mut dyn Scheme<T>, network: &Network<T>, m: usize) {
    let n = network.width();
    let (x0, mut out) = (Mat::<T>::zeros(n, m), Mat::<T>::zeros(n, m));
    scheme.evaluate(network, x0.as_ref(), out.as_mut()).unwrap();
    let name = scheme.name();
    let mut trajectory = scheme.direct(network, x0.as_ref()).unwrap();
    assert_eq!(trajectory.output().shape(), (n, m));

    let mut gradient = network.parameters().clone();
    gradient.as_mut_slice().fill(T::from_f64(f64::NAN));
    trajectory.adjoint(x0.as_ref(), Some(&mut gradient)).unwrap();
    assert!(gradient.as_slice().iter().all(|value| *value == T::ZERO), "{name}");
    assert_eq!(trajectory.adjoint(x0.as_ref(), None).unwrap().shape(), (n, m));

    let direction = network.parameters().clone();
    for parameters in [None, Some(&direction)] {
        for input in [None, Some(x0.as_ref())] {
            let solved = trajectory.sensitivity(Perturbation { parameters, input }).unwrap();
            assert_eq!(solved.sensitivity.shape(), (n, m));
        }
    }
    let mut moved = direction.clone();
    let combination =
        Combination { keep: T::ONE, last: &direction, add: -T::ONE, x: Some(&direction) };
    trajectory.sensitivity_of_combination(&mut moved, combination).unwrap();
    assert!(moved.as_slice().iter().all(|value| *value == T::ZERO));

    for problems in [0, 3] {
        let starts = Mat::<T>::zeros(n, problems * m);
        let mut out = starts.clone();
        trajectory.adjoint_columns(starts.as_ref(), out.as_mut()).unwrap();
        trajectory.sensitivity_columns(starts.as_ref(), out.as_mut()).unwrap();
    }
    if m == 0 {
        let starts = Mat::<T>::zeros(n, 3);
        let mut out = starts.clone();
        let adjoints = trajectory.adjoint_columns(starts.as_ref(), out.as_mut());
        assert!(matches!(adjoints, Err(SolveError::Shape { .. })), "{adjoints:?}");
        let forward = trajectory.sensitivity_columns(starts.as_ref(), out.as_mut());
        assert!(matches!(forward, Err(SolveError::Shape { .. })), "{forward:?}");
    }
}

fn every_scheme_takes_nothing<T: Real>() {
    for choice in SchemeChoice::all() {
        for (n, m) in [(5, 0), (0, 3), (0, 0), (1, 0)] {
            let network = network::<T>(choice, n);
            solve_nothing(choice.build::<T>().unwrap().as_mut(), &network, m);
        }
        // Between two batches it leaves no trace.
        let network = network::<T>(choice, 5);
        let mut fresh = choice.build::<T>().unwrap();
        let expected = all_bits(fresh.as_mut(), &network, 4);
        let mut used = choice.build::<T>().unwrap();
        all_bits(used.as_mut(), &network, 3);
        solve_nothing(used.as_mut(), &network, 0);
        assert_eq!(all_bits(used.as_mut(), &network, 4), expected, "{}", choice.name());
    }
}

#[test]
fn an_empty_batch_has_empty_results_and_the_gradient_zero() {
    every_scheme_takes_nothing::<f64>();
    every_scheme_takes_nothing::<f32>();
}

#[test]
fn a_walk_of_no_inputs_or_no_levels_goes_to_the_last_layer() {
    for (n, m) in [(4, 0), (0, 2), (4, 2)] {
        let network = network::<f64>(SchemeChoice::Euler, n);
        let x0 = Mat::zeros(n, m);
        let noise = [
            Perturbation { parameters: None, input: Some(x0.as_ref()) },
            Perturbation { parameters: Some(network.parameters()), input: None },
        ];
        for levels in [&[][..], &[0.1, 0.2]] {
            let levels = if n * m == 0 { levels } else { &[] };
            let mut walk = PerturbedWalk::new(&network, x0.as_ref(), &noise, levels).unwrap();
            while walk.advance() {}
            assert_eq!((walk.layer(), walk.state().shape()), (6, (n, m)));
        }
    }
}
