//! What Slurm says of the jobs of a grid.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::command::call;
use super::submission::{Submission, SubmittedArray};
use crate::error::{Error, Result};
use crate::grid::{Phase, Scheduled, ScheduledJob};

/// A task of an array: the number of the job and the index.
pub(super) type Element = (u64, usize);

/// The fields of `squeue` that are asked for, each to its full length and ended by a bar.
const SQUEUE: &str =
    "ArrayJobID:|,ArrayTaskID:|,State:|,Reason:|,NodeList:|,StartTime:|,exit_code:|";
/// Those of `sacct`.
const SACCT: &str = "JobID,State,ExitCode,NodeList";

/// What is known of the jobs of a grid.
#[derive(Debug, Default)]
pub struct Look {
    /// The jobs of cells. Empty if Slurm could not be asked.
    pub scheduled: Scheduled,
    /// Why Slurm could not be asked.
    pub problem: Option<Error>,
}

/// Asks Slurm, in one call of `squeue`, for the jobs of all submissions in a folder of results; of those
/// that it has forgotten `sacct`, if that is there. Without submissions nothing is asked.
///
/// # Errors
/// If the files of a submission cannot be read.
pub fn look(results: &Path) -> Result<Look> {
    let (mut submitted, mut cancelled) = (Vec::new(), BTreeSet::new());
    for submission in Submission::all_in(results) {
        let arrays = submission.arrays()?;
        for (task, identity) in submission.identities()? {
            if let Some(element) = element(&arrays, task) {
                submitted.push((identity, element));
            }
        }
        cancelled.extend(submission.cancelled()?);
    }
    if submitted.is_empty() {
        return Ok(Look::default());
    }
    let jobs: BTreeSet<u64> = submitted.iter().map(|(_, (job, _))| *job).collect();
    let known = match ask(&jobs, &submitted) {
        Ok(known) => known,
        Err(problem) => return Ok(Look { problem: Some(problem), ..Look::default() }),
    };
    let mut scheduled = Scheduled::default();
    for (identity, element) in submitted {
        let phase = match known.get(&element) {
            Some(phase) => phase.clone(),
            None if cancelled.contains(&element) => Phase::Over,
            None => Phase::Lost { why: "ended, and Slurm no longer knows how".into() },
        };
        let name = format!("{}_{}", element.0, element.1);
        scheduled.insert(identity, ScheduledJob { name, phase });
    }
    Ok(Look { scheduled, problem: None })
}

/// The element of an array in which a task runs.
fn element(arrays: &[SubmittedArray], task: usize) -> Option<Element> {
    let holds = |array: &&SubmittedArray| array.offset < task && task <= array.offset + array.tasks;
    let array = arrays.iter().rev().find(holds)?;
    Some((array.job, task - array.offset))
}

fn ask(jobs: &BTreeSet<u64>, submitted: &[(String, Element)]) -> Result<BTreeMap<Element, Phase>> {
    let list =
        |jobs: &BTreeSet<u64>| jobs.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let options = ["--noheader", "--array", "--states=all", "--Format", SQUEUE, "--jobs"];
    let answer = match call("squeue", options.into_iter().chain([list(jobs).as_str()])) {
        // A single job that Slurm has forgotten.
        Err(Error::Scheduler { problem, .. }) if problem.contains("Invalid job id") => {
            String::new()
        }
        answer => answer?,
    };
    let mut known: BTreeMap<Element, Phase> = answer.lines().filter_map(queued).collect();
    let forgotten: BTreeSet<u64> = submitted
        .iter()
        .filter(|(_, element)| !known.contains_key(element))
        .map(|(_, (job, _))| *job)
        .collect();
    if !forgotten.is_empty() {
        let jobs = list(&forgotten);
        let options = ["--noheader", "--parsable2", "--allocations", "--array", "--format", SACCT];
        // Many clusters keep no accounts.
        let answer = call("sacct", options.into_iter().chain(["--jobs", jobs.as_str()]));
        for (element, phase) in answer.unwrap_or_default().lines().filter_map(accounted) {
            known.entry(element).or_insert(phase);
        }
    }
    Ok(known)
}

/// A line of `squeue`.
fn queued(line: &str) -> Option<(Element, Phase)> {
    let mut fields = line.split('|').map(str::trim);
    let mut next = || fields.next();
    let element = (next()?.parse().ok()?, next()?.parse().ok()?);
    let (state, reason, node, since) = (next()?, next()?, next()?, next()?);
    let code = next().unwrap_or_default();
    Some((element, phase(state, reason, node, since, &exit_code(code))))
}

/// A line of `sacct`.
fn accounted(line: &str) -> Option<(Element, Phase)> {
    let mut fields = line.split('|').map(str::trim);
    let mut next = || fields.next();
    let (job, index) = next()?.split_once('_')?;
    let (state, code, node) = (next()?, next()?, next().unwrap_or_default());
    // Somebody's number may stand behind it.
    let state = state.split(' ').next().unwrap_or_default();
    Some(((job.parse().ok()?, index.parse().ok()?), phase(state, "None", node, "", code)))
}

