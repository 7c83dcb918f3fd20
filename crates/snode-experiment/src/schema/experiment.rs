//! The schema of an experiment: what a TOML file may say.
//!
//! Every key has its default here and nowhere else. An optional key without a value in the file is
//! given one by [`resolve`](crate::resolve) where one follows from other keys or from the data.

use serde::{Deserialize, Serialize};
use snode_data::arrays::Scaling;
use snode_ode::{Activation, Initialisation, Precision};
use snode_resnet::EpsilonPlace;
use snode_train::{Conjugacy, Discretisation, FirstDirection, Metric};

use super::analysis::AnalysisConfig;
use super::attack::AttackConfig;
use super::device::DeviceName;
use super::list;
use super::map::{InitialDistribution, MapName, PenaltyName, ReadoutName};
use super::perturbation::PerturbationConfig;
use super::scheme::{SchemeName, SolverConfig};

/// An experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Experiment {
    /// Names the files of the results; the stem of the experiment's file if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Determines everything random: initial parameters, batches, the validation split.
    pub seed: u64,
    /// The floating-point type of the computation.
    pub precision: Precision,
    /// How many threads compute; all there are if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// What computes under Euler's scheme; the CPU if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceName>,
    /// Where images come from and how they are encoded.
    pub data: DataConfig,
    /// The network and the scheme that solves it.
    pub network: NetworkConfig,
    /// How schemes other than Euler's solve it.
    #[serde(skip_serializing_if = "SolverConfig::is_empty")]
    pub solver: SolverConfig,
    /// The cost that is minimised.
    pub cost: CostConfig,
    /// The method and its extent.
    pub training: TrainingConfig,
    /// What is measured on the trained network.
    #[serde(skip_serializing_if = "AnalysisConfig::is_empty")]
    pub analysis: AnalysisConfig,
    /// How it is attacked.
    #[serde(deserialize_with = "list::list", skip_serializing_if = "Vec::is_empty")]
    pub attack: Vec<AttackConfig>,
    /// Where results go.
    pub output: OutputConfig,
}

impl Default for Experiment {
    fn default() -> Self {
        Self {
            name: None,
            seed: 1,
            precision: Precision::default(),
            threads: None,
            device: None,
            data: DataConfig::default(),
            network: NetworkConfig::default(),
            solver: SolverConfig::default(),
            cost: CostConfig::default(),
            training: TrainingConfig::default(),
            analysis: AnalysisConfig::default(),
            attack: Vec::new(),
            output: OutputConfig::default(),
        }
    }
}

/// `[data]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// The name of a known data set, or the path of a folder or file of arrays or images.
    pub source: String,
    /// What stands for pure background in arrays; measured if neither this nor `scale` is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<f64>,
    /// The distance in arrays between background and full foreground.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// Rows and columns images are resampled to; those of the source if not given.
    #[serde(deserialize_with = "list::pair", skip_serializing_if = "Option::is_none")]
    pub size: Option<[usize; 2]>,
    /// The value of a pixel without foreground.
    pub background: f64,
    /// The value of a pixel of full foreground.
    pub foreground: f64,
    /// How many training images are used, the first ones; all if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<usize>,
    /// How many test images are used, the first ones; all if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<usize>,
    /// How many of the training images are held out for validation, chosen by the seed.
    pub validation: usize,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            source: "mnist14".into(),
            offset: None,
            scale: None,
            size: None,
            background: 0.0,
            foreground: -1.0,
            train: None,
            test: None,
            validation: 0,
        }
    }
}

impl DataConfig {
    /// How arrays are scaled, if that is given: the offset is 0 and the scale 1 where the other one is.
    ///
    /// # Errors
    /// If one of them makes no sense.
    pub fn scaling(&self) -> snode_data::Result<Option<Scaling>> {
        if self.offset.is_none() && self.scale.is_none() {
            return Ok(None);
        }
        Scaling::new(self.offset.unwrap_or(0.0), self.scale.unwrap_or(1.0)).map(Some)
    }

    /// Keeps a scaling that was measured.
    pub fn keep(&mut self, scaling: Option<Scaling>) {
        if let Some(scaling) = scaling {
            (self.offset, self.scale) = (Some(scaling.offset()), Some(scaling.scale()));
        }
    }
}

