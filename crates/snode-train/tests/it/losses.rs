//! What must hold of every loss, whoever wrote it (S70, S71).

use faer::{Mat, MatMut, MatRef};
use snode_ode::{
    Activation, Endpoint, Euler, Grid, Initialisation, Network, Readout, Real, initialise,
};
use snode_train::{
    Accuracy, BatchSource, Control, Cost, CostValue, DecayProducts, ErrorSums, EvaluationSet,
    Event, Fit, HuberLoss, Line, LinearisedCost, Loss, Ncg, NcgOptions, Objective, Observer,
    ObserverError, Penalty, Plan, Score, Snapshot, SquaredLoss, State, StopReason, TargetKind,
    Targets, TargetsRef, TrainError, Trainer, ValueErrors, check_gradient,
};

const WIDTH: usize = 6;
const COMPONENTS: usize = 3;
const POINTS: usize = 9;

/// A loss of the user's own: ln cosh of every residual.
#[derive(Debug)]
struct LogCosh;

impl<T: Real> Loss<T> for LogCosh {
    fn scores(&self) -> usize {
        COMPONENTS
    }

    fn target_kind(&self) -> TargetKind {
        TargetKind::Values
    }

    fn value_and_terminal(
        &self,
        _: &Network<T>,
        output: MatRef<'_, T>,
        targets: TargetsRef<'_>,
        mut terminal: MatMut<'_, T>,
    ) -> Result<CostValue, TrainError> {
        let y = targets.values()?;
        let mut sum = 0.0;
        for j in 0..y.ncols() {
            for i in 0..COMPONENTS {
                let r = output[(i, j)].to_f64() - y[(i, j)];
                sum += r.cosh().ln();
                terminal[(i, j)] = T::from_f64(r.tanh() / y.ncols() as f64);
            }
        }
        Ok(CostValue { other: sum / y.ncols() as f64, ..CostValue::default() })
    }

