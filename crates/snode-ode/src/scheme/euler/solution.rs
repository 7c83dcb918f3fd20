//! The problems along a direct solution by Euler's scheme.

use faer::{MatMut, MatRef};

use super::grams::of_nodes;
use super::memory::{BLOCK, EulerSolution};
use super::several::several;
use crate::scheme::checks::{
    copy_columns, first_not_finite, gradient_not_finite, linear_not_finite,
};
use crate::scheme::grams::by_gradients;
use crate::scheme::{Across, LinearProblem, Perturbation, Solution};
use crate::{AffineMap, Combination, Network, Parameters, Problem, Real, SolveError, Statistics};

impl<T: Real> Solution<T> for EulerSolution<T> {
    fn steps(&self) -> usize {
        self.layers
    }

    fn depth(&self, k: usize) -> f64 {
        self.horizon * k as f64 / self.layers as f64
    }

    fn state(&self, k: usize) -> MatRef<'_, T> {
        assert!(k <= self.layers, "no state {k} of {}", self.layers);
        self.matrix(self.kept(k))
    }

    fn adjoint(
        &mut self,
        network: &Network<T>,
        terminal: MatRef<'_, T>,
        mut gradient: Option<&mut Parameters<T>>,
    ) -> Result<(), SolveError> {
        let (len, layers) = (self.len(), self.layers);
        copy_columns(terminal, &mut self.lambda[..len]);
        let block = if gradient.is_some() { BLOCK } else { layers };
        let mut bad = None;
        for first in (0..layers).step_by(block).rev() {
            let nodes = first..(first + block).min(layers);
            self.adjoint_layers(network, nodes.clone());
            if let Some(gradient) = &mut gradient {
                let found = self.gradient_nodes(nodes, gradient);
                bad = bad.or(found);
            }
        }
        if let Some(gradient) = gradient {
            for unread in layers..gradient.nodes() {
                gradient.node_mut(unread).fill(T::ZERO);
            }
        }
        self.adjoint_solved = true;
        gradient_not_finite(
            bad,
            &self.lambda[..len],
            network.grid(),
            self.statistics(Problem::Adjoint),
        )
    }

    fn input_adjoint(&self) -> MatRef<'_, T> {
        self.matrix(&self.lambda[..self.len()])
    }

    fn sensitivity(
        &mut self,
        network: &Network<T>,
        perturbation: Perturbation<'_, T>,
    ) -> Result<(), SolveError> {
        self.begin_sensitivity(perturbation.input);
        self.sensitivity_layers(network, perturbation.parameters, 0..self.layers);
        self.sensitivity_solved = true;
        Ok(())
    }

    fn output_sensitivity(&self) -> MatRef<'_, T> {
        self.matrix(&self.xi[..self.len()])
    }

    fn sensitivity_of_combination(
        &mut self,
        network: &Network<T>,
        direction: &mut Parameters<T>,
        combination: Combination<'_, T>,
    ) -> Result<(), SolveError> {
        let layers = self.layers;
        self.begin_sensitivity(None);
        for first in (0..layers).step_by(BLOCK) {
            let nodes = first..(first + BLOCK).min(layers);
            direction.set_combination_nodes(nodes.clone(), combination);
            self.sensitivity_layers(network, Some(direction), nodes);
        }
        direction.set_combination_nodes(layers..direction.nodes(), combination);
        self.sensitivity_solved = true;
        Ok(())
    }

    fn adjoint_columns(
        &mut self,
        network: &Network<T>,
        terminals: MatRef<'_, T>,
        out: MatMut<'_, T>,
    ) -> Result<(), SolveError> {
        several(self, Problem::Adjoint, network, terminals, out);
        Ok(())
    }

    fn sensitivity_columns(
        &mut self,
        network: &Network<T>,
        inputs: MatRef<'_, T>,
        out: MatMut<'_, T>,
    ) -> Result<(), SolveError> {
        several(self, Problem::Sensitivity, network, inputs, out);
        Ok(())
    }

    fn parameter_grams(
        &mut self,
        network: &Network<T>,
        terminals: MatRef<'_, T>,
        across: Across,
        out: MatMut<'_, f64>,
    ) -> Result<(), SolveError> {
        if let (Across::Nodes, AffineMap::Dense { .. }) = (across, network.map()) {
            of_nodes(self, network, terminals, out);
            return Ok(());
        }
        let shape = (self.width, self.batch);
        by_gradients(shape, network, terminals, across, out, |terminal, gradient| {
            self.adjoint(network, terminal, Some(gradient))
        })
    }

    fn find_stop(&mut self, network: &Network<T>, posed: LinearProblem<'_, T>) -> SolveError {
        let (len, layers, grid) = (self.len(), self.layers, network.grid());
        let (steps, last) = match posed {
            LinearProblem::Adjoint { terminal } => first_not_finite(len, layers, |i, out| {
                if i == 0 {
                    copy_columns(terminal, &mut self.lambda[..len]);
                } else {
                    self.adjoint_layers(network, layers - i..layers - i + 1);
                }
                out.copy_from_slice(&self.lambda[..len]);
            }),
            LinearProblem::Sensitivity(along) => first_not_finite(len, layers, |i, out| {
                if i == 0 {
                    self.begin_sensitivity(along.input);
                } else {
                    self.sensitivity_layers(network, along.parameters, i - 1..i);
                }
                out.copy_from_slice(&self.xi[..len]);
            }),
        };
        let shape = (self.width, self.batch);
        linear_not_finite(&posed, grid, 1, shape, steps, last)
    }

    fn statistics(&self, problem: Problem) -> Statistics {
        let solved = match problem {
            Problem::Direct => true,
            Problem::Adjoint => self.adjoint_solved,
            Problem::Sensitivity => self.sensitivity_solved,
            Problem::Evaluation => false,
        };
        let steps = if solved { self.layers } else { 0 };
        Statistics::fixed(steps, self.horizon / self.layers.max(1) as f64, 1)
    }
}
