//! Bounds of levels of noise, and of numbers of draws and images.

use snode_data::Noise;

use crate::format::plain;

/// The most draws of noise.
pub(super) const MOST_DRAWS: usize = 1_000_000;

/// What is wrong with levels of noise, of which 0 may be one.
pub(super) fn check_levels(
    key: &'static str,
    levels: &[f64],
    zero: bool,
) -> std::result::Result<(), (&'static str, String)> {
    let most = Noise::MAX_STANDARD_DEVIATION;
    let allowed = |level: f64| level <= most && (level > 0.0 || zero && level == 0.0);
    match levels.iter().find(|level| !allowed(**level)) {
        None => Ok(()),
        Some(level) => {
            let least = if zero { "0 or more" } else { "more than 0" };
            Err((key, format!("found {}; expected {least}, at most {most:e}", plain(*level))))
        }
    }
}

/// What is wrong with a number that is 1 or more.
pub(super) fn count(
    key: &'static str,
    found: usize,
    most: usize,
) -> std::result::Result<(), (&'static str, String)> {
    if (1..=most).contains(&found) {
        return Ok(());
    }
    let expected =
        if most == usize::MAX { "at least 1".to_owned() } else { format!("1 to {most}") };
    Err((key, format!("found {found}; expected {expected}")))
}
