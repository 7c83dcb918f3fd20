use super::Products;

/// ‖g_j‖²/⟨d_{j−1}, y⟩.
pub(super) fn gamma(p: &Products) -> f64 {
    p.new_new / p.direction_change()
}
