//! `snode doctor`: what the program and this computer have to offer.

use std::path::{Path, PathBuf};

use clap::Args;
use snode_ode::Real;

use crate::error::Result;
use crate::output::print;
use crate::table::{plain_table, text};
use snode_experiment::Prepared;
use snode_experiment::estimate::{self, physical_memory};
use snode_experiment::format::show_bytes;
use snode_experiment::threads::{default_threads, pool, reserved_by_a_thread};
use snode_runner::computer::{check_folder, free_disk, vector_unit};
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
    let mut table = plain_table();
    for (what, value) in check_folder(folder)? {
        table.add_row([what, value]);
    }
    print(&format!("{}\n{}\n", folder.display(), text(&table)))
}

fn features() -> String {
    let all = [("mnist", cfg!(feature = "mnist")), ("static-hdf5", cfg!(feature = "static-hdf5"))];
    let there: Vec<&str> = all.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
    if there.is_empty() { "none".into() } else { there.join(", ") }
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
