//! The sections of a report: each makes tables and figures of one kind of data, where there is any.

mod accuracy;
mod attacks;
mod axis_figure;
mod curves;
mod extent;
mod order;
mod panels;
mod pictures;
pub(super) mod propagation;
mod regression;
mod results;
mod robust_accuracy;
mod robustness;
mod runs;
mod schemes;
mod scores;
mod side_by_side;
mod training;
mod uncertainty;
pub(super) mod weights;

use super::{Collection, Section};

/// All sections there is data for: what the runs are about first, then in the order of the paper's
/// experiments.
pub fn all(collection: &Collection) -> Vec<Section> {
    let attacked = attacks::section(collection).map(|mut section| {
        section.tables.push(robust_accuracy::table(collection));
        section
    });
    let sections = [
        Some(results::section(collection)),
        training::section(collection),
        regression::section(collection),
        schemes::section(collection),
        accuracy::section(collection),
        robustness::section(collection),
        uncertainty::section(collection),
        propagation::section(collection),
        weights::section(collection),
        attacked,
        pictures::section(collection),
        Some(runs::section(collection)),
    ];
    sections.into_iter().flatten().collect()
}
