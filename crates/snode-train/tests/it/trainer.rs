//! The trainer: interruption at any iteration and continuation with the same bits, observers,
//! evaluation, and errors.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use faer::{Mat, MatMut};
use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network, Real};
use snode_train::{
    AVERAGE, Averaged, Averaging, BatchSource, Conjugacy, Control, Cost, Discretisation, EarlyStop,
    EvaluationSet, Event, FirstDirection, InputPerturbation, IterationRecord, LineSearch, Method,
    Metric, Ncg, NcgOptions, Observer, ObserverError, Plan, Position, Preconditioner, Schedule,
    Snapshot, Space, State, StopReason, StopSignal, Targets, TargetsRef, TimeLimit, TrainError,
    Trainer,
};

const WIDTH: usize = 6;

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
        3
    }
    fn batch_size(&self) -> usize {
        10
    }
    fn load(
        &mut self,
        epoch: usize,
        batch: usize,
        mut x: MatMut<'_, T>,
        targets: &mut Targets,
    ) -> Result<(), TrainError> {
        for (column, label) in targets.classes_mut(10).iter_mut().enumerate() {
            *label = point((epoch * 7 + batch) * 10 + column, &mut x, column);
        }
        Ok(())
    }
}

fn sets<T: Real>() -> Vec<EvaluationSet<T>> {
    let mut x = Mat::zeros(WIDTH, 40);
    let labels: Vec<usize> = (0..40).map(|c| point(1000 + c, &mut x.as_mut(), c)).collect();
    vec![EvaluationSet { name: "test".into(), x, targets: labels.into() }]
}

fn start<T: Real>() -> Snapshot<T> {
    let grid = Grid::new(2.0, 8, Endpoint::Excluded).unwrap();
    Snapshot::start(Network::initial(WIDTH, grid, Activation::Tanh, Initialisation::Spline, 2))
}

fn ncg<T: Real>(options: NcgOptions) -> Ncg<T> {
    Ncg::new(Box::new(Euler::new()), Cost::cross_entropy(3), options, &start().network).unwrap()
}

fn plan() -> Plan {
    Plan { epochs: 2, iterations: 4, evaluate_every: 2, ..Plan::default() }
}

/// Stops after a number of iterations, counted over this session.
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
        let IterationRecord { iteration, seconds, .. } = record;
        iteration.phases = snode_train::Phases::default();
        *seconds = 0.0;
    }
    for record in &mut snapshot.history.evaluations {
        record.seconds = 0.0;
    }
    snapshot
}

/// The methods whose continuation is tested: the paper's with its variants, and those that go on through
/// batches.
fn all_options() -> Vec<NcgOptions> {
    let h1 = Space::H1 { length: 1.0, discretisation: Discretisation::Tridiagonal };
    let mut all = Vec::new();
    for conjugacy in [Conjugacy::FletcherReeves, Conjugacy::PolakRibiere, Conjugacy::HagerZhang] {
        for space in [Space::L2, h1] {
            for line_search in [LineSearch::Linearised, LineSearch::Backtracking { halvings: 3 }] {
                all.push(NcgOptions { space, conjugacy, line_search, ..NcgOptions::default() });
            }
        }
        let carried = NcgOptions {
            conjugacy,
            first_direction: FirstDirection::Conjugate,
            schedule: Schedule::Linear { batches: 6, factor: 0.1 },
            ..NcgOptions::default()
        };
        let diagonal = Preconditioner::Diagonal { decay: 0.5, damping: 0.1 };
        let kronecker = Preconditioner::Kronecker { decay: 0.5, damping: 0.1, every: 2 };
        all.push(carried);
        all.push(NcgOptions { preconditioner: diagonal, metric: Metric::Space, ..carried });
        all.push(NcgOptions { preconditioner: kronecker, space: h1, ..carried });
    }
    all
}

