//! Checks of `[solver]`.

use snode_ode::{ErrorNorm, Precision, SchemeChoice};

use crate::error::Result;
use crate::file::Locator;
use crate::format::plain;
use crate::keys;
use crate::method::scheme;
use crate::schema::{Experiment, SchemeName, scheme_of};

/// Checks that the keys of `[solver]` are in range, whether the scheme is one they belong to or not.
///
/// # Errors
/// The first thing found wrong.
pub(super) fn check(experiment: &Experiment, locator: &Locator) -> Result<()> {
    keys::check_ranges(experiment, "solver", locator)?;
    let keys = &experiment.solver;
    let options = match scheme(experiment) {
        SchemeChoice::Adaptive(options) => options,
        _ => match scheme_of(SchemeName::Tsit5, keys) {
            SchemeChoice::Adaptive(options) => options,
            _ => return Ok(()),
        },
    };
    if options.method.is_implicit() && keys.norm.is_some_and(|norm| norm != ErrorNorm::PerSample) {
        let problem = "implicit schemes measure errors by \"per-sample\" only";
        return Err(locator.error("solver.norm", problem));
    }
    // What a precision can hold.
    let checked = match experiment.precision {
        Precision::F32 => options.check::<f32>(),
        Precision::F64 => options.check::<f64>(),
    };
    checked.map_err(|error| {
        let problem = format!("found {}; expected {}", plain(error.found), error.allowed);
        locator.error(&format!("solver.{}", error.option), problem)
    })
}
