//! How data become an initial state (S41).

use faer::{MatMut, MatRef};

use crate::{AffineMap, MapError, Real};

/// The fixed affine map x(0) = E a + e from the data to the initial state: the channels of the data
/// become the first channels of every pixel, the others begin with a constant, the `padding`.
///
/// Data have one channel after the other, each with all its pixels. The state of a dense map is one pixel: n
/// channels, the first of which are the data.
///
/// ```
/// use snode_ode::{AffineMap, Lifting};
/// let map = AffineMap::convolution(3, (1, 2), 1)?;
/// let lifting = Lifting::new(map, 2, 0.5)?;
/// let mut state = faer::Mat::zeros(6, 1);
/// lifting.lift(faer::mat![[1.0], [2.0]].as_ref(), state.as_mut());
/// assert_eq!(state, faer::mat![[1.0], [0.5], [0.5], [2.0], [0.5], [0.5]]);
/// # Ok::<(), snode_ode::MapError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lifting {
    pixels: usize,
    /// Channels of the data, and of the state.
    from: usize,
    to: usize,
    padding: f64,
}

impl Lifting {
    /// Data of so many numbers, `inputs`, for states of a map.
    ///
    /// # Errors
    /// If the data do not fit: there are none, they are more than the state, or have not the same number
    /// of channels in each pixel; or the padding is not finite.
    pub fn new(map: AffineMap, inputs: usize, padding: f64) -> Result<Self, MapError> {
        let (pixels, channels) = (map.pixels(), map.channels());
        let range = format!("1 to {channels} for each of {pixels} pixels");
        let fits = inputs > 0 && inputs <= map.width() && inputs.is_multiple_of(pixels);
        MapError::require(fits, "numbers of a data point", &inputs, &range)?;
        MapError::require(padding.is_finite(), "padding", &padding, &"a finite number")?;
        Ok(Self { pixels, from: inputs / pixels, to: channels, padding })
    }

    /// Data that are states.
    pub fn identity(map: AffineMap) -> Self {
        let (pixels, channels) = (map.pixels(), map.channels());
        Self { pixels: 1, from: pixels * channels, to: pixels * channels, padding: 0.0 }
    }

    /// Whether data are states: as many numbers, in the same order.
    pub fn is_identity(self) -> bool {
        self.from == self.to && (self.pixels == 1 || self.to == 1)
    }

    /// How many numbers a data point has.
    pub fn inputs(self) -> usize {
        self.pixels * self.from
    }

    /// n, how many numbers a state has.
    pub fn width(self) -> usize {
        self.pixels * self.to
    }

    /// What the other channels begin with.
    pub fn padding(self) -> f64 {
        self.padding
    }

    /// `state` (n×M) = E `data` + e.
    ///
    /// # Panics
    /// If a shape does not fit; so do the others.
    pub fn lift<T: Real>(self, data: MatRef<'_, T>, state: MatMut<'_, T>) {
        self.place(data, state, T::from_f64(self.padding));
    }

    /// `xi0` (n×M) = E `perturbation`.
    pub fn lift_perturbation<T: Real>(self, perturbation: MatRef<'_, T>, xi0: MatMut<'_, T>) {
        self.place(perturbation, xi0, T::ZERO);
    }

    /// `data` = Eᵀ `state`.
    pub fn restrict<T: Real>(self, state: MatRef<'_, T>, mut data: MatMut<'_, T>) {
        self.check(data.as_ref().shape(), state.shape());
        for j in 0..data.ncols() {
            for i in 0..data.nrows() {
                data[(i, j)] = state[(self.place_of(i), j)];
            }
        }
    }

    /// The component of the state that a number of the data becomes.
    pub fn place_of(self, input: usize) -> usize {
        input % self.pixels * self.to + input / self.pixels
    }

    fn place<T: Real>(self, data: MatRef<'_, T>, mut state: MatMut<'_, T>, padding: T) {
        self.check(data.shape(), state.as_ref().shape());
        if self.from < self.to {
            state.fill(padding);
        }
        for j in 0..data.ncols() {
            for i in 0..data.nrows() {
                state[(self.place_of(i), j)] = data[(i, j)];
            }
        }
    }

    fn check(self, data: (usize, usize), state: (usize, usize)) {
        let expected = ((self.inputs(), data.1), (self.width(), data.1));
        assert_eq!((data, state), expected, "shapes of data and states");
    }
}

#[cfg(test)]
mod tests {
    use faer::Mat;

    use super::*;

    #[test]
    fn restriction_is_the_transpose_of_lifting() {
        let maps = [AffineMap::convolution(5, (2, 3), 3).unwrap(), AffineMap::dense(9)];
        for (map, inputs) in maps.into_iter().zip([12, 4]) {
            let lifting = Lifting::new(map, inputs, 0.25).unwrap();
            let a = Mat::from_fn(inputs, 2, |i, j| (i + 7 * j) as f64);
            let w = Mat::from_fn(map.width(), 2, |i, j| (3 * i + j) as f64);
            let (mut state, mut data) = (Mat::zeros(map.width(), 2), Mat::zeros(inputs, 2));
            lifting.lift_perturbation(a.as_ref(), state.as_mut());
            lifting.restrict(w.as_ref(), data.as_mut());
            assert_eq!((state.transpose() * &w)[(1, 1)], (a.transpose() * &data)[(1, 1)]);
            lifting.lift(a.as_ref(), state.as_mut());
            lifting.restrict(state.as_ref(), data.as_mut());
            assert_eq!(data, a);
        }
    }

    #[test]
    fn data_that_do_not_fit_are_refused() {
        let map = AffineMap::convolution(2, (2, 3), 3).unwrap();
        for inputs in [0, 7, 18] {
            assert!(Lifting::new(map, inputs, 0.0).is_err(), "{inputs}");
        }
        assert!(Lifting::new(map, 6, f64::NAN).is_err());
        assert!(Lifting::identity(map).is_identity() && Lifting::identity(map).inputs() == 12);
    }
}