/// An exit code as CODE:SIGNAL; some versions of `squeue` print the status of wait(2).
fn exit_code(text: &str) -> String {
    match text.parse::<u32>() {
        Ok(status) => format!("{}:{}", status >> 8 & 0xff, status & 0x7f),
        Err(_) => text.to_owned(),
    }
}

fn phase(state: &str, reason: &str, node: &str, since: &str, code: &str) -> Phase {
    match state {
        "PENDING" | "REQUEUED" | "REQUEUE_FED" | "REQUEUE_HOLD" | "RESV_DEL_HOLD"
        | "SPECIAL_EXIT" => Phase::Queued { reason: reason.to_owned() },
        "RUNNING" | "CONFIGURING" | "COMPLETING" | "SIGNALING" | "STAGE_OUT" | "STOPPED"
        | "SUSPENDED" | "RESIZING" => {
            Phase::Running { node: node.to_owned(), since: since.to_owned() }
        }
        "COMPLETED" | "CANCELLED" => Phase::Over,
        _ => Phase::Lost { why: lost(state, reason, node, code) },
    }
}

/// Why a job ended too early, in words.
fn lost(state: &str, reason: &str, node: &str, code: &str) -> String {
    let mut why = state.to_owned();
    let (exit, signal) = code.split_once(':').unwrap_or(("0", "0"));
    match (exit, signal) {
        (_, "9") => why.push_str(", signal 9 (memory may have run out)"),
        ("0", "0") if reason != "None" => why.extend([", ", reason]),
        ("0", "0") => {}
        ("130", _) => why.push_str(", exit code 130 (interrupted, all is saved)"),
        ("131", _) => why.push_str(", exit code 131 (interrupted, nothing new is saved)"),
        (exit, "0") => why.extend([", exit code ", exit]),
        (_, signal) => why.extend([", signal ", signal]),
    }
    if !node.is_empty() {
        why.extend([", on ", node]);
    }
    why
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(why: &str) -> Phase {
        Phase::Lost { why: why.into() }
    }

    /// Lines as Slurm 22.05 prints them.
    #[test]
    fn what_squeue_prints_is_read() {
        let of = |line| queued(line).unwrap();
        let since = "2026-11-26T08:08:17";
        assert_eq!(
            of("3|2|RUNNING|None|n2|2026-11-26T08:08:17|0|"),
            ((3, 2), Phase::Running { node: "n2".into(), since: since.into() })
        );
        assert_eq!(
            of("3|4|PENDING|BeginTime||N/A|0|"),
            ((3, 4), Phase::Queued { reason: "BeginTime".into() })
        );
        assert_eq!(of("3|1|COMPLETED|None|n1|2026-11-26T08:08:17|0|").1, Phase::Over);
        assert_eq!(of("3|1|CANCELLED|None|n1|2026-11-26T08:08:17|15|").1, Phase::Over);
        assert_eq!(
            of("3|1|FAILED|JobLaunchFailure|n1|2026-11-26T08:08:17|9|").1,
            lost("FAILED, signal 9 (memory may have run out), on n1")
        );
        assert_eq!(
            of("3|1|FAILED|NonZeroExitCode|n1|2026-11-26T08:08:17|33280|").1,
            lost("FAILED, exit code 130 (interrupted, all is saved), on n1")
        );
        assert_eq!(of("3|1|TIMEOUT|TimeLimit|n1|x|0|").1, lost("TIMEOUT, TimeLimit, on n1"));
        assert_eq!(
            of("3|1|OUT_OF_MEMORY|OutOfMemory||x|1:0|").1,
            lost("OUT_OF_MEMORY, exit code 1")
        );
        // A job that is no array.
        assert_eq!(queued("7|N/A|RUNNING|None|n2|x|0|"), None);
        assert_eq!(queued(""), None);
    }

    /// Lines as Slurm 22.05 prints them.
    #[test]
    fn what_sacct_prints_is_read() {
        assert_eq!(accounted("12_3|COMPLETED|0:0|n1").unwrap(), ((12, 3), Phase::Over));
        assert_eq!(accounted("12_3|CANCELLED by 0|0:15|n1").unwrap().1, Phase::Over);
        assert_eq!(
            accounted("12_4|NODE_FAIL|1:0|n2").unwrap().1,
            lost("NODE_FAIL, exit code 1, on n2")
        );
        assert_eq!(accounted("12_[5-9]|PENDING|0:0|None assigned"), None);
        assert_eq!(accounted("Slurm accounting storage is disabled"), None);
    }

    #[test]
    fn tasks_are_elements_of_the_arrays_they_are_in() {
        let array = |job, offset, tasks| SubmittedArray { job, offset, tasks };
        let arrays = [array(20, 0, 5), array(21, 5, 5), array(22, 10, 2)];
        let found: Vec<_> = [1, 5, 6, 12, 13].map(|task| element(&arrays, task)).into();
        assert_eq!(found, [Some((20, 1)), Some((20, 5)), Some((21, 1)), Some((22, 2)), None]);
    }
}
