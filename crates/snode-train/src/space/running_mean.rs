//! Running means.

/// What a running mean keeps of the `seen` values before another one comes: `decay`, and less in the
/// beginning, where it is the mean of all.
pub(super) fn kept(decay: f64, seen: u64) -> f64 {
    decay.min(seen as f64 / (seen as f64 + 1.0))
}
