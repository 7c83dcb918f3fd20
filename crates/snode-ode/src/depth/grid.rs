//! The grid in depth.

/// Whether the last point t = T of the interval is a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Nodes t₀ … t_{L−1}: what Euler with L steps reads.
    Excluded,
    /// Nodes t₀ … t_L: what schemes that look between the nodes read.
    Included,
}

/// A uniform grid t_k = k h, h = T/L, on the depth interval \[0, T\].
///
/// ```
/// use snode_ode::{Endpoint, Grid};
/// let grid = Grid::new(3.0, 150, Endpoint::Excluded).unwrap();
/// assert_eq!(grid.nodes(), 150);
/// assert_eq!(grid.step(), 0.02);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    horizon: f64,
    steps: usize,
    endpoint: Endpoint,
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
    pub fn new(horizon: f64, steps: usize, endpoint: Endpoint) -> Result<Self, GridError> {
        if !(horizon.is_finite() && horizon > 0.0) {
            return Err(GridError::Horizon(horizon));
        }
        if steps == 0 {
            return Err(GridError::NoSteps);
        }
        Ok(Self { horizon, steps, endpoint })
    }

    /// The same steps, with or without T as a node.
    pub fn with_endpoint(self, endpoint: Endpoint) -> Self {
        Self { endpoint, ..self }
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
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    /// h = T/L.
    pub fn step(&self) -> f64 {
        self.horizon / self.steps as f64
    }

    /// The number of nodes: L, or L + 1 on a closed grid.
    pub fn nodes(&self) -> usize {
        match self.endpoint {
            Endpoint::Excluded => self.steps,
            Endpoint::Included => self.steps + 1,
        }
    }

    /// t_k = k h.
    pub fn time(&self, node: usize) -> f64 {
        self.horizon * node as f64 / self.steps as f64
    }

    /// The quadrature weight of a node in ∫₀ᵀ: h on an open grid (the rule under which the
    /// discrete gradient is exact), trapezoid weights on a closed one.
    pub fn weight(&self, node: usize) -> f64 {
        let end = self.endpoint == Endpoint::Included && (node == 0 || node == self.steps);
        if end { self.step() / 2.0 } else { self.step() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_integrate_one_to_the_horizon() {
        for endpoint in [Endpoint::Excluded, Endpoint::Included] {
            let grid = Grid::new(3.0, 7, endpoint).unwrap();
            let sum: f64 = (0..grid.nodes()).map(|k| grid.weight(k)).sum();
            assert!((sum - 3.0).abs() < 1e-14);
        }
    }

    #[test]
    fn impossible_grids_are_refused() {
        for horizon in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(
                Grid::new(horizon, 3, Endpoint::Excluded),
                Err(GridError::Horizon(_))
            ));
        }
        assert_eq!(Grid::new(1.0, 0, Endpoint::Excluded), Err(GridError::NoSteps));
    }
}
