//! Norms of perturbations, and the sets attacked images must stay in.

use snode_ode::Real;

use crate::AttackError;

/// A norm of perturbations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Norm {
    /// √Σ δᵢ².
    #[default]
    #[cfg_attr(feature = "serde", serde(rename = "2"))]
    Two,
    /// max |δᵢ|.
    #[cfg_attr(feature = "serde", serde(rename = "inf"))]
    Infinity,
}

impl Norm {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Two, Self::Infinity];

    /// Its name in configurations: `2` or `inf`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Two => "2",
            Self::Infinity => "inf",
        }
    }

    /// ‖x − y‖, computed in double precision.
    pub fn distance<T: Real>(self, x: &[T], y: &[T]) -> f64 {
        let differences = x.iter().zip(y).map(|(x, y)| x.to_f64() - y.to_f64());
        match self {
            Self::Two => differences.map(|d| d * d).sum::<f64>().sqrt(),
            Self::Infinity => differences.fold(0.0, |most, d| most.max(d.abs())),
        }
    }

    /// ‖v‖, computed in double precision.
    pub(crate) fn of<T: Real>(self, v: &[T]) -> f64 {
        let values = v.iter().map(|v| v.to_f64());
        match self {
            Self::Two => values.map(|v| v * v).sum::<f64>().sqrt(),
            Self::Infinity => values.fold(0.0, |most, v| most.max(v.abs())),
        }
    }
}

/// The box that images lie in: every value from `lower` to `upper`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The smallest value.
    pub lower: f64,
    /// The largest value.
    pub upper: f64,
}

impl Default for Bounds {
    /// [−1, 0]: foreground −1, background 0.
    fn default() -> Self {
        Self { lower: -1.0, upper: 0.0 }
    }
}

impl Bounds {
    /// Whether the bounds are finite and leave room between them.
    pub(crate) fn check(self) -> Result<(), AttackError> {
        let holds = self.lower.is_finite() && self.upper.is_finite() && self.lower < self.upper;
        let found = format!("[{}, {}]", self.lower, self.upper);
        AttackError::require(
            holds,
            "box",
            found,
            "finite bounds, the lower one below the upper one",
        )
    }

    /// The nearest point in the box, in place.
    pub fn clip<T: Real>(self, x: &mut [T]) {
        let (lower, upper) = (T::from_f64(self.lower), T::from_f64(self.upper));
        for value in x {
            if *value < lower {
                *value = lower;
            } else if *value > upper {
                *value = upper;
            }
        }
    }

    /// A value of `x` outside of the box, if there is one; a NaN is.
    pub(crate) fn outside<T: Real>(self, x: &[T]) -> Option<f64> {
        let (lower, upper) = (T::from_f64(self.lower), T::from_f64(self.upper));
        x.iter().find(|&&x| !(lower <= x && x <= upper)).map(|x| x.to_f64())
    }
}

/// Moves `x` to the nearest point of the ball around `centre`, in place. Afterwards the distance as
/// [`Norm::distance`] computes it is at most `radius`: not even rounding makes it larger.
pub(crate) fn project<T: Real>(norm: Norm, centre: &[T], radius: f64, x: &mut [T]) {
    match norm {
        Norm::Two => {
            let distance = norm.distance(x, centre);
            if distance > radius {
                let outside = x.to_vec();
                for shorter in factors() {
                    let scale = shorter * radius / distance;
                    for ((x, outside), c) in x.iter_mut().zip(&outside).zip(centre) {
                        *x = between(*c, *outside, scale);
                    }
                    if norm.distance(x, centre) <= radius {
                        break;
                    }
                }
            }
        }
        Norm::Infinity => {
            for (x, &c) in x.iter_mut().zip(centre) {
                let distance = (x.to_f64() - c.to_f64()).abs();
                if distance > radius {
                    let outside = *x;
                    let mut moved = factors().map(|f| between(c, outside, f * radius / distance));
                    let inside = |moved: &T| (moved.to_f64() - c.to_f64()).abs() <= radius;
                    *x = moved.find(inside).unwrap_or(c);
                }
            }
        }
    }
}

/// 1, and then ever smaller factors that make up for rounding, down to 0.
fn factors() -> impl Iterator<Item = f64> {
    let shortened = (0..24).map(|k| 1.0 - 1e-7 * f64::from(1 << k)).filter(|f| *f > 0.0);
    std::iter::once(1.0).chain(shortened).chain(std::iter::once(0.0))
}

/// `from` + `scale` (`to` − `from`).
pub(crate) fn between<T: Real>(from: T, to: T, scale: f64) -> T {
    let start = from.to_f64();
    T::from_f64(start + scale * (to.to_f64() - start))
}
