//! The grid in depth.

/// Whether the last point t = T of the interval is a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Nodes t₀ … t_{L−1}: what Euler with L steps reads.
    Open,
    /// Nodes t₀ … t_L, T included: what schemes that look between the nodes read.
    Closed,
}

/// A uniform grid t_k = k h, h = T/L, on the depth interval \[0, T\].
///
/// ```
/// use snode_ode::{Ends, Grid};
/// let grid = Grid::new(3.0, 150, Ends::Open).unwrap();
/// assert_eq!(grid.nodes(), 150);
/// assert_eq!(grid.step(), 0.02);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    horizon: f64,
    steps: usize,
    ends: Ends,
}

/// A grid that cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// T is not a positive finite number.
    #[error("the horizon is {0}; it must be positive and finite")]
    Horizon(f64),
    /// L = 0.
    #[error("the grid has no steps; it needs at least one")]
    NoSteps,
}

impl Grid {
    /// A grid of `steps` = L intervals on \[0, `horizon`\].
    ///
    /// # Errors
    /// If the horizon is not positive and finite or there are no steps.
    pub fn new(horizon: f64, steps: usize, ends: Ends) -> Result<Self, GridError> {
        if !(horizon.is_finite() && horizon > 0.0) {
            return Err(GridError::Horizon(horizon));
        }
        if steps == 0 {
            return Err(GridError::NoSteps);
        }
        Ok(Self { horizon, steps, ends })
    }

    /// The same steps with other ends.
    pub fn with_ends(self, ends: Ends) -> Self {
        Self { ends, ..self }
    }

    /// T.
    pub fn horizon(&self) -> f64 {
        self.horizon
    }

    /// L, the number of intervals.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Whether T is a node.
    pub fn ends(&self) -> Ends {
        self.ends
    }

    /// h = T/L.
    pub fn step(&self) -> f64 {
        self.horizon / self.steps as f64
    }

    /// The number of nodes: L, or L + 1 on a closed grid.
    pub fn nodes(&self) -> usize {
        match self.ends {
            Ends::Open => self.steps,
            Ends::Closed => self.steps + 1,
        }
    }

    /// t_k = k h.
    pub fn time(&self, node: usize) -> f64 {
        self.horizon * node as f64 / self.steps as f64
    }

    /// The quadrature weight of a node in ∫₀ᵀ: h on an open grid (the rule under which the
    /// discrete gradient is exact), trapezoid weights on a closed one.
    pub fn weight(&self, node: usize) -> f64 {
        let end = self.ends == Ends::Closed && (node == 0 || node == self.steps);
        if end { self.step() / 2.0 } else { self.step() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_integrate_one_to_the_horizon() {
        for ends in [Ends::Open, Ends::Closed] {
            let grid = Grid::new(3.0, 7, ends).unwrap();
            let sum: f64 = (0..grid.nodes()).map(|k| grid.weight(k)).sum();
            assert!((sum - 3.0).abs() < 1e-14);
        }
    }

    #[test]
    fn impossible_grids_are_refused() {
        for horizon in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(Grid::new(horizon, 3, Ends::Open), Err(GridError::Horizon(_))));
        }
        assert_eq!(Grid::new(1.0, 0, Ends::Open), Err(GridError::NoSteps));
    }
}
