//! Ctrl-C and the request to terminate.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::error::{Error, INTERRUPTED, Result};
use crate::output::say;

/// The flag, once signals are watched for.
static INSTALLED: Mutex<Option<Arc<AtomicBool>>> = Mutex::new(None);

/// A flag that the first signal raises; a second one ends the program at once. There is one flag,
/// however often it is asked for.
///
/// # Errors
/// If the system refuses.
pub fn install() -> Result<Arc<AtomicBool>> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(flag) = &*installed {
        return Ok(Arc::clone(flag));
    }
    let flag = watch()?;
    Ok(Arc::clone(installed.insert(flag)))
}

fn watch() -> Result<Arc<AtomicBool>> {
    let raised = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the shutdown looks at the flag before it is raised.
        flag::register_conditional_shutdown(signal, i32::from(INTERRUPTED), Arc::clone(&raised))
            .and_then(|_| flag::register(signal, Arc::clone(&raised)))
            .map_err(|error| Error::Usage(format!("cannot watch for Ctrl-C: {error}")))?;
    }
    Ok(raised)
}

/// Tells the user that the first signal was heard, since an iteration may take a while to end.
pub fn acknowledge(raised: &Arc<AtomicBool>) {
    let flag = Arc::downgrade(raised);
    let watch = move || {
        while let Some(raised) = flag.upgrade() {
            if raised.load(Ordering::Relaxed) {
                say("stopping after this iteration; a second Ctrl-C ends at once, without saving");
                return;
            }
            drop(raised);
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    // Where no thread can be had, the signal is heard all the same.
    let _ = std::thread::Builder::new().spawn(watch);
}

/// Work that leaves nothing half done in files, during which a signal ends the process at once.
#[derive(Debug)]
pub struct AtOnce(Arc<AtomicBool>);

impl Drop for AtOnce {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Until what is returned is dropped, the process ends as soon as the flag is raised, after saying
/// `message`.
pub fn end_when_raised(raised: &Arc<AtomicBool>, message: String) -> AtOnce {
    let over = Arc::new(AtomicBool::new(false));
    let (raised, is_over) = (Arc::clone(raised), Arc::clone(&over));
    let watch = move || {
        while !is_over.load(Ordering::Relaxed) {
            if raised.load(Ordering::Relaxed) {
                say(&message);
                std::process::exit(i32::from(INTERRUPTED));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let _ = std::thread::Builder::new().spawn(watch);
    AtOnce(over)
}

/// How long a process may go on that was asked to stop by the end of its standard input.
const GRACE: Duration = Duration::from_secs(60);

/// Raises the flag when the standard input ends: the process that started this one is gone, or
/// closes it as the request to stop.
pub fn raise_at_end_of_input(raised: &Arc<AtomicBool>) {
    let raised = Arc::clone(raised);
    let watch = move || {
        // Nothing is ever written there.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        raised.store(true, Ordering::Relaxed);
        std::thread::sleep(GRACE);
        std::process::exit(i32::from(INTERRUPTED));
    };
    let _ = std::thread::Builder::new().spawn(watch);
}
