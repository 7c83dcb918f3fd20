//! One run, from its prepared experiment to its measured results.

use std::path::Path;

use snode_store::{has_appendix, network_digest, read_info};

use super::begin::{Begin, begin};
use super::files::{Files, Lock};
use super::train::{Outcome, Session, VERSION, train};
use crate::analyses::{self, ANALYSIS};
use crate::config::Experiment;
use crate::error::{Error, Result};
use crate::event::RunEvent;
use crate::fingerprint::fingerprint;
use crate::format::show_seconds;
use crate::interrupt;
use crate::number::with_precision;
use crate::output::{print, print_line, say};
use crate::prepare::Prepared;
use crate::progress::{Style, warn};
use crate::records::summary;
use crate::report::summary_table;
use crate::threads::pool;

/// How a run goes.
#[derive(Clone, Debug)]
pub struct Options {
    /// How it is shown.
    pub style: Style,
    /// Whether it begins anew, and replaces what an earlier run left under the same name.
    pub fresh: bool,
    /// The command that goes on with it.
    pub go_on: String,
}

/// What a user is told who has asked a run to stop.
const ACKNOWLEDGEMENT: &str =
    "stopping after this iteration; a second Ctrl-C ends at once, without saving";

/// Trains, or goes on, makes the analyses, and reports. Whoever calls it holds the lock of `files`.
///
/// # Errors
/// If training fails, a file cannot be written, or the user interrupts it.
pub fn run(prepared: &Prepared, files: &Files, lock: &Lock, options: &Options) -> Result<()> {
    let experiment = &prepared.experiment;
    crate::device::choose_by_key(experiment.device)?;
    let per_epoch = prepared.train.len() / experiment.training.batch_size;
    let fingerprint = fingerprint(&[&prepared.train, &prepared.validation, &prepared.test]);
    files.remove_leftovers();
    let begin = if options.fresh {
        Begin::Anew
    } else {
        begin(files, experiment, &fingerprint, per_epoch)?
    };
    // Whatever failed before is tried again.
    files.forget_failure(lock);
    tell_of_begin(&begin, files, options.style);
    if let Begin::Finished = &begin {
        let has_measured = analyse(&files.results, experiment, options, false)?;
        return report(&files.results, options.style, has_measured);
    }
    if options.style != Style::Quiet && has_appendix(&files.results, ANALYSIS).unwrap_or(false) {
        say(&format!(
            "{} holds analyses of the network as it is; they are not kept with the new one",
            files.results.display()
        ));
    }

    for remark in &prepared.remarks {
        say(&format!("note: {remark}"));
    }

    let is_shown = options.style == Style::People;
    let stop = interrupt::finish_work(is_shown.then_some(ACKNOWLEDGEMENT));
    let session = Session { prepared, fingerprint, begin, files, style: options.style, stop };
    let precision = experiment.precision;
    let outcome =
        pool(experiment.threads)?.install(|| with_precision!(precision, T => train::<T>(session)));
    let go_on =
        || format!("the checkpoint is {}; to go on: {}", files.checkpoint.display(), options.go_on);
    match outcome {
        Ok(Outcome::Finished) => {
            analyse(&files.results, experiment, options, true)?;
            report(&files.results, options.style, true)
        }
        Ok(Outcome::Interrupted { batches }) => {
            Err(Error::Interrupted(format!("interrupted after {batches} batches; {}", go_on())))
        }
        Err(error @ Error::BrokenPipe) => Err(Error::Interrupted(format!("{error}; {}", go_on()))),
        Err(error) => Err(error),
    }
}

/// Says where a run begins if that is not at its beginning.
fn tell_of_begin(begin: &Begin, files: &Files, style: Style) {
    match begin {
        Begin::Finished if style == Style::People => say(&format!(
            "{} is finished already; to train anew, give --fresh",
            files.results.display()
        )),
        Begin::After { path, summary } => {
            if style == Style::People {
                say(&format!(
                    "going on from {}, {} iterations and {} of training so far",
                    path.display(),
                    summary.history.iterations.len(),
                    show_seconds(summary.history.seconds())
                ));
            }
            let version = &summary.info.snode_version;
            if version != VERSION {
                warn(
                    style,
                    &format!(
                        "{} was written by snode {version}, and this is snode {VERSION}: the \
                         results may differ from those of one version alone; --fresh begins anew",
                        path.display()
                    ),
                );
            }
        }
        _ => {}
    }
}

/// Makes the analyses that the experiment asks for and the results do not hold yet. Says whether
/// there were any.
fn analyse(
    results: &Path,
    experiment: &Experiment,
    options: &Options,
    has_trained: bool,
) -> Result<bool> {
    if analyses::pending(results, experiment, Some(&network_digest(results)?))?.is_empty() {
        return Ok(false);
    }
    let message = format!(
        "interrupted; {} is trained, but not all is measured; to go on: {}",
        results.display(),
        options.go_on
    );
    interrupt::end_at_once(message.clone(), has_trained);
    let mut is_first = true;
    analyses::complete(results, experiment, |name| {
        if !std::mem::take(&mut is_first) {
            // The one before is in the file.
            interrupt::end_at_once(message.clone(), true);
        }
        if options.style == Style::People {
            say(&format!("measuring: {name}"));
        } else if options.style.is_json() {
            RunEvent::Analysis { name: name.to_owned() }.print()?;
        }
        Ok(())
    })?;
    Ok(true)
}

/// What the file of results says, in the style of the run.
fn report(results: &Path, style: Style, computed: bool) -> Result<()> {
    match style {
        Style::Quiet => print_line(&results.display().to_string()),
        Style::Json | Style::Watched => {
            RunEvent::end(&read_info(results)?, results, computed).print()
        }
        Style::People => {
            let (summary, experiment) = summary(results)?;
            print(&format!(
                "{}\n{}\nresults: {}\n",
                summary.info.name,
                summary_table(&summary, experiment.as_ref()),
                results.display()
            ))
        }
    }
}