fn continuation_has_the_same_bits<T: Real>() {
    let sets = sets::<T>();
    for options in all_options() {
        for averaging in [None, Some(Averaging::Exponential { decay: 0.9 })] {
            let method = || -> Box<dyn Method<T>> {
                match averaging {
                    None => Box::new(ncg::<T>(options)),
                    Some(averaging) => {
                        let network = start().network;
                        Box::new(Averaged::new(ncg(options), averaging, &network).unwrap())
                    }
                }
            };
            let whole = {
                let mut source = Circle;
                let mut trainer =
                    Trainer::new(method(), start(), plan(), &mut source, &sets).unwrap();
                assert_eq!(trainer.run().unwrap(), StopReason::Finished);
                timeless(trainer.snapshot())
            };
            assert_eq!(whole.history.iterations.len(), 2 * 3 * 4);
            for interrupted_after in 1..2 * 3 * 4 {
                let mut source = Circle;
                let mut stop = StopAfter(interrupted_after);
                let snapshot = {
                    let mut trainer =
                        Trainer::new(method(), start(), plan(), &mut source, &sets).unwrap();
                    trainer.observe_with(&mut stop);
                    assert_eq!(trainer.run().unwrap(), StopReason::Interrupted);
                    trainer.snapshot()
                };
                let mut trainer =
                    Trainer::new(method(), snapshot, plan(), &mut source, &sets).unwrap();
                assert_eq!(trainer.run().unwrap(), StopReason::Finished);
                assert!(
                    timeless(trainer.snapshot()) == whole,
                    "{options:?} {averaging:?} interrupted after {interrupted_after}"
                );
            }
        }
    }
}

/// Moves inputs by what the network is at that moment, and by where in training it is.
struct Shift {
    calls: Vec<Position>,
}

impl<T: Real> InputPerturbation<T> for Shift {
    fn perturb(
        &mut self,
        network: &Network<T>,
        position: Position,
        mut x: MatMut<'_, T>,
        targets: TargetsRef<'_>,
    ) -> Result<(), TrainError> {
        self.calls.push(position);
        let of_place = T::from_f64(0.01 * (position.epoch * 3 + position.batch) as f64);
        for j in 0..targets.len() {
            for i in 0..WIDTH {
                x[(i, j)] += of_place + T::from_f64(0.05) * network.parameters().bias(i)[i];
            }
        }
        Ok(())
    }
}

