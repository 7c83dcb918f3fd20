//! Convolutional networks from data to scores: lifting, readouts, and penalties in H¹.

use faer::Mat;
use snode_ode::{
    Activation, AffineMap, Endpoint, Euler, Grid, Initialisation, Network, Readout, Real,
    initialise,
};
use snode_train::{
    Accuracy, Cost, Discretisation, EvaluationSet, Fit, GradientSpace, Ncg, NcgOptions, Objective,
    Penalty, Space, TrainError, check_gradient, classify, scores,
};

const CLASSES: usize = 3;
const POINTS: usize = 20;
const READOUTS: [Readout; 3] = [
    Readout::Components,
    Readout::ChannelMeans { gain: 5.0 },
    Readout::Pattern { gain: 2.0, seed: 9 },
];

/// Images of 5×4 pixels, four channels of which one is the image's.
fn network<T: Real>(readout: Readout) -> Network<T> {
    let map = AffineMap::convolution(4, (5, 4), 3).unwrap();
    let grid = Grid::new(2.0, 8, Endpoint::Excluded).unwrap();
    let mut network = Network::initial(map, grid, Activation::Tanh, Initialisation::Spline, 3)
        .with_inputs(20, 0.0)
        .unwrap()
        .with_readout(readout);
    let copy = network.parameters().clone();
    network.parameters_mut().combine(T::ZERO, &copy, T::from_f64(6.0));
    network
}

fn data<T: Real>() -> (Mat<T>, Vec<usize>) {
    let x = Mat::from_fn(20, POINTS, |i, j| T::from_f64((i as f64 * 0.7 + j as f64 * 1.3).sin()));
    (x, (0..POINTS).map(|j| j * j % CLASSES).collect())
}

fn lifted<T: Real>(network: &Network<T>) -> Mat<T> {
    let mut x0 = Mat::zeros(network.width(), POINTS);
    network.lifting().lift(data().0.as_ref(), x0.as_mut());
    x0
}

fn costs() -> [Cost; 2] {
    let penalty = Penalty::H1 { length: 0.7 };
    [Cost::l2(CLASSES), Cost::cross_entropy(CLASSES)].map(|cost| Cost {
        mu4: 0.02,
        penalty,
        ..cost
    })
}

#[test]
fn gradients_are_derivatives_from_data_to_cost() {
    for readout in READOUTS {
        for cost in costs() {
            let network = network::<f64>(readout);
            let direction =
                initialise(Initialisation::Independent, network.map(), network.grid(), 8);
            let (x0, labels) = (lifted(&network), data::<f64>().1);
            let check = check_gradient(
                &mut Euler::new(),
                &network,
                cost,
                x0.as_ref(),
                &labels,
                &direction,
                Accuracy::EXACT,
            )
            .unwrap();
            let rate = check.cost_rate.unwrap();
            assert!((rate - 2.0).abs() < 0.1, "{readout:?}: {rate}");
            assert!(check.parameter_gap < 1e-13 && check.input_gap < 1e-13, "{readout:?}");
        }
    }
}

#[test]
fn the_slope_of_the_linearised_cost_is_that_of_the_gradient() {
    for readout in READOUTS {
        for cost in costs() {
            let mut network = network::<f64>(readout);
            let (x0, labels) = (lifted(&network), data::<f64>().1);
            let options = NcgOptions::default();
            let mut ncg = Ncg::new(Box::new(Euler::new()), cost, options, &network)
                .unwrap()
                .keeping_gradients();
            let mut last = f64::INFINITY;
            for _ in 0..6 {
                let made = ncg.iterate(&mut network, x0.as_ref(), &labels).unwrap();
                let slope = ncg.gradient().unwrap().inner(ncg.direction(), network.grid());
                assert!((slope - made.slope).abs() < 1e-12 * slope.abs(), "{readout:?}");
                assert!(made.cost.total() < last && made.cost.decay > 0.0, "{readout:?}");
                last = made.cost.total();
            }
        }
    }
}

