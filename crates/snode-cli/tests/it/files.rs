//! What stands in the way of a file, and what becomes of files that are there.

use crate::support;

use support::Sandbox;

fn trained(lines: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.experiment(lines);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    sandbox
}

const RUN: &str = "results/x.h5";

#[test]
fn a_file_that_is_there_is_kept_unless_forced() {
    let sandbox = trained(&[]);
    sandbox.write("there", "precious");
    std::fs::create_dir(sandbox.path("figures")).unwrap();
    for name in ["x-fgsm.csv", "x-noisy.png", "x-smoothness.svg", "report.html"] {
        sandbox.write(&format!("figures/{name}"), "precious");
    }
    sandbox.write("figures/snode.1", "precious");
    sandbox.succeeds(&["export", RUN, "--to", "net.npz"]);
    let commands: [(&[&str], &str); 9] = [
        (&["export", RUN, "--to", "there", "--format", "npz"], "there"),
        (&["import", "net.npz", "--output", "there"], "there"),
        (&["attack", RUN, "--method", "fgsm", "--figures", "figures"], "figures/x-fgsm.csv"),
        (&["robustness", RUN, "--levels", "0", "--figures", "figures"], "figures/x-noisy.png"),
        (
            &["sensitivity", RUN, "--images", "3", "--figures", "figures"],
            "figures/x-smoothness.svg",
        ),
        (&["report", "results", "--output", "figures"], "figures/report.html"),
        (&["man", "--to", "figures"], "figures/snode.1"),
        (&["init", "there"], "there"),
        (&["export", RUN, "--to", "there", "--format", "onnx"], "there"),
    ];
    let read = |name: &str| std::fs::read(sandbox.path(name)).unwrap();
    for (command, file) in commands {
        sandbox.fails(command, 2, &[file, "exists and is not overwritten", "--force"]);
        assert_eq!(read(file), b"precious", "{command:?}");
    }
    for (command, file) in commands {
        sandbox.succeeds(&[command, &["--force"]].concat());
        assert_ne!(read(file), b"precious", "{command:?}");
        sandbox.write(file, "precious");
    }
    assert!(std::fs::read(sandbox.path(RUN)).unwrap().starts_with(b"snode run"));
}

#[test]
fn a_file_that_a_command_reads_is_never_replaced() {
    let sandbox = trained(&[]);
    sandbox.write("g.toml", &(support::experiment(&[]) + "[grid]\nseed = [1, 2]\n"));
    sandbox.succeeds(&["run", "g.toml", "--quiet", "--output", "grid"]);
    sandbox.succeeds(&["export", RUN, "--to", "net.npz"]);
    let cell = std::fs::read_dir(sandbox.path("grid/cells")).unwrap();
    let mut cell = cell.map(|entry| entry.unwrap().path());
    let cell = cell.find(|path| path.extension().is_some_and(|ending| ending == "h5")).unwrap();
    let cell = cell.to_str().unwrap();
    let collect = |to| ["collect", "g.toml", "--results", "grid", "--force", "--output", to];
    for (command, file) in [
        (&["export", RUN, "--to", RUN, "--format", "onnx", "--force"][..], RUN),
        (&["import", "net.npz", "--output", "net.npz", "--force"], "net.npz"),
        (&collect("g.toml"), "g.toml"),
        (&collect(cell), cell),
    ] {
        let before = std::fs::read(sandbox.path(file)).unwrap();
        sandbox.fails(command, 2, &[file, "found a file that this command reads"]);
        assert_eq!(std::fs::read(sandbox.path(file)).unwrap(), before);
    }
    sandbox.succeeds(&collect("all.h5"));
    sandbox.fails(
        &["collect", "g.toml", "--results", "grid", "--output", "all.h5"],
        2,
        &["all.h5 exists"],
    );
}

#[test]
fn names_that_other_files_of_a_run_have_are_refused() {
    let sandbox = Sandbox::new();
    for name in ["x.checkpoint", "x.CHECKPOINT", "x.cells"] {
        sandbox.experiment(&[&format!("name = \"{name}\"")]);
        let ending = if name.ends_with("cells") { ".cells" } else { ".checkpoint" };
        sandbox.fails(&["run", "x.toml"], 2, &["name", name, ending]);
    }
    sandbox.write("x.checkpoint.toml", &support::experiment(&[]));
    sandbox.fails(&["run", "x.checkpoint.toml"], 2, &["x.checkpoint", "set `name`"]);
    assert!(!sandbox.path("results").exists());
}

