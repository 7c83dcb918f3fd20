//! Mean and standard deviation, added up piece by piece.

/// Mean and standard deviation of a sample.
///
/// Samples are merged by the formula of Chan, Golub and LeVeque, which loses no digits to
/// cancellation; the order of merging determines the bits.
///
/// ```
/// use snode_analysis::Moments;
/// let moments: Moments = [1.0, 2.0, 3.0, 4.0].into_iter().collect();
/// assert_eq!((moments.count, moments.mean), (4, 2.5));
/// assert!((moments.standard_deviation() - (5.0_f64 / 3.0).sqrt()).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// N, the size of the sample.
    pub count: u64,
    /// x̄ = (1/N) Σ x; 0 for an empty sample.
    pub mean: f64,
    /// Σ (x − x̄)².
    pub squares: f64,
}

impl Moments {
    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        let deviation = value - self.mean;
        self.mean += deviation / self.count as f64;
        self.squares += deviation * (value - self.mean);
    }

    /// Adds another sample.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let (own, others) = (self.count as f64, other.count as f64);
        let deviation = other.mean - self.mean;
        self.count += other.count;
        self.mean += deviation * others / (own + others);
        self.squares += other.squares + deviation * deviation * own * others / (own + others);
    }

    /// √(Σ (x − x̄)²/(N − 1)); 0 for a sample of one.
    pub fn standard_deviation(&self) -> f64 {
        match self.count {
            0 | 1 => 0.0,
            count => (self.squares / (count - 1) as f64).sqrt(),
        }
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut moments = Self::default();
        values.into_iter().for_each(|value| moments.add(value));
        moments
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_merge_to_the_whole(values in prop::collection::vec(-1e3..1e3, 0..40), cut in 0usize..40) {
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged: Moments = left.iter().copied().collect();
            merged.merge(&right.iter().copied().collect());
            let whole: Moments = values.iter().copied().collect();
            prop_assert_eq!(merged.count, whole.count);
            prop_assert!((merged.mean - whole.mean).abs() < 1e-10);
            prop_assert!((merged.squares - whole.squares).abs() < 1e-9 * (1.0 + whole.squares));
            if values.len() > 1 {
                let n = values.len() as f64;
                let mean = values.iter().sum::<f64>() / n;
                let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
                prop_assert!((whole.standard_deviation() - variance.sqrt()).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn small_samples_have_no_deviation() {
        assert_eq!(Moments::default().standard_deviation(), 0.0);
        assert_eq!([7.0].into_iter().collect::<Moments>().standard_deviation(), 0.0);
    }
}
