//! Gram matrices of derivatives by the parameters, without the derivatives themselves.

use faer::{MatMut, MatRef};

use super::memory::EulerSolution;
use super::several::{COLUMNS, Group};
use crate::parallel::{self, Batches};
use crate::scheme::checks::copy_columns;
use crate::{Network, Real, kernels};

/// Σ_k h² ⟨g_kᵃ, g_kᵇ⟩ (‖x_k‖² + 1) for each data point, with g_k of each of the terminals (S64): the
/// derivative by (W_k, b_k) is h g_k (x_kᵀ, 1), whose inner products need no n×n numbers. The map is dense, and shapes fit.
pub(super) fn of_nodes<T: Real>(
    solution: &EulerSolution<T>,
    network: &Network<T>,
    terminals: MatRef<'_, T>,
    mut out: MatMut<'_, f64>,
) {
    let (n, m, step) = (solution.width, solution.batch, solution.step);
    let len = n * m;
    if terminals.ncols() * len == 0 {
        return;
    }
    let r = terminals.ncols() / m;
    let mut all = vec![T::ZERO; r * len];
    copy_columns(terminals, &mut all);
    let mut grams = vec![0.0; r * r * m];
    let (slopes, zero_bias) = (&solution.slopes[..], &solution.zero_bias[..n]);
    let h = network.grid().step();
    let memory = Batches::new(&mut grams, r * r, m);
    parallel::for_columns(n, m, memory, &|columns, mut grams: Batches<'_, f64>| {
        let (mut state, mut scratch) = (Vec::new(), Vec::new());
        let mut workspace = vec![T::ZERO; network.map().workspace_len()];
        for points in parallel::chunks(n, 0..columns.len(), COLUMNS / r) {
            let part = (columns.start + points.start) * n..(columns.start + points.end) * n;
            state.clear();
            for a in 0..r {
                state.extend_from_slice(&all[a * len..(a + 1) * len][part.clone()]);
            }
            scratch.resize(state.len(), T::ZERO);
            let grams = &mut grams.batch_mut(0)[points.start * r * r..points.end * r * r];
            let slopes = |k: usize| &slopes[k * len..(k + 1) * len][part.clone()];
            let mut group = Group {
                network,
                step,
                slopes: &slopes,
                zero_bias,
                state: &mut state,
                scratch: &mut scratch,
                workspace: &mut workspace,
            };
            group.adjoint(|k, g| {
                let x = &solution.kept(k)[part.clone()];
                for (point, gram) in grams.chunks_exact_mut(r * r).enumerate() {
                    let x = &x[point * n..][..n];
                    let factor = h * h * (kernels::dot(x, x) + 1.0);
                    let column = |a: usize| &g[a * part.len() + point * n..][..n];
                    for a in 0..r {
                        for b in 0..=a {
                            gram[a * r + b] += factor * kernels::dot(column(a), column(b));
                        }
                    }
                }
            });
        }
    });
    for (j, gram) in grams.chunks_exact(r * r).enumerate() {
        for (a, b) in (0..r).flat_map(|a| (0..r).map(move |b| (a, b))) {
            out[(a * r + b, j)] = gram[a.max(b) * r + a.min(b)];
        }
    }
}
