use super::Products;

/// ⟨y − 2 d_{j−1} ‖y‖²/⟨d_{j−1}, y⟩, g_j⟩/⟨d_{j−1}, y⟩ (Hager and Zhang 2005, their β^N).
pub(super) fn gamma(p: &Products) -> f64 {
    let dy = p.direction_change();
    (p.new_change() - 2.0 * p.change_change() * p.new_direction / dy) / dy
}
