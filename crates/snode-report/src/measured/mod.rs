//! Tables and figures of one measurement, for whoever makes no whole report.

mod attack;
mod propagation;
mod robustness;
mod schemes;
mod uncertainty;

pub use attack::{AttackFiles, attack_files};
pub use propagation::{PropagationFiles, SmoothnessFiles, propagation_files, smoothness_files};
pub use robustness::{RobustnessFiles, noisy_pictures, robustness_files};
pub use schemes::{Pair, SCHEMES_FIGURE, Trained, scheme_files};
pub use uncertainty::{UncertaintyFiles, uncertainty_files};
