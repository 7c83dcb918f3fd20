//! What this computer has to offer, and what can be done in a folder of it.

use std::path::Path;

use serde_json::{Map, Value, json};
use snode_experiment::Prepared;
use snode_experiment::estimate::{memory, physical_memory, product_rate};
use snode_experiment::format::show_bytes;
use snode_experiment::threads::{default_threads, pool, reserved_by_a_thread};
use snode_files::{
    Existing, FileError, Lock, LockScope, Unfinished, lock_scope, try_writing, unfinished,
};

use snode_ode::Real;

use crate::device;
use crate::error::{Error, Result};

/// Width, batch and layers of the products that are measured: the paper's, and one layer, whose
/// weights stay in the cache.
const WIDTH: usize = 196;
const BATCH: usize = 100;
const STREAMING: usize = 150;
const HOT: usize = 1;

/// Something that is known of this computer or of a folder of it.
#[derive(Clone, Debug)]
pub struct Fact {
    /// What it is about, as the key of an object.
    pub key: String,
    /// The same in words.
    pub what: String,
    /// What is known, in words.
    pub text: String,
    /// What is known, for programs.
    pub value: Value,
}

impl Fact {
    fn new(key: &str, what: impl Into<String>, text: impl Into<String>, value: Value) -> Self {
        Self { key: key.into(), what: what.into(), text: text.into(), value }
    }

    /// One whose text says it all.
    fn text(key: &str, what: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self::new(key, what, text.clone(), text.into())
    }

    /// A number of bytes, if it is known.
    fn bytes(key: &str, what: &str, bytes: Option<f64>) -> Self {
        let text = bytes.map_or_else(|| "not known".into(), show_bytes);
        Self::new(key, what, text, json!(bytes))
    }
}

/// Facts as one object.
pub fn as_json(facts: &[Fact]) -> Value {
    let pairs = facts.iter().map(|fact| (fact.key.clone(), fact.value.clone()));
    Value::Object(pairs.collect::<Map<_, _>>())
}

/// What there is: library, threads, vector unit, rates of matrix products, devices, disk and memory;
/// with what an experiment needs of it.
///
/// # Errors
/// If threads cannot be started.
pub fn facts(experiment: Option<&Prepared>) -> Result<Vec<Fact>> {
    let (major, minor, patch) = snode_store::hdf5::library_version();
    let threads = default_threads()?;
    let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    let mut facts = vec![
        Fact::text("hdf5", "HDF5 library", format!("{major}.{minor}.{patch}")),
        Fact::text("computer", "computer", format!("{system} {machine}")),
        Fact::new("threads", "threads", threads.to_string(), threads.into()),
    ];
    if let Some(each) = reserved_by_a_thread() {
        let text = format!("{} reserved by each thread for products", show_bytes(each as f64));
        facts.push(Fact::new("address_space_of_a_thread", "address space", text, json!(each)));
    }
    facts.push(Fact::text("vector_unit", "vector unit", vector_unit()));
    facts.push(rates::<f32>("products_f32", "products, f32", threads)?);
    facts.push(rates::<f64>("products_f64", "products, f64", threads)?);
    for (backend, devices) in device::list() {
        let key = backend.name().to_lowercase();
        facts.push(Fact::text(&key, backend.name(), devices));
    }
    facts.push(Fact::bytes("free_disk", "free disk", free_disk(Path::new("."))));
    let there = physical_memory();
    facts.push(Fact::bytes("memory", "memory", there));
    if let Some(prepared) = experiment {
        let needed = memory(&prepared.experiment, prepared.sizes()).total();
        let verdict = match there {
            Some(there) if needed > there => ": more than there is",
            Some(there) if needed > 0.8 * there => ": almost all there is",
            Some(_) => ": there is enough",
            None => "",
        };
        let text = format!("takes about {}{verdict}", show_bytes(needed));
        facts.push(Fact::new("experiment_memory", "the experiment", text, json!(needed)));
    }
    Ok(facts)
}

/// The rates of one thread and of all, with weights in the cache and from memory.
fn rates<T: Real>(key: &str, what: &str, threads: usize) -> Result<Fact> {
    let rate = |threads: usize, layers: usize| -> Result<f64> {
        let measure = || product_rate::<T>(WIDTH, BATCH * threads, layers);
        Ok(pool(Some(threads))?.install(measure) / 1e9)
    };
    let [one_hot, one] = [rate(1, HOT)?, rate(1, STREAMING)?];
    let [all_hot, all] = [rate(threads, HOT)?, rate(threads, STREAMING)?];
    let text = format!(
        "GFLOP/s of one thread: {one_hot:.0} hot, {one:.0} streaming; of all: {all_hot:.0} hot, \
         {all:.0} streaming"
    );
    let value = json!({
        "unit": "GFLOP/s",
        "one_thread": { "hot": one_hot, "streaming": one },
        "all_threads": { "hot": all_hot, "streaming": all },
    });
    Ok(Fact::new(key, what, text, value))
}

/// The widest vectors that the program's kernels use here.
pub fn vector_unit() -> &'static str {
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

/// The bytes that may be written to the file system of a folder.
pub fn free_disk(folder: &Path) -> Option<f64> {
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

/// What can be done in a folder, who holds locks there, and what is left over.
///
/// # Errors
/// If the folder cannot be read.
pub fn folder_facts(folder: &Path) -> Result<Vec<Fact>> {
    let probe = format!("snode-doctor-{}", std::process::id());
    let write = match try_writing(&folder.join(&probe), Existing::Keep, 0) {
        Ok(()) => "can be written".into(),
        Err(error) => format!("cannot be written: {error}"),
    };
    let mut facts = vec![
        Fact::text("files", "files", write),
        Fact::text("locks", "locks", locks(&folder.join(probe + ".lock"))),
        Fact::bytes("free_disk", "free disk", free_disk(folder)),
    ];
    let cannot = |error| Error::file(folder, "cannot read the folder", error);
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.extension().is_some_and(|ending| ending == "lock")
            && let Ok(Some(holder)) = Lock::look(&path)
        {
            let path = path.display().to_string();
            facts.push(Fact::text(&path, path.clone(), format!("held by {holder}")));
        }
    }
    let left = unfinished(folder).map_err(cannot)?;
    for Unfinished { path, bytes, abandoned } in &left {
        let state = if *abandoned {
            "left by a process that is gone; can be removed, as `snode run` does"
        } else {
            "being written, or left by a process of another computer"
        };
        let (path, size) = (path.display().to_string(), show_bytes(*bytes as f64));
        facts.push(Fact::text(&path, path.clone(), format!("{size}, {state}")));
    }
    if left.is_empty() {
        facts.push(Fact::text("left_over", "left over", "nothing"));
    }
    Ok(facts)
}

/// Whether a second lock is kept out as long as a first is held, and from how far.
fn locks(path: &Path) -> String {
    match Lock::try_acquire(path, None) {
        Ok(first) if !first.is_enforced() => {
            "the file system has none: a lock counts as held for 10 minutes after its holder's last \
             sign of life, so two processes that begin at once can train one run"
                .into()
        }
        Ok(_first) => match (Lock::try_acquire(path, None), lock_scope(path)) {
            (Err(FileError::Held { .. }), LockScope::ThisComputer(why)) => format!(
                "work between processes of this computer alone ({why}): a lock of another computer \
                 counts as held for 10 minutes after its holder's last sign of life"
            ),
            (Err(FileError::Held { .. }), LockScope::Everywhere) => "work".into(),
            _ => "do not work: two processes can train one run".into(),
        },
        Err(error) => format!("cannot be made: {error}"),
    }
}
