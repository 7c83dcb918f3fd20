use super::Elementwise;
use crate::Real;

/// Half the width of the interval around 0 on which the kink is replaced.
const HALF_WIDTH: f64 = 0.1;

/// The (leaky) ReLU with its kink replaced by the quadratic on [−0.1, 0.1] that makes it C¹:
/// σ(z) = leak·z + (1 − leak)(z + 0.1)²/0.4 there.
#[derive(Clone, Copy, Debug)]
pub struct SmoothedRelu {
    /// The slope for z < −0.1; 0 for the plain form.
    pub leak: f64,
}

impl Elementwise for SmoothedRelu {
    #[inline(always)]
    fn value_and_slope<T: Real>(self, z: T) -> (T, T) {
        let width = T::from_f64(HALF_WIDTH);
        let leak = T::from_f64(self.leak);
        let rise = T::ONE - leak;
        // How far z is into the interval, as a number between 0 and 2·width.
        let inside = z + width;
        let inside = if inside < T::ZERO { T::ZERO } else { inside };
        let past = z - width;
        let past = if past <= T::ZERO { T::ZERO } else { past };
        let quadratic = inside - past;
        let value =
            leak * z + rise * (quadratic * quadratic * T::from_f64(0.25 / HALF_WIDTH) + past);
        (value, leak + rise * (quadratic * T::from_f64(0.5 / HALF_WIDTH)))
    }
}
