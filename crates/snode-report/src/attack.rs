//! What an attack did to the images of a run.

use snode_attack::{AttackResults, AttackSummary, Norm};
use snode_store::Appendix;

use snode_experiment::AttackConfig;
use snode_runner::analyses::attack::Recorded;

/// How many adversarial images are kept.
const KEPT: usize = 10;

/// An attack on a run's network.
#[derive(Clone, Debug)]
pub struct Attack {
    /// What it is called in the experiment.
    pub name: String,
    /// The method and its options.
    pub keys: AttackConfig,
    /// On which images, and by which scheme the network was solved.
    pub conditions: Conditions,
    /// Image by image, with the first adversarial ones.
    pub results: AttackResults<f64>,
    /// The results in a few numbers.
    pub summary: AttackSummary,
    /// The norms of the smallest successful perturbation of every fooled image, in increasing order:
    /// 2-norms, and ∞-norms.
    norms: [Vec<f64>; 2],
}

/// What an attack was made on, beside the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Where the images are from.
    pub data: String,
    /// Which split of them.
    pub split: String,
    /// The scheme that solved the network.
    pub scheme: String,
}

impl Attack {
    /// Reads what stands in a group; nothing if it is not that of an attack.
    pub fn read(name: &str, found: &Appendix) -> Option<Self> {
        let Recorded { keys, results } = Recorded::read(found, KEPT)?;
        let summary = results.summary();
        let norms = [Norm::Two, Norm::Infinity].map(|norm| results.norms(norm));
        let text = |name: &str| found.text(name).unwrap_or_default().to_owned();
        let conditions =
            Conditions { data: text("data"), split: text("split"), scheme: text("scheme") };
        Some(Self { name: name.to_owned(), keys, conditions, results, summary, norms })
    }

    /// Whether its steps are measured in the 2-norm.
    pub fn is_euclidean(&self) -> bool {
        self.keys.own_norm() == Norm::Two
    }

    /// The norms of the smallest successful perturbation of every fooled image, in increasing order.
    pub fn norms(&self, norm: Norm) -> &[f64] {
        match norm {
            Norm::Two => &self.norms[0],
            Norm::Infinity => &self.norms[1],
        }
    }

    /// The part of the attacked images that was fooled by a perturbation of at most this size (S13).
    pub fn success(&self, norm: Norm, size: f64) -> f64 {
        let within = self.norms(norm).partition_point(|own| *own <= size);
        within as f64 / self.summary.attacked() as f64
    }

    /// The mean norms of this attack and of another on the images that both fooled; NaN if there are
    /// none.
    pub fn mean_norms_in_common(&self, other: &Self) -> (f64, f64) {
        let both = self.results.images.iter().zip(&other.results.images);
        let both = both.map(|(own, other)| (own.norm2, other.norm2));
        let both: Vec<_> =
            both.filter(|(own, other)| own.is_finite() && other.is_finite()).collect();
        let mean =
            |of: fn(&(f64, f64)) -> f64| both.iter().map(of).sum::<f64>() / both.len() as f64;
        (mean(|both| both.0), mean(|both| both.1))
    }

    /// The first adversarial images: the image's number, the class it was taken for, and its pixels.
    pub fn pictures(&self) -> impl Iterator<Item = (usize, usize, &[f64])> {
        let images = self.results.images.iter().enumerate();
        images.filter_map(|(index, i)| Some((index, i.class_after, i.adversarial.as_deref()?)))
    }
}
