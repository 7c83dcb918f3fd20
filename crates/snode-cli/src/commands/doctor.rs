//! `snode doctor`: what the program and this computer have to offer.

use std::path::{Path, PathBuf};

use clap::Args;
use snode_files::{Existing, FileError, Lock, Unfinished, try_writing, unfinished};
use snode_ode::Real;

use crate::error::Result;
use crate::output::print;
use crate::table::{plain_table, text};
use snode_experiment::Prepared;
use snode_experiment::estimate::{self, physical_memory};
use snode_experiment::format::show_bytes;
use snode_experiment::threads::{default_threads, pool, reserved_by_a_thread};
use snode_runner::device;

/// Arguments of `snode doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// An experiment whose memory is held against the computer's; or a folder of results, in which it
    /// is looked whether files can be written and locked, and what is left of killed processes.
    pub file: Option<PathBuf>,
}

/// Width, batch and layers of the products that are measured: the paper's, and one layer, whose
/// weights stay in the cache.
const WIDTH: usize = 196;
const BATCH: usize = 100;
const STREAMING: usize = 150;
const HOT: usize = 1;

/// Prints versions, threads, vector unit, the rate of matrix products, disk and memory.
///
/// # Errors
/// If the experiment is refused, the folder cannot be read, or threads cannot be started.
pub fn run(args: &DoctorArgs) -> Result<()> {
    if let Some(folder) = args.file.as_deref().filter(|file| file.is_dir()) {
        return folder_report(folder);
    }
    let prepared = args.file.as_deref().map(|file| Prepared::read(file, &[])).transpose()?;
    let (major, minor, patch) = snode_store::hdf5::library_version();
    let threads = default_threads()?;
    let mut table = plain_table();
    let mut row = |what: &str, value: String| {
        table.add_row([what.to_owned(), value]);
    };
    row("snode", env!("CARGO_PKG_VERSION").into());
    row("features", features());
    row("HDF5 library", format!("{major}.{minor}.{patch}"));
    row("computer", format!("{} {}", std::env::consts::OS, std::env::consts::ARCH));
    row("threads", threads.to_string());
    if let Some(each) = reserved_by_a_thread() {
        let text = format!("{} reserved by each thread for products", show_bytes(each as f64));
        row("address space", text);
    }
    row("vector unit", vector_unit().into());
    row("products, f32", rates::<f32>(threads)?);
    row("products, f64", rates::<f64>(threads)?);
    for (backend, devices) in device::list() {
        row(backend.name(), devices);
    }
    row("free disk", free_disk(Path::new(".")).map_or_else(|| "not known".into(), show_bytes));
    let memory = physical_memory();
    row("memory", memory.map_or_else(|| "not known".into(), show_bytes));
    if let Some(prepared) = &prepared {
        let needed = estimate::memory(&prepared.experiment, prepared.sizes()).total();
        let verdict = match memory {
            Some(memory) if needed > memory => ": more than there is",
            Some(memory) if needed > 0.8 * memory => ": almost all there is",
            Some(_) => ": there is enough",
            None => "",
        };
        row("the experiment", format!("takes about {}{verdict}", show_bytes(needed)));
    }
    print(&format!("{}\n", text(&table)))
}

/// Prints what can be done in a folder, who holds locks there, and what is left over.
fn folder_report(folder: &Path) -> Result<()> {
    let probe = format!("snode-doctor-{}", std::process::id());
    let write = match try_writing(&folder.join(&probe), Existing::Keep, 0) {
        Ok(()) => "can be written".into(),
        Err(error) => format!("cannot be written: {error}"),
    };
    let mut table = plain_table();
    let mut row = |what: &str, value: String| {
        table.add_row([what.to_owned(), value]);
    };
    row("files", write);
    row("locks", locks(&folder.join(probe + ".lock")));
    row("free disk", free_disk(folder).map_or_else(|| "not known".into(), show_bytes));
    let cannot = |error| snode_runner::Error::file(folder, "cannot read the folder", error);
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.extension().is_some_and(|ending| ending == "lock")
            && let Ok(Some(holder)) = Lock::look(&path)
        {
            row(&path.display().to_string(), format!("held by {holder}"));
        }
    }
    let left = unfinished(folder).map_err(cannot)?;
    for Unfinished { path, bytes, abandoned } in &left {
        let state = if *abandoned {
            "left by a process that is gone; can be removed, as `snode run` does"
        } else {
            "being written, or left by a process of another computer"
        };
        row(&path.display().to_string(), format!("{}, {state}", show_bytes(*bytes as f64)));
    }
    if left.is_empty() {
        row("left over", "nothing".into());
    }
    print(&format!("{}\n{}\n", folder.display(), text(&table)))
}

/// Whether a second lock is kept out as long as a first is held.
fn locks(path: &Path) -> String {
    match Lock::try_acquire(path, None) {
        Ok(first) if !first.is_enforced() => {
            "the file system has none: two processes can train one run".into()
        }
        Ok(_first) => match Lock::try_acquire(path, None) {
            Err(FileError::Held { .. }) => "work".into(),
            _ => "do not work: two processes can train one run".into(),
        },
        Err(error) => format!("cannot be made: {error}"),
    }
}

fn features() -> String {
    let all = [("mnist", cfg!(feature = "mnist")), ("static-hdf5", cfg!(feature = "static-hdf5"))];
    let there: Vec<&str> = all.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
    if there.is_empty() { "none".into() } else { there.join(", ") }
}

/// The widest vectors that the program's kernels use here.
fn vector_unit() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        let wide = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        if wide {
            return "AVX-512";
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return "AVX2 with FMA";
        }
    }
    if cfg!(target_arch = "aarch64") { "NEON" } else { "none" }
}

/// The rates of one thread and of all, with weights in the cache and from memory.
fn rates<T: Real>(threads: usize) -> Result<String> {
    let rate = |threads: usize, layers: usize| -> Result<f64> {
        let measure = || estimate::product_rate::<T>(WIDTH, BATCH * threads, layers);
        Ok(pool(Some(threads))?.install(measure) / 1e9)
    };
    let one = format!("{:.0} hot, {:.0} streaming", rate(1, HOT)?, rate(1, STREAMING)?);
    let all = format!("{:.0} hot, {:.0} streaming", rate(threads, HOT)?, rate(threads, STREAMING)?);
    Ok(format!("GFLOP/s of one thread: {one}; of all: {all}"))
}

/// The bytes that may be written to the file system of a folder.
fn free_disk(folder: &Path) -> Option<f64> {
    #[cfg(unix)]
    {
        let system = rustix::fs::statvfs(folder).ok()?;
        Some(system.f_bavail as f64 * system.f_frsize as f64)
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}
