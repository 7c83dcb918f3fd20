//! What cannot be read or written is refused by a typed error, and leaves no trace.

use crate::support;

use std::path::{Path, PathBuf};

use hdf5::types::{VarLenAscii, VarLenUnicode};
use hdf5::{Group, H5Type};
use snode_ode::{Activation, Endpoint, Grid, Network, Parameters};
use snode_store::{
    Compression, RunRecord, StoreError, read_info, read_network, read_run, seal, update, write_run,
};
use snode_train::Memory;
use support::{message, names, record};
use tempfile::TempDir;

fn written() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    write_run(&path, &record::<f64>(3, 4, Endpoint::Excluded), Compression::RESULT).unwrap();
    (folder, path)
}

/// The error that reading gives after a change to the file, which is sealed again.
fn after(change: impl FnOnce(&Group) -> hdf5::Result<()>) -> (String, StoreError) {
    let (_folder, path) = written();
    update(&path, change).unwrap();
    let error = read_run::<f64>(&path).unwrap_err();
    (message(&path, &error), error)
}

fn set<T: H5Type>(group: &Group, name: &str, value: &T) -> hdf5::Result<()> {
    if group.attr(name).is_ok() {
        group.delete_attr(name)?;
    }
    group.new_attr::<T>().create(name)?.write_scalar(value)
}

fn text(value: &str) -> VarLenUnicode {
    value.parse().unwrap()
}

fn replace<T: H5Type + Clone>(
    root: &Group,
    name: &str,
    shape: &[usize],
    value: T,
) -> hdf5::Result<()> {
    root.unlink(name)?;
    let data = ndarray::ArrayD::from_elem(shape, value);
    root.new_dataset_builder().with_data(&data).create(name)?;
    Ok(())
}

// What is not a run file.

#[test]
fn files_of_other_kinds_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let read = || read_run::<f64>(&path).unwrap_err();

    assert!(matches!(read(), StoreError::NotFound { .. }));
    std::fs::write(&path, "").unwrap();
    assert!(matches!(read(), StoreError::NotHdf5 { .. }));
    assert!(message(&path, &read()).contains("empty"));
    for content in ["name = \"run\"\n", "\u{0}\u{1}\u{2}", &"long text ".repeat(1000)] {
        std::fs::write(&path, content).unwrap();
        assert!(matches!(read(), StoreError::NotHdf5 { .. }));
        assert!(message(&path, &read()).contains("not an HDF5 file"));
        assert!(matches!(seal(&path), Err(StoreError::NotHdf5 { .. })));
        assert!(matches!(update(&path, |_| Ok(())), Err(StoreError::NotHdf5 { .. })));
    }
    let error = read_info(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::NotAFile { .. }));
    let below = path.join("run.h5");
    assert!(matches!(read_info(&below), Err(StoreError::Io { .. })));
    #[cfg(unix)]
    assert!(matches!(read_info("/dev/null"), Err(StoreError::NotAFile { .. })));
}

#[test]
fn other_hdf5_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.h5");
    for userblock in [0, 512, 1024] {
        let file = hdf5::File::with_options().with_fcpl(|p| p.userblock(userblock)).create(&path);
        file.unwrap().close().unwrap();
        let error = read_run::<f64>(&path).unwrap_err();
        assert!(matches!(error, StoreError::NotSnode { .. }), "{userblock}: {error}");
        // A seal goes into a user block of 512 bytes and nowhere else.
        match seal(&path) {
            Ok(()) => assert_eq!(userblock, 512),
            Err(error) => assert!(matches!(error, StoreError::NotSnode { .. }), "{error}"),
        }
        if userblock == 512 {
            let error = read_run::<f64>(&path).unwrap_err();
            assert!(matches!(error, StoreError::NotSnode { .. }), "{error}");
        }
    }
    let (_, error) = after(|root| set(root, "format", &text("other")));
    assert!(matches!(error, StoreError::NotSnode { .. }));
}

