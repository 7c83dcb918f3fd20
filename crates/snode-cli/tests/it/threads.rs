//! How many threads compute: the same rule for all commands.

use crate::support;

use support::{Ran, Sandbox};

fn run(sandbox: &Sandbox, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = sandbox.command(arguments);
    command.env_remove("SLURM_CPUS_PER_TASK").env_remove("RAYON_NUM_THREADS");
    Ran::from(command.envs(variables.iter().copied()).output().unwrap())
}

#[test]
fn options_come_before_keys_and_keys_before_the_environment() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["threads ="]);
    let threads = |arguments: &[&str], variables: &[(&str, &str)]| {
        let ran = run(&sandbox, arguments, variables);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let line = ran.out.lines().find_map(|line| line.strip_prefix("threads = "));
        line.unwrap().parse::<usize>().unwrap()
    };
    let validate = ["validate", "x.toml"];
    let both = [("SLURM_CPUS_PER_TASK", "3"), ("RAYON_NUM_THREADS", "2")];
    assert_eq!(threads(&validate, &both), 3);
    assert_eq!(threads(&validate, &both[1..]), 2);
    assert_eq!(threads(&validate, &[("SLURM_CPUS_PER_TASK", ""), both[1]]), 2);
    let all = std::thread::available_parallelism().unwrap().get();
    assert_eq!(threads(&validate, &[("RAYON_NUM_THREADS", "0")]), all.min(1024));
    let key = ["validate", "x.toml", "--set", "threads=5"];
    assert_eq!(threads(&key, &both), 5);

    assert_eq!(run(&sandbox, &["run", "x.toml", "--threads", "1"], &both).code, Some(0));
    let provenance = |name: &str| {
        let record = support::read_run(&sandbox.path(name));
        record.info.provenance["threads"].clone()
    };
    assert_eq!(provenance("results/x.h5"), "1");
    assert_eq!(run(&sandbox, &["run", "x.toml", "--fresh"], &both).code, Some(0));
    assert_eq!(provenance("results/x.h5"), "3");
}

#[test]
fn a_variable_that_is_no_number_is_named_by_every_command() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["threads ="]);
    sandbox.succeeds(&["run", "x.toml"]);
    for arguments in [
        &["run", "x.toml", "--fresh"][..],
        &["eval", "results/x.h5"],
        &["robustness", "results/x.h5"],
        &["validate", "x.toml"],
    ] {
        let ran = run(&sandbox, arguments, &[("RAYON_NUM_THREADS", "many")]);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains("RAYON_NUM_THREADS") && ran.err.contains("many"), "{ran:?}");
    }
}

/// Matrix products reserve memory by the size of the caches; where it is not to be had they would
/// end the program by a signal.
#[cfg(target_os = "linux")]
#[test]
fn address_space_that_is_not_to_be_had_is_an_error() {
    if !std::path::Path::new("/sys/devices/system/cpu/cpu0/cache/index3/size").exists() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.experiment(&["threads ="]);
    let program = env!("CARGO_BIN_EXE_snode");
    let script = format!("ulimit -v 4000000; exec {program} run x.toml --threads 1024");
    let mut shell = std::process::Command::new("bash");
    let ran =
        Ran::from(shell.args(["-c", &script]).current_dir(sandbox.path("")).output().unwrap());
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("address space in each of 1024 threads"), "{ran:?}");
    assert!(sandbox.succeeds(&["doctor"]).out.contains("address space"));
    assert!(sandbox.succeeds(&["validate", "x.toml"]).out.contains("of address space"));
}
