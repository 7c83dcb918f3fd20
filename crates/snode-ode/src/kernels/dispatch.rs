//! Which vector instructions a pass is compiled for: the widest that the machine has.

use pulp::{Arch, WithSimd};

/// Runs a pass as it is compiled for this machine.
#[inline(always)]
pub(crate) fn dispatch<P: WithSimd>(pass: P) -> P::Output {
    #[cfg(all(test, target_arch = "x86_64"))]
    if let Some(avx2) = super::narrow::chosen() {
        return pulp::Simd::vectorize(avx2, pass);
    }
    Arch::new().dispatch(pass)
}
