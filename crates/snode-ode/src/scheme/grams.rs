//! Gram matrices of derivatives by the parameters.

use faer::{Mat, MatMut, MatRef};

use crate::{Network, Parameters, Real, SolveError, kernels};

/// Which parameters move together (S64).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Across {
    /// The numbers of every node by themselves: Σ_k w_k² ⟨∇ᵃ(t_k), ∇ᵇ(t_k)⟩.
    Nodes,
    /// The same change at every depth: ⟨∫∇ᵃ dt, ∫∇ᵇ dt⟩.
    Depth,
}

/// The matrices by as many adjoint problems with gradients as there are functionals and data points:
/// right for every scheme and fast for none. A batch of one data point wastes the least.
///
/// `solve` solves (S5) from λ(T) of this `shape`, n×M, and writes the gradient.
pub(super) fn by_gradients<T: Real>(
    shape: (usize, usize),
    network: &Network<T>,
    terminals: MatRef<'_, T>,
    across: Across,
    mut out: MatMut<'_, f64>,
    mut solve: impl FnMut(MatRef<'_, T>, &mut Parameters<T>) -> Result<(), SolveError>,
) -> Result<(), SolveError> {
    let (n, m) = shape;
    let functionals = terminals.ncols().checked_div(m).unwrap_or(0);
    let nodes = network.parameters().nodes();
    let mut gradient = Parameters::zeros(n, nodes);
    let mut terminal = Mat::zeros(n, m);
    for j in 0..m {
        let mut rows = Vec::new();
        for a in 0..functionals {
            terminal.col_mut(j).copy_from(terminals.col(a * m + j));
            solve(terminal.as_ref(), &mut gradient)?;
            rows.push(weighted(&gradient, network, across));
        }
        terminal.col_mut(j).fill(T::ZERO);
        for (a, b) in (0..functionals).flat_map(|a| (0..functionals).map(move |b| (a, b))) {
            out[(a * functionals + b, j)] = kernels::dot(&rows[a], &rows[b]);
        }
    }
    Ok(())
}

/// w_k ∇(t_k), or the sum of these.
fn weighted<T: Real>(gradient: &Parameters<T>, network: &Network<T>, across: Across) -> Vec<T> {
    let weights = (0..gradient.nodes()).map(|k| T::from_f64(network.grid().weight(k)));
    match across {
        Across::Nodes => {
            let nodes =
                weights.enumerate().map(|(k, w)| gradient.node(k).iter().map(move |g| w * *g));
            nodes.flatten().collect()
        }
        Across::Depth => {
            let mut sum = vec![T::ZERO; gradient.node_len()];
            for (k, w) in weights.enumerate() {
                for (sum, g) in sum.iter_mut().zip(gradient.node(k)) {
                    *sum = w.mul_add(*g, *sum);
                }
            }
            sum
        }
    }
}