    fn linearise(
        &self,
        _: &Network<T>,
        [output, sensitivity]: [MatRef<'_, T>; 2],
        targets: TargetsRef<'_>,
        line: &mut Line,
    ) -> Result<(), TrainError> {
        let y = targets.values()?;
        for j in 0..y.ncols() {
            for i in 0..COMPONENTS {
                let r = output[(i, j)].to_f64() - y[(i, j)];
                line.values.extend([r, sensitivity[(i, j)].to_f64()]);
            }
        }
        Ok(())
    }

    fn add_rest(&self, line: &Line, eta: f64, [first, second]: &mut [f64; 2]) {
        let per_point = (2 * COMPONENTS) as f64 / line.values.len() as f64;
        for pair in line.values.chunks_exact(2) {
            let slope = (pair[0] + eta * pair[1]).tanh();
            *first += per_point * pair[1] * slope;
            *second += per_point * pair[1] * pair[1] * (1.0 - slope * slope);
        }
    }
}

/// Every loss with targets that it takes, and a penalty.
fn losses<T: Real>() -> Vec<(&'static str, Objective<T>, Targets)> {
    let labels = || Targets::from((0..POINTS).map(|j| j % COMPONENTS).collect::<Vec<_>>());
    let values = || {
        Targets::from(Mat::from_fn(COMPONENTS, POINTS, |i, j| {
            0.8 * f64::sin((2 * i + 3 * j) as f64)
        }))
    };
    let components = COMPONENTS;
    let penalised = |objective: Objective<T>| objective.with_penalty(0.02, Penalty::L2);
    let all = Cost { mu1: 0.4, mu2: 0.7, mu3: 0.2, ..Cost::l2(COMPONENTS) };
    vec![
        ("l2", Cost::l2(COMPONENTS).into(), labels()),
        ("cross-entropy", Cost::cross_entropy(COMPONENTS).into(), labels()),
        ("the paper's three terms", all.into(), labels()),
        ("squared", penalised(SquaredLoss { components }.into()), values()),
        ("huber", penalised(HuberLoss { components, delta: 0.4 }.into()), values()),
        ("huber, all linear", HuberLoss { components, delta: 1e-3 }.into(), values()),
        ("ln cosh", penalised(Objective::new(LogCosh)), values()),
    ]
}

fn network<T: Real>() -> Network<T> {
    let grid = Grid::new(1.5, 12, Endpoint::Excluded).unwrap();
    let mut network =
        Network::<T>::initial(WIDTH, grid, Activation::Tanh, Initialisation::Spline, 11);
    let copy = network.parameters().clone();
    network.parameters_mut().combine(T::ZERO, &copy, T::from_f64(4.0));
    network
}

fn inputs<T: Real>() -> Mat<T> {
    Mat::from_fn(WIDTH, POINTS, |i, j| T::from_f64(-(i as f64 + 2.3 * j as f64).sin().abs()))
}

fn value<T: Real>(
    objective: &Objective<T>,
    network: &Network<T>,
    x: &Mat<T>,
    y: &Targets,
) -> (f64, Mat<T>) {
    let mut terminal = Mat::zeros(x.nrows(), x.ncols());
    let loss = objective.loss();
    let cost = loss.value_and_terminal(network, x.as_ref(), y.as_ref(), terminal.as_mut()).unwrap();
    (cost.total(), terminal)
}

#[test]
fn the_terminal_value_is_the_gradient_of_the_mean_loss() {
    let (network, x) = (network::<f64>(), inputs::<f64>());
    for (name, objective, y) in losses() {
        let (_, terminal) = value(&objective, &network, &x, &y);
        for j in 0..POINTS {
            for i in 0..WIDTH {
                let step = 1e-6;
                let at = |by: f64| {
                    let mut moved = x.clone();
                    moved[(i, j)] += by;
                    value(&objective, &network, &moved, &y).0
                };
                let slope = (at(step) - at(-step)) / (2.0 * step);
                assert!((slope - terminal[(i, j)]).abs() < 1e-8, "{name} ({i}, {j})");
            }
        }
    }
}

#[test]
fn single_precision_differs_by_rounding() {
    let (double, x) = (network::<f64>(), inputs::<f64>());
    let (single, small) = (network::<f32>(), inputs::<f32>());
    for ((name, a, y), (_, b, _)) in losses::<f64>().into_iter().zip(losses::<f32>()) {
        let (wide, terminal) = value(&a, &double, &x, &y);
        let (narrow, rounded) = value(&b, &single, &small, &y);
        assert!((wide - narrow).abs() < 1e-6 * wide, "{name}");
        for j in 0..POINTS {
            for i in 0..WIDTH {
                assert!((terminal[(i, j)] - f64::from(rounded[(i, j)])).abs() < 1e-6, "{name}");
            }
        }
    }
}

#[test]
fn remainders_are_of_second_order() {
    fn check<T: Real>(lowest: f64) {
        for (name, objective, y) in losses::<T>() {
            // Across the kinks of its slope too few.
            if name.starts_with("huber") && T::EPSILON.to_f64() > 1e-10 {
                continue;
            }
            let network = network::<T>();
            let grid = *network.grid();
            let direction = initialise(Initialisation::Independent, WIDTH, &grid, 12);
            let check = check_gradient(
                &mut Euler::new(),
                &network,
                objective,
                inputs().as_ref(),
                y.as_ref(),
                &direction,
                Accuracy::EXACT,
            )
            .unwrap();
            let rate = check.cost_rate.unwrap();
            assert!(rate > lowest, "{name}: {rate}");
        }
    }
    check::<f64>(1.9);
    // In single precision few remainders stand above rounding; a wrong derivative has order 1.
    check::<f32>(1.4);
}

/// φ′ and φ″ are derivatives of the loss along ξ, φ′(0) = ⟨λ(T), ξ⟩, and the root is the minimiser.
#[test]
fn the_step_length_is_the_minimiser_along_the_line() {
    fn check<T: Real>() {
        let (network, x) = (network::<T>(), inputs::<T>());
        for (name, objective, y) in losses::<T>() {
            let (_, terminal) = value(&objective, &network, &x, &y);
            // Downhill, but not along the gradient.
            let xi = Mat::from_fn(WIDTH, POINTS, |i, j| {
                let other = T::from_f64(0.02 * f64::cos((3 * i + j) as f64));
                other - terminal[(i, j)]
            });
            let mut phi = LinearisedCost::new(objective.clone());
            let decay = DecayProducts { parameters_direction: -0.1, direction_direction: 0.3 };
            phi.set(&network, [x.as_ref(), xi.as_ref()], y.as_ref(), decay).unwrap();
            let along = |eta: f64| {
                let moved = Mat::<f64>::from_fn(WIDTH, POINTS, |i, j| {
                    x[(i, j)].to_f64() + eta * xi[(i, j)].to_f64()
                });
                let whole = losses::<f64>().into_iter().find(|(n, ..)| *n == name).unwrap().1;
                let network = self::network::<f64>();
                let mu4 = objective.mu4;
                value(&whole, &network, &moved, &y).0 + mu4 * (-0.1 * eta + 0.3 * eta * eta / 2.0)
            };
            for eta in [-0.5, 0.0, 0.3, 2.0, 10.0] {
                let step = 1e-5;
                let (first, second) = phi.derivatives(eta);
                let slope = (along(eta + step) - along(eta - step)) / (2.0 * step);
                assert!((slope - first).abs() < 1e-8, "{name} at {eta}: {slope} and {first}");
                assert!(second >= 0.0, "{name} at {eta}");
            }
            let step = phi.minimise(None).unwrap();
            assert!(step.initial_slope < 0.0 && step.eta > 0.0 && !step.capped, "{name}");
            assert!(step.residual.abs() < 1e-12, "{name}: {step:?}");
            for factor in [0.9, 0.99, 1.01, 1.1] {
                let there = along(factor * step.eta);
                assert!(there >= along(step.eta), "{name}: less at {factor} times the step");
            }
        }
    }
    check::<f64>();
    check::<f32>();
}

/// Newton's guess is far off where all residuals are in the linear part, and φ″ is 0 there.
#[test]
fn hubers_step_is_found_where_the_curvature_vanishes() {
    let network = network::<f64>();
    let loss = HuberLoss { components: 1, delta: 0.5 };
    let of = |residuals: &[f64], speeds: &[f64]| {
        let row = |numbers: &[f64]| Mat::from_fn(1, numbers.len(), |_, j| numbers[j]);
        let (x, xi) = (row(residuals), row(speeds));
        let zero = Mat::<f64>::zeros(1, residuals.len());
        let mut phi = LinearisedCost::new(loss);
        let outputs = [x.as_ref(), xi.as_ref()];
        phi.set(&network, outputs, zero.as_ref().into(), DecayProducts::default()).unwrap();
        phi.minimise(None)
    };
    let close = |found: f64, expected: f64| (found - expected).abs() < 1e-12 * expected;
    assert!(close(of(&[1000.0], &[-1.0]).unwrap().eta, 1000.0));
    assert!(close(of(&[1000.0], &[-1e6]).unwrap().eta, 1e-3));
    // The median of three: the outlier does not move it.
    assert!(close(of(&[3.0, 3.0, 1e9], &[-1.0; 3]).unwrap().eta, 3.25));
    // A flat minimum: every point between is one.
    let flat = of(&[1.0, 5.0], &[-1.0; 2]).unwrap();
    assert!((1.5..=4.5).contains(&flat.eta) && flat.residual == 0.0, "{flat:?}");
}

#[test]
fn hubers_loss_becomes_the_squared_one() {
    let (network, x) = (network::<f64>(), inputs::<f64>());
    let y = losses::<f64>().remove(3).2;
    let squared = value(&SquaredLoss { components: COMPONENTS }.into(), &network, &x, &y);
    let loss = HuberLoss { components: COMPONENTS, delta: 1e3 };
    let huber = value(&loss.into(), &network, &x, &y);
    assert!((squared.0 - huber.0).abs() < 1e-15 && squared.1 == huber.1);
}

#[test]
fn every_loss_falls_by_conjugate_gradients() {
    for (name, objective, y) in losses::<f64>() {
        let mut network = network::<f64>();
        let x = inputs::<f64>();
        let options = NcgOptions::default();
        let mut ncg = Ncg::new(Box::new(Euler::new()), objective, options, &network).unwrap();
        let mut costs = Vec::new();
        for _ in 0..40 {
            let report = ncg.iterate(&mut network, x.as_ref(), y.as_ref()).unwrap();
            // Near a minimum it is a difference of numbers that are equal to round-off.
            assert!(report.slope < 1e-12, "{name}: {}", report.slope);
            costs.push(report.cost.total());
        }
        assert!(costs[39] < costs[0], "{name}: {} to {}", costs[0], costs[39]);
    }
}

/// Batches of real targets, the same every time they are asked for.
struct Waves;

impl BatchSource<f64> for Waves {
    fn batches_per_epoch(&self) -> usize {
        3
    }

