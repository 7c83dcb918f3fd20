//! The passes and products of a machine with AVX2 and FMA on one that has more, for tests.
//!
//! Passes and large products are compiled for both, and [`chosen`] chooses; for small products faer's kernel is
//! called as faer calls it, with the instructions of the caller's choice.

use std::cell::Cell;

use faer::{Accum, MatMut, MatRef};
use nano_gemm::Plan;
use pulp::x86::V3;

use crate::Real;
use crate::parallel::SMALL_PRODUCT;

thread_local! {
    static CHOSEN: Cell<Option<V3>> = const { Cell::new(None) };
}

/// AVX2, if this thread is to use no more.
pub(super) fn chosen() -> Option<V3> {
    CHOSEN.get()
}

/// Does `work` in as many threads that use nothing beyond AVX2 and FMA; `None` where there is no AVX2.
pub(crate) fn with_avx2<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> Option<R> {
    let avx2 = V3::try_new()?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .start_handler(move |_| CHOSEN.set(Some(avx2)))
        .build()
        .unwrap();
    Some(pool.install(work))
}

/// A small product as faer computes it on a machine with AVX2.
///
/// # Panics
/// For a large one, and one with a single row, column or term, which faer computes in lanes of pulp's choice.
pub(super) fn product<T: Real>(
    out: MatMut<'_, T>,
    accumulate: Accum,
    left: MatRef<'_, T>,
    right: MatRef<'_, T>,
    factor: T,
) {
    let (m, n, k) = (out.nrows(), out.ncols(), left.ncols());
    let fits = m > 4 && n > 1 && k > 1 && m * n * k <= SMALL_PRODUCT;
    assert!(fits && out.row_stride() == 1, "another kernel's product");
    let by_columns = left.row_stride() == 1;
    if size_of::<T>() == size_of::<f32>() {
        let plan = Plan::new_f32_avx(m, n, k, by_columns);
        small(&plan, out, accumulate, left, right, factor.to_f64() as f32);
    } else {
        let plan = Plan::new_f64_avx(m, n, k, by_columns);
        small(&plan, out, accumulate, left, right, factor.to_f64());
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the views are `matmul`'s")]
fn small<T, N: From<u8>>(
    plan: &Plan<N>,
    out: MatMut<'_, T>,
    accumulate: Accum,
    left: MatRef<'_, T>,
    right: MatRef<'_, T>,
    factor: N,
) {
    let keep = u8::from(accumulate == Accum::Add);
    assert_eq!(size_of::<T>(), size_of::<N>());
    // SAFETY: T and N are the same type, the plan is for these shapes, and the strides are the matrices'.
    unsafe {
        plan.execute_unchecked(
            out.nrows(),
            out.ncols(),
            left.ncols(),
            out.as_ptr_mut().cast(),
            out.row_stride(),
            out.col_stride(),
            left.as_ptr().cast(),
            left.row_stride(),
            left.col_stride(),
            right.as_ptr().cast(),
            right.row_stride(),
            right.col_stride(),
            N::from(keep),
            factor,
            false,
            false,
        );
    }
}
