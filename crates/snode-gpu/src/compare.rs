//! The problems of a batch, bit by bit as the CPU solves them.

use faer::{Mat, MatRef};
use snode_ode::{Euler, Network, Perturbation, Real, Scheme, SolveError};

use crate::solver::{Shape, Solver};
use crate::{Device, GpuError};

/// How many numbers of a result differ in a bit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlike {
    /// The result.
    pub what: &'static str,
    /// How many numbers differ.
    pub unlike: usize,
    /// How many there are.
    pub of: usize,
}

/// Why nothing could be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// The device failed.
    #[error(transparent)]
    Device(#[from] GpuError),
    /// The CPU did.
    #[error(transparent)]
    Solve(#[from] SolveError),
}

/// Numbers in (−1, 1) with full mantissas.
fn numbers<T: Real>(count: usize, seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            T::from_f64((state >> 11) as f64 / 4_503_599_627_370_496.0 - 1.0)
        })
        .collect()
}

/// Solves every problem of a batch of `batch` random columns by [`Euler`] and on the device.
///
/// # Errors
/// If one of the two fails.
pub fn compare<T: Real>(
    device: &Device,
    network: &Network<T>,
    batch: usize,
) -> Result<Vec<Unlike>, CompareError> {
    let width = network.width();
    let shape = Shape { width, batch, layers: network.grid().steps() };
    let (mut euler, mut solver) = (Euler::new(), Solver::<T>::new(device.clone())?);
    let mut found = Vec::new();
    let mut note = |what, own: &[T], cpu: MatRef<'_, T>| {
        let unlike = (0..own.len())
            .filter(|i| {
                let cpu = cpu[(i % cpu.nrows(), i / cpu.nrows())];
                own[*i].to_f64().to_bits() != cpu.to_f64().to_bits()
            })
            .count();
        found.push(Unlike { what, unlike, of: own.len() });
    };
    let (x0, w) = (numbers::<T>(shape.len(), 1), numbers::<T>(shape.len(), 2));
    let mut out = vec![T::ZERO; shape.len()];
    let batch_of = |values| MatRef::from_column_major_slice(values, width, batch);

    let mut on_cpu = euler.direct(network, batch_of(&x0))?;
    solver.direct(network, shape, &x0, &mut out)?;
    note("direct", &out, on_cpu.output());
    let mut cpu = Mat::<T>::zeros(width, batch);
    Euler::new().evaluate(network, batch_of(&x0), cpu.as_mut())?;
    solver.evaluate(network, shape, &x0, &mut out)?;
    note("evaluate", &out, cpu.as_ref());

    let (mut gradient, mut own) = (network.parameters().clone(), network.parameters().clone());
    let lambda = on_cpu.adjoint(batch_of(&w), Some(&mut gradient))?;
    solver.adjoint(network, shape, &w, true, &mut out)?;
    note("adjoint", &out, lambda);
    solver.gradient(shape, &mut own)?;
    let all = gradient.as_slice();
    note("gradient", own.as_slice(), MatRef::from_column_major_slice(all, all.len(), 1));

    for (what, parameters) in [("sensitivity", Some(&gradient)), ("sensitivity of the input", None)]
    {
        let along = Perturbation { parameters, input: Some(batch_of(&w)) };
        let xi = on_cpu.sensitivity(along)?.sensitivity;
        solver.sensitivity(network, shape, parameters, &w, &mut out)?;
        note(what, &out, xi);
    }

    let many = numbers::<T>(3 * shape.len(), 5);
    let columns = MatRef::from_column_major_slice(&many, width, 3 * batch);
    let mut cpu = Mat::<T>::zeros(width, 3 * batch);
    let mut out = vec![T::ZERO; many.len()];
    on_cpu.adjoint_columns(columns, cpu.as_mut())?;
    solver.adjoint(network, shape, &many, false, &mut out)?;
    note("adjoints", &out, cpu.as_ref());
    on_cpu.sensitivity_columns(columns, cpu.as_mut())?;
    solver.sensitivity(network, shape, None, &many, &mut out)?;
    note("sensitivities", &out, cpu.as_ref());
    Ok(found)
}
