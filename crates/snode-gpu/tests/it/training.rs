//! Trainings and attacks on a device are those of the CPU, number by number.

use crate::support;

use faer::Mat;
use snode_attack::{AttackOptions, MovingTarget, SolvedNetwork, attack};
use snode_gpu::{Device, GpuEuler};
use snode_ode::{
    Activation, Euler, LinearProblem, Network, Perturbation, Problem, Real, Scheme, SolveError,
};
use snode_train::{Conjugacy, Cost, Discretisation, Iteration, Ncg, NcgOptions, Phases, Space};
use support::{device, images, network};

fn on_device<T: Real>(device: &Device) -> Box<dyn Scheme<T>> {
    Box::new(GpuEuler::new(device).unwrap())
}

/// Iterations of a batch, from the beginning or from what a method remembers.
struct Training<T: Real> {
    network: Network<T>,
    ncg: Ncg<T>,
    x: Mat<T>,
    labels: Vec<usize>,
    history: Vec<Iteration>,
}

impl<T: Real> Training<T> {
    fn new(scheme: Box<dyn Scheme<T>>, options: NcgOptions) -> Self {
        let network = network::<T>(9, 10, Activation::Tanh);
        let cost = Cost { mu4: 1e-3, ..Cost::cross_entropy(3) };
        let ncg = Ncg::new(scheme, cost, options, &network).unwrap();
        let labels = (0..24).map(|j| (j * j) % 3).collect();
        Self { network, ncg, x: images(9, 24), labels, history: Vec::new() }
    }

    fn go(mut self, iterations: usize) -> Self {
        for _ in 0..iterations {
            let report = self.ncg.iterate(&mut self.network, self.x.as_ref(), &self.labels);
            self.history.push(Iteration { phases: Phases::default(), ..report.unwrap() });
        }
        self
    }

    /// The same training, with another scheme from here on.
    fn with(self, scheme: Box<dyn Scheme<T>>, options: NcgOptions) -> Self {
        let mut other = Self::new(scheme, options);
        other.ncg.resume(self.ncg.memory().unwrap(), self.history.len()).unwrap();
        Self { network: self.network, history: self.history, ..other }
    }

    fn assert_same(&self, other: &Self) {
        assert_eq!(self.history, other.history);
        assert!(self.network == other.network, "the networks differ");
    }
}

fn options() -> [NcgOptions; 3] {
    let formulas = [Conjugacy::FletcherReeves, Conjugacy::PolakRibiere, Conjugacy::FletcherReeves];
    let h1 = Space::H1 { length: 1.0, discretisation: Discretisation::Tridiagonal };
    let spaces = [Space::L2, Space::L2, h1];
    std::array::from_fn(|i| NcgOptions {
        conjugacy: formulas[i],
        space: spaces[i],
        ..NcgOptions::default()
    })
}

fn trainings_agree<T: Real>() {
    let Some((device, _alone)) = device() else { return };
    for options in options() {
        let cpu = Training::<T>::new(Box::new(Euler::new()), options).go(20);
        let own = Training::<T>::new(on_device(&device), options).go(20);
        own.assert_same(&cpu);
        assert_eq!(own.ncg.memory(), cpu.ncg.memory());
    }
}

#[test]
fn a_training_in_f32_is_the_cpus() {
    trainings_agree::<f32>();
}

#[test]
fn a_training_in_f64_is_the_cpus() {
    trainings_agree::<f64>();
}

#[test]
fn a_training_goes_from_the_cpu_to_a_device_and_back() {
    let Some((device, _alone)) = device() else { return };
    for options in options() {
        let cpu = Training::<f32>::new(Box::new(Euler::new()), options).go(9);
        let there_and_back = Training::<f32>::new(Box::new(Euler::new()), options)
            .go(3)
            .with(on_device(&device), options)
            .go(3)
            .with(Box::new(Euler::new()), options)
            .go(3);
        there_and_back.assert_same(&cpu);
    }
}

#[test]
fn an_attack_finds_the_images_that_the_cpu_finds() {
    let Some((device, _alone)) = device() else { return };
    let mut network = network::<f32>(6, 8, Activation::Tanh);
    for value in network.parameters_mut().as_mut_slice() {
        *value *= 8.0;
    }
    let x = images::<f32>(6, 12);
    let mut out = Mat::zeros(6, 12);
    Euler::new().evaluate(&network, x.as_ref(), out.as_mut()).unwrap();
    let best = |j: usize| (0..3).max_by(|a, b| out[(*a, j)].total_cmp(&out[(*b, j)])).unwrap();
    let labels: Vec<usize> = (0..12).map(best).collect();
    let options = AttackOptions { batch: 5, ..AttackOptions::default() };
    let run = |scheme: Box<dyn Scheme<f32>>| {
        let mut model = SolvedNetwork::new(&network, scheme, 3).unwrap();
        let results =
            attack(&mut model, &MovingTarget::default(), x.as_ref(), &labels, &options).unwrap();
        // Norms of images that are not attacked are NaN, which equals nothing but its text.
        format!("{:?}", results.images)
    };
    let cpu = run(Box::new(Euler::new()));
    assert!(cpu.matches("Fooled").count() > 2, "{cpu}");
    assert_eq!(run(on_device(&device)), cpu);
}

#[test]
fn states_and_errors_are_the_cpus() {
    let Some((device, _alone)) = device() else { return };
    let mut gpu = GpuEuler::<f32>::new(&device).unwrap();
    let mut cpu = Euler::<f32>::new();
    let (network, x) = (network::<f32>(6, 8, Activation::Identity), images::<f32>(6, 12));
    let own = gpu.direct(&network, x.as_ref()).unwrap();
    let expected = cpu.direct(&network, x.as_ref()).unwrap();
    for k in 0..=8 {
        assert_eq!(own.state(k), expected.state(k), "state {k}");
        assert_eq!(own.depth(k), expected.depth(k));
    }
    assert_eq!(own.statistics(Problem::Direct), expected.statistics(Problem::Direct));

    let mut large = network.clone();
    large.parameters_mut().as_mut_slice().fill(1e12);
    let errors = [
        gpu.direct(&large, x.as_ref()).map(drop).unwrap_err(),
        cpu.direct(&large, x.as_ref()).map(drop).unwrap_err(),
    ];
    assert!(matches!(errors[0], SolveError::Stopped { problem: Problem::Direct, .. }));
    assert_eq!(errors[0], errors[1]);

    let huge = Mat::<f32>::full(6, 12, f32::MAX);
    let along = || Perturbation { parameters: None, input: Some(huge.as_ref()) };
    let mut own = gpu.direct(&network, x.as_ref()).unwrap();
    let mut expected = cpu.direct(&network, x.as_ref()).unwrap();
    let found = own.sensitivity(along()).map(drop);
    assert_eq!(found, expected.sensitivity(along()).map(drop));
    assert_eq!(LinearProblem::Sensitivity(along()).problem(), Problem::Sensitivity);
    let wrong = Mat::<f32>::zeros(5, 12);
    assert!(matches!(gpu.direct(&network, wrong.as_ref()), Err(SolveError::Shape { .. })));
}
