//! A folder with a small data set and experiments on it, in which the program is run.

#![allow(dead_code)] // each test file uses its own part

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

#[cfg(target_os = "linux")]
pub use rustix::fs::inotify::WatchFlags;
#[cfg(target_os = "linux")]
use rustix::fs::inotify::{self, CreateFlags};
use snode_data::{Dataset, Images, Split, idx};

/// Rows and columns of the images.
pub const SIDE: usize = 4;
pub const CLASSES: usize = 3;
pub const TRAIN: usize = 90;
pub const TEST: usize = 30;

pub struct Sandbox {
    folder: tempfile::TempDir,
}

impl Sandbox {
    /// An empty folder but for the data set `dots`.
    pub fn new() -> Self {
        let sandbox = Self { folder: tempfile::tempdir().unwrap() };
        let dots = sandbox.path("dots");
        std::fs::create_dir(&dots).unwrap();
        idx::write_folder(&dots, &dataset()).unwrap();
        sandbox
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Writes `x.toml`: a short training on `dots`, with further lines.
    pub fn experiment(&self, lines: &[&str]) {
        self.write("x.toml", &experiment(lines));
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_snode"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        hear_signals(&mut command);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    /// Runs and expects success.
    #[track_caller]
    pub fn succeeds(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran
    }

    /// Runs and expects failure with an exit code and a single message that has all of `parts`.
    #[track_caller]
    pub fn fails(&self, arguments: &[&str], code: i32, parts: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {ran:?}");
        assert_eq!(ran.err.matches("error: ").count(), 1, "{arguments:?}: {ran:?}");
        assert!(!ran.err.contains("panicked"), "{arguments:?}: {ran:?}");
        for part in parts {
            assert!(ran.err.contains(part), "{arguments:?}: no `{part}` in: {}", ran.err);
        }
        ran
    }
}

/// What a process took.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// The processor time in seconds.
    pub seconds: f64,
    /// The most memory at one time.
    pub bytes: u64,
}

#[cfg(target_os = "linux")]
impl Sandbox {
    /// Runs, expects success and says what it took. What it prints is thrown away.
    #[track_caller]
    pub fn used(&self, arguments: &[&str]) -> Used {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let id = command.spawn().unwrap().id().cast_signed();
        let mut status = 0;
        // SAFETY: a structure of integers, for which zeros are a value.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: both pointers are to what lives and is of the type that is written.
        let ended = unsafe { libc::wait4(id, &raw mut status, 0, &raw mut usage) };
        assert_eq!((ended, status), (id, 0), "{arguments:?}");
        let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
        Used {
            seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            bytes: 1024 * usage.ru_maxrss as u64,
        }
    }
}

/// What happens to files, as the system tells it.
#[cfg(target_os = "linux")]
pub struct Watch(std::os::fd::OwnedFd);

#[cfg(target_os = "linux")]
impl Watch {
    /// Of these events at a file, or in a folder.
    pub fn new(path: &Path, events: WatchFlags) -> Self {
        let watch = inotify::init(CreateFlags::NONBLOCK).unwrap();
        inotify::add_watch(&watch, path, events).unwrap();
        Self(watch)
    }

    /// Whether nothing happened since the last question.
    pub fn is_quiet(&self) -> bool {
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        inotify::Reader::new(&self.0, &mut buffer).next().is_err()
    }

