use super::Products;

/// ⟨g_j, y⟩/⟨d_{j−1}, y⟩.
pub(super) fn gamma(p: &Products) -> f64 {
    p.new_change() / p.direction_change()
}
