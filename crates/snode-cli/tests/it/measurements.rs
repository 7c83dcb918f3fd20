//! Measurements belong to the network they were made of, and none is lost.

use crate::support;

use std::process::{Child, Stdio};

use snode_store::{Appendix, Compression, read_appendices, read_appendix, write_run};
use support::{Ran, Sandbox, read_run};

fn spawn(sandbox: &Sandbox, arguments: &[&str]) -> Child {
    let mut command = sandbox.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn trained() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    sandbox
}

const RUN: &str = "results/x.h5";

fn names(sandbox: &Sandbox, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(sandbox.path(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn commands_that_write_into_one_file_at_once_lose_nothing() {
    let sandbox = trained();
    let names_of: Vec<String> = (0..6).map(|i| format!("n{i}")).collect();
    let mut children: Vec<Child> = Vec::new();
    for name in &names_of {
        let attack = ["attack", RUN, "--method", "fgsm", "--images", "5", "--threads", "1"];
        children.push(spawn(&sandbox, &[&attack[..], &["--name", name]].concat()));
    }
    children.push(spawn(&sandbox, &["robustness", RUN, "--levels", "0,1", "--threads", "1"]));
    for child in children {
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    let found = read_appendices(sandbox.path(RUN), "analysis").unwrap();
    let found: Vec<&str> = found.keys().map(String::as_str).collect();
    let mut all: Vec<String> = names_of.iter().map(|name| format!("attack/{name}")).collect();
    all.push("robustness/euler".into());
    assert_eq!(found, all);
    assert_eq!(names(&sandbox, "results"), ["x.h5"]);
}

/// Whoever comes to the lock of the file has measured; it waits there until the file is another one.
#[cfg(target_os = "linux")]
#[test]
fn a_measurement_of_the_network_before_is_refused() {
    use support::{Watch, WatchFlags};
    let sandbox = trained();
    let path = sandbox.path(RUN);
    let mut other = read_run(&path);
    other.network.parameters_mut().node_mut(0)[0] += 1.0;
    let replacement = sandbox.path("other.h5");
    write_run(&replacement, &other, Compression::RESULT).unwrap();

    let lock_path = path.with_file_name(".x.h5.lock");
    for measure in [
        &["attack", RUN, "--method", "fgsm"][..],
        &["robustness", RUN, "--levels", "0"],
        &["sensitivity", RUN, "--images", "5"],
    ] {
        let before = std::fs::read(&path).unwrap();
        let lock = snode_files::Lock::try_acquire(&lock_path, None).unwrap();
        let watch = Watch::new(&lock_path, WatchFlags::OPEN);
        let mut child = spawn(&sandbox, measure);
        watch.wait(&mut child);
        std::fs::copy(&replacement, &path).unwrap();
        drop(lock);
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(ran.code, Some(1), "{measure:?}: {ran:?}");
        for part in ["results/x.h5: found another network", "measure again"] {
            assert!(ran.err.contains(part), "{measure:?}: no `{part}` in {}", ran.err);
        }
        assert!(!snode_store::has_appendix(&path, "analysis").unwrap());
        std::fs::write(&path, before).unwrap();
    }
}

#[test]
fn every_measurement_says_which_network_and_which_images() {
    let sandbox = trained();
    sandbox.succeeds(&["robustness", RUN, "--levels", "0", "--draws", "1"]);
    sandbox.succeeds(&["sensitivity", RUN, "--images", "5"]);
    sandbox.succeeds(&["attack", RUN, "--method", "fgsm"]);
    let network = snode_store::network_digest(sandbox.path(RUN)).unwrap();
    let images = read_run(&sandbox.path(RUN)).info.provenance["images_fingerprint"].clone();
    let found = read_appendices(sandbox.path(RUN), "analysis").unwrap();
    assert_eq!(found.len(), 4);
    for (name, group) in &found {
        assert_eq!(group.text(Appendix::NETWORK), Some(network.as_str()), "{name}");
        if name != "smoothness" {
            assert_eq!(group.text("data_fingerprint"), Some(images.as_str()), "{name}");
        }
    }
}

#[test]
fn a_smaller_measurement_takes_the_place_of_a_larger_one_only_by_force() {
    let sandbox = trained();
    let robustness =
        |more: &[&str]| sandbox.run(&[&["robustness", RUN, "--levels", "0,1"][..], more].concat());
    assert_eq!(robustness(&["--draws", "3"]).code, Some(0));
    for fewer in [&["--draws", "2"][..], &["--draws", "9", "--images", "10"]] {
        let ran = robustness(fewer);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        for part in ["/analysis/robustness/euler", "30 images and 3 draws", "--force"] {
            assert!(ran.err.contains(part), "no `{part}` in {}", ran.err);
        }
    }
    let draws = || {
        let group = read_appendix(sandbox.path(RUN), "analysis/robustness/euler").unwrap().unwrap();
        group.number("draws")
    };
    assert_eq!(draws(), Some(3.0));
    assert_eq!(robustness(&["--draws", "4"]).code, Some(0));
    assert_eq!(draws(), Some(4.0));
    assert_eq!(robustness(&["--draws", "1", "--force"]).code, Some(0));
    assert_eq!(draws(), Some(1.0));

    sandbox.succeeds(&["attack", RUN, "--method", "fgsm", "--images", "20"]);
    sandbox.fails(
        &["attack", RUN, "--method", "fgsm", "--images", "5"],
        2,
        &["/analysis/attack/fgsm", "20 images", "--force"],
    );
    // An experiment says what it wants; that it is less is said.
    sandbox.experiment(&["analysis.robustness = { levels = [0.0], draws = 1, images = 3 }"]);
    sandbox.succeeds(&["robustness", RUN, "--levels", "0,1", "--draws", "2"]);
    let ran = sandbox.succeeds(&["run", "x.toml"]);
    assert!(ran.err.contains("30 images and 2 draws, which is more than"), "{ran:?}");
    assert_eq!(draws(), Some(1.0));
}

#[test]
fn images_that_have_changed_since_training_are_named() {
    let sandbox = trained();
    let labels = sandbox.path("dots/t10k-labels-idx1-ubyte.gz");
    let labels = if labels.exists() { labels } else { sandbox.path("dots/t10k-labels-idx1-ubyte") };
    for command in [&["eval", RUN][..], &["robustness", RUN, "--levels", "0"]] {
        let ran = sandbox.succeeds(command);
        assert_eq!(ran.err, "", "{command:?}");
    }
    let mut changed = vec![0_u8; support::TEST];
    changed.iter_mut().enumerate().for_each(|(i, label)| *label = ((i + 1) % 3) as u8);
    snode_data::idx::write_labels(&labels, &changed).unwrap();
    for command in [
        &["eval", RUN][..],
        &["robustness", RUN, "--levels", "0"],
        &["attack", RUN, "--method", "fgsm"],
        &["sensitivity", RUN],
    ] {
        let ran = sandbox.succeeds(command);
        assert!(ran.err.contains("warning: the images of"), "{command:?}: {ran:?}");
        assert!(ran.err.contains("have changed since"), "{command:?}: {ran:?}");
    }
    // Of images that the user names nothing is expected.
    assert_eq!(sandbox.succeeds(&["eval", RUN, "--data", "dots"]).err, "");
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_kept_is_refused_before_the_work_and_printed_behind_it() {
    let sandbox = trained();
    let bytes = std::fs::metadata(sandbox.path(RUN)).unwrap().len() / 1024;
    let program = env!("CARGO_BIN_EXE_snode");
    // Less room than the file needs: the work does not begin.
    let limited = |kilobytes: u64, arguments: &str| {
        let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec {program} {arguments}");
        let mut command = std::process::Command::new("bash");
        command.args(["-c", &script]).current_dir(sandbox.path(""));
        Ran::from(command.output().unwrap())
    };
    let before = std::fs::read(sandbox.path(RUN)).unwrap();
    let ran = limited(bytes / 2, "robustness results/x.h5 --levels 0,1");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("results/x.h5: cannot write") && ran.out.is_empty(), "{ran:?}");
    // Room for the file as it is, and not for what is found.
    let ran = limited(bytes + 2, "attack results/x.h5 --method pgd --radius 9");
    if ran.code != Some(0) {
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.out.contains("accuracy before"), "{ran:?}");
        assert_eq!(std::fs::read(sandbox.path(RUN)).unwrap(), before);
    }
    assert_eq!(names(&sandbox, "results"), ["x.h5"]);
}