/// `[network]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkConfig {
    /// T, the end of the depth interval.
    pub horizon: f64,
    /// L, the number of intervals of the grid in depth.
    pub layers: usize,
    /// σ.
    pub activation: Activation,
    /// The scheme that solves the equation.
    pub scheme: SchemeName,
    /// How the parameters begin.
    pub initialisation: Initialisation,
    /// Their distribution in a layer for a gain of one; the paper's if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_distribution: Option<InitialDistribution>,
    /// γ, how many times as large they begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_gain: Option<f64>,
    /// What the numbers of a node do to a state; a full matrix if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<MapName>,
    /// Dense: n; the pixels of an image if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Convolution: the channels of a state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// Convolution: the rows and columns of a kernel, an odd number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<usize>,
    /// Convolution: the channels of an image, which stand one below the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_channels: Option<usize>,
    /// Convolution: how many layers convolve pixels, blocks of 2×2 pixels, and so on; all of them pixels if not
    /// given.
    #[serde(deserialize_with = "list::some_list", skip_serializing_if = "Option::is_none")]
    pub resolutions: Option<Vec<usize>>,
    /// How a final state becomes scores; by its first components if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readout: Option<ReadoutName>,
    /// How many times as large scores are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readout_gain: Option<f64>,
    /// Where the signs of a pattern come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readout_seed: Option<u64>,
}

impl NetworkConfig {
    /// The channels of an image: `known` to the data, or those it is said to have.
    pub fn channels_of_images(&self, known: usize) -> usize {
        known.max(self.image_channels.unwrap_or(1))
    }
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            horizon: 3.0,
            layers: 150,
            activation: Activation::Tanh,
            scheme: SchemeName::default(),
            initialisation: Initialisation::default(),
            initial_distribution: None,
            initial_gain: None,
            map: None,
            width: None,
            channels: None,
            kernel: None,
            image_channels: None,
            resolutions: None,
            readout: None,
            readout_gain: None,
            readout_seed: None,
        }
    }
}

/// `[cost]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CostConfig {
    /// The loss; of those for classes, which weights μ₁ … μ₄ are the defaults.
    pub loss: Loss,
    /// Weight of the squared distance to the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mu1: Option<f64>,
    /// Weight of the cross-entropy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mu2: Option<f64>,
    /// Weight of the centring term.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mu3: Option<f64>,
    /// Weight decay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mu4: Option<f64>,
    /// In which norm μ₄ penalises the parameters; that of L² if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub penalty: Option<PenaltyName>,
    /// ℓ of the penalty in H¹.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub penalty_length: Option<f64>,
    /// Targets of the squared distance: of the other components, and of the class's own.
    #[serde(deserialize_with = "list::pair", skip_serializing_if = "Option::is_none")]
    pub targets: Option<[f64; 2]>,
    /// Huber: δ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub huber_delta: Option<f64>,
}

/// A loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// μ = (1, 0, 0, 0).
    #[default]
    L2,
    /// μ = (0, 1, 0.01, 0).
    #[serde(alias = "ce")]
    #[cfg_attr(feature = "clap", value(alias = "ce"))]
    CrossEntropy,
    /// Half the squared distance to real targets (S72).
    Squared,
    /// Huber's loss for real targets (S73).
    Huber,
}

impl Loss {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::L2 => "l2",
            Self::CrossEntropy => "cross-entropy",
            Self::Squared => "squared",
            Self::Huber => "huber",
        }
    }

    /// Whether it is a loss for real targets, and not for classes.
    pub fn is_for_values(self) -> bool {
        matches!(self, Self::Squared | Self::Huber)
    }
}