#[test]
fn future_layouts_are_named() {
    let (words, error) = after(|root| set(root, "layout_version", &2_u64));
    assert!(matches!(error, StoreError::FutureLayout { found: 2, newest: 1, .. }));
    assert!(words.contains("layout version 2") && words.contains("up to 1"), "{words}");

    // The seal tells before anything else is looked at.
    let (_folder, path) = written();
    let mut bytes = std::fs::read(&path).unwrap();
    let place = bytes.windows(9).position(|w| w == b"layout 1\n").unwrap();
    bytes[place + 7] = b'7';
    bytes.truncate(600);
    std::fs::write(&path, bytes).unwrap();
    let error = read_info(&path).unwrap_err();
    assert!(matches!(error, StoreError::FutureLayout { found: 7, .. }), "{error}");

    let (_, error) = after(|root| set(root, "layout_version", &0_u64));
    assert!(matches!(error, StoreError::Value { .. }));
}

// What does not fit in a run file.

#[test]
fn whatever_is_missing_is_named() {
    let objects = [
        "configuration",
        "configuration/resolved",
        "configuration/source",
        "network",
        "network/weights",
        "network/biases",
        "network/grid",
        "training",
        "training/history",
        "training/evaluations",
        "checkpoint/direction_weights",
        "checkpoint/direction_biases",
        "checkpoint/last_gradient_biases",
    ];
    for object in objects {
        let (words, error) = after(|root| root.unlink(object));
        assert!(matches!(error, StoreError::Missing { .. }), "{object}: {error}");
        assert!(words.contains(&format!("/{object} is missing")), "{words}");
    }
    let attributes = [
        ("/", "layout_version"),
        ("/", "snode_version"),
        ("/", "created"),
        ("/", "host"),
        ("/", "seed"),
        ("/", "precision"),
        ("/", "status"),
        ("/", "stop_reason"),
        ("/", "name"),
        ("/network", "activation"),
        ("/network", "horizon"),
        ("/network", "steps"),
        ("/network", "ends"),
        ("/network", "scheme"),
        ("/network", "width"),
        ("/network", "classes"),
        ("/network", "background"),
        ("/network", "foreground"),
        ("/network", "rows"),
        ("/network", "cols"),
        ("/checkpoint", "epoch"),
        ("/checkpoint", "batch"),
        ("/checkpoint", "iteration"),
        ("/checkpoint", "cost"),
        ("/checkpoint", "memory_numbers"),
        ("/checkpoint", "gradient_square"),
        ("/checkpoint", "gradient_direction"),
    ];
    for (group, name) in attributes {
        let (words, error) = after(|root| root.group(group)?.delete_attr(name));
        assert!(matches!(error, StoreError::Missing { .. }), "{name}: {error}");
        assert!(words.contains(&format!("attribute `{name}` of {group} is missing")), "{words}");
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let shapes: [(&str, &[usize]); 9] = [
        ("network/weights", &[4, 3, 2]),
        ("network/weights", &[5, 3, 3]),
        ("network/weights", &[36]),
        ("network/weights", &[]),
        ("network/biases", &[3, 4]),
        ("network/grid", &[5]),
        ("network/grid", &[2, 2]),
        ("checkpoint/direction_weights", &[4, 3, 4]),
        ("checkpoint/last_gradient_biases", &[4, 3, 1]),
    ];
    for (name, shape) in shapes {
        let (words, error) = after(|root| replace(root, name, shape, 0.5_f64));
        assert!(matches!(error, StoreError::Shape { .. }), "{name}: {error}");
        assert!(words.contains(name) && words.contains(&format!("{shape:?}")), "{words}");
    }
    for (name, value) in [("width", 4_u64), ("steps", 5), ("steps", u64::MAX), ("width", u64::MAX)]
    {
        let (_, error) = after(|root| set(&root.group("network")?, name, &value));
        assert!(matches!(error, StoreError::Shape { .. } | StoreError::Value { .. }), "{error}");
    }
}

#[test]
fn types_that_do_not_fit_are_refused() {
    let (words, error) = after(|root| replace(root, "network/weights", &[4, 3, 3], 0.5_f32));
    assert!(matches!(error, StoreError::WrongType { .. }), "{error}");
    assert!(words.contains("/network/weights"), "{words}");
    let (_, error) = after(|root| replace(root, "network/biases", &[4, 3], 1_i64));
    assert!(matches!(error, StoreError::WrongType { .. }), "{error}");
    let (_, error) = after(|root| replace(root, "training/history", &[3], 1.0_f64));
    assert!(matches!(error, StoreError::WrongType { .. }), "{error}");
    let (_, error) = after(|root| replace(root, "configuration/source", &[], 1.0_f64));
    assert!(matches!(error, StoreError::WrongType { .. }), "{error}");
    let (_, error) = after(|root| set(root, "name", &1.0_f64));
    assert!(matches!(error, StoreError::WrongType { .. }), "{error}");
    let (_, error) = after(|root| set(root, "seed", &text("7")));
    assert!(matches!(error, StoreError::WrongType { .. }), "{error}");
    let (_, error) = after(|root| set(&root.group("network")?, "horizon", &3_u32));
    assert!(matches!(error, StoreError::WrongType { .. }), "{error}");
    // The precision says f32, the numbers are f64.
    let (_folder, path) = written();
    update(&path, |root| set(root, "precision", &text("f32"))).unwrap();
    assert!(matches!(read_info(&path), Err(StoreError::WrongType { .. })));
    assert!(matches!(read_network::<f32>(&path), Err(StoreError::WrongType { .. })));
    // A group where a dataset should be, and the reverse.
    for (name, group) in [("network/weights", true), ("network", false), ("checkpoint", false)] {
        let (words, error) = after(|root| {
            root.unlink(name)?;
            if group {
                root.create_group(name)?;
            } else {
                root.new_dataset::<f64>().create(name)?;
            }
            Ok(())
        });
        assert!(matches!(error, StoreError::Hdf5 { .. }), "{name}: {error}");
        assert!(words.contains(name), "{words}");
    }
}

#[test]
fn attributes_that_are_not_one_value_are_refused() {
    let (_, error) = after(|root| {
        root.delete_attr("seed")?;
        root.new_attr_builder().with_data(&[1_u64, 2]).create("seed")?;
        Ok(())
    });
    assert!(matches!(error, StoreError::Shape { .. }), "{error}");
    let (_, error) = after(|root| {
        root.delete_attr("name")?;
        root.new_attr::<VarLenUnicode>().shape(hdf5::Extents::Null).create("name")?;
        Ok(())
    });
    assert!(matches!(error, StoreError::Shape { .. }), "{error}");
    let (_, error) = after(|root| {
        root.unlink("network/weights")?;
        root.new_dataset::<f64>().shape(hdf5::Extents::Null).create("network/weights")?;
        Ok(())
    });
    assert!(matches!(error, StoreError::Shape { .. }), "{error}");
}

#[test]
fn values_that_are_not_allowed_are_refused() {
    let cases: [(&str, &str, f64); 6] = [
        ("network", "horizon", f64::NAN),
        ("network", "horizon", 0.0),
        ("network", "horizon", f64::INFINITY),
        ("network", "background", f64::NAN),
        ("network", "foreground", f64::NEG_INFINITY),
        ("network", "horizon", 0.8),
    ];
    for (group, name, value) in cases {
        let (words, error) = after(|root| set(&root.group(group)?, name, &value));
        assert!(matches!(error, StoreError::Value { .. }), "{name} {value}: {error}");
        assert!(words.contains("expected"), "{words}");
    }
    for (group, name, value) in [
        ("/", "status", "done"),
        ("/", "precision", "f16"),
        ("/network", "ends", "half"),
        ("/network", "activation", "tan"),
        ("/network", "activation", "elu(nan)"),
    ] {
        let (words, error) = after(|root| set(&root.group(group)?, name, &text(value)));
        assert!(matches!(error, StoreError::Value { .. }), "{name} {value}: {error}");
        assert!(words.contains(value), "{words}");
    }
    for (name, value) in [("width", 0_i64), ("steps", 0), ("classes", 4), ("rows", -1)] {
        let (_, error) = after(|root| set(&root.group("network")?, name, &value));
        assert!(matches!(error, StoreError::Value { .. }), "{name} {value}: {error}");
    }
    let (_, error) = after(|root| replace(root, "network/grid", &[4], f64::NAN));
    assert!(matches!(error, StoreError::Value { .. }), "{error}");
    // A memory that is not listed is that of NCG: there in the middle of a batch and nowhere else.
    let unlisted = |root: &Group| root.group("checkpoint")?.delete_attr("memory_arrays");
    let (_, error) = after(|root| {
        unlisted(root)?;
        set(&root.group("checkpoint")?, "iteration", &0_u64)
    });
    assert!(matches!(error, StoreError::Value { .. }), "{error}");
    let (_, error) = after(|root| {
        unlisted(root)?;
        root.unlink("checkpoint/direction_weights")
    });
    assert!(matches!(error, StoreError::Value { .. }), "{error}");
    for list in ["direction,direction", "direction,", "../network", "Direction", "epoch"] {
        let (words, error) =
            after(|root| set(&root.group("checkpoint")?, "memory_arrays", &text(list)));
        assert!(matches!(error, StoreError::Value { .. }), "{error}");
        assert!(words.contains(list), "{words}");
    }
    let (_, error) = after(|root| {
        let rates = root.group("training")?.new_dataset_builder();
        rates.with_data(&[0.5]).create("learning_rate")?;
        Ok(())
    });
    assert!(matches!(error, StoreError::Shape { .. }), "{error}");
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let (words, error) = after(|root| {
        // SAFETY: Latin-1, which is what the test is about; nothing but its bytes is used.
        let latin = unsafe { VarLenAscii::from_ascii_unchecked(b"L\xe4ufe") };
        set(root, "name", &latin)
    });
    assert!(matches!(error, StoreError::Value { .. }), "{error}");
    assert!(words.contains("UTF-8"), "{words}");
}

#[test]
fn ascii_text_and_signed_counts_are_read() {
    let (_folder, path) = written();
    update(&path, |root| {
        set(root, "name", &VarLenAscii::from_ascii("plain").unwrap())?;
        set(root, "seed", &7_i32)
    })
    .unwrap();
    let info = read_info(&path).unwrap().info;
    assert_eq!((&info.name[..], info.seed), ("plain", 7));
}

#[test]
fn tables_may_have_further_columns_but_none_too_few() {
    #[derive(Clone, Copy, H5Type)]
    #[repr(C)]
    struct Few {
        epoch: u32,
        cost: f64,
    }
    #[derive(Clone, Copy, H5Type)]
    #[repr(C)]
    struct More {
        extra: u8,
        seconds: f64,
        accuracy: f64,
        cost: f64,
        total: u64,
        correct: u64,
        set: hdf5::types::FixedUnicode<64>,
        batches: u64,
    }
    let few = Few { epoch: 1, cost: 2.0 };
    let (_, error) = after(|root| replace(root, "training/history", &[2], few));
    assert!(matches!(error, StoreError::WrongType { .. }), "{error}");

    let set = "train".parse().unwrap();
    let more = More {
        extra: 1,
        seconds: 2.0,
        accuracy: 0.5,
        cost: 3.0,
        total: 8,
        correct: 4,
        set,
        batches: 5,
    };
    let (_folder, path) = written();
    update(&path, |root| replace(root, "training/evaluations", &[2], more)).unwrap();
    let history = read_info(&path).unwrap().history;
    let last = history.evaluations.last().unwrap();
    assert_eq!((last.batches, &last.set[..], last.seconds), (5, "train", 2.0));
    assert_eq!((last.score.correct(), last.score.total, last.score.cost), (Some(4), 8, 3.0));
}

#[test]
fn huge_claims_take_no_memory() {
    // Nothing is stored for a dataset without data, whatever it claims.
    let huge = 1_usize << 40;
    for shape in [vec![huge], vec![usize::MAX >> 2]] {
        let (words, error) = after(|root| {
            let row = root.dataset("training/history")?.dtype()?;
            root.unlink("training/history")?;
            let builder = root.new_dataset_builder().chunk([1024]);
            builder.empty_as(&row.to_descriptor()?).shape(&shape[..]).create("training/history")?;
            Ok(())
        });
        assert!(matches!(error, StoreError::Claim { stored: 0, .. }), "{error}");
        assert!(words.contains("claims"), "{words}");
    }
    let (_, error) = after(|root| {
        let network = root.group("network")?;
        set(&network, "width", &1_000_000_u64)?;
        network.unlink("weights")?;
        let builder = network.new_dataset::<f64>().chunk([1, 10, 10]);
        builder.shape([4, 1_000_000, 1_000_000]).create("weights")?;
        Ok(())
    });
    assert!(matches!(error, StoreError::Claim { claimed: 32_000_000_000_000, .. }), "{error}");
}

// What cannot be written.

type Change = fn(&mut RunRecord<f64>);

#[test]
fn records_that_cannot_be_stored_are_refused_and_leave_the_old_file() {
    let (folder, path) = written();
    let before = std::fs::read(&path).unwrap();
    let good = || record::<f64>(3, 4, Endpoint::Excluded);
    let changes: [(&str, Change); 13] = [
        ("name", |run| run.info.name = "a\0b".into()),
        ("resolved", |run| run.configuration.resolved.push('\0')),
        ("provenance", |run| {
            run.info.provenance.insert(String::new(), String::new());
        }),
        ("background", |run| run.model.input.background = f64::NAN),
        ("classes", |run| run.model.classes = 4),
        ("activation", |run| {
            let activation = Activation::Elu { alpha: f64::NAN };
            let parameters = run.network.parameters().clone();
            run.network = Network::new(parameters, *run.network.grid(), activation).unwrap();
        }),
        ("width", |run| {
            let grid = Grid::new(1.0, 2, Endpoint::Excluded).unwrap();
            run.network = Network::new(Parameters::zeros(0, 2), grid, Activation::Tanh).unwrap();
        }),
        ("row 2 of /training/history", |run| {
            run.history.iterations[2].position.epoch = 1 << 32;
        }),
        ("row 3 of /training/evaluations", |run| {
            run.history.evaluations[3].set = "x".repeat(65);
        }),
        ("checkpoint", |run| run.checkpoint.as_mut().unwrap().memory = None),
        ("direction_weights", |run| {
            let other = Memory::new().with_array("direction", Parameters::zeros(3, 5));
            run.checkpoint.as_mut().unwrap().memory = Some(other);
        }),
        ("memory_numbers", |run| {
            let twice = Memory::new().with_number("steps", 1.0).with_number("steps", 2.0);
            run.checkpoint.as_mut().unwrap().memory = Some(twice);
        }),
        ("memory_arrays", |run| {
            let other = Memory::new().with_array("a/b", run.network.parameters().clone());
            run.checkpoint.as_mut().unwrap().memory = Some(other);
        }),
    ];
    for (object, change) in changes {
        let mut run = good();
        change(&mut run);
        let error = write_run(&path, &run, Compression::None).unwrap_err();
        assert!(matches!(error, StoreError::Unwritable { .. }), "{object}: {error}");
        assert!(message(&path, &error).contains(object), "{object}: {error}");
        assert_eq!(names(folder.path()), ["run.h5"]);
        assert!(std::fs::read(&path).unwrap() == before);
    }
    for level in [0, 10, 255] {
        let error = write_run(&path, &good(), Compression::Gzip(level)).unwrap_err();
        assert!(matches!(error, StoreError::Unwritable { .. }), "{error}");
    }
}

#[test]
fn updates_that_fail_leave_the_old_file() {
    let (folder, path) = written();
    let before = std::fs::read(&path).unwrap();
    let error = update(&path, |root| {
        root.unlink("network")?;
        root.unlink("no such thing")
    })
    .unwrap_err();
    assert!(matches!(error, StoreError::Hdf5 { .. }), "{error}");
    message(&path, &error);
    assert_eq!(names(folder.path()), ["run.h5"]);
    assert!(std::fs::read(&path).unwrap() == before);
}

#[test]
fn places_that_cannot_be_written_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "a file").unwrap();
    let run = record::<f64>(3, 4, Endpoint::Excluded);
    let write = |path: &Path| write_run(path, &run, Compression::None).unwrap_err();

    for path in [file.join("run.h5"), folder.path().join("missing").join("run.h5")] {
        let error = write(&path);
        assert!(matches!(error, StoreError::File(_)), "{error}");
        message(&path, &error);
    }
    assert!(matches!(write(folder.path()), StoreError::NotAFile { .. }));
    assert!(matches!(write(Path::new("/")), StoreError::NotAFile { .. }));
    #[cfg(target_os = "linux")]
    assert!(matches!(write(Path::new("/proc/run.h5")), StoreError::File(_)));
    assert_eq!(names(folder.path()), ["file"]);
}