/// Inputs are perturbed once a batch, with the network at its beginning, and stay so to its end, be it
/// in another session.
#[test]
fn perturbed_inputs_last_for_their_batch_and_survive_an_interruption() {
    let sets = sets::<f64>();
    let train = |snapshot: Snapshot<f64>, stop: Option<usize>| {
        let (mut source, mut shift) = (Circle, Shift { calls: Vec::new() });
        let mut stop = StopAfter(stop.unwrap_or(usize::MAX));
        let options = NcgOptions::default();
        let mut trainer =
            Trainer::new(ncg::<f64>(options), snapshot, plan(), &mut source, &sets).unwrap();
        trainer.perturb_with(&mut shift).unwrap();
        trainer.observe_with(&mut stop);
        trainer.run().unwrap();
        let snapshot = trainer.snapshot();
        (snapshot, shift.calls)
    };
    let (whole, calls) = train(start(), None);
    let first = |p: &Position| p.iteration == 0;
    assert!(calls.len() == 6 && calls.iter().all(first) && whole.perturbed.is_none());
    let whole = timeless(whole);
    let clean = {
        let mut source = Circle;
        let options = NcgOptions::default();
        let mut trainer =
            Trainer::new(ncg::<f64>(options), start(), plan(), &mut source, &sets).unwrap();
        trainer.run().unwrap();
        timeless(trainer.snapshot())
    };
    assert!(clean != whole);
    for interrupted_after in 1..2 * 3 * 4 {
        let (snapshot, calls) = train(start(), Some(interrupted_after));
        assert_eq!(snapshot.perturbed.is_some(), interrupted_after % 4 != 0);
        let (rest, further) = train(snapshot.clone(), None);
        assert_eq!(calls.len() + further.len(), 6);
        assert!(timeless(rest) == whole, "interrupted after {interrupted_after}");
        if interrupted_after % 4 != 0 {
            let (mut source, mut shift) = (Circle, Shift { calls: Vec::new() });
            let lost = Snapshot { perturbed: None, ..snapshot };
            let ncg = ncg::<f64>(NcgOptions::default());
            let mut trainer = Trainer::new(ncg, lost, plan(), &mut source, &sets).unwrap();
            assert!(matches!(trainer.perturb_with(&mut shift), Err(TrainError::Resume(_))));
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

#[test]
fn evaluations_are_where_the_plan_puts_them() {
    let sets = sets::<f64>();
    let mut source = Circle;
    let plan = Plan { batches: Some(5), ..plan() };
    let mut trainer =
        Trainer::new(ncg(NcgOptions::default()), start(), plan, &mut source, &sets).unwrap();
    trainer.run().unwrap();
    let batches: Vec<usize> = trainer.history().evaluations.iter().map(|e| e.batches).collect();
    assert_eq!(batches, [2, 4, 5]);
    let score = trainer.history().last_score("test").unwrap();
    assert_eq!(score.total, 40);
    assert!(score.accuracy().unwrap() > 0.5, "{score:?}");
    assert_eq!(trainer.history().rises().1, 5 * 3);
    assert_eq!(trainer.snapshot().position, Position { epoch: 1, batch: 2, iteration: 0 });
}

#[test]
fn stop_rules_stop() {
    let sets = sets::<f64>();
    let mut source = Circle;
    let long = Plan { epochs: 1000, evaluate_every: 1, ..plan() };
    let stopped_by = |source: &mut Circle, observer: &mut dyn Observer<f64>| {
        let mut trainer =
            Trainer::new(ncg(NcgOptions::default()), start(), long, source, &sets).unwrap();
        trainer.observe_with(observer);
        (trainer.run().unwrap(), trainer.history().evaluations.len())
    };
    let mut limit = TimeLimit(Duration::from_millis(20));
    assert_eq!(stopped_by(&mut source, &mut limit).0, StopReason::TimeLimit);

    let mut early = EarlyStop { set: "test".into(), patience: 4 };
    let (reason, evaluations) = stopped_by(&mut source, &mut early);
    assert_eq!(reason, StopReason::NoImprovement);
    assert!(evaluations > 4);

    let flag = Arc::new(AtomicBool::new(false));
    flag.store(true, Ordering::Relaxed);
    let mut signal = StopSignal(flag);
    assert_eq!(stopped_by(&mut source, &mut signal), (StopReason::Interrupted, 0));
}

/// A process may die after a rule has stopped its training, and before the results are written.
#[test]
fn a_training_that_a_rule_stopped_does_not_go_on() {
    let sets = sets::<f64>();
    let mut source = Circle;
    let long = Plan { epochs: 1000, evaluate_every: 1, ..plan() };
    let mut early = EarlyStop { set: "test".into(), patience: 4 };
    let mut limit = TimeLimit(Duration::from_millis(20));
    let rules: [(&mut dyn Observer<f64>, _); 2] =
        [(&mut early, StopReason::NoImprovement), (&mut limit, StopReason::TimeLimit)];
    for (rule, reason) in rules {
        let mut snapshot = start();
        let mut iterations = Vec::new();
        for _ in 0..3 {
            let options = NcgOptions::default();
            let mut trainer =
                Trainer::new(ncg(options), snapshot, long, &mut source, &sets).unwrap();
            trainer.observe_with(&mut *rule);
            assert_eq!(trainer.run().unwrap(), reason);
            snapshot = trainer.snapshot();
            iterations.push(snapshot.history.iterations.len());
        }
        assert!(iterations.iter().all(|&count| count == iterations[0]), "{iterations:?}");
    }
}

#[test]
fn failing_observers_and_sources_end_the_training() {
    struct Failing;
    impl<T: Real> Observer<T> for Failing {
        fn observe(&mut self, _: &Event<'_>, _: &State<'_, T>) -> Result<Control, ObserverError> {
            Err("the disk is full".into())
        }
    }
    let mut source = Circle;
    let mut failing = Failing;
    let mut trainer =
        Trainer::<f64>::new(ncg(NcgOptions::default()), start(), plan(), &mut source, &[]).unwrap();
    trainer.observe_with(&mut failing);
    let error = trainer.run().unwrap_err();
    assert!(error.to_string().contains("the disk is full"));
}

#[test]
fn a_growing_cost_is_divergence() {
    let mut source = Circle;
    let plan = Plan { divergence_factor: 0.5, ..plan() };
    let mut trainer =
        Trainer::<f64>::new(ncg(NcgOptions::default()), start(), plan, &mut source, &[]).unwrap();
    assert!(matches!(trainer.run(), Err(TrainError::Diverged { limit: Some(_), .. })));
}

#[test]
fn snapshots_that_do_not_fit_are_refused() {
    let mut source = Circle;
    let middle =
        Snapshot { position: Position { epoch: 0, batch: 1, iteration: 2 }, ..start::<f64>() };
    let result = Trainer::new(ncg(NcgOptions::default()), middle, plan(), &mut source, &[]);
    assert!(matches!(result, Err(TrainError::Resume(_))));
    let beyond =
        Snapshot { position: Position { epoch: 0, batch: 3, iteration: 0 }, ..start::<f64>() };
    let result = Trainer::new(ncg(NcgOptions::default()), beyond, plan(), &mut source, &[]);
    assert!(matches!(result, Err(TrainError::Resume(_))));
}

/// The definition (S50) by the iterates of the same training without an average, which does not change.
#[test]
fn averages_are_those_of_the_iterates() {
    /// Keeps the parameters at the ends of batches.
    struct Iterates(Vec<Vec<f64>>);
    impl Observer<f64> for Iterates {
        fn observe(
            &mut self,
            event: &Event<'_>,
            state: &State<'_, f64>,
        ) -> Result<Control, ObserverError> {
            if matches!(event, Event::Settled) && state.position.iteration == 0 {
                self.0.push(state.network.parameters().as_slice().to_vec());
            }
            Ok(Control::Continue)
        }
    }
    let sets = sets::<f64>();
    let mut source = Circle;
    let mut iterates = Iterates(Vec::new());
    let options = NcgOptions::default();
    let mut trainer = Trainer::new(ncg(options), start(), plan(), &mut source, &sets).unwrap();
    trainer.observe_with(&mut iterates);
    trainer.run().unwrap();
    let plain = trainer.snapshot();
    assert_eq!(iterates.0.len(), 6);

    let mean = |from: usize| -> Vec<f64> {
        let count = (iterates.0.len() - from) as f64;
        let entries = 0..iterates.0[0].len();
        entries.map(|i| iterates.0[from..].iter().map(|p| p[i]).sum::<f64>() / count).collect()
    };
    let mut exponential = start::<f64>().network.parameters().as_slice().to_vec();
    for (k, parameters) in iterates.0.iter().enumerate() {
        let keep = 0.3_f64.min((k + 1) as f64 / (k + 10) as f64);
        for (a, p) in exponential.iter_mut().zip(parameters) {
            *a = keep * *a + (1.0 - keep) * p;
        }
    }
    for (averaging, expected) in [
        (Averaging::Tail { from: 0 }, mean(0)),
        (Averaging::Tail { from: 4 }, mean(4)),
        (Averaging::Exponential { decay: 0.3 }, exponential),
    ] {
        let method = Averaged::new(ncg(options), averaging, &start().network).unwrap();
        let mut source = Circle;
        let mut trainer = Trainer::new(method, start(), plan(), &mut source, &sets).unwrap();
        trainer.run().unwrap();
        let snapshot = trainer.snapshot();
        assert!(snapshot.network == plain.network, "{averaging:?}");
        let average = trainer.method().average().unwrap();
        for (found, expected) in average.parameters().as_slice().iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-14, "{averaging:?}");
        }
        let cost = Cost::cross_entropy(3);
        let score = sets[0].score(&Euler::new(), average, &cost.into()).unwrap();
        assert_eq!(snapshot.history.last_score(&format!("test{AVERAGE}")), Some(score));
        assert_eq!(snapshot.history.last_score("test"), plain.history.last_score("test"));
    }
}
