//! Conjugacy formulas: γ in d_j = −g_j + γ_j d_{j−1} (S8).
//!
//! One file per formula, each a function of the [`Products`] of two successive gradients and the
//! last direction. A new one is a new file, a name in [`Conjugacy`] and a line in its `gamma`.

mod dai_yuan;
mod fletcher_reeves;
mod hager_zhang;
mod hestenes_stiefel;
mod hybrid;
mod polak_ribiere;

/// Inner products a conjugacy formula is made of, in the metric the user chose.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Products {
    /// ‖g_j‖².
    pub new_new: f64,
    /// ⟨g_j, g_{j−1}⟩.
    pub new_old: f64,
    /// ‖g_{j−1}‖².
    pub old_old: f64,
    /// ⟨g_j, d_{j−1}⟩.
    pub new_direction: f64,
    /// ⟨g_{j−1}, d_{j−1}⟩.
    pub old_direction: f64,
}

impl Products {
    /// ⟨d_{j−1}, y⟩ with y = g_j − g_{j−1}.
    pub fn direction_change(&self) -> f64 {
        self.new_direction - self.old_direction
    }

    /// ⟨g_j, y⟩.
    pub fn new_change(&self) -> f64 {
        self.new_new - self.new_old
    }

    /// ‖y‖².
    pub fn change_change(&self) -> f64 {
        self.new_new - 2.0 * self.new_old + self.old_old
    }
}

/// The formula for γ.
///
/// ```
/// use snode_train::{Conjugacy, Products};
/// let products = Products { new_new: 2.0, old_old: 4.0, ..Products::default() };
/// assert_eq!(Conjugacy::FletcherReeves.gamma(&products), 0.5);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Conjugacy {
    /// γ = 0.
    SteepestDescent,
    /// ‖g_j‖²/‖g_{j−1}‖², the paper's choice.
    #[default]
    FletcherReeves,
    /// max(0, ⟨g_j, y⟩/‖g_{j−1}‖²).
    PolakRibiere,
    /// ⟨g_j, y⟩/‖g_{j−1}‖² clipped to ±‖g_j‖²/‖g_{j−1}‖².
    FletcherReevesPolakRibiere,
    /// ⟨g_j, y⟩/⟨d_{j−1}, y⟩.
    HestenesStiefel,
    /// ‖g_j‖²/⟨d_{j−1}, y⟩.
    DaiYuan,
    /// Hager and Zhang (2005).
    HagerZhang,
}

impl Conjugacy {
    /// γ; not finite where the formula's denominator vanishes (a restart then).
    pub fn gamma(self, products: &Products) -> f64 {
        match self {
            Self::SteepestDescent => 0.0,
            Self::FletcherReeves => fletcher_reeves::gamma(products),
            Self::PolakRibiere => polak_ribiere::gamma(products),
            Self::FletcherReevesPolakRibiere => hybrid::gamma(products),
            Self::HestenesStiefel => hestenes_stiefel::gamma(products),
            Self::DaiYuan => dai_yuan::gamma(products),
            Self::HagerZhang => hager_zhang::gamma(products),
        }
    }

    /// Whether the formula needs ⟨g_j, g_{j−1}⟩, for which the last gradient must be kept.
    pub fn needs_last_gradient(self) -> bool {
        matches!(
            self,
            Self::PolakRibiere
                | Self::FletcherReevesPolakRibiere
                | Self::HestenesStiefel
                | Self::HagerZhang
        )
    }

    /// Whether the formula needs g_j once the direction d_j has been made of it: it must stand beside it
    /// then.
    pub fn needs_gradient(self) -> bool {
        self.needs_last_gradient() || self.needs_direction()
    }

    /// Whether the formula needs ⟨g_j, d_{j−1}⟩ and ⟨g_{j−1}, d_{j−1}⟩.
    pub fn needs_direction(self) -> bool {
        matches!(self, Self::HestenesStiefel | Self::DaiYuan | Self::HagerZhang)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a quadratic with an exact line search all formulas are the same method: there
    /// ⟨g_j, g_{j−1}⟩ = 0 and ⟨g_j, d_{j−1}⟩ = 0.
    #[test]
    fn formulas_agree_under_exact_orthogonality() {
        let products = Products {
            new_new: 0.8,
            new_old: 0.0,
            old_old: 3.2,
            new_direction: 0.0,
            old_direction: -3.2,
        };
        for formula in [
            Conjugacy::FletcherReeves,
            Conjugacy::PolakRibiere,
            Conjugacy::FletcherReevesPolakRibiere,
            Conjugacy::HestenesStiefel,
            Conjugacy::DaiYuan,
            Conjugacy::HagerZhang,
        ] {
            assert!((formula.gamma(&products) - 0.25).abs() < 1e-15, "{formula:?}");
        }
    }

    #[test]
    fn vanishing_denominators_are_not_finite() {
        let nothing = Products { new_new: 1.0, ..Products::default() };
        for formula in [Conjugacy::FletcherReeves, Conjugacy::DaiYuan, Conjugacy::HestenesStiefel] {
            assert!(!formula.gamma(&nothing).is_finite(), "{formula:?}");
        }
    }
}
