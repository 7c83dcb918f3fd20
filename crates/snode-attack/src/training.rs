//! Inputs for training, perturbed by attacks or noise.

use faer::{Mat, MatMut, MatRef};
use rand_distr::{Distribution, StandardNormal};
use snode_data::streams::{Purpose, rng};
use snode_ode::{Network, Real, Scheme};
use snode_train::{InputPerturbation, Position, TargetsRef, TrainError};

use crate::attack::{Attack, FastGradient, MovingTarget, ProjectedGradient};
use crate::batch_attack::BatchAttack;
use crate::images::check_images;
use crate::network::SolvedNetwork;
use crate::norm::Bounds;
use crate::options::AttackOptions;
use crate::{AttackError, Linearisable};

/// How inputs are perturbed in training (S67).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum PerturbationMethod {
    /// Independent normal noise on every component.
    Noise {
        /// s, its standard deviation.
        level: f64,
        /// Whether noisy inputs are clipped to the box.
        clip: bool,
    },
    /// One step along the gradient of the cross-entropy.
    FastGradient(FastGradient),
    /// Steps along the gradient of a loss, to the last of them.
    ProjectedGradient(ProjectedGradient),
    /// Steps towards whichever class is closest, to the last of them.
    MovingTarget(MovingTarget),
}

impl PerturbationMethod {
    fn attack<T: Real>(&self) -> Option<&dyn Attack<T>> {
        match self {
            Self::Noise { .. } => None,
            Self::FastGradient(method) => Some(method),
            Self::ProjectedGradient(method) => Some(method),
            Self::MovingTarget(method) => Some(method),
        }
    }
}

/// Which inputs of a batch are perturbed, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PerturbationOptions {
    /// How.
    pub method: PerturbationMethod,
    /// ρ, the fraction of a batch's data points that are: the first ⌊ρ M + ½⌋, which are random ones
    /// where batches are drawn at random. From 0 to 1.
    pub fraction: f64,
    /// The box that attacked inputs stay in.
    pub bounds: Bounds,
    /// Where random numbers come from: every data point of every epoch has a stream of its own.
    pub seed: u64,
}

impl PerturbationOptions {
    /// # Errors
    /// [`AttackError::Option`] for one out of its range, for a network with this many classes.
    pub fn check<T: Real>(&self, classes: usize) -> Result<(), AttackError> {
        self.bounds.check()?;
        let holds = (0.0..=1.0).contains(&self.fraction);
        AttackError::require(holds, "fraction", self.fraction, "0 to 1")?;
        if let PerturbationMethod::Noise { level, .. } = self.method {
            let holds = level.is_finite() && level >= 0.0;
            AttackError::require(holds, "level", level, "0 or more, finite")?;
        }
        self.method.attack::<T>().map_or(Ok(()), |method| method.check(classes))
    }
}

/// Perturbs the inputs of mini-batches with the network as it is: adversarial training, or training with
/// noise. Give it to [`Trainer::perturb_with`](snode_train::Trainer::perturb_with).
///
/// Attacks lead every input away from its label for all of their steps, whatever class is predicted, and
/// with the same bits for any number of threads.
pub struct PerturbedInputs<T: Real> {
    options: PerturbationOptions,
    scheme: Box<dyn Scheme<T>>,
    classes: usize,
    /// Columns for noise and for the ends of attacks.
    perturbed: Mat<T>,
}

impl<T: Real> PerturbedInputs<T> {
    /// For networks with this many classes, solved by `scheme`. What is perturbed are data; what they are
    /// lifted with stays what it is.
    ///
    /// # Errors
    /// [`AttackError::Option`] for an option out of its range.
    pub fn new(
        options: PerturbationOptions,
        scheme: Box<dyn Scheme<T>>,
        classes: usize,
    ) -> Result<Self, AttackError> {
        options.check::<T>(classes)?;
        Ok(Self { options, scheme, classes, perturbed: Mat::new() })
    }

    /// The stream of the data point in this column of the batch at `position`.
    fn stream(
        &self,
        position: Position,
        batch: usize,
    ) -> impl Fn(usize) -> rand_chacha::ChaCha8Rng + use<T> {
        let (seed, epoch) = (self.options.seed, (position.epoch as u64) << 32);
        let first = (position.batch * batch) as u64;
        move |column| rng(seed, Purpose::Perturbation, epoch.wrapping_add(first + column as u64))
    }

    /// `x` with noise of a level, into `perturbed`.
    fn add_noise(
        &mut self,
        x: MatRef<'_, T>,
        (level, clip): (f64, bool),
        stream: &dyn Fn(usize) -> rand_chacha::ChaCha8Rng,
    ) {
        let bounds = self.options.bounds;
        for j in 0..x.ncols() {
            let mut rng = stream(j);
            for i in 0..x.nrows() {
                let z: f64 = StandardNormal.sample(&mut rng);
                let mut value = x[(i, j)].to_f64() + level * z;
                if clip {
                    value = value.clamp(bounds.lower, bounds.upper);
                }
                self.perturbed[(i, j)] = T::from_f64(value);
            }
        }
    }

    /// Where attacks on `x` end, into `perturbed`.
    fn lead(
        &mut self,
        network: &Network<T>,
        x: MatRef<'_, T>,
        labels: &[usize],
        stream: &dyn Fn(usize) -> rand_chacha::ChaCha8Rng,
    ) -> Result<(), AttackError> {
        let Some(method) = self.options.method.attack::<T>() else { return Ok(()) };
        let scheme = Box::new(&mut *self.scheme);
        let mut model = SolvedNetwork::new(network, scheme, self.classes)?;
        check_images(&model, x, labels, self.options.bounds)?;
        if model.classes() < 2 {
            self.perturbed.copy_from(x);
            return Ok(());
        }
        let options = AttackOptions { bounds: self.options.bounds, ..AttackOptions::default() };
        let mut batch = BatchAttack::new(&mut model, method, x, &options, stream);
        batch.lead(labels, self.perturbed.as_mut())
    }
}

impl<T: Real> InputPerturbation<T> for PerturbedInputs<T> {
    fn perturb(
        &mut self,
        network: &Network<T>,
        position: Position,
        mut x: MatMut<'_, T>,
        targets: TargetsRef<'_>,
    ) -> Result<(), TrainError> {
        let count = (self.options.fraction * targets.len() as f64).round() as usize;
        if count == 0 {
            return Ok(());
        }
        let data = x.as_ref().subcols(0, count).to_owned();
        self.perturbed.resize_with(data.nrows(), count, |_, _| T::ZERO);
        let stream = self.stream(position, targets.len());
        match self.options.method {
            PerturbationMethod::Noise { level, clip } => {
                self.add_noise(data.as_ref(), (level, clip), &stream);
            }
            _ => self
                .lead(network, data.as_ref(), &targets.classes()?[..count], &stream)
                .map_err(|error| TrainError::Perturbation(Box::new(error)))?,
        }
        x.as_mut().subcols_mut(0, count).copy_from(&self.perturbed);
        Ok(())
    }
}