    fn batch_size(&self) -> usize {
        POINTS
    }

    fn load(
        &mut self,
        epoch: usize,
        batch: usize,
        mut x: MatMut<'_, f64>,
        targets: &mut Targets,
    ) -> Result<(), TrainError> {
        let mut y = targets.values_mut(COMPONENTS, POINTS);
        for j in 0..POINTS {
            let place = (epoch * 3 + batch) * POINTS + j;
            for i in 0..WIDTH {
                x[(i, j)] = -f64::sin((i + 2 * place) as f64).abs();
            }
            for i in 0..COMPONENTS {
                y[(i, j)] = x[(i, j)] * x[(i + 1, j)];
            }
        }
        Ok(())
    }
}

/// Stops after so many iterations.
struct StopAfter(usize);

impl Observer<f64> for StopAfter {
    fn observe(&mut self, event: &Event<'_>, _: &State<'_, f64>) -> Result<Control, ObserverError> {
        self.0 -= usize::from(matches!(event, Event::Iteration(_)));
        let is_over = self.0 == 0;
        Ok(if is_over { Control::Stop(StopReason::Interrupted) } else { Control::Continue })
    }
}

#[test]
fn a_regression_goes_on_with_the_same_bits_after_every_iteration() {
    let plan = Plan { epochs: 2, iterations: 3, evaluate_every: 2, ..Plan::default() };
    let mut x = inputs::<f64>();
    let mut targets = Targets::default();
    Waves.load(9, 0, x.as_mut(), &mut targets).unwrap();
    let sets = [EvaluationSet { name: "test".into(), x, targets }];
    let train = |snapshot: Snapshot<f64>, iterations: usize| {
        let loss = HuberLoss { components: COMPONENTS, delta: 0.1 };
        let objective = Objective::from(loss).with_penalty(1e-3, Penalty::L2);
        let options = NcgOptions::default();
        let ncg = Ncg::new(Box::new(Euler::new()), objective, options, &network()).unwrap();
        let (mut source, mut stop) = (Waves, StopAfter(iterations));
        let mut trainer = Trainer::new(ncg, snapshot, plan, &mut source, &sets).unwrap();
        trainer.observe_with(&mut stop);
        trainer.run().unwrap();
        trainer.snapshot()
    };
    let whole = train(Snapshot::start(network()), usize::MAX);
    let (first, last) = (&whole.history.evaluations[0], whole.history.last_score("test").unwrap());
    assert!(last.errors().unwrap().mean_square < first.score.errors().unwrap().mean_square);
    for iterations in 1..whole.history.iterations.len() {
        let part = train(Snapshot::start(network()), iterations);
        let continued = train(part, usize::MAX);
        assert_eq!(continued.network, whole.network, "interrupted after {iterations}");
    }
}

/// The components beyond the target's are free, and scores take their place under another readout.
#[test]
fn only_predictions_are_compared() {
    let (network, x) = (network::<f64>(), inputs::<f64>());
    let y = losses::<f64>().remove(3).2;
    let objective: Objective<f64> = SquaredLoss { components: COMPONENTS }.into();
    let (before, terminal) = value(&objective, &network, &x, &y);
    let mut moved = x.clone();
    for j in 0..POINTS {
        moved[(COMPONENTS, j)] += 1.0;
        assert_eq!(terminal[(COMPONENTS, j)], 0.0);
    }
    assert_eq!(before, value(&objective, &network, &moved, &y).0);

    let network = network.with_readout(Readout::Pattern { gain: 1.0, seed: 3 });
    let mut batch = snode_train::BatchCost::new(objective);
    let mut euler = Euler::new();
    let (cost, _) = batch.solve(&mut euler, &network, x.as_ref(), y.as_ref()).unwrap();
    let scores = snode_train::scores(&Euler::new(), &network, x.as_ref(), COMPONENTS).unwrap();
    let mut terminal = Mat::zeros(COMPONENTS, POINTS);
    let loss = SquaredLoss { components: COMPONENTS };
    let expected =
        loss.value_and_terminal(&network, scores.as_ref(), y.as_ref(), terminal.as_mut()).unwrap();
    assert_eq!(cost, expected);
}

#[test]
fn errors_are_the_formulas() {
    let (output, y) = (inputs::<f64>(), losses::<f64>().remove(3).2);
    let Fit::Values(found) = Fit::of(output.as_ref(), y.as_ref(), COMPONENTS) else { panic!() };
    let y = y.as_ref().values().unwrap();
    let mean = |i: usize| (0..POINTS).map(|j| y[(i, j)]).sum::<f64>() / POINTS as f64;
    let (mut squares, mut absolute, mut spread) = (0.0, 0.0, 0.0);
    for i in 0..COMPONENTS {
        for j in 0..POINTS {
            let r = output[(i, j)] - y[(i, j)];
            squares += r * r;
            absolute += r.abs();
            spread += (y[(i, j)] - mean(i)).powi(2);
        }
    }
    let numbers = (COMPONENTS * POINTS) as f64;
    assert!((found.mean_square - squares / numbers).abs() < 1e-15);
    assert!((found.mean_absolute - absolute / numbers).abs() < 1e-15);
    assert!((found.r_squared - (1.0 - squares / spread)).abs() < 1e-13);

    let score = |mean_square| Score {
        fit: Fit::Values(ValueErrors { mean_square, mean_absolute: 0.0, r_squared: 0.0 }),
        total: 1,
        cost: 0.0,
    };
    assert!(score(0.1).merit() > score(0.2).merit());
    assert_eq!(score(0.1).accuracy(), None);
    assert_eq!(Score::of_classes(3, 4, 0.0).merit(), 0.75);
    // The same targets all the time say nothing of R².
    let mut sums = ErrorSums::new(1);
    let row = Mat::<f64>::from_fn(1, 3, |_, _| 2.0);
    sums.add(row.as_ref(), row.as_ref());
    assert!(sums.errors().r_squared.is_nan() && sums.errors().mean_square == 0.0);
}

#[test]
fn what_does_not_fit_is_refused() {
    let (network, x) = (network::<f64>(), inputs::<f64>());
    let refused = |objective: Objective<f64>, targets: TargetsRef<'_>| {
        let mut terminal = Mat::zeros(WIDTH, POINTS);
        let loss = objective.loss();
        let found = loss.value_and_terminal(&network, x.as_ref(), targets, terminal.as_mut());
        found.unwrap_err().to_string()
    };
    let components = COMPONENTS;
    let squared = || Objective::from(SquaredLoss { components });
    let labels = [0; POINTS];
    let message = refused(squared(), (&labels).into());
    assert_eq!(message, "found class numbers; expected real targets");
    let values = Mat::<f64>::zeros(components, POINTS);
    let message = refused(Cost::l2(3).into(), values.as_ref().into());
    assert_eq!(message, "found real targets; expected class numbers");
    let short = Mat::<f64>::zeros(2, 4);
    let message = refused(squared(), short.as_ref().into());
    assert_eq!(message, "found 4 targets of 2 components; expected 9 of 3");
    let wide = Mat::<f64>::zeros(7, POINTS);
    let message = refused(SquaredLoss { components: 7 }.into(), wide.as_ref().into());
    assert_eq!(message, "a network of width 6 is too narrow for targets of 7 components");
    for delta in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let loss = HuberLoss { components, delta };
        let message = Loss::<f64>::check(&loss).unwrap_err().to_string();
        assert!(message.starts_with("huber_delta: found "), "{message}");
    }
    let none = SquaredLoss { components: 0 };
    assert!(Loss::<f64>::check(&none).is_err());
}
