//! Values between the grid nodes.

use super::Grid;

/// How W(t) and b(t) are read between the nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Interpolation {
    /// Cubic Hermite with finite-difference slopes: central inside, one-sided at both ends.
    #[default]
    Hermite,
    /// Piecewise linear.
    Linear,
    /// The value of the node at or before t: the one under which Euler with step h is exact.
    Constant,
}

/// An interpolated value as a combination of grid values: Σ_i `weights[i]` p_{`first` + i}.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stencil {
    /// The first node that takes part.
    pub first: usize,
    /// How many nodes take part, 1 to 4.
    pub len: usize,
    /// Their weights; those from `len` on are 0.
    pub weights: [f64; 4],
}

impl Stencil {
    fn new(first: usize, weights: &[f64]) -> Self {
        let mut all = [0.0; 4];
        all[..weights.len()].copy_from_slice(weights);
        Self { first, len: weights.len(), weights: all }
    }
}

impl Interpolation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hermite, Self::Linear, Self::Constant];

    /// Its name in configurations and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hermite => "hermite",
            Self::Linear => "linear",
            Self::Constant => "constant",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interpolation| interpolation.name() == name)
    }

    /// The combination of nodes that gives the value at depth `t`.
    ///
    /// `t` is clamped to the interval the nodes span; an open grid is continued by its last node. A
    /// `t` within round-off of a node, as [`Grid::time`] is, is that node's.
    pub fn stencil(self, grid: &Grid, t: f64) -> Stencil {
        let last = grid.nodes() - 1;
        let position = (t / grid.step()).clamp(0.0, last as f64);
        let node = position.round();
        let at_node = (position - node).abs() <= 4.0 * f64::EPSILON * node;
        let position = if at_node { node } else { position };
        let interval = (position.floor() as usize).min(last.saturating_sub(1));
        self.within(grid, interval, position - interval as f64)
    }

    /// The combination that gives the value at t_k + s h for an `interval` k and 0 ≤ s ≤ 1.
    pub(crate) fn within(self, grid: &Grid, interval: usize, s: f64) -> Stencil {
        let last = grid.nodes() - 1;
        if last == 0 {
            return Stencil::new(0, &[1.0]);
        }
        match self {
            Self::Constant => Stencil::new(if s >= 1.0 { interval + 1 } else { interval }, &[1.0]),
            Self::Linear => Stencil::new(interval, &[1.0 - s, s]),
            Self::Hermite => hermite(interval, s, last),
        }
    }
}

/// Cubic Hermite on the interval k … k+1 at the fraction s, slopes in units of 1/h:
/// central (p_{k+1} − p_{k−1})/2, or one-sided at the ends.
fn hermite(k: usize, s: f64, last: usize) -> Stencil {
    let (s2, s3) = (s * s, s * s * s);
    let value_left = 2.0 * s3 - 3.0 * s2 + 1.0;
    let value_right = 3.0 * s2 - 2.0 * s3;
    let slope_left = s3 - 2.0 * s2 + s;
    let slope_right = s3 - s2;
    // Weights of p_{k−1}, p_k, p_{k+1}, p_{k+2}.
    let mut w = [0.0, value_left, value_right, 0.0];
    if k == 0 {
        w[1] -= slope_left;
        w[2] += slope_left;
    } else {
        w[0] -= slope_left / 2.0;
        w[2] += slope_left / 2.0;
    }
    if k + 1 == last {
        w[1] -= slope_right;
        w[2] += slope_right;
    } else {
        w[1] -= slope_right / 2.0;
        w[3] += slope_right / 2.0;
    }
    let from = usize::from(k == 0);
    let to = if k + 1 == last { 3 } else { 4 };
    Stencil::new(k + from - 1, &w[from..to])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Endpoint;

    fn value(how: Interpolation, grid: &Grid, t: f64, f: impl Fn(f64) -> f64) -> f64 {
        let stencil = how.stencil(grid, t);
        (0..stencil.len).map(|i| stencil.weights[i] * f(grid.time(stencil.first + i))).sum()
    }

    #[test]
    fn nodes_are_reproduced_and_constants_kept() {
        for steps in [1, 2, 3, 8] {
            for ends in [Endpoint::Excluded, Endpoint::Included] {
                let grid = Grid::new(2.0, steps, ends).unwrap();
                for how in Interpolation::ALL {
                    for k in 0..grid.nodes() {
                        let t = grid.time(k);
                        assert!((value(how, &grid, t, f64::sin) - t.sin()).abs() < 1e-14);
                    }
                    for i in 0..=20 {
                        let t = f64::from(i) * 0.1;
                        assert!((value(how, &grid, t, |_| 5.0) - 5.0).abs() < 1e-13);
                    }
                }
            }
        }
    }

    #[test]
    fn a_nodes_own_time_reads_that_node() {
        for horizon in [0.3, 0.7, 1.0, 3.0] {
            for steps in 1..200 {
                let grid = Grid::new(horizon, steps, Endpoint::Included).unwrap();
                for k in 0..grid.nodes() {
                    let stencil = Interpolation::Constant.stencil(&grid, grid.time(k));
                    assert_eq!(stencil.first, k, "T = {horizon}, L = {steps}");
                }
            }
        }
    }

    #[test]
    fn observed_orders_are_those_of_the_method() {
        let error = |how, steps| {
            let grid = Grid::new(2.0, steps, Endpoint::Included).unwrap();
            (1..1000)
                .map(|i| {
                    let t = f64::from(i) * 0.002;
                    (value(how, &grid, t, f64::sin) - t.sin()).abs()
                })
                .fold(0.0, f64::max)
        };
        // One-sided end slopes make Hermite second order at the ends, like linear; inside it is third.
        for (how, order) in [
            (Interpolation::Hermite, 1.9),
            (Interpolation::Linear, 1.9),
            (Interpolation::Constant, 0.9),
        ] {
            let observed = (error(how, 64) / error(how, 128)).log2();
            assert!(observed > order, "{how:?}: {observed}");
        }
    }
}
