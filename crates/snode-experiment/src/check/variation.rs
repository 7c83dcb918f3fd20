//! Whether data can be varied as images.

use crate::error::Result;
use crate::file::Locator;
use crate::schema::Experiment;

/// Refuses to mirror, move or erase what has no rows and columns, such as the numbers of a table.
///
/// # Errors
/// The key that is wrong.
pub(crate) fn check_variation(
    experiment: &Experiment,
    locator: &Locator,
    (rows, columns): (usize, usize),
    channels: usize,
) -> Result<()> {
    let training = &experiment.training;
    let wanted = [
        ("mirror", training.mirror == Some(true)),
        ("shift", training.shift.is_some_and(|pixels| pixels > 0)),
        ("erase", training.erase.is_some_and(|pixels| pixels > 0)),
    ];
    let is_table = rows <= channels || columns == 1;
    match wanted.iter().find(|(_, is_wanted)| *is_wanted && is_table) {
        Some((key, _)) => {
            let source = &experiment.data.source;
            let problem = format!(
                "varies images, but {source} has {rows}x{columns} numbers; expected images of several rows \
                 and columns, or an experiment without it"
            );
            Err(locator.error(&format!("training.{key}"), problem))
        }
        None => Ok(()),
    }
}
