use super::Products;

/// ⟨g_j, y⟩/‖g_{j−1}‖².
pub(super) fn unclipped(p: &Products) -> f64 {
    p.new_change() / p.old_old
}

/// PR⁺: max(0, ⟨g_j, y⟩/‖g_{j−1}‖²).
pub(super) fn gamma(p: &Products) -> f64 {
    let gamma = unclipped(p);
    // NaN stays NaN, so that a vanishing denominator is seen.
    if gamma < 0.0 { 0.0 } else { gamma }
}
