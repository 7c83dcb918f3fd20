//! Tables and figures of one measurement, for whoever makes no whole report.

mod attack;
mod propagation;
mod robustness;
mod schemes;
mod uncertainty;
mod workprecision;

pub use attack::{AttackFiles, attack_files, attack_json, attack_rows, attack_sheet};
pub use propagation::{
    PropagationFiles, SmoothnessFiles, propagation_files, propagation_json, smoothness_files,
};
pub use robustness::{RobustnessFiles, noisy_pictures, robustness_files, robustness_json};
pub use schemes::{Pair, SCHEMES_FIGURE, Trained, scheme_files, schemes_json};
pub use uncertainty::{
    UncertaintyFiles, least_certain_images, uncertainty_files, uncertainty_json,
};
pub use workprecision::{WorkFiles, order_rows, work_files, work_json, work_rows};