#[test]
fn data_are_scored_as_their_lifted_states() {
    for readout in READOUTS {
        let network = network::<f64>(readout);
        let (x, labels) = data();
        let found = scores(&Euler::new(), &network, x.as_ref(), CLASSES).unwrap();
        let set = EvaluationSet { name: String::new(), x, targets: labels.clone().into() };
        let score = set.score(&Euler::new(), &network, &Cost::l2(CLASSES).into()).unwrap();
        let predicted = classify(found.as_ref(), CLASSES);
        let right = predicted.iter().zip(&labels).filter(|(p, l)| p == l).count();
        assert_eq!((score.fit, score.total), (Fit::Classes { correct: right }, POINTS));
        if readout != Readout::Components {
            let cost = Cost::l2(CLASSES);
            let value = cost.value(found.as_ref(), &labels, 0.0).unwrap();
            assert_eq!(score.cost, value.total());
        }
        let whole = EvaluationSet { x: lifted(&network), ..set };
        let refused = whole.score(&Euler::new(), &network, &Cost::l2(CLASSES).into());
        assert!(matches!(refused, Err(TrainError::Solve(_))));
    }
    let network = network::<f64>(READOUTS[1]);
    let refused = scores(&Euler::new(), &network, data().0.as_ref(), 5).unwrap_err();
    assert!(refused.to_string().starts_with("the scores: classes: found 5; expected 1 to 4"));
}

#[test]
fn the_number_of_threads_changes_no_trained_bit() {
    fn trained<T: Real>(threads: usize) -> Vec<u64> {
        let mut network = network::<T>(READOUTS[2]);
        let (x0, labels) = (lifted(&network), data::<T>().1);
        let space = Space::H1 { length: 1.0, discretisation: Discretisation::default() };
        let options = NcgOptions { space, ..NcgOptions::default() };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut ncg = Ncg::new(Box::new(Euler::new()), costs()[1], options, &network).unwrap();
            for _ in 0..4 {
                ncg.iterate(&mut network, x0.as_ref(), &labels).unwrap();
            }
        });
        network.parameters().as_slice().iter().map(|p| p.to_f64().to_bits()).collect()
    }
    for threads in [2, 3] {
        assert!(trained::<f64>(1) == trained::<f64>(threads));
        assert!(trained::<f32>(1) == trained::<f32>(threads));
    }
}

/// (S42).
#[test]
fn a_penalty_in_h1_is_that_of_its_inner_product() {
    for endpoint in [Endpoint::Excluded, Endpoint::Included] {
        let grid = Grid::new(2.0, 9, endpoint).unwrap();
        let length = 0.6;
        let u = initialise::<f64>(Initialisation::Independent, 4, &grid, 1);
        let v = initialise::<f64>(Initialisation::Independent, 4, &grid, 2);
        let cost = Cost { mu4: 0.3, penalty: Penalty::H1 { length }, ..Cost::l2(2) };
        let mut gradient = u.zeros_like();
        Objective::from(cost).add_penalty(&u, &grid, &mut gradient);
        // ⟨gradient, v⟩_{L²} = μ₄ ⟨u, v⟩_{H¹}, the derivative along v.
        let wanted = 0.3 * cost.penalty.inner(&u, &v, &grid);
        assert!((gradient.inner(&v, &grid) - wanted).abs() < 1e-15);
        // The representative in the same H¹ is μ₄ u.
        let space = Space::H1 { length, discretisation: Discretisation::default() };
        let mut space: Box<dyn GradientSpace<f64>> = space.build(&grid).unwrap();
        let mut representative = u.zeros_like();
        space.represent(&gradient, &mut representative);
        representative.axpy(-0.3, &u);
        assert!(representative.inner(&representative, &grid).sqrt() < 1e-15);
        // ℓ → 0 gives weight decay.
        let short = Cost { penalty: Penalty::H1 { length: 1e-12 }, ..cost };
        let plain = Cost { penalty: Penalty::L2, ..cost };
        let (a, b) = (
            Objective::from(short).penalty_of(&u, &grid),
            Objective::from(plain).penalty_of(&u, &grid),
        );
        assert!((a - b).abs() < 1e-15 * b, "{a} {b}");
    }
    let refused = Cost { penalty: Penalty::H1 { length: 0.0 }, ..Cost::l2(2) };
    assert!(refused.check(Activation::Tanh, 0.0).is_err());
}
