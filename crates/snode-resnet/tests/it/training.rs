//! Stochastic gradients under the trainer: they learn, with the same bits for any number of threads
//! and after an interruption anywhere.

use faer::{Mat, MatMut};
use snode_ode::{Activation, Endpoint, Grid, Initialisation, Network, Parameters, Real};
use snode_resnet::{Adam, Momentum, Optimiser, Plain, RmsProp, Schedule, Sgd, SgdOptions};
use snode_train::{
    BatchSource, Control, Cost, EvaluationSet, Event, Memory, Method, Observer, ObserverError,
    Phases, Plan, Position, Snapshot, State, StopReason, Targets, TrainError, Trainer,
};

const WIDTH: usize = 6;
const BATCHES: usize = 9;

/// Three noisy classes on a circle; batch b of epoch e is always the same.
struct Circle;

fn point<T: Real>(index: usize, x: &mut MatMut<'_, T>, column: usize) -> usize {
    let angle = index as f64 * 0.61;
    for i in 0..WIDTH {
        let value =
            if i < 2 { (angle + i as f64 * 1.57).sin() } else { 0.1 * (index * i) as f64 % 0.3 };
        x[(i, column)] = T::from_f64(value);
    }
    ((angle % std::f64::consts::TAU) / std::f64::consts::TAU * 3.0) as usize
}

impl<T: Real> BatchSource<T> for Circle {
    fn batches_per_epoch(&self) -> usize {
        BATCHES
    }
    fn batch_size(&self) -> usize {
        20
    }
    fn load(
        &mut self,
        epoch: usize,
        batch: usize,
        mut x: MatMut<'_, T>,
        targets: &mut Targets,
    ) -> Result<(), TrainError> {
        for (column, label) in targets.classes_mut(20).iter_mut().enumerate() {
            *label = point((epoch * BATCHES + batch) * 20 + column, &mut x, column);
        }
        Ok(())
    }
}

fn sets<T: Real>() -> Vec<EvaluationSet<T>> {
    let mut x = Mat::zeros(WIDTH, 60);
    let labels: Vec<usize> = (0..60).map(|c| point(10_000 + c, &mut x.as_mut(), c)).collect();
    vec![EvaluationSet { name: "test".into(), x, targets: labels.into() }]
}

fn start<T: Real>() -> Snapshot<T> {
    let grid = Grid::new(2.0, 8, Endpoint::Excluded).unwrap();
    Snapshot::start(Network::initial(WIDTH, grid, Activation::Tanh, Initialisation::Spline, 2))
}

fn sgd<T: Real>(options: SgdOptions) -> Sgd<T> {
    let cost = Cost { mu4: 1e-4, ..Cost::cross_entropy(3) };
    Sgd::new(cost, options, &start().network).unwrap()
}

fn plan(epochs: usize) -> Plan {
    Plan { epochs, iterations: 1, evaluate_every: 2, ..Plan::default() }
}

fn methods() -> Vec<SgdOptions> {
    let schedule = Schedule::Cosine { batches: 30, factor: 0.1 };
    let of = |optimiser, learning_rate| SgdOptions {
        optimiser,
        learning_rate,
        schedule,
        weight_decay: 1e-3,
    };
    let momentum = |nesterov| Optimiser::Momentum(Momentum { momentum: 0.9, nesterov });
    let rmsprop =
        |momentum, centred| Optimiser::RmsProp(RmsProp { momentum, centred, ..RmsProp::default() });
    vec![
        of(Optimiser::Plain(Plain), 1.0),
        of(momentum(false), 0.3),
        of(momentum(true), 0.3),
        of(rmsprop(0.0, false), 0.01),
        of(rmsprop(0.5, false), 0.01),
        of(rmsprop(0.0, true), 0.01),
        of(rmsprop(0.5, true), 0.01),
        of(Optimiser::Adam(Adam::default()), 0.02),
    ]
}

struct StopAfter(usize);

impl<T: Real> Observer<T> for StopAfter {
    fn observe(&mut self, event: &Event<'_>, _: &State<'_, T>) -> Result<Control, ObserverError> {
        if matches!(event, Event::Iteration(_)) {
            self.0 -= 1;
        }
        Ok(if self.0 == 0 { Control::Stop(StopReason::Interrupted) } else { Control::Continue })
    }
}

