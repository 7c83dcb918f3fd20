//! In which order the CPU adds up a product.
//!
//! On x86-64 with fused multiply-adds the large products of [`snode_ode::Euler`] are its own, the others faer's.
//! How a sum is built depends on the shape of the product only, not on the machine; the kernels build theirs the same
//! way, and so have the same bits:
//!
//! * A **large** product is a chain of fused multiply-adds in the order of k, cut every 512 terms; the
//!   parts are added to the result one after the other, times the factor of the product, with a rounding
//!   each.
//! * A **small** product, of at most 16³ multiplications, is one chain; it is added to the result times
//!   the factor with one rounding. A chain of at most 16 terms begins with a product, others with 0: a
//!   difference where all terms are −0.
//! * A product with a **single column** is one chain that begins with the old result; with a transposed
//!   matrix it is an inner product in the lanes of the vector unit. This alone depends on the machine.
//! * A product with a **single row** is one multiply-add an element.

use pulp::{Arch, Simd, WithSimd};
use snode_ode::Real;

/// Terms of a large product's chain.
pub(crate) const CUT: usize = 512;

/// Multiplications of the largest small product.
const SMALL: usize = 16 * 16 * 16;

/// Terms of the longest chain that begins with a product.
const SHORT: usize = 16;

/// How a product of an n×n matrix with some columns, or of n×M with M×n numbers, is added up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Order {
    /// Terms of a chain.
    pub(crate) cut: usize,
    /// What a chain begins with: 0, or −0, to which a first product is added unchanged.
    pub(crate) begin: f64,
    /// Whether the product times its factor is added with one rounding.
    pub(crate) once: bool,
    /// Whether a sum begins with the old result.
    pub(crate) continued: bool,
}

impl Order {
    /// Of an n×n matrix, n = `width`, with so many columns.
    pub(crate) fn of_layer(width: usize, columns: usize) -> Self {
        let small = width * width * columns <= SMALL;
        let continued = columns == 1 || width == 1;
        Self {
            cut: if small || columns == 1 { width.max(1) } else { CUT },
            begin: if small && !continued && width <= SHORT { -0.0 } else { 0.0 },
            once: small,
            continued,
        }
    }

    /// Of G Xᵀ, for so many columns of G and X.
    pub(crate) fn of_gradient(width: usize, columns: usize) -> Self {
        let small = width == 1 || width * width * columns <= SMALL;
        let begins_with_product = width > 1 && (columns == 1 || small && columns <= SHORT);
        Self {
            cut: if small { columns.max(1) } else { CUT },
            begin: if begins_with_product { -0.0 } else { 0.0 },
            once: small,
            continued: false,
        }
    }

    /// [`begin`](Self::begin) in the precision of the numbers.
    pub(crate) fn first<T: Real>(self) -> T {
        T::from_f64(self.begin)
    }
}

/// Lanes of the vector unit that inner products are added up in.
pub(crate) fn lanes<T: Real>() -> usize {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = [usize; 2];
        fn with_simd<S: Simd>(self, _: S) -> [usize; 2] {
            [S::F32_LANES, S::F64_LANES]
        }
    }
    let [single, double] = Arch::new().dispatch(Lanes);
    if size_of::<T>() == size_of::<f32>() { single } else { double }
}
