//! Requests to stop: signals, and the end of a supervised process's standard input.
//!
//! The signals INT, TERM, HUP, QUIT, USR1, USR2 and XCPU all mean the same: stop in good order. A
//! process gets them in bursts, from a terminal, a shell and a job scheduler together, so any number
//! of them counts as one. Only a second Ctrl-C, more than a second after the first, ends the process
//! at once. A signal that the parent process ignores stays ignored.

mod signals;

use std::io::BufRead;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use snode_runner::ErrorKind;

use crate::error::{Error, Result};
use crate::output::say;

/// Two Ctrl-C that are closer than this are one.
const BURST: Duration = Duration::from_secs(1);
/// How long a process may go on that was asked to stop by the end of its standard input.
const GRACE: Duration = Duration::from_secs(60);

/// What the process does when it is asked to stop.
#[derive(Debug)]
enum Response {
    /// It ends at once, with these words and this exit code: nothing in its files is half done.
    End { message: String, code: u8 },
    /// It raises the flag, and ends when the work at hand is done and saved; with these words for
    /// the user, since that may take a while.
    Finish { acknowledgement: Option<String> },
}

/// What is known of requests.
#[derive(Debug)]
struct Requests {
    response: Response,
    /// When Ctrl-C was first pressed.
    first_interrupt: Option<Instant>,
}

/// Raised once the process has been asked to stop.
static RAISED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
static REQUESTS: LazyLock<Mutex<Requests>> = LazyLock::new(|| {
    let response =
        Response::End { message: "interrupted".into(), code: ErrorKind::NotSaved.code() };
    Mutex::new(Requests { response, first_interrupt: None })
});

fn requests() -> MutexGuard<'static, Requests> {
    REQUESTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to listen to signals; they end the process at once until [`finish_work`] is called.
///
/// # Errors
/// If the system refuses.
pub fn install() -> Result<()> {
    signals::listen(|is_ctrl_c| {
        if is_ctrl_c && is_second_ctrl_c() {
            end("ended at once, without saving", ErrorKind::NotSaved.code());
        }
        request();
    })
    .map_err(|error| Error::Usage(format!("cannot listen to signals: {error}")))
}

/// From now on a request raises the flag that is returned; the user is told so by
/// `acknowledgement`.
pub fn finish_work(acknowledgement: Option<&str>) -> Arc<AtomicBool> {
    let acknowledgement = acknowledgement.map(str::to_owned);
    requests().response = Response::Finish { acknowledgement };
    Arc::clone(&RAISED)
}

/// From now on a request ends the process at once, with these words; at once if one has come
/// already. Nothing that was worked for is lost if `is_saved`.
pub fn end_at_once(message: String, is_saved: bool) {
    let kind = if is_saved { ErrorKind::Interrupted } else { ErrorKind::NotSaved };
    let code = kind.code();
    let mut requests = requests();
    if RAISED.load(Ordering::Relaxed) {
        end(&message, code);
    }
    requests.response = Response::End { message, code };
}

/// Asks to stop when `input` ends: the process that started this one is gone, or closed it as the
/// request.
///
/// # Errors
/// If no thread can be had.
pub fn request_at_end_of(mut input: impl BufRead + Send + 'static) -> Result<()> {
    let watch = move || {
        // Nothing more is ever written there.
        let _ = std::io::copy(&mut input, &mut std::io::sink());
        request();
        std::thread::sleep(GRACE);
        end("stopped before the work was saved", ErrorKind::NotSaved.code());
    };
    let watch = std::thread::Builder::new().spawn(watch);
    watch.map(|_| ()).map_err(|error| Error::Usage(format!("cannot start a thread: {error}")))
}

fn request() {
    let requests = requests();
    let is_first = !RAISED.swap(true, Ordering::Relaxed);
    match &requests.response {
        Response::End { message, code } => end(message, *code),
        Response::Finish { acknowledgement: Some(text) } if is_first => say(text),
        Response::Finish { .. } => {}
    }
}

fn is_second_ctrl_c() -> bool {
    let mut requests = requests();
    let first = *requests.first_interrupt.get_or_insert_with(Instant::now);
    first.elapsed() > BURST
}

/// Ends the process without running what other threads may be in the middle of using.
fn end(message: &str, code: u8) -> ! {
    say(message);
    snode_files::remove_temporaries();
    signals::exit(code)
}
