//! Devices: chosen by option or key, refused with a reason, and equal to the CPU number by number.

use crate::support;

use support::{Sandbox, read_run};

#[test]
fn a_run_on_an_opencl_device_is_the_cpus() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["output.directory = \"cpu\""]);
    sandbox.succeeds(&["run", "x.toml"]);
    sandbox.experiment(&["output.directory = \"own\""]);
    let ran = sandbox.run(&["run", "x.toml", "--device", "opencl"]);
    if ran.code == Some(2) {
        assert!(ran.err.contains("device = \"opencl\": "), "{}", ran.err);
        eprintln!("skipped: {}", ran.err);
        return;
    }
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let [cpu, own] = ["cpu/x.h5", "own/x.h5"].map(|file| read_run(&sandbox.path(file)));
    assert_eq!(own.network.parameters(), cpu.network.parameters());
    let costs = |run: &snode_store::RunRecord<f64>| -> Vec<u64> {
        run.history.iterations.iter().map(|it| it.iteration.cost.total().to_bits()).collect()
    };
    assert_eq!(costs(&own), costs(&cpu));
    assert_eq!(cpu.info.provenance["device"], "cpu");
    assert!(own.info.provenance["device"].starts_with("opencl device 0: "));

    sandbox.experiment(&["network.scheme = \"rk4\"", "output.directory = \"rk4\""]);
    let parts = ["device = \"opencl\"", "found the scheme rk4", "expected euler"];
    sandbox.fails(&["run", "x.toml", "--device", "opencl"], 2, &parts);
}

#[test]
fn a_device_that_is_not_there_is_refused_with_advice() {
    let sandbox = Sandbox::new();
    sandbox.write("gpu.toml", &format!("device = \"gpu\"\n{}", support::experiment(&[])));
    sandbox.fails(&["run", "gpu.toml"], 2, &["gpu.toml", "device", "gpu", "opencl", "cuda"]);
    sandbox.write("x.toml", &format!("device = \"cuda\"\n{}", support::experiment(&[])));
    let ran = sandbox.run(&["run", "x.toml"]);
    if ran.code != Some(0) {
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(
            ran.err.contains("device = \"cuda\": ") && ran.err.contains("found no"),
            "{}",
            ran.err
        );
    }
    // The option stands before the key.
    sandbox.succeeds(&["run", "x.toml", "--device", "cpu"]);
}