#[test]
fn files_that_only_look_like_temporary_ones_stay() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    std::fs::create_dir(sandbox.path("results")).unwrap();
    for name in ["x.h5.tmp1", "x.h5.tmpAbCdEf", ".snode-unfinished-notes", "x.checkpoint.h5.tmp"] {
        sandbox.write(&format!("results/{name}"), "precious");
    }
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    assert_eq!(std::fs::read_dir(sandbox.path("results")).unwrap().count(), 5);
}

#[test]
fn a_name_whose_lock_would_be_somebody_elses_file_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["name = \"poetry\""]);
    std::fs::create_dir(sandbox.path("results")).unwrap();
    sandbox.write("results/poetry.lock", "# generated\n");
    sandbox.fails(&["run", "x.toml"], 2, &["results/poetry.lock", "not a lock of snode"]);
    let text = std::fs::read_to_string(sandbox.path("results/poetry.lock")).unwrap();
    assert_eq!(text, "# generated\n");
}

#[cfg(unix)]
#[test]
fn results_that_are_a_link_are_written_through() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    for folder in ["results", "far"] {
        std::fs::create_dir(sandbox.path(folder)).unwrap();
    }
    std::os::unix::fs::symlink("../far/y.h5", sandbox.path(RUN)).unwrap();
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    sandbox.succeeds(&["robustness", RUN, "--levels", "0"]);
    assert!(std::fs::symlink_metadata(sandbox.path(RUN)).unwrap().is_symlink());
    assert!(snode_store::has_appendix(sandbox.path("far/y.h5"), "analysis/robustness").unwrap());
    assert_eq!(std::fs::read_dir(sandbox.path("far")).unwrap().count(), 1);
}

#[test]
fn a_folder_where_results_are_to_be_is_found_before_the_training() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    std::fs::create_dir_all(sandbox.path(RUN)).unwrap();
    for arguments in [&["run", "x.toml"][..], &["run", "x.toml", "--fresh"]] {
        sandbox.fails(arguments, 2, &["results/x.h5", "found a folder"]);
    }
    assert!(!sandbox.path("results/x.checkpoint.h5").exists());
}

#[test]
fn a_longer_training_is_not_taken_for_a_shorter_one() {
    let sandbox = trained(&["training.epochs = 2"]);
    for (lines, parts) in [
        (["training.epochs = 1"], ["training.epochs", "6 batches"]),
        (["training.batches = 4"], ["training.batches", "6 batches"]),
        (["training.time_limit = 1e-9"], ["training.time_limit", "seconds"]),
    ] {
        sandbox.experiment(&lines);
        let all = [&parts[..], &["holds a longer training", "--fresh"]].concat();
        sandbox.fails(&["run", "x.toml"], 2, &all);
    }
    sandbox.experiment(&["training.epochs = 2"]);
    sandbox.succeeds(&["run", "x.toml"]);
}

#[test]
fn what_another_program_added_is_sealed_and_damage_is_not() {
    let sandbox = trained(&[]);
    let path = sandbox.path(RUN);
    let sealed = std::fs::read(&path).unwrap();
    let ran = sandbox.succeeds(&["seal", RUN]);
    assert!(ran.err.contains("nothing is changed"), "{ran:?}");

    let file = snode_store::hdf5::File::open_rw(&path).unwrap();
    file.new_attr::<f64>().create("mine").unwrap().write_scalar(&1.0).unwrap();
    file.close().unwrap();
    sandbox.fails(&["show", RUN], 1, &["damaged, or changed", "snode seal results/x.h5"]);
    let ran = sandbox.succeeds(&["seal", RUN]);
    for part in ["counts as complete and undamaged", "its network is the one that snode wrote"] {
        assert!(ran.err.contains(part), "no `{part}` in {ran:?}");
    }
    sandbox.succeeds(&["show", RUN]);

    let file = snode_store::hdf5::File::open_rw(&path).unwrap();
    let biases = file.dataset("network/biases").unwrap();
    let mut values = biases.read_raw::<f64>().unwrap();
    values[0] += 1.0;
    let shape = biases.shape();
    drop(biases);
    file.group("network").unwrap().unlink("biases").unwrap();
    let builder = file.group("network").unwrap().new_dataset::<f64>().shape(shape);
    builder.create("biases").unwrap().write_raw(&values).unwrap();
    drop(builder);
    file.close().unwrap();
    sandbox.fails(&["seal", RUN], 1, &["found another network", "--force"]);
    sandbox.succeeds(&["seal", RUN, "--force"]);
    sandbox.succeeds(&["show", RUN]);

    // A byte in the middle of the arrays: their own checksums tell.
    let mut damaged = sealed;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x55;
    std::fs::write(&path, &damaged).unwrap();
    sandbox.fails(&["seal", RUN], 1, &["is damaged and is not sealed"]);
    assert_eq!(std::fs::read(&path).unwrap(), damaged);
}

