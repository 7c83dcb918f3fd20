//! Who holds a lock.

use std::fmt;
use std::time::SystemTime;

use crate::origin::{host_name, utc_now};

/// The first line of a lock file.
pub(crate) const FIRST_LINE: &str = "snode lock";

/// Who holds a lock, as the lock file says. What it does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// The computer.
    pub host: Option<String>,
    /// The number of the process on it.
    pub process: Option<u32>,
    /// Since when, as RFC 3339 text in UTC.
    pub since: Option<String>,
    /// What else the holder said of itself, such as the number of a batch job.
    pub job: Option<String>,
    /// When it last gave a sign of life: see [`Lock::beat`](crate::Lock::beat).
    pub last_sign: Option<SystemTime>,
}

impl Holder {
    /// This process.
    pub(crate) fn this(job: Option<&str>) -> Self {
        Self {
            host: Some(host_name()),
            process: Some(std::process::id()),
            since: Some(utc_now()),
            job: job.map(|job| job.replace(char::is_control, " ")),
            last_sign: None,
        }
    }

    pub(crate) fn to_text(&self) -> String {
        let process = self.process.map(|process| process.to_string());
        let fields = [
            ("host", &self.host),
            ("process", &process),
            ("since", &self.since),
            ("job", &self.job),
        ];
        let mut text = format!("{FIRST_LINE}\n");
        for (name, value) in fields {
            if let Some(value) = value {
                text.extend([name, " ", value, "\n"]);
            }
        }
        text
    }

    pub(crate) fn parse(text: &str, last_sign: Option<SystemTime>) -> Self {
        let field = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once(' '));
            lines.find(|(found, _)| *found == name).map(|(_, value)| value.to_owned())
        };
        Self {
            host: field("host"),
            process: field("process").and_then(|process| process.parse().ok()),
            since: field("since"),
            job: field("job"),
            last_sign,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.process {
            Some(process) => write!(f, "process {process}")?,
            None => f.write_str("another process")?,
        }
        if let Some(host) = &self.host {
            write!(f, " on {host}")?;
        }
        if let Some(job) = &self.job {
            write!(f, ", job {job}")?;
        }
        if let Some(since) = &self.since {
            write!(f, ", since {since}")?;
        }
        Ok(())
    }
}
