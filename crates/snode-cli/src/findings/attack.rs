//! What an attack did to the images of a run.

use snode_attack::{AttackResults, AttackSummary, Norm};
use snode_store::Appendix;

use crate::analyses::attack::Recorded;
use crate::config::{AttackConfig, NormName};

/// How many adversarial images are kept.
const KEPT: usize = 10;

/// An attack on a run's network.
#[derive(Clone, Debug)]
pub struct Attack {
    /// What it is called in the experiment.
    pub name: String,
    /// The method and its options.
    pub keys: AttackConfig,
    /// Image by image, with the first adversarial ones.
    pub results: AttackResults<f64>,
    /// The results in a few numbers.
    pub summary: AttackSummary,
    /// ‖δ‖₂ of the smallest successful perturbation of every fooled image, in increasing order.
    pub norms: Vec<f64>,
}

impl Attack {
    /// Reads what stands in a group; nothing if it is not that of an attack.
    pub fn read(name: &str, found: &Appendix) -> Option<Self> {
        Recorded::read(found, KEPT).map(|recorded| Self::new(name, recorded))
    }

    fn new(name: &str, Recorded { keys, results }: Recorded) -> Self {
        let (summary, norms) = (results.summary(), results.norms(Norm::Two));
        Self { name: name.to_owned(), keys, results, summary, norms }
    }

    /// Whether its steps are measured in the 2-norm.
    pub fn is_euclidean(&self) -> bool {
        self.keys.norm.is_none_or(|norm| norm == NormName::Two)
    }

    /// The part of the attacked images that was fooled by a perturbation of at most this norm (S13).
    pub fn success(&self, norm: f64) -> f64 {
        let within = self.norms.partition_point(|own| *own <= norm);
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