    /// Waits until something happens, as long as a process runs.
    #[track_caller]
    pub fn wait(&self, child: &mut Child) {
        while self.is_quiet() {
            assert!(child.try_wait().unwrap().is_none(), "the process ended before");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

/// Lets a program hear Ctrl-C even if the tests run in the background of a shell, which has them
/// ignore it.
#[cfg(unix)]
fn hear_signals(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    let reset = || {
        for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT] {
            // SAFETY: `signal` may be called between fork and exec, and the default is no handler.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        Ok(())
    };
    // SAFETY: it calls nothing but `signal`.
    unsafe { command.pre_exec(reset) };
}

#[cfg(not(unix))]
fn hear_signals(_: &mut Command) {}

#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// The lines of the standard output, each a JSON object.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<serde_json::Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A program that runs, and prints JSON that is read no further than is asked for: as soon as what it
/// prints fills a pipe, it waits.
pub struct Running {
    pub child: Child,
    reader: BufReader<ChildStdout>,
    out: String,
}

impl Running {
    /// Starts it.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let reader = BufReader::with_capacity(256, child.stdout.take().unwrap());
        Self { child, reader, out: String::new() }
    }

    /// Reads until there are so many events of a kind.
    #[track_caller]
    pub fn wait_for(&mut self, event: &str, count: usize) {
        let event = format!("\"event\":\"{event}\"");
        while self.out.matches(&event).count() < count {
            assert!(self.reader.read_line(&mut self.out).unwrap() > 0, "ended early: {}", self.out);
        }
    }

    pub fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Waits until it computes no more, because nobody reads what it prints: it comes to no end by
    /// itself then.
    pub fn wait_until_stuck(&self) {
        let statistics = format!("/proc/{}/stat", self.child.id());
        let time = || {
            let text = std::fs::read_to_string(&statistics).unwrap();
            text.split_whitespace().nth(13).unwrap().parse::<u64>().unwrap()
        };
        let (mut before, mut still) = (time(), 0);
        while still < 4 {
            std::thread::sleep(std::time::Duration::from_millis(100));
            still = if time() == before { still + 1 } else { 0 };
            before = time();
        }
    }

    /// Closes the other end of what it prints, and waits for its end.
    pub fn stop_reading(self) -> Ran {
        let Self { mut child, reader, out } = self;
        drop(reader);
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        Ran { code: child.wait().unwrap().code(), out, err }
    }

    /// Reads the rest.
    pub fn finish(mut self) -> Ran {
        self.reader.read_to_string(&mut self.out).unwrap();
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        Ran { code: self.child.wait().unwrap().code(), out: self.out, err }
    }
}

/// Leaves out the one line of the short training that is NCG's alone, for other methods.
pub const NOT_NCG: &str = "training.iterations =";

/// A short training on `dots`; each of `lines` is `table.key = value`, and replaces a line of the
/// same key, or takes it out if there is no value.
pub fn experiment(lines: &[&str]) -> String {
    let mut all: Vec<(String, String)> = Vec::new();
    let base = [
        "seed = 3",
        "threads = 2",
        "data.source = \"dots\"",
        "network.horizon = 2.0",
        "network.layers = 6",
        "cost.loss = \"cross-entropy\"",
        "training.epochs = 2",
        "training.batch_size = 30",
        "training.iterations = 4",
        "training.evaluate_every = 2",
    ];
    for line in base.iter().chain(lines) {
        let (key, value) = line.split_once('=').unwrap();
        let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
        all.retain(|(known, _)| *known != key);
        all.push((key, value));
    }
    all.retain(|(_, value)| !value.is_empty());
    let lines: Vec<String> = all.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    lines.join("\n") + "\n"
}

/// Three classes of images, each with a bright line of its own and noise.
pub fn dataset() -> Dataset {
    let mut state = 12345_u32;
    let mut split = |count: usize| {
        let labels: Vec<u8> = (0..count).map(|i| (i % CLASSES) as u8).collect();
        let mut pixels = Vec::new();
        for label in &labels {
            for index in 0..SIDE * SIDE {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (state >> 24) as u16 / 2;
                let bright = index / SIDE == usize::from(*label);
                pixels.push(if bright { 255 - noise } else { noise });
            }
        }
        Split::new(Images::new(SIDE, SIDE, 255, pixels).unwrap(), labels).unwrap()
    };
    let (train, test) = (split(TRAIN), split(TEST));
    Dataset::new("dots", CLASSES, train, test).unwrap()
}

pub fn read_run(path: &Path) -> snode_store::RunRecord<f64> {
    snode_store::read_run::<f64>(path).unwrap()
}