/// `[training]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingConfig {
    /// The optimiser.
    pub method: Method,
    /// Passes through the training images.
    pub epochs: usize,
    /// M, the images of a batch.
    pub batch_size: usize,
    /// Whether images are mirrored, left to right, each with probability ½.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<bool>,
    /// By how many pixels images are moved at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shift: Option<usize>,
    /// The side of a square that is erased from each image, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erase: Option<usize>,
    /// The most batches over all epochs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batches: Option<usize>,
    /// NCG: iterations on each batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iterations: Option<usize>,
    /// NCG: the formula for γ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conjugacy: Option<Conjugacy>,
    /// NCG: the space gradients are represented in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub space: Option<SpaceName>,
    /// ℓ, the length of the H¹ inner product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<f64>,
    /// How the representative in H¹ is computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discretisation: Option<Discretisation>,
    /// NCG: the inner product of the conjugacy formula.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// NCG: what is done about steps that raise the cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_search: Option<LineSearchName>,
    /// How often backtracking may halve a step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub halvings: Option<usize>,
    /// NCG: a cap on the step length η.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_step: Option<f64>,
    /// NCG: by what η is multiplied, before the schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_factor: Option<f64>,
    /// NCG: from where a batch's first direction goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_direction: Option<FirstDirection>,
    /// NCG: the metric that the space is weighted with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preconditioner: Option<PreconditionerName>,
    /// ρ of the metric's running means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preconditioner_decay: Option<f64>,
    /// δ of the metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preconditioner_damping: Option<f64>,
    /// Batches from one update of the Kronecker factors to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preconditioner_every: Option<usize>,
    /// How step lengths and learning rates fall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleName>,
    /// After how many batches they fall, or have fallen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule_batches: Option<usize>,
    /// To which part they fall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule_factor: Option<f64>,
    /// Which average of the iterates is kept beside the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average: Option<AverageName>,
    /// ρ of the exponential average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_decay: Option<f64>,
    /// The first batch of the mean over the last part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_from: Option<u64>,
    /// Stochastic gradients: α, the learning rate before its schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Stochastic gradients: λ of decoupled weight decay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
    /// Momentum, RMSprop: which part of the velocity is left after a step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// Momentum: whether it is Nesterov's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nesterov: Option<bool>,
    /// RMSprop: the decay of the mean square.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rho: Option<f64>,
    /// RMSprop: whether the mean is subtracted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub centred: Option<bool>,
    /// RMSprop, Adam: what keeps denominators from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f64>,
    /// RMSprop: whether ε is added inside the root or outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon_place: Option<EpsilonPlace>,
    /// Adam: the decays of the first and of the second moment.
    #[serde(deserialize_with = "list::pair", skip_serializing_if = "Option::is_none")]
    pub betas: Option<[f64; 2]>,
    /// Evaluate every so many batches.
    pub evaluate_every: usize,
    /// Seconds of training after which it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<f64>,
    /// How many evaluations on the validation images may fail to improve before training ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stop: Option<usize>,
    /// How inputs are perturbed; they are not if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub perturbation: Option<PerturbationConfig>,
    /// Seconds between checkpoints.
    pub checkpoint_every: f64,
    /// Training has diverged when the cost exceeds the first one by this factor.
    pub divergence_factor: f64,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            method: Method::default(),
            epochs: 1,
            batch_size: 100,
            mirror: None,
            shift: None,
            erase: None,
            batches: None,
            iterations: None,
            conjugacy: None,
            space: None,
            length: None,
            discretisation: None,
            metric: None,
            line_search: None,
            halvings: None,
            largest_step: None,
            step_factor: None,
            first_direction: None,
            preconditioner: None,
            preconditioner_decay: None,
            preconditioner_damping: None,
            preconditioner_every: None,
            schedule: None,
            schedule_batches: None,
            schedule_factor: None,
            average: None,
            average_decay: None,
            average_from: None,
            learning_rate: None,
            weight_decay: None,
            momentum: None,
            nesterov: None,
            rho: None,
            centred: None,
            epsilon: None,
            epsilon_place: None,
            betas: None,
            evaluate_every: 100,
            time_limit: None,
            early_stop: None,
            perturbation: None,
            checkpoint_every: 60.0,
            divergence_factor: 1e4,
        }
    }
}

/// An optimiser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Nonlinear conjugate gradients.
    #[default]
    Ncg,
    /// RMSprop.
    Rmsprop,
    /// Adam.
    Adam,
    /// Adam with decoupled weight decay.
    Adamw,
    /// Gradient descent with momentum.
    Momentum,
    /// Gradient descent.
    Sgd,
}

/// A metric that is learnt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PreconditionerName {
    /// None.
    #[default]
    None,
    /// By the running squares of the gradient.
    Diagonal,
    /// By Kronecker factors.
    Kronecker,
}

/// An average of the iterates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AverageName {
    /// None.
    #[default]
    None,
    /// It forgets.
    Exponential,
    /// The mean over the last part of the training.
    Tail,
}

/// A schedule of step lengths and learning rates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleName {
    /// It stays.
    #[default]
    Constant,
    /// It falls along a line.
    Linear,
    /// It falls in steps.
    Step,
    /// It falls steadily.
    Exponential,
    /// It falls along half a cosine.
    Cosine,
}

/// A space of gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpaceName {
    /// L²(0,T).
    #[default]
    L2,
    /// H¹(0,T).
    H1,
}

/// A line search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineSearchName {
    /// The minimiser of the linearised cost, whatever the true one does.
    #[default]
    Linearised,
    /// That step, halved until the true cost does not rise.
    Backtracking,
}

/// `[output]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputConfig {
    /// The folder for results, relative to the working directory.
    pub directory: String,
}

impl Default for OutputConfig {
    fn default() -> Self {
        Self { directory: "results".into() }
    }
}
