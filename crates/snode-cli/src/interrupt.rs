//! Ctrl-C and the request to terminate.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::error::{Error, INTERRUPTED, Result};

/// A flag that the first signal raises; a second one ends the program at once.
///
/// # Errors
/// If the system refuses.
pub fn install() -> Result<Arc<AtomicBool>> {
    let raised = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the shutdown looks at the flag before it is raised.
        flag::register_conditional_shutdown(signal, i32::from(INTERRUPTED), Arc::clone(&raised))
            .and_then(|_| flag::register(signal, Arc::clone(&raised)))
            .map_err(|error| Error::Usage(format!("cannot watch for Ctrl-C: {error}")))?;
    }
    Ok(raised)
}
