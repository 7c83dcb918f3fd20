use super::Products;

/// ‖g_j‖²/‖g_{j−1}‖².
pub(super) fn gamma(p: &Products) -> f64 {
    p.new_new / p.old_old
}
