//! The system's part of requests to stop.

use std::io;

#[cfg(unix)]
pub(super) use unix::{exit, listen};

#[cfg(not(unix))]
pub(super) use other::{exit, listen};

#[cfg(unix)]
mod unix {
    use std::sync::Arc;

    use signal_hook::consts::{
        SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ,
    };
    use signal_hook::flag;
    use signal_hook::iterator::Signals;

    use super::io;

    const REQUESTS: [i32; 7] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGXCPU];

    /// Calls `on_request` for every signal that asks to stop, with whether it was Ctrl-C. A file
    /// that may not grow becomes an error of who writes it.
    pub fn listen(on_request: impl Fn(bool) + Send + 'static) -> io::Result<()> {
        if !is_ignored(SIGXFSZ) {
            flag::register(SIGXFSZ, Arc::default())?;
        }
        let mut signals = Signals::new(REQUESTS.into_iter().filter(|&signal| !is_ignored(signal)))?;
        let watch = move || {
            for signal in signals.forever() {
                on_request(signal == SIGINT);
            }
        };
        std::thread::Builder::new().name("signals".into()).spawn(watch).map(|_| ())
    }

    /// Whether the parent process has this one ignore a signal, as `nohup` does.
    fn is_ignored(signal: i32) -> bool {
        let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: without a new action the call only writes the present one, into memory of its
        // type, of which zeros are a valid value.
        let (answer, action) = unsafe {
            let answer = libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
            (answer, action.assume_init())
        };
        answer == 0 && action.sa_sigaction == libc::SIG_IGN
    }

    /// Ends the process, without the handlers that libraries have for its end: other threads may be
    /// in the middle of these libraries.
    pub fn exit(code: u8) -> ! {
        signal_hook::low_level::exit(i32::from(code))
    }
}

#[cfg(not(unix))]
mod other {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;

    use super::io;

    /// Calls `on_request` for every signal that asks to stop, with whether it was Ctrl-C.
    pub fn listen(on_request: impl Fn(bool) + Send + 'static) -> io::Result<()> {
        let (interrupted, terminated) = (Arc::new(AtomicBool::new(false)), Arc::default());
        flag::register(SIGINT, Arc::clone(&interrupted))?;
        flag::register(SIGTERM, Arc::clone(&terminated))?;
        let watch = move || loop {
            std::thread::sleep(Duration::from_millis(50));
            if interrupted.swap(false, Ordering::Relaxed) {
                on_request(true);
            }
            if AtomicBool::swap(&terminated, false, Ordering::Relaxed) {
                on_request(false);
            }
        };
        std::thread::Builder::new().spawn(watch).map(|_| ())
    }

    /// Ends the process.
    pub fn exit(code: u8) -> ! {
        std::process::exit(i32::from(code))
    }
}
