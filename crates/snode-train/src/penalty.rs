//! The penalty on the parameters, the last term of (S4), in L² or in H¹ (S42).

use snode_ode::{Grid, Parameters, Real};

use crate::OptionError;

/// In which norm the parameters are penalised: μ₄/2 ‖(W, b)‖²_V.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Penalty {
    /// V = L²(0,T): weight decay.
    #[default]
    L2,
    /// V = H¹(0,T) with a length ℓ: ∫ |u|² + ℓ² |u′|² dt, which penalises parameters that change with
    /// depth too.
    H1 {
        /// ℓ > 0, in units of depth.
        length: f64,
    },
}

impl Penalty {
    /// Refuses a penalty that cannot be.
    ///
    /// # Errors
    /// If ℓ is not positive and finite.
    pub fn check(self) -> Result<(), OptionError> {
        match self {
            Self::L2 => Ok(()),
            Self::H1 { length } => {
                let is_length = length.is_finite() && length > 0.0;
                OptionError::require("penalty_length", length, is_length, "more than 0, finite")
            }
        }
    }

    /// ⟨u, v⟩_V = Σ_k w_k ⟨u_k, v_k⟩ + (ℓ²/h) Σ_k ⟨u_{k+1} − u_k, v_{k+1} − v_k⟩.
    ///
    /// # Panics
    /// If shapes differ.
    pub fn inner<T: Real>(self, u: &Parameters<T>, v: &Parameters<T>, grid: &Grid) -> f64 {
        u.inner(v, grid) + self.inner_of_derivatives(u, v, grid)
    }

    /// The second term of [`inner`](Self::inner): 0 in L².
    ///
    /// # Panics
    /// If shapes differ.
    pub fn inner_of_derivatives<T: Real>(
        self,
        u: &Parameters<T>,
        v: &Parameters<T>,
        grid: &Grid,
    ) -> f64 {
        match self {
            Self::L2 => 0.0,
            Self::H1 { length } => length * length / grid.step() * u.inner_of_differences(v),
        }
    }

    /// `gradient` += `factor` times the L²-gradient of half the second term's square: nothing in L².
    ///
    /// # Panics
    /// If shapes differ.
    pub fn add_derivatives<T: Real>(
        self,
        factor: f64,
        parameters: &Parameters<T>,
        grid: &Grid,
        gradient: &mut Parameters<T>,
    ) {
        if let Self::H1 { length } = self {
            let factor = factor * length * length / grid.step();
            gradient.add_second_differences(parameters, &|k| factor / grid.weight(k));
        }
    }
}