/// Everything but the seconds.
fn timeless<T: Real>(mut snapshot: Snapshot<T>) -> Snapshot<T> {
    for record in &mut snapshot.history.iterations {
        record.iteration.phases = Phases::default();
        record.seconds = 0.0;
    }
    for record in &mut snapshot.history.evaluations {
        record.seconds = 0.0;
    }
    snapshot
}

fn train<T: Real>(options: SgdOptions, snapshot: Snapshot<T>, epochs: usize) -> Snapshot<T> {
    let (sets, mut source) = (sets::<T>(), Circle);
    let mut trainer =
        Trainer::new(sgd::<T>(options), snapshot, plan(epochs), &mut source, &sets).unwrap();
    assert_eq!(trainer.run().unwrap(), StopReason::Finished);
    timeless(trainer.snapshot())
}

#[test]
fn every_method_learns() {
    for options in methods() {
        let options = SgdOptions { schedule: Schedule::Constant, ..options };
        let trained = train::<f64>(options, start(), 12);
        let costs: Vec<f64> =
            trained.history.iterations.iter().map(|r| r.iteration.cost.total()).collect();
        let mean = |costs: &[f64]| costs.iter().sum::<f64>() / costs.len() as f64;
        let (first, last) = (mean(&costs[..BATCHES]), mean(&costs[costs.len() - BATCHES..]));
        assert!(last < 0.8 * first, "{options:?}: {first} to {last}");
    }
}

#[test]
fn records_have_the_rate_and_the_norm() {
    let options = methods()[3];
    let trained = train::<f64>(options, start(), 1);
    for (step, record) in trained.history.iterations.iter().enumerate() {
        let iteration = &record.iteration;
        assert_eq!(iteration.learning_rate, Some(options.rate(step as u64)));
        assert!(iteration.gradient_norm > 0.0 && iteration.cost.decay > 0.0);
        assert_eq!((iteration.gamma, iteration.eta, iteration.slope), (0.0, 0.0, 0.0));
    }
    assert_eq!(trained.history.rises(), (0, 0));
}

fn continuation_has_the_same_bits<T: Real>() {
    for options in methods() {
        let whole = train::<T>(options, start(), 2);
        assert_eq!(whole.history.iterations.len(), 2 * BATCHES);
        for interrupted_after in 1..2 * BATCHES {
            let sets = sets::<T>();
            let (mut source, mut stop) = (Circle, StopAfter(interrupted_after));
            let mut trainer =
                Trainer::new(sgd::<T>(options), start(), plan(2), &mut source, &sets).unwrap();
            trainer.observe_with(&mut stop);
            assert_eq!(trainer.run().unwrap(), StopReason::Interrupted);
            let snapshot = trainer.snapshot();
            drop(trainer);
            let names: Vec<&str> =
                snapshot.memory.as_ref().unwrap().arrays().map(|(name, _)| name).collect();
            assert_eq!(names, options.optimiser.state_names());
            assert!(
                train(options, snapshot, 2) == whole,
                "{options:?} interrupted after {interrupted_after}"
            );
        }
    }
}

#[test]
fn continuation_has_the_same_bits_f64() {
    continuation_has_the_same_bits::<f64>();
}

#[test]
fn continuation_has_the_same_bits_f32() {
    continuation_has_the_same_bits::<f32>();
}

fn threads_change_no_bits<T: Real>() {
    for options in methods() {
        let results = [1, 2, 3, 4].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let grid = Grid::new(2.0, 11, Endpoint::Excluded).unwrap();
                let mut network =
                    Network::<T>::initial(37, grid, Activation::Relu, Initialisation::Spline, 5);
                let x = Mat::from_fn(37, 70, |i, j| T::from_f64(((i * 7 + j) as f64).sin()));
                let labels: Vec<usize> = (0..70).map(|j| j % 3).collect();
                let cost = Cost { mu4: 1e-3, ..Cost::cross_entropy(3) };
                let mut sgd = Sgd::new(cost, options, &network).unwrap();
                let norms: Vec<u64> = (0..6)
                    .map(|_| {
                        let report = sgd.step(&mut network, x.as_ref(), &labels).unwrap();
                        report.gradient_norm.to_bits()
                    })
                    .collect();
                (network, norms)
            })
        });
        assert!(results.iter().all(|result| *result == results[0]), "{options:?}");
    }
}

#[test]
fn threads_change_no_bits_f64() {
    threads_change_no_bits::<f64>();
}

#[test]
fn threads_change_no_bits_f32() {
    threads_change_no_bits::<f32>();
}

