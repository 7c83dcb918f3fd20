//! An attack on images.

use std::ops::ControlFlow;
use std::path::Path;

use serde::Serialize;
use snode_attack::{
    AttackResults, Attacked, Bounds, Outcome, Progress, SolvedNetwork, attack_observed,
};
use snode_ode::SchemeChoice;
use snode_store::{Appendix, Precision, read_network};

use super::{ANALYSIS, write};
use crate::commands::images::{ImageArgs, Subject, subject};
use crate::commands::pool;
use crate::config::{AttackConfig, SchemeName, scheme_for};
use crate::encoded::evaluation_set;
use crate::error::{Error, Result};
use crate::number::Number;
use crate::pictures::Sheet;

/// An attack on a network (S10)–(S13).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attack {
    /// The images.
    pub images: ImageArgs,
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
        Self { images: ImageArgs::default(), scheme, keys }
    }

    /// The group of the run's file.
    pub fn group(&self) -> String {
        format!("{ANALYSIS}/attack/{}", self.keys.name())
    }

    /// Attacks and writes the group.
    ///
    /// # Errors
    /// As [`Analysis::run`](super::Analysis::run).
    pub fn run(&self, path: &Path, threads: Option<usize>) -> Result<()> {
        let subject = subject(path, &self.images)?;
        let found = self.measure(&subject, threads, &mut |_| ControlFlow::Continue(()))?;
        self.write(&subject, &found)
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
        let network = read_network::<T>(&subject.run)?.network.with_ends(scheme.ends());
        let split = subject.first(self.keys.images)?;
        let set = evaluation_set::<T>(subject.split_name.text(), &split, subject.encoding)?;
        let scheme = scheme.build::<T>().map_err(|error| Error::Usage(error.to_string()))?;
        let mut model = SolvedNetwork::new(&network, scheme, subject.summary.model.classes)?;
        let (lower, upper) = subject.encoding.bounds();
        let options = self.keys.options(Bounds { lower, upper }, subject.summary.info.seed);
        let method = self.keys.method::<T>();
        let results =
            attack_observed(&mut model, &*method, set.x.as_ref(), &set.labels, &options, observer)?;
        Ok(widened(results))
    }

    /// Writes what was found into the run's file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, subject: &Subject, found: &Found) -> Result<()> {
        write(&subject.run, &self.group(), self, self.appendix(subject, found)?)
    }

    fn appendix(&self, subject: &Subject, found: &Found) -> Result<Appendix> {
        let (images, summary) = (&found.results.images, found.results.summary());
        let configuration =
            toml::to_string(&self.keys).map_err(|error| Error::Results(error.to_string()))?;
        let count = images.len();
        let each = |value: &dyn Fn(&Attacked<f64>) -> f64| images.iter().map(value).collect();
        let fooled =
            || images.iter().enumerate().filter_map(|(j, i)| Some((j, i.adversarial.as_ref()?)));
        let (number, width) = (fooled().count(), subject.split.images().width());
        let outcome = |image: &Attacked<f64>| match image.outcome {
            Outcome::WrongBefore => 0.0,
            Outcome::Resisted => 1.0,
            Outcome::Fooled => 2.0,
        };
        let first = |i: &Attacked<f64>| i.first_success.map_or(f64::NAN, |steps| steps as f64);
        Ok(Appendix::default()
            .with_attribute("method", self.keys.method.text())
            .with_attribute("configuration", configuration.as_str())
            .with_attribute("scheme", found.scheme.name())
            .with_attribute("data", subject.source.as_str())
            .with_attribute("split", subject.split_name.text())
            .with_attribute("seed", subject.summary.info.seed)
            .with_attribute("images", summary.attacked())
            .with_attribute("wrong_before", summary.wrong_before)
            .with_attribute("fooled", summary.fooled)
            .with_attribute("seconds", found.results.seconds)
            .with_array("index", &[count], (0..count).map(|j| j as f64).collect())
            .with_array("outcome", &[count], each(&outcome))
            .with_array("label", &[count], each(&|i| i.label as f64))
            .with_array("class_before", &[count], each(&|i| i.class_before as f64))
            .with_array("class_after", &[count], each(&|i| i.class_after as f64))
            .with_array("norm2", &[count], each(&|i| i.norm2))
            .with_array("norm_inf", &[count], each(&|i| i.norm_infinity))
            .with_array("iterations", &[count], each(&|i| i.iterations as f64))
            .with_array("first_success", &[count], each(&first))
            .with_array("adversarial_index", &[number], fooled().map(|(j, _)| j as f64).collect())
            .with_array(
                "adversarial",
                &[number, width],
                fooled().flat_map(|(_, image)| image.iter().copied()).collect(),
            ))
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

/// A contact sheet of adversarial images, given by their index in the split of `subject` and their
/// pixels: a row of clean images, one of adversarial ones, and one of perturbations, where grey is
/// none, white towards the foreground, and the largest of all is black or white.
///
/// # Errors
/// If an index is out of range.
pub fn contact_sheet(subject: &Subject, adversarial: &[(usize, &[f64])]) -> Result<Sheet> {
    let images = subject.split.images();
    let indices: Vec<usize> = adversarial.iter().map(|(index, _)| *index).collect();
    let clean: Vec<f64> = subject.encoding.encode(images, &indices)?;
    let clean: Vec<&[f64]> = clean.chunks_exact(images.width()).collect();
    let (background, foreground) = (subject.encoding.background(), subject.encoding.foreground());
    let shade = |value: &f64| (value - background) / (foreground - background);
    let shades = |pixels: &[f64]| -> Vec<f64> { pixels.iter().map(shade).collect() };
    let perturbations: Vec<Vec<f64>> = adversarial
        .iter()
        .zip(&clean)
        .map(|((_, pixels), clean)| {
            pixels.iter().zip(*clean).map(|(a, c)| shade(a) - shade(c)).collect()
        })
        .collect();
    let largest = perturbations.iter().flatten().fold(0.0_f64, |most, d| most.max(d.abs()));
    let around_grey = |d: &f64| 0.5 + if largest > 0.0 { 0.5 * d / largest } else { 0.0 };
    let mut sheet = Sheet::new(images.shape());
    sheet.row(clean.iter().map(|pixels| shades(pixels)));
    sheet.row(adversarial.iter().map(|(_, pixels)| shades(pixels)));
    sheet.row(perturbations.iter().map(|d| d.iter().map(around_grey).collect()));
    Ok(sheet)
}
