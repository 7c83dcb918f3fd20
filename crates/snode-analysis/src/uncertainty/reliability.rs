//! Whether predicted probabilities are the frequencies that are observed.

use crate::AnalysisError;

/// A bin of a reliability diagram: images whose predicted probability of a flip lies in it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReliabilityBin {
    /// Where the bin begins and ends.
    pub lower: f64,
    /// See `lower`; the last bin has its end in it.
    pub upper: f64,
    /// How many images are in it.
    pub images: usize,
    /// The mean of their predicted probabilities; NaN if there are none.
    pub predicted: f64,
    /// In which part of the draws they flipped; NaN if there are none.
    pub observed: f64,
}

/// Sorts images into bins of equal width by their predicted probability of a flip, beside how often they
/// flipped in `draws` draws.
///
/// # Errors
/// [`AnalysisError::Option`] if there are no bins or draws, or not as many probabilities as images.
pub fn reliability(
    probabilities: &[f64],
    flips: &[usize],
    draws: usize,
    bins: usize,
) -> Result<Vec<ReliabilityBin>, AnalysisError> {
    AnalysisError::require("number of bins", bins as f64, (1..=1000).contains(&bins), "1 to 1000")?;
    crate::noise::check_draws(draws)?;
    let same = probabilities.len() == flips.len();
    let found = probabilities.len() as f64;
    AnalysisError::require("number of probabilities", found, same, "one an image")?;
    let bound = |bin: usize| bin as f64 / bins as f64;
    let empty =
        |bin| ReliabilityBin { lower: bound(bin), upper: bound(bin + 1), ..Default::default() };
    let mut diagram: Vec<ReliabilityBin> = (0..bins).map(empty).collect();
    for (probability, &flips) in probabilities.iter().zip(flips) {
        let bin = &mut diagram[((probability * bins as f64) as usize).min(bins - 1)];
        bin.images += 1;
        bin.predicted += probability;
        bin.observed += flips as f64 / draws as f64;
    }
    for bin in &mut diagram {
        bin.predicted /= bin.images as f64;
        bin.observed /= bin.images as f64;
    }
    Ok(diagram)
}

/// The expected calibration error: the mean over images of |predicted − observed| of their bin; 0 if
/// there are none.
pub fn calibration_error(diagram: &[ReliabilityBin]) -> f64 {
    let images: usize = diagram.iter().map(|bin| bin.images).sum();
    let filled = diagram.iter().filter(|bin| bin.images > 0);
    let sum: f64 = filled.map(|bin| bin.images as f64 * (bin.predicted - bin.observed).abs()).sum();
    if images == 0 { 0.0 } else { sum / images as f64 }
}