#[test]
fn memories_that_do_not_fit_are_refused() {
    let options = methods()[3];
    let resume = |memory: Option<Memory<f64>>| {
        let position = Position { epoch: 0, batch: 3, iteration: 0 };
        let error = sgd::<f64>(options).resume(memory, position).unwrap_err();
        assert!(matches!(error, TrainError::Resume(_)), "{error}");
        error.to_string()
    };
    let array = || start::<f64>().network.into_parameters();
    let steps = || Memory::new().with_number("steps", 3.0);
    assert!(resume(None).contains("memory is missing"));
    assert!(resume(Some(steps())).contains("`mean_square` is missing"));
    assert!(resume(Some(Memory::new().with_array("mean_square", array()))).contains("`steps`"));
    for wrong in [-1.0, 0.5, f64::NAN, 1e300] {
        let memory = Memory::new().with_array("mean_square", array()).with_number("steps", wrong);
        assert!(resume(Some(memory)).contains("not a count"));
    }
    let small = snode_ode::Parameters::zeros(2, 3);
    assert!(
        resume(Some(steps().with_array("mean_square", small))).contains("2×2 weights on 3 nodes")
    );
    // And one that fits is taken up.
    let memory = steps().with_array("mean_square", array());
    let mut taken = sgd::<f64>(options);
    taken.resume(Some(memory.clone()), Position::default()).unwrap();
    assert_eq!(
        taken.memory(),
        Some(Memory::new().with_number("steps", 3.0).with_array("mean_square", array()))
    );
    assert_eq!(taken.steps(), 3);
}

#[test]
fn a_batch_without_data_points_is_no_step() {
    for options in methods() {
        let (mut network, mut sgd) = (start::<f64>().network, sgd::<f64>(options));
        let error = sgd.step(&mut network, Mat::zeros(WIDTH, 0).as_ref(), &[]).unwrap_err();
        assert!(matches!(error, TrainError::EmptyBatch), "{error}");
        assert!(network == start().network && sgd.steps() == 0);
    }
}

/// A step that fails leaves the parameters alone: whether a state, the cost or only the adjoint
/// state is beyond the numbers of the type.
#[test]
fn what_is_not_finite_ends_the_training() {
    let before = start::<f32>().network;
    let cases = [(f32::NAN, 1.0), (0.1, 1e200), (0.1, 1e150)];
    for (input, target_on) in cases {
        let mut network = before.clone();
        let cost = Cost { target_on, ..Cost::l2(3) };
        let mut sgd = Sgd::new(cost, methods()[0], &network).unwrap();
        let x = Mat::from_fn(WIDTH, 4, |_, _| input);
        let error = sgd.step(&mut network, x.as_ref(), &[0, 1, 2, 0]).unwrap_err();
        let is_typed = matches!(error, TrainError::Solve(_) | TrainError::Diverged { .. });
        assert!(is_typed, "{input} {target_on}: {error}");
        assert!(network == before && sgd.steps() == 0);
    }
}

/// Everything is finite but the norm: by a large input, whose product with λ the gradient is, or by large
/// parameters with weight decay. No optimiser takes a step then.
#[test]
fn a_gradient_without_a_norm_leaves_everything_as_it_was() {
    let network = |parameter: f32| {
        let grid = Grid::new(2.0, 8, Endpoint::Excluded).unwrap();
        let mut parameters = Parameters::<f32>::zeros(WIDTH, grid.nodes());
        parameters.as_mut_slice().fill(parameter);
        Network::new(parameters, grid, Activation::Tanh).unwrap()
    };
    for options in methods() {
        for (input, parameter, mu4) in
            [(1e20_f32, 0.0, 0.0), (1e-3, 1e20, 1e-2), (1e-3, 1e20, 10.0)]
        {
            let before = network(parameter);
            let mut after = before.clone();
            let cost = Cost { mu4, ..Cost::cross_entropy(3) };
            let mut sgd = Sgd::new(cost, options, &before).unwrap();
            let x = Mat::from_fn(WIDTH, 4, |i, _| if i == 0 { input } else { 0.0 });
            let error = sgd.step(&mut after, x.as_ref(), &[0, 1, 2, 0]).unwrap_err();
            assert!(error.to_string().contains("gradient"), "{input} {parameter}: {error}");
            assert!(after == before && sgd.steps() == 0, "{input} {parameter}");
            assert_eq!(sgd.memory(), None);
        }
    }
}