#[cfg(target_os = "linux")]
#[test]
fn a_collection_without_room_is_an_error_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("g.toml", &(support::experiment(&[]) + "[grid]\nseed = [1, 2]\n"));
    sandbox.succeeds(&["run", "g.toml", "--quiet", "--output", "grid"]);
    let program = env!("CARGO_BIN_EXE_snode");
    let script =
        format!("trap '' XFSZ; ulimit -f 16; exec {program} collect g.toml --results grid -o c.h5");
    let mut command = std::process::Command::new("bash");
    let output = command.args(["-c", &script]).current_dir(sandbox.path("")).output().unwrap();
    let ran = support::Ran::from(output);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("c.h5: cannot write"), "{ran:?}");
    let left = std::fs::read_dir(sandbox.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().contains("c.h5")).collect();
    assert_eq!(left, [""; 0]);
    sandbox.succeeds(&["collect", "g.toml", "--results", "grid", "-o", "c.h5", "--networks"]);
}

/// Where no byte can be written, not even a lock can name its holder.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_from_the_start_is_left_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.write("x.toml", &support::experiment(&[]));
    let program = env!("CARGO_BIN_EXE_snode");
    let script = format!("trap '' XFSZ; ulimit -f 0; exec {program} run x.toml -o out");
    let mut command = std::process::Command::new("bash");
    let output = command.args(["-c", &script]).current_dir(sandbox.path("")).output().unwrap();
    let ran = support::Ran::from(output);
    assert!(matches!(ran.code, Some(1 | 2)) && ran.err.contains("cannot write"), "{ran:?}");
    let left = std::fs::read_dir(sandbox.path("out")).into_iter().flatten();
    assert_eq!(left.count(), 0);
    sandbox.succeeds(&["run", "x.toml", "-o", "out"]);
}

#[test]
fn a_folder_of_results_is_looked_at() {
    let sandbox = trained(&[]);
    let ran = sandbox.succeeds(&["doctor", "results"]);
    for part in ["files      can be written", "locks      work", "left over  nothing"] {
        assert!(ran.out.contains(part), "no `{part}` in {}", ran.out);
    }
    assert_eq!(std::fs::read_dir(sandbox.path("results")).unwrap().count(), 1);
    let lock = snode_files::Lock::try_acquire(&sandbox.path("results/y.lock"), Some("job 7"));
    sandbox.write("results/.snode-unfinished-00000000-4194999-0123456789abcdef", "half");
    let ran = sandbox.succeeds(&["doctor", "results"]);
    for part in ["results/y.lock", "held by process", "job 7", "4 B, being written, or left"] {
        assert!(ran.out.contains(part), "no `{part}` in {}", ran.out);
    }
    drop(lock);
}

/// A folder of images is written under another name first; a kill can leave that behind.
#[test]
fn a_folder_that_was_left_half_written_is_listed_and_removed() {
    let sandbox = trained(&[]);
    // A name of this computer, with the number of a process that is gone.
    let parent = sandbox.path("results");
    let mine = snode_files::TemporaryFolder::make(&parent).unwrap();
    let name = mine.path().file_name().unwrap().to_str().unwrap().to_owned();
    let process = format!("-{}-", std::process::id());
    let gone = parent.join(name.replace(&process, "-4194999-"));
    std::fs::create_dir(&gone).unwrap();
    std::fs::write(gone.join("train-images-idx3-ubyte"), "half").unwrap();
    let ran = sandbox.succeeds(&["doctor", "results"]);
    for part in ["4 B, left by a process that is gone", "0 B, being written"] {
        assert!(ran.out.contains(part), "no `{part}` in {}", ran.out);
    }
    sandbox.succeeds(&["run", "x.toml", "--fresh", "--quiet"]);
    assert!(!gone.exists() && mine.path().exists());
}
