//! Following runs: a report is made again whenever they change, and its page is served.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use maud::{DOCTYPE, html};

use crate::changes::Changes;
use crate::error::Error;
use crate::html;
use crate::reporter::{Made, Reporter};
use crate::server::PageServer;

/// The time between two looks at the files, at least.
const PAUSE: Duration = Duration::from_secs(1);

/// What is told while runs are followed.
pub enum Followed<'a> {
    /// A report was made.
    Made(&'a Made),
    /// There is none yet, or it cannot be made of what there is.
    Waiting(&'a Error),
}

/// Makes a report whenever the runs have changed, writes it, and shows its page; without an end.
///
/// Runs that are not there yet are waited for. Looking at the files and making reports takes at most
/// half of the time.
///
/// # Errors
/// What `tell` answers, or if a file of the report is to be kept or cannot be written.
pub fn follow<E: From<Error>>(
    mut reporter: Reporter,
    server: &PageServer,
    mut tell: impl FnMut(Followed<'_>) -> Result<(), E>,
) -> Result<Infallible, E> {
    let mut changes = Changes::new(reporter.source());
    loop {
        let begin = Instant::now();
        if changes.found() {
            match reporter.make() {
                Ok(made) => {
                    reporter.replace();
                    server.show(&html::html(&made.report));
                    tell(Followed::Made(&made))?;
                }
                Err(error) if is_of_the_runs(&error) => {
                    server.show(&waiting(&error));
                    tell(Followed::Waiting(&error))?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        std::thread::sleep(begin.elapsed().max(PAUSE));
    }
}

/// Whether other runs can change it.
fn is_of_the_runs(error: &Error) -> bool {
    !matches!(error, Error::Files(_) | Error::Folder { .. })
}

fn waiting(error: &Error) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { "Waiting for runs" }
            }
            body {
                h1 { "Waiting for runs" }
                p { (error) }
            }
        }
    };
    page.into_string()
}
