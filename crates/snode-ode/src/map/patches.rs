//! What the weights of a map are multiplied with: the data points of a dense map, the patches of images
//! that are convolved.

use faer::{Mat, MatMut, MatRef};

use super::AffineMap;
use crate::Real;

impl AffineMap {
    /// The columns that a node's weights W are multiplied with for states `x` (n×M): A x is W times them. Of a
    /// dense map they are the states; of a convolution the s²c numbers under the kernel for every pixel,
    /// pixel by pixel and image by image, with zeros beyond the image. Blocks of pixels
    /// count as pixels.
    ///
    /// # Panics
    /// If a state has another width.
    pub fn patches<T: Real>(self, x: MatRef<'_, T>) -> Mat<T> {
        assert_eq!(x.nrows(), self.width(), "states have another width than the map");
        match self {
            Self::Dense { .. } => x.to_owned(),
            Self::Convolution(map) => {
                let mut patches = Mat::zeros(self.weights_shape().1, map.positions() * x.ncols());
                for j in 0..x.ncols() {
                    map.for_each_pair(|from, pixel, under| {
                        patches[(under, j * map.positions() + pixel)] = x[(from, j)];
                    });
                }
                patches
            }
        }
    }

    /// The transpose of [`patches`](Self::patches): adds to each number of `x` what is in all patches it lies in.
    ///
    /// # Panics
    /// If shapes do not fit.
    pub fn add_patches<T: Real>(self, patches: MatRef<'_, T>, mut x: MatMut<'_, T>) {
        let shape = (self.weights_shape().1, self.positions() * x.ncols());
        assert_eq!(patches.shape(), shape, "patches of other states");
        assert_eq!(x.nrows(), self.width(), "states have another width than the map");
        match self {
            Self::Dense { .. } => x += patches,
            Self::Convolution(map) => {
                for j in 0..x.ncols() {
                    map.for_each_pair(|to, pixel, under| {
                        x[(to, j)] += patches[(under, j * map.positions() + pixel)];
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(rows: usize, columns: usize, seed: f64) -> Mat<f64> {
        Mat::from_fn(rows, columns, |i, j| (seed + 1.3 * i as f64 + 0.7 * j as f64).sin())
    }

    #[test]
    fn weights_times_patches_are_the_map() {
        for map in [AffineMap::dense(5), AffineMap::convolution(3, (4, 2), 3).unwrap()] {
            let (channels, reach) = map.weights_shape();
            let x = numbers(map.width(), 3, 0.1);
            let node = numbers(map.node_len(), 1, 0.4);
            let weights = &node.col_as_slice(0)[..map.weights_len()];
            let weights = MatRef::from_column_major_slice(weights, channels, reach);
            let product = weights * map.patches(x.as_ref());
            let expected = map.matrix(node.col_as_slice(0)) * &x;
            for (place, j) in (0..map.width()).flat_map(|i| (0..3).map(move |j| (i, j))) {
                let column = j * map.positions() + place / channels;
                let found = product[(place % channels, column)];
                assert!((found - expected[(place, j)]).abs() < 1e-14, "{map:?}");
            }
        }
    }

    #[test]
    fn adding_patches_is_the_transpose() {
        for map in [AffineMap::dense(5), AffineMap::convolution(3, (4, 2), 5).unwrap()] {
            let x = numbers(map.width(), 2, 0.1);
            let g = numbers(map.weights_shape().1, 2 * map.positions(), 0.6);
            let mut back = Mat::zeros(map.width(), 2);
            map.add_patches(g.as_ref(), back.as_mut());
            let inner =
                |a: &Mat<f64>, b: &Mat<f64>| (a.transpose() * b).diagonal().column_vector().sum();
            let (left, right) = (inner(&map.patches(x.as_ref()), &g), inner(&x, &back));
            assert!((left - right).abs() < 1e-13, "{map:?}: {left} and {right}");
        }
    }
}
