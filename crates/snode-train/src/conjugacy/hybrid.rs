use super::{Products, fletcher_reeves, polak_ribiere};

/// Polak–Ribière clipped to ± Fletcher–Reeves (Gilbert and Nocedal 1992).
pub(super) fn gamma(p: &Products) -> f64 {
    let bound = fletcher_reeves::gamma(p);
    if bound.is_nan() { bound } else { polak_ribiere::unclipped(p).clamp(-bound, bound) }
}