#[test]
fn files_are_replaced() {
    let (folder, path) = written();
    let other = record::<f32>(2, 2, Endpoint::Included);
    write_run(&path, &other, Compression::None).unwrap();
    assert_eq!(read_run::<f32>(&path).unwrap(), other);
    assert_eq!(names(folder.path()), ["run.h5"]);
}

#[cfg(unix)]
#[test]
fn files_are_readable_as_any_other() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = written();
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&path), mode(&plain));
    update(&path, |_| Ok(())).unwrap();
    assert_eq!(mode(&path), mode(&plain));
}

/// Files of before networks had the options of their scheme are read, and have none.
#[test]
fn networks_without_the_options_of_a_scheme_are_read() {
    let (_folder, path) = written();
    let without = |root: &Group| -> hdf5::Result<()> {
        let network = root.group("network")?;
        ["interpolation", "norm", "rtol", "atol", "first_step", "budget"]
            .iter()
            .try_for_each(|name| network.delete_attr(name))
    };
    update(&path, without).unwrap();
    assert!(read_info(&path).unwrap().model.solver.is_empty());
    for (name, value, expected) in
        [("interpolation", "cubic", "hermite, linear or constant"), ("norm", "l2", "per-sample")]
    {
        let change = |root: &Group| set(&root.group("network")?, name, &text(value));
        let (message, error) = after(change);
        assert!(matches!(error, StoreError::Value { .. }), "{error}");
        assert!(message.contains(name) && message.contains(expected), "{message}");
    }
    let (message, _) = after(|root| set(&root.group("network")?, "rtol", &-1.0_f64));
    assert!(message.contains("rtol") && message.contains("positive"), "{message}");
}

#[test]
fn images_with_more_pixels_than_the_network_is_wide_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = record::<f64>(3, 4, Endpoint::Excluded);
    record.model.input.rows = 2;
    record.model.input.cols = 2;
    let path = folder.path().join("run.h5");
    let error = write_run(&path, &record, Compression::RESULT).unwrap_err();
    assert!(error.to_string().contains("at most as many pixels as the width 3"), "{error}");
    assert_eq!(record.model.input.components(3), 3);
    record.model.input.rows = 1;
    assert_eq!(record.model.input.components(3), 2);
    write_run(&path, &record, Compression::RESULT).unwrap();
}
