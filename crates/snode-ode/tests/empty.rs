//! Batches without data points, networks without width, and networks whose parameters were replaced:
//! every scheme takes the first two, and refuses the last.

mod support;

use faer::Mat;
use snode_ode::{
    Activation, Ends, Grid, Initialisation, Network, Parameters, Perturbation, PerturbedWalk,
    Problem, Real, Scheme, SchemeChoice, SolveError,
};
use support::all_bits;

fn network<T: Real>(choice: SchemeChoice, width: usize) -> Network<T> {
    let grid = Grid::new(1.5, 6, choice.ends()).unwrap();
    Network::initial(width, grid, Activation::Tanh, Initialisation::Independent, 1)
}

/// All that a scheme computes for n×m numbers, one of n and m being 0: nothing, and the gradient 0.
fn solve_nothing<T: Real>(scheme: &mut dyn Scheme<T>, network: &Network<T>, m: usize) {
    let n = network.width();
    let (x0, mut out) = (Mat::<T>::zeros(n, m), Mat::<T>::zeros(n, m));
    scheme.evaluate(network, x0.as_ref(), out.as_mut()).unwrap();
    scheme.direct(network, x0.as_ref()).unwrap();
    assert_eq!(scheme.output().shape(), (n, m));
    assert!(scheme.last_state(Problem::Direct).is_some());

    let mut gradient = network.parameters.clone();
    gradient.as_mut_slice().fill(T::from_f64(f64::NAN));
    scheme.adjoint(network, x0.as_ref(), Some(&mut gradient)).unwrap();
    assert!(gradient.as_slice().iter().all(|value| *value == T::ZERO), "{}", scheme.name());
    scheme.adjoint(network, x0.as_ref(), None).unwrap();
    assert_eq!(scheme.input_adjoint().shape(), (n, m));

    let direction = network.parameters.clone();
    for parameters in [None, Some(&direction)] {
        for input in [None, Some(x0.as_ref())] {
            scheme.sensitivity(network, Perturbation { parameters, input }).unwrap();
            assert_eq!(scheme.output_sensitivity().shape(), (n, m));
        }
    }
    let mut moved = direction.clone();
    scheme.sensitivity_of_combination(network, &mut moved, T::ONE, &direction, -T::ONE).unwrap();
    assert!(moved.as_slice().iter().all(|value| *value == T::ZERO));

    for problems in [0, 3] {
        let starts = Mat::<T>::zeros(n, problems * m);
        let mut out = starts.clone();
        scheme.adjoints(network, starts.as_ref(), out.as_mut()).unwrap();
        scheme.sensitivities(network, starts.as_ref(), out.as_mut()).unwrap();
    }
    if m == 0 {
        let starts = Mat::<T>::zeros(n, 3);
        let mut out = starts.clone();
        let adjoints = scheme.adjoints(network, starts.as_ref(), out.as_mut());
        assert!(matches!(adjoints, Err(SolveError::Shape { .. })), "{adjoints:?}");
        let forward = scheme.sensitivities(network, starts.as_ref(), out.as_mut());
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
            Perturbation { parameters: Some(&network.parameters), input: None },
        ];
        for levels in [&[][..], &[0.1, 0.2]] {
            let levels = if n * m == 0 { levels } else { &[] };
            let mut walk = PerturbedWalk::new(&network, x0.as_ref(), &noise, levels).unwrap();
            while walk.advance() {}
            assert_eq!((walk.layer(), walk.state().shape()), (6, (n, m)));
        }
    }
}

#[test]
fn a_network_that_is_not_whole_or_another_one_is_refused() {
    for choice in SchemeChoice::all() {
        let whole = network::<f64>(choice, 3);
        let (x0, mut out) = (Mat::zeros(3, 2), Mat::zeros(3, 2));
        let mut scheme = choice.build::<f64>().unwrap();
        let shape = |result: Result<(), SolveError>| {
            assert!(matches!(result, Err(SolveError::Shape { .. })), "{choice:?}: {result:?}");
        };

        let mut torn = whole.clone();
        torn.parameters = Parameters::zeros(3, whole.parameters.nodes() - 1);
        shape(scheme.direct(&torn, x0.as_ref()));
        shape(scheme.evaluate(&torn, x0.as_ref(), out.as_mut()).map(drop));

        scheme.direct(&whole, x0.as_ref()).unwrap();
        let other = network::<f64>(choice, 4);
        for network in [&torn, &other] {
            shape(scheme.adjoint(network, x0.as_ref(), None));
            shape(scheme.sensitivity(network, Perturbation { parameters: None, input: None }));
            let mut direction = network.parameters.clone();
            let x = direction.clone();
            shape(scheme.sensitivity_of_combination(network, &mut direction, 1.0, &x, 1.0));
            shape(scheme.adjoints(network, x0.as_ref(), out.as_mut()));
            shape(scheme.sensitivities(network, x0.as_ref(), out.as_mut()));
        }
    }
    let mut torn = network::<f64>(SchemeChoice::Euler, 3);
    torn.parameters = Parameters::zeros(3, 1);
    assert!(PerturbedWalk::new(&torn, Mat::zeros(3, 2).as_ref(), &[], &[]).is_err());
    assert_eq!(torn.grid().ends(), Ends::Open);
}
