//! What a scheduler says of the cells that were submitted to it.

use std::collections::HashMap;

/// What a scheduler says of the cells that were submitted to it, by identity. By default nothing was
/// submitted.
#[derive(Clone, Debug, Default)]
pub struct Scheduled {
    jobs: HashMap<String, ScheduledJob>,
}

/// The job of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledJob {
    /// What the scheduler calls it, as `12_3`.
    pub name: String,
    /// How far it is.
    pub phase: Phase,
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It waits, for this reason.
    Queued {
        /// As the scheduler calls it.
        reason: String,
    },
    /// It runs.
    Running {
        /// On this computer.
        node: String,
        /// Since then.
        since: String,
    },
    /// It is over; so it should be if its cell is done, or somebody has cancelled it.
    Over,
    /// It ended before its cell was done.
    Lost {
        /// Why, as far as the scheduler says.
        why: String,
    },
}

impl ScheduledJob {
    /// Whether it waits or runs.
    pub fn is_alive(&self) -> bool {
        matches!(self.phase, Phase::Queued { .. } | Phase::Running { .. })
    }
}

impl Scheduled {
    /// Notes the job of a cell. Of several jobs one that is alive counts, or else the last one.
    pub fn insert(&mut self, identity: String, job: ScheduledJob) {
        let is_alive = |job: &ScheduledJob| job.is_alive();
        if job.is_alive() || !self.jobs.get(&identity).is_some_and(is_alive) {
            self.jobs.insert(identity, job);
        }
    }

    /// The job of a cell.
    pub fn job(&self, identity: &str) -> Option<&ScheduledJob> {
        self.jobs.get(identity)
    }
}
