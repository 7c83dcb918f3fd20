//! An experiment as it is computed.

use serde::{Serialize, Serializer};
use snode_attack::{Bounds, PerturbationOptions};
use snode_ode::{AffineMap, MapError, Readout, SchemeChoice};
use snode_train::{Averaging, Plan};

use crate::method::{MethodOptions, averaging, method_options, scheme};
use crate::network::{map_of, readout_of};
use crate::objective::ObjectiveChoice;
use crate::schema::Experiment;

/// An experiment with every value in place: what it computes, as the options of the libraries, and the
/// keys that say so.
///
/// It is written as its keys are, and known by them. [`resolve`](crate::resolve) makes it of a file; of
/// keys that are resolved already, as those in a file of results, it is made by `From`.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedExperiment {
    pub(crate) keys: Experiment,
    scheme: SchemeChoice,
    readout: Readout,
    method: MethodOptions,
    averaging: Option<Averaging>,
    perturbation: Option<PerturbationOptions>,
    plan: Plan,
}

impl ResolvedExperiment {
    /// The keys with their values.
    pub fn keys(&self) -> &Experiment {
        &self.keys
    }

    /// What names the files of the results.
    pub fn name(&self) -> &str {
        self.keys.name.as_deref().unwrap_or("experiment")
    }

    /// The scheme that solves the equation.
    pub fn scheme(&self) -> &SchemeChoice {
        &self.scheme
    }

    /// What the numbers of a node do to a state, for images of so many rows and columns.
    ///
    /// # Errors
    /// If there is no such map.
    pub fn map(&self, shape: (usize, usize)) -> Result<AffineMap, MapError> {
        map_of(&self.keys.network, shape)
    }

    /// How a final state becomes scores.
    pub fn readout(&self) -> Readout {
        self.readout
    }

    /// What is minimised, for networks with so many scores: classes, or components of a target.
    pub fn objective(&self, scores: usize) -> ObjectiveChoice {
        ObjectiveChoice::of(&self.keys.cost, scores)
    }

    /// The method of training.
    pub fn method(&self) -> &MethodOptions {
        &self.method
    }

    /// The average of the iterates that is kept beside the last one, if any.
    pub fn averaging(&self) -> Option<Averaging> {
        self.averaging
    }

    /// How inputs are perturbed in training, if they are.
    pub fn perturbation(&self) -> Option<&PerturbationOptions> {
        self.perturbation.as_ref()
    }

    /// How far training goes.
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// Takes the scaling of arrays that was measured on the same images.
    pub fn set_scaling(&mut self, offset: Option<f64>, scale: Option<f64>) {
        (self.keys.data.offset, self.keys.data.scale) = (offset, scale);
    }
}

impl From<Experiment> for ResolvedExperiment {
    fn from(keys: Experiment) -> Self {
        let (training, data) = (&keys.training, &keys.data);
        let method = method_options(training);
        let bounds = Bounds {
            lower: data.background.min(data.foreground),
            upper: data.background.max(data.foreground),
        };
        Self {
            scheme: scheme(&keys),
            readout: readout_of(&keys.network),
            method,
            averaging: averaging(training),
            perturbation: training
                .perturbation
                .as_ref()
                .map(|perturbation| perturbation.options(bounds, keys.seed)),
            plan: Plan {
                epochs: training.epochs,
                iterations: method.iterations(),
                batches: training.batches,
                evaluate_every: training.evaluate_every,
                divergence_factor: training.divergence_factor,
            },
            keys,
        }
    }
}

impl Serialize for ResolvedExperiment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.keys.serialize(serializer)
    }
}
