//! `snode gradcheck`: checks the derivatives of an experiment's network.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use snode_train::GradientCheck;

use crate::error::{Error, Result};
use crate::output::{print, print_line};
use crate::settings::SetArgs;
use crate::table::{align_right, plain_table, text};
use snode_experiment::Prepared;
use snode_runner::{Outcome, Verdict, check_derivatives};

/// Arguments of `snode gradcheck`.
#[derive(Debug, Args)]
pub struct GradcheckArgs {
    /// The experiment, a TOML file.
    pub file: PathBuf,
    /// What is changed in it.
    #[command(flatten)]
    pub set: SetArgs,
    /// The largest gap in the adjoint identity that passes, in place of round-off or of an adaptive
    /// scheme's accuracy.
    #[arg(long, value_name = "NUMBER")]
    pub tolerance: Option<f64>,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Checks gradient and sensitivity of the initial network on the experiment's first batch, along
/// a random direction.
///
/// # Errors
/// If the experiment is refused or the check fails.
pub fn run(args: &GradcheckArgs) -> Result<()> {
    let prepared = Prepared::of(&args.set.read_one(&args.file)?)?;
    let checked = check_derivatives(&prepared)?;
    let verdicts = checked.verdicts(args.tolerance);
    if args.json {
        print_line(&json!({ "checks": verdicts, "tolerance": checked.solved_to }).to_string())?;
    } else {
        let tolerance = checked.solved_to.map_or_else(String::new, |tolerance| {
            format!("solved to a tolerance of {tolerance:e} (rtol and atol)\n\n")
        });
        print(&format!("{tolerance}{}", report(&checked.check, &verdicts)))?;
    }
    let of = |outcome: Outcome| {
        let with = verdicts.iter().filter(|verdict| verdict.outcome == outcome);
        with.map(|verdict| verdict.what).collect::<Vec<_>>().join(", ")
    };
    let (failed, not_checked) = (of(Outcome::Fails), of(Outcome::NotChecked));
    let file = args.file.display();
    if !failed.is_empty() {
        let message = format!("{file}: the derivatives are not what they should be: {failed}");
        return Err(Error::Check(message));
    }
    if !not_checked.is_empty() {
        return Err(Error::Check(format!(
            "{file}: not checked: {not_checked}; found fewer than three remainders above the \
             accuracy of the scheme; expected more, as with precision = \"f64\""
        )));
    }
    Ok(())
}

fn report(check: &GradientCheck, verdicts: &[Verdict]) -> String {
    let mut remainders = plain_table();
    remainders.set_header(["step", "remainder of the cost", "remainder of the state"]);
    let rows = check.steps.iter().zip(&check.cost_remainders).zip(&check.state_remainders);
    for ((step, cost), state) in rows {
        remainders.add_row([format!("{step:.4e}"), format!("{cost:.4e}"), format!("{state:.4e}")]);
    }
    align_right(&mut remainders, &[0, 1, 2]);
    let mut summary = plain_table();
    summary.set_header(["check", "found", "expected", ""]);
    for verdict in verdicts {
        let mark = match verdict.outcome {
            Outcome::Passes => "passes",
            Outcome::Fails => "FAILS",
            Outcome::NotChecked => "not checked",
        };
        summary.add_row([verdict.what, &verdict.found, &verdict.expected, mark]);
    }
    format!("{}\n\n{}\n", text(&remainders), text(&summary))
}
