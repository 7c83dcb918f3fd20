//! What an attack did to each image.

use snode_ode::Real;

use crate::norm::Norm;

/// How an attack on an image ended. The three are never mixed: rates are those of attacked images,
/// which are the fooled and the resisting ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The predicted class was wrong before any attack; the image was left alone.
    WrongBefore,
    /// The predicted class stayed right.
    Resisted,
    /// The predicted class became wrong.
    Fooled,
}

/// What an attack did to one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Attacked<T> {
    /// How it ended.
    pub outcome: Outcome,
    /// The right class.
    pub label: usize,
    /// The class predicted for the clean image.
    pub class_before: usize,
    /// The class predicted for the adversarial image, and for the clean one where there is none.
    pub class_after: usize,
    /// ‖δ‖₂ of the smallest successful perturbation; NaN where there is none.
    pub norm2: f64,
    /// ‖δ‖∞ of the same perturbation; NaN where there is none.
    pub norm_infinity: f64,
    /// How many steps were taken.
    pub iterations: usize,
    /// After how many the first success came, if any.
    pub first_success: Option<usize>,
    /// The adversarial image with that smallest perturbation, n numbers.
    pub adversarial: Option<Vec<T>>,
}

impl<T: Real> Attacked<T> {
    /// An image that has not been changed.
    pub(crate) fn untouched(label: usize, class_before: usize) -> Self {
        Self {
            outcome: if class_before == label { Outcome::Resisted } else { Outcome::WrongBefore },
            label,
            class_before,
            class_after: class_before,
            norm2: f64::NAN,
            norm_infinity: f64::NAN,
            iterations: 0,
            first_success: None,
            adversarial: None,
        }
    }

    /// The norm of its smallest successful perturbation; NaN where there is none.
    pub fn norm(&self, norm: Norm) -> f64 {
        match norm {
            Norm::Two => self.norm2,
            Norm::Infinity => self.norm_infinity,
        }
    }

    /// Whether it was fooled, and the other not or by a larger perturbation.
    pub(crate) fn is_smaller(&self, other: &Self, norm: Norm) -> bool {
        let fooled = |image: &Self| image.outcome == Outcome::Fooled;
        fooled(self) && !(fooled(other) && other.norm(norm) <= self.norm(norm))
    }
}

/// What an attack did to all images, in their order.
#[derive(Clone, Debug)]
pub struct AttackResults<T> {
    /// Image by image.
    pub images: Vec<Attacked<T>>,
    /// How long it took, refinement and judgement included.
    pub seconds: f64,
}
