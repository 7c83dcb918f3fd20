//! An attack on images: measured, written into the run's file, read back.

mod recorded;

use std::ops::ControlFlow;
use std::path::Path;

use serde::Serialize;
use snode_attack::{AttackResults, Attacked, Bounds, Progress, SolvedNetwork, attack_observed};
use snode_files::Existing;
use snode_ode::SchemeChoice;
use snode_store::Precision;

pub use recorded::Recorded;

use super::{ANALYSIS, write};
use crate::error::Result;
use crate::number::Number;
use crate::stored::scheme_for;
use crate::subject::{ImageSelection, Subject, subject};
use snode_experiment::images::evaluation_set;
use snode_experiment::threads::pool;
use snode_experiment::{AttackConfig, SchemeName};

/// An attack on a network (S10)–(S13).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attack {
    /// The images.
    pub images: ImageSelection,
    /// The scheme that solves the network.
    pub scheme: SchemeName,
    /// The method and its options, on how many of the images. Its own `scheme` is not looked at.
    pub keys: AttackConfig,
}

/// What an attack did, in double precision, which holds the numbers of either type.
pub struct Found {
    /// The scheme with its choices.
    pub scheme: SchemeChoice,
    /// Image by image.
    pub results: AttackResults<f64>,
}

impl Attack {
    /// What the keys of an experiment ask for whose network is trained under a scheme.
    pub fn of(keys: &AttackConfig, trained: SchemeName) -> Self {
        let scheme = keys.scheme.unwrap_or(trained);
        let keys = AttackConfig { scheme: None, ..keys.resolved() };
        Self { images: ImageSelection::default(), scheme, keys }
    }

    /// What tells it from other attacks: not at which ε its results are read.
    pub fn identified(&self) -> Self {
        let keys = AttackConfig { epsilons: None, ..self.keys.clone() };
        Self { keys, ..self.clone() }
    }

    /// The group of the run's file.
    pub fn group(&self) -> String {
        format!("{ANALYSIS}/attack/{}", self.keys.name())
    }

    /// Attacks and writes the group.
    ///
    /// # Errors
    /// As [`Analysis::run`](super::Analysis::run).
    pub fn run(
        &self,
        path: &Path,
        threads: Option<usize>,
        existing: Existing,
        warn: &mut dyn FnMut(&str),
    ) -> Result<()> {
        let subject = subject(path, &self.images, warn)?;
        let found = self.measure(&subject, threads, &mut |_| ControlFlow::Continue(()))?;
        self.write(&subject, &found, existing)
    }

    /// Attacks the images of `subject`, from the first on, telling `observer` how far it has come.
    ///
    /// # Errors
    /// If an option is refused, or the network cannot be solved.
    pub fn measure(
        &self,
        subject: &Subject,
        threads: Option<usize>,
        observer: &mut (dyn FnMut(Progress) -> ControlFlow<()> + Send),
    ) -> Result<Found> {
        subject.classes("an attack")?;
        let (keys, summary) = (&self.keys, &subject.summary);
        let experiment = subject.experiment.as_ref();
        let scheme = scheme_for(Some(self.scheme), keys.tolerance, summary, experiment)?;
        let results = pool(threads)?.install(|| match summary.precision {
            Precision::F32 => self.results::<f32>(subject, &scheme, observer),
            Precision::F64 => self.results::<f64>(subject, &scheme, observer),
        })?;
        Ok(Found { scheme, results })
    }

    fn results<T: Number>(
        &self,
        subject: &Subject,
        scheme: &SchemeChoice,
        observer: &mut (dyn FnMut(Progress) -> ControlFlow<()> + Send),
    ) -> Result<AttackResults<f64>> {
        let network = subject.network::<T>()?.with_endpoint(scheme.endpoint());
        let split = subject.first(self.keys.images)?;
        let set = evaluation_set::<T>(subject.split_name.text(), &split, subject.encoding)?;
        let scheme = crate::device::scheme::<T>(scheme)?;
        let mut model = SolvedNetwork::new(&network, scheme, subject.summary.model.classes)?;
        let (lower, upper) = subject.encoding.bounds();
        let options = self.keys.options(Bounds { lower, upper }, subject.seed);
        let method = self.keys.method::<T>();
        let (x, labels) = (set.x.as_ref(), set.targets.as_ref().classes()?);
        let results = attack_observed(&mut model, &*method, x, labels, &options, observer)?;
        Ok(widened(results))
    }

    /// Writes what was found into the run's file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, subject: &Subject, found: &Found, existing: Existing) -> Result<()> {
        let group = recorded::group(&self.keys, &found.results, subject.split.images().width())?
            .with_attribute("scheme", found.scheme.name())
            .with_attribute("seed", subject.seed);
        let (run, network) = (&subject.run, &subject.network);
        let found = subject.describe(group);
        write(run, &self.group(), &self.identified(), network, found, existing)
    }
}

/// The same numbers as f64, exactly.
fn widened<T: Number>(results: AttackResults<T>) -> AttackResults<f64> {
    let image = |image: Attacked<T>| Attacked {
        outcome: image.outcome,
        label: image.label,
        class_before: image.class_before,
        class_after: image.class_after,
        norm2: image.norm2,
        norm_infinity: image.norm_infinity,
        iterations: image.iterations,
        first_success: image.first_success,
        adversarial: image
            .adversarial
            .map(|pixels| pixels.into_iter().map(snode_ode::Real::to_f64).collect()),
    };
    AttackResults {
        seconds: results.seconds,
        images: results.images.into_iter().map(image).collect(),
    }
}
