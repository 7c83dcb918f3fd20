#![no_main]
//! A file of results: any bytes as they are; a good file with bytes changed behind its seal; and a
//! good file in which an attribute or a text has another value, sealed again.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use faer::Mat;
use libfuzzer_sys::fuzz_target;
use snode_ode::{Activation, Endpoint, Grid, Initialisation, Network, SolverKeys};
use snode_store::hdf5::types::VarLenUnicode;
use snode_store::hdf5::{self, File};
use snode_store::{
    Appendix, Checkpoint, Compression, Configuration, Input, Model, RunInfo, RunRecord, read_info,
    network_digest, read_network_as_f64, read_run, seal, write_appendix, write_run,
};
use snode_train::{History, Memory, Position, TargetKind};

/// The first bytes of a file, which seal the rest.
const SEAL: usize = 512;
const NUMBERS: [(&str, &str); 11] = [
    ("/", "layout_version"),
    ("/", "seed"),
    ("network", "horizon"),
    ("network", "steps"),
    ("network", "width"),
    ("network", "classes"),
    ("network", "rows"),
    ("network", "background"),
    ("checkpoint", "epoch"),
    ("checkpoint", "iteration"),
    ("checkpoint", "cost"),
];
const TEXTS: [(&str, &str); 9] = [
    ("/", "format"),
    ("/", "name"),
    ("/", "status"),
    ("/", "precision"),
    ("network", "activation"),
    ("network", "ends"),
    ("network", "scheme"),
    ("checkpoint", "memory_arrays"),
    ("checkpoint", "memory_numbers"),
];

/// A folder that goes with the process, and a good file.
static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());
static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let path = path("good.h5");
    write_run(&path, &record(), Compression::CHECKPOINT).unwrap();
    let array = Appendix::default().with_array("levels", &[2], vec![0.0, 0.5]);
    let network = network_digest(&path).unwrap();
    write_appendix(&path, "analysis/robustness/euler", &array, &network, |_| true).unwrap();
    std::fs::read(path).unwrap()
});

fn record() -> RunRecord<f64> {
    let grid = Grid::new(1.0, 2, Endpoint::Excluded).unwrap();
    let network = |seed| Network::initial(4, grid, Activation::Tanh, Initialisation::Spline, seed);
    let memory = Memory::new()
        .with_array("direction", network(2).into_parameters())
        .with_number("gradient_square", 1.0)
        .with_number("gradient_direction", -1.0)
        .with_number("cost", 0.5);
    RunRecord {
        info: RunInfo::new("good", 1),
        configuration: Configuration { resolved: "seed = 1\n".into(), source: String::new() },
        model: Model {
            scheme: "euler".into(),
            solver: SolverKeys::default(),
            classes: 2,
            targets: TargetKind::Classes,
            input: Input { rows: 2, cols: 2, ..Input::default() },
        },
        network: network(1),
        history: History::default(),
        checkpoint: Some(Checkpoint {
            position: Position { epoch: 0, batch: 1, iteration: 2 },
            memory: Some(memory),
            perturbed: Some(Mat::zeros(4, 5)),
        }),
    }
}

fn path(name: &str) -> PathBuf {
    FOLDER.path().join(name)
}

/// All ways of reading; whether the file is taken for a run.
fn read(path: &Path) -> bool {
    let _ = read_run::<f32>(path);
    let _ = read_network_as_f64(path);
    let _ = snode_store::read_appendices(path, "analysis");
    let _ = snode_store::read_appendix(path, "analysis/robustness/euler");
    let run = read_run::<f64>(path);
    let info = read_info(path);
    for text in [run.as_ref().err(), info.as_ref().err()].into_iter().flatten() {
        assert!(!text.to_string().is_empty());
    }
    run.is_ok() && info.is_ok()
}

/// Gives one attribute, or the text of the configuration, another value.
fn change(path: &Path, bytes: &[u8]) -> hdf5::Result<()> {
    let (choice, value) = bytes.split_first().map_or((0, bytes), |(&c, value)| (c as usize, value));
    let file = File::open_rw(path)?;
    let mut number = [0; 8];
    number.iter_mut().zip(value).for_each(|(to, from)| *to = *from);
    let text: String = String::from_utf8_lossy(value).replace('\0', "?");
    let text: VarLenUnicode = text.parse().unwrap_or_default();
    let count = NUMBERS.len();
    match choice % (2 * count + TEXTS.len() + 1) {
        i if i < count => {
            let (group, name) = NUMBERS[i];
            let attribute = file.group(group)?.attr(name)?;
            if attribute.dtype()?.is::<f64>() {
                attribute.write_scalar(&f64::from_le_bytes(number))
            } else {
                attribute.write_scalar(&u64::from_le_bytes(number))
            }
        }
        i if i < 2 * count => {
            // Of another type.
            let (group, name) = NUMBERS[i - count];
            let group = file.group(group)?;
            group.delete_attr(name)?;
            group.new_attr::<VarLenUnicode>().create(name)?.write_scalar(&text)
        }
        i if i < 2 * count + TEXTS.len() => {
            let (group, name) = TEXTS[i - 2 * count];
            file.group(group)?.attr(name)?.write_scalar(&text)
        }
        _ => file.dataset("configuration/resolved")?.write_scalar(&text),
    }
}

fuzz_target!(|bytes: &[u8]| {
    hdf5::silence_errors(true);
    let path = path("fuzz.h5");
    std::fs::write(&path, bytes).unwrap();
    assert!(!read(&path) || bytes == *GOOD, "bytes that nobody sealed are taken for a run");

    let mut altered = GOOD.clone();
    if let Some((at, change)) = bytes.split_first_chunk::<2>() {
        let at = SEAL + usize::from(u16::from_le_bytes(*at)) % (altered.len() - SEAL);
        altered[at..].iter_mut().zip(change).for_each(|(to, from)| *to ^= from);
        std::fs::write(&path, &altered).unwrap();
        assert!(!read(&path) || altered == *GOOD, "damage is overlooked");
    }

    std::fs::write(&path, &*GOOD).unwrap();
    if change(&path, bytes).is_ok() {
        seal(&path).unwrap();
        read(&path);
    }
});
