//! Losses that attacks along a gradient make larger.

use snode_ode::Real;

use crate::AttackError;

/// What an attack along a gradient makes larger: a function of the outputs z and the right class c,
/// positive scale and shift being of no matter (S60).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Loss {
    /// The cross-entropy, log Σ_j e^{z_j} − z_c.
    #[default]
    #[cfg_attr(feature = "serde", serde(rename = "ce"))]
    CrossEntropy,
    /// The difference of logits ratio, −(z_c − max_{j≠c} z_j)/(z_(1) − z_(3)) with z_(k) the k-th
    /// largest output (Croce and Hein, ICML 2020): the same for z and for a z + b. Needs three classes.
    #[cfg_attr(feature = "serde", serde(rename = "dlr"))]
    LogitRatio,
}

/// What is added to the denominator of the ratio.
const TINY: f64 = 1e-12;

impl Loss {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::CrossEntropy, Self::LogitRatio];

    /// Its name in configurations: `ce` or `dlr`.
    pub fn name(self) -> &'static str {
        match self {
            Self::CrossEntropy => "ce",
            Self::LogitRatio => "dlr",
        }
    }

    /// # Errors
    /// If there are too few classes for it.
    pub(crate) fn check(self, classes: usize) -> Result<(), AttackError> {
        let holds = self != Self::LogitRatio || classes >= 3;
        let allowed = "at least 3 for the logit ratio (dlr)";
        AttackError::require(holds, "classes", classes, allowed)
    }

    /// A number that rises with the loss at outputs `z`.
    ///
    /// Of the cross-entropy it is lse_{j≠c} z_j − z_c, of which it is a rising function: this does not
    /// round to 0 where the model is sure of itself.
    pub(crate) fn value<T: Real>(self, z: &[T], class: usize) -> f64 {
        match self {
            Self::CrossEntropy => {
                let (largest, total) = others(z, class);
                largest + total.ln() - z[class].to_f64()
            }
            Self::LogitRatio => {
                let ratio = Ratio::new(z, class);
                -ratio.lead / ratio.spread
            }
        }
    }

    /// Its slope by the outputs, times a positive number, into `w`.
    ///
    /// Of the cross-entropy softmax(z) − e_c over 1 − softmax(z)_c: it does not vanish where the model
    /// is sure of itself.
    pub(crate) fn slope<T: Real>(self, z: &[T], class: usize, w: &mut [T]) {
        match self {
            Self::CrossEntropy => {
                let (largest, total) = others(z, class);
                for (j, (w, z)) in w.iter_mut().zip(z).enumerate() {
                    let part = (z.to_f64() - largest).exp() / total;
                    *w = if j == class { -T::ONE } else { T::from_f64(part) };
                }
            }
            Self::LogitRatio => {
                let Ratio { lead, spread, rival, first, third } = Ratio::new(z, class);
                let mut slope = vec![0.0; z.len()];
                slope[class] -= 1.0;
                slope[rival] += 1.0;
                slope[first] += lead / spread;
                slope[third] -= lead / spread;
                for (w, slope) in w.iter_mut().zip(slope) {
                    *w = T::from_f64(slope);
                }
            }
        }
    }
}

/// The largest of the other outputs m, and Σ_{j≠c} e^{z_j − m}.
fn others<T: Real>(z: &[T], class: usize) -> (f64, f64) {
    let others = || z.iter().enumerate().filter(|(j, _)| *j != class).map(|(_, z)| z.to_f64());
    let largest = others().fold(f64::NEG_INFINITY, f64::max);
    (largest, others().map(|z| (z - largest).exp()).sum())
}

/// The parts of the difference of logits ratio.
struct Ratio {
    /// z_c − max_{j≠c} z_j.
    lead: f64,
    /// z_(1) − z_(3).
    spread: f64,
    /// The j of the maximum.
    rival: usize,
    /// The indices of z_(1) and z_(3).
    first: usize,
    third: usize,
}

impl Ratio {
    fn new<T: Real>(z: &[T], class: usize) -> Self {
        let mut order: Vec<usize> = (0..z.len()).collect();
        order.sort_by(|&a, &b| z[b].to_f64().total_cmp(&z[a].to_f64()));
        let (first, third) = (order[0], order[2.min(order.len() - 1)]);
        let rival = order.iter().copied().find(|&j| j != class).unwrap_or(class);
        let at = |j: usize| z[j].to_f64();
        Self {
            lead: at(class) - at(rival),
            spread: at(first) - at(third) + TINY,
            rival,
            first,
            third,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_of_the_cross_entropy_has_the_direction_of_softmax_minus_label() {
        let z = [0.3_f64, -1.2, 2.0, 0.7];
        let total: f64 = z.iter().map(|z| z.exp()).sum();
        for class in 0..4 {
            let mut w = [0.0; 4];
            Loss::CrossEntropy.slope(&z, class, &mut w);
            let rest = 1.0 - z[class].exp() / total;
            for j in 0..4 {
                let label = f64::from(u8::from(j == class));
                assert!((w[j] * rest - (z[j].exp() / total - label)).abs() < 1e-15);
            }
        }
        let mut w = [0.0_f32; 3];
        Loss::CrossEntropy.slope(&[300.0_f32, 0.0, 1.0], 0, &mut w);
        assert!((w[1] + w[2] - 1.0).abs() < 1e-6 && w[0] == -1.0, "{w:?}");
    }

    /// lse(z) − z_c is softplus of the value: the same order.
    #[test]
    fn the_value_of_the_cross_entropy_rises_with_it() {
        let z = [0.3_f64, -1.2, 2.0, 0.7];
        for class in 0..4 {
            let total: f64 = z.iter().map(|z| z.exp()).sum();
            let value = Loss::CrossEntropy.value(&z, class);
            assert!((value.exp().ln_1p() - (total.ln() - z[class])).abs() < 1e-14);
        }
    }

    /// Against central differences of the ratio; the slope is the derivative times z_(1) − z_(3).
    #[test]
    fn the_slope_of_the_logit_ratio_is_its_derivative() {
        let z = [0.3_f64, -1.2, 2.0, 0.7];
        for class in 0..4 {
            let mut w = [0.0; 4];
            Loss::LogitRatio.slope(&z, class, &mut w);
            for j in 0..4 {
                let value = |step: f64| {
                    let mut moved = z;
                    moved[j] += step;
                    Loss::LogitRatio.value(&moved, class)
                };
                let slope = (value(1e-6) - value(-1e-6)) / 2e-6 * (2.0 - 0.3);
                assert!((slope - w[j]).abs() < 1e-8, "{class} {j}: {slope} {}", w[j]);
            }
            let scaled = z.map(|z| 7.0 * z - 3.0);
            let value = Loss::LogitRatio.value(&z, class);
            assert!((Loss::LogitRatio.value(&scaled, class) - value).abs() < 1e-10);
        }
    }
}
