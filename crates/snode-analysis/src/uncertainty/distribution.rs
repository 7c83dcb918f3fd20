//! The distribution of the scores of each image under noise, to first order.

/// Mean and covariance of the scores of N images under noise of level 1 (S63, S64). Under noise of
/// level s the covariance is s² times as large, and scores are normally distributed, to first order.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreDistributions {
    classes: usize,
    /// z̄: C numbers an image.
    scores: Vec<f64>,
    /// C×C numbers an image.
    covariances: Vec<f64>,
}

/// The boundary to another class that noise reaches first in the linearised map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NearestClass {
    /// That class.
    pub class: usize,
    /// (z_c − z_j)/σ_cj with σ_cj² the variance of z_c − z_j under noise of level 1 (S66). For noise on the
    /// input it is ‖ξ₀‖₂ of the least step to the boundary, as in (S11) without a margin.
    pub distance: f64,
}

impl ScoreDistributions {
    pub(super) fn new(classes: usize, scores: Vec<f64>, covariances: Vec<f64>) -> Self {
        Self { classes, scores, covariances }
    }

    /// N.
    pub fn images(&self) -> usize {
        self.scores.len().checked_div(self.classes).unwrap_or(0)
    }

    /// C.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// z̄ of image j, C numbers.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn scores(&self, j: usize) -> &[f64] {
        &self.scores[j * self.classes..(j + 1) * self.classes]
    }

    /// The covariance of image j's scores under noise of level 1, C×C numbers.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn covariance(&self, j: usize) -> &[f64] {
        let size = self.classes * self.classes;
        &self.covariances[j * size..(j + 1) * size]
    }

    /// The class predicted for image j without noise: the largest score, the first of equals.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn predicted(&self, j: usize) -> usize {
        let scores = self.scores(j);
        (1..scores.len()).fold(0, |best, j| if scores[j] > scores[best] { j } else { best })
    }

    /// σ_ab of image j: the standard deviation of z_a − z_b under noise of level 1.
    ///
    /// # Panics
    /// If there is no such image or class.
    pub fn deviation(&self, j: usize, a: usize, b: usize) -> f64 {
        let (covariance, classes) = (self.covariance(j), self.classes);
        let at = |a: usize, b: usize| covariance[a * classes + b];
        (at(a, a) + at(b, b) - at(a, b) - at(b, a)).max(0.0).sqrt()
    }

    /// The class that is nearest to image j's own, if noise can reach any.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn nearest(&self, j: usize) -> Option<NearestClass> {
        let (scores, own) = (self.scores(j), self.predicted(j));
        (0..self.classes)
            .filter(|&class| class != own)
            .map(|class| {
                let gap = scores[own] - scores[class];
                NearestClass { class, distance: gap / self.deviation(j, own, class) }
            })
            .filter(|nearest| nearest.distance.is_finite())
            .reduce(
                |nearest, other| if other.distance < nearest.distance { other } else { nearest },
            )
    }

    /// A with A Aᵀ = the covariance of image j: Cholesky's factor, with a column of zeros where what is
    /// left is no larger than rounding.
    pub(super) fn factor(&self, j: usize) -> Vec<f64> {
        let (covariance, n) = (self.covariance(j), self.classes);
        let largest = (0..n).map(|i| covariance[i * n + i]).fold(0.0, f64::max);
        let mut factor = vec![0.0; n * n];
        for k in 0..n {
            let known: f64 = (0..k).map(|l| factor[k * n + l] * factor[k * n + l]).sum();
            let left = covariance[k * n + k] - known;
            if left <= 1e-14 * largest {
                continue;
            }
            let root = left.sqrt();
            factor[k * n + k] = root;
            for i in k + 1..n {
                let known: f64 = (0..k).map(|l| factor[i * n + l] * factor[k * n + l]).sum();
                factor[i * n + k] = (covariance[i * n + k] - known) / root;
            }
        }
        factor
    }
}
