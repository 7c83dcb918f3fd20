//! Grids on a cluster, with commands in place of Slurm's that answer what a test says and note how they
//! were called. The real Slurm: scripts/check-cluster.sh.

#![cfg(unix)]

use crate::support;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use support::{Ran, Running, Sandbox, experiment};

/// A sandbox with a grid `g.toml` and commands of Slurm.
struct Cluster {
    sandbox: Sandbox,
}

const ENDLESS: [&str; 2] = ["training.epochs = 1000000", "training.checkpoint_every = 0.05"];

impl Cluster {
    fn new(lines: &[&str], grid: &str) -> Self {
        let cluster = Self { sandbox: Sandbox::new() };
        cluster.grid(lines, grid);
        std::fs::create_dir(cluster.sandbox.path("bin")).unwrap();
        let note = "echo \"${0##*/} $*\" >>../calls\n";
        let answer = |name: &str| {
            format!("cat ../{name}.says 2>/dev/null || {{ echo no {name} >&2; exit 1; }}\n")
        };
        let job = "n=$(($(cat ../jobs 2>/dev/null || echo 10) + 1))\n\
                   if [ \"$n\" -gt \"$(cat ../most)\" ]; then echo no more jobs >&2; exit 1; fi\n\
                   echo \"$n\" >../jobs\necho \"$n;cluster\"\n";
        let control = "case \"$*\" in 'show config') echo 'MaxArraySize = 6' ;; *show*job*) cat ../state ;; esac\n";
        for (name, body) in [
            ("sbatch", job.to_owned()),
            ("squeue", answer("squeue")),
            ("sacct", answer("sacct")),
            ("scontrol", control.to_owned()),
            ("scancel", String::new()),
        ] {
            cluster.program(name, &format!("cd \"$(dirname \"$0\")\"\n{note}{body}"));
        }
        cluster.sandbox.write("most", "1000");
        cluster.sandbox.write("squeue.says", "");
        cluster.sandbox.write("state", "JobId=1 JobState=RUNNING Reason=None\n");
        cluster
    }

    fn program(&self, name: &str, body: &str) {
        let name = format!("bin/{name}");
        self.sandbox.write(&name, &format!("#!/bin/sh\n{body}"));
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.sandbox.path(&name), executable).unwrap();
    }

    fn grid(&self, lines: &[&str], grid: &str) {
        let lines = [&["threads = 1", "training.batches = 1"], lines].concat();
        self.sandbox.write("g.toml", &(experiment(&lines) + grid));
    }

    fn set_up(&self, command: &mut Command) {
        let path = std::env::var("PATH").unwrap();
        let folder = self.sandbox.path("bin");
        command.env("PATH", format!("{}:{path}", folder.display()));
        command.env("XDG_CONFIG_HOME", self.sandbox.path("config"));
        command.env_remove("SLURM_CPUS_PER_TASK");
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.sandbox.command(arguments);
        self.set_up(&mut command);
        Ran::from(command.output().unwrap())
    }

    #[track_caller]
    fn succeeds(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran
    }

    #[track_caller]
    fn fails(&self, arguments: &[&str], code: i32, parts: &[&str]) {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {ran:?}");
        for part in parts {
            assert!(ran.err.contains(part), "{arguments:?}: no `{part}` in {ran:?}");
        }
    }

    /// The script of the last submission, run as Slurm runs it: a task of the array behind `offset`.
    fn task(&self, job: u64, offset: usize, index: usize) -> Command {
        let mut command = Command::new("sh");
        command.arg(self.submissions().pop().unwrap().join("job.sh")).arg(offset.to_string());
        command.env("SLURM_ARRAY_JOB_ID", job.to_string());
        command.env("SLURM_ARRAY_TASK_ID", index.to_string());
        command.current_dir(self.sandbox.path(""));
        self.set_up(&mut command);
        command
    }

    fn submissions(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.sandbox.path("results/submissions"));
        let folders = entries.into_iter().flatten().map(|entry| entry.unwrap().path());
        let mut folders: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
        folders.sort();
        folders
    }

    /// The calls of a command so far.
    fn calls(&self, name: &str) -> Vec<String> {
        let calls = std::fs::read_to_string(self.sandbox.path("calls")).unwrap_or_default();
        let of_it = calls.lines().filter_map(|line| line.strip_prefix(&format!("{name} ")));
        of_it.map(str::to_owned).collect()
    }

    /// What squeue says: a job, an index, a state, a reason, a node and an exit status a line.
    fn squeue(&self, lines: &[(u64, usize, &str, &str, &str, &str)]) {
        let line = |(job, index, state, reason, node, code): &(_, _, _, _, _, _)| {
            format!("{job}|{index}|{state}|{reason}|{node}|2026-01-31T12:00:00|{code}|\n")
        };
        self.sandbox.write("squeue.says", &lines.iter().map(line).collect::<String>());
    }

    /// The states of the cells, each with what is said of it.
    fn states(&self) -> Vec<(String, String)> {
        let status = self.succeeds(&["status", "g.toml", "--json"]).json_lines().remove(0);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let cells = status["cells"].as_array().unwrap().iter();
        cells.map(|cell| (text(&cell["state"]), text(&cell["detail"]))).collect()
    }

    fn names(&self) -> Vec<String> {
        self.states().into_iter().map(|(name, _)| name).collect()
    }
}

#[test]
fn a_submission_is_what_the_grid_was() {
    let cluster = Cluster::new(&[], "seeds = 12\n");
    let dry = cluster.succeeds(&["submit", "g.toml", "--dry-run", "--parallel", "4"]).out;
    assert!(dry.contains("exec '") && dry.matches("\nsbatch --parsable").count() == 3, "{dry}");
    assert!(cluster.submissions().is_empty() && cluster.calls("sbatch").is_empty());

    let told = cluster.succeeds(&["submit", "g.toml", "--parallel", "4", "--time", "2"]).out;
    assert!(told.contains("g: 12 of 12 cells submitted, in 12 tasks; jobs 11, 12, 13"), "{told}");
    let calls = cluster.calls("sbatch");
    for (call, (array, offset)) in
        calls.iter().zip([("1-5%1", "0"), ("1-5%1", "5"), ("1-2%2", "10")])
    {
        for part in [
            &format!("--array={array} "),
            "--requeue",
            "--signal=B:TERM@60",
            "--cpus-per-task=1",
            "--time=2 ",
            "/%A_%a.out",
        ] {
            assert!(call.contains(part), "no {part} in {call}");
        }
        assert!(call.ends_with(&format!("/job.sh {offset}")), "{call}");
    }
    // Nothing of it is read again.
    cluster.sandbox.write("g.toml", "seed = ");
    for (job, offset, indices) in [(11, 0, 1..=5), (12, 5, 1..=5), (13, 10, 1..=2)] {
        for index in indices {
            let ran = Ran::from(cluster.task(job, offset, index).output().unwrap());
            assert_eq!(ran.code, Some(0), "{ran:?}");
        }
    }
    let status = cluster.succeeds(&["status", "results"]).out;
    assert!(status.contains("g: 12 cells, 12 done"), "{status}");
    let ran = Ran::from(cluster.task(13, 10, 3).output().unwrap());
    assert!(ran.code == Some(2) && ran.err.contains("no task 13"), "{ran:?}");
    cluster.grid(&[], "seeds = 12\n");
    let told = cluster.succeeds(&["submit", "g.toml"]).out;
    assert!(told.contains("nothing to submit") && cluster.submissions().len() == 1, "{told}");
}

#[test]
fn what_is_done_or_queued_is_not_submitted_again_and_what_is_lost_is() {
    let cluster = Cluster::new(&[], "seeds = 6\n");
    cluster.succeeds(&["run", "g.toml", "--cell", "1", "--quiet"]);
    cluster.succeeds(&["submit", "g.toml"]);
    assert!(cluster.calls("sbatch")[0].contains("--array=1-5 "));
    cluster.squeue(&[
        (11, 1, "PENDING", "Priority", "", "0"),
        (11, 2, "RUNNING", "None", "n2", "0"),
        (11, 3, "FAILED", "JobLaunchFailure", "n1", "9"),
        (11, 4, "CANCELLED", "None", "n1", "15"),
    ]);
    let states = cluster.states();
    let names: Vec<&str> = states.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["done", "queued", "running", "lost", "missing", "lost"]);
    assert_eq!(states[1].1, "job 11_1, Priority");
    assert_eq!(states[2].1, "job 11_2 on n2, since 2026-01-31T12:00:00");
    assert!(states[3].1.contains("11_3: FAILED, signal 9 (memory"), "{states:?}");
    assert!(states[5].1.contains("no longer knows"), "{states:?}");
    assert_eq!(cluster.calls("squeue").len(), 1, "one call a command");
    // Accounts know more.
    cluster.sandbox.write("sacct.says", "11_5|TIMEOUT|0:15|n1\n11_1|FAILED|1:0|n1\n");
    let states = cluster.states();
    assert!(states[5].1.contains("11_5: TIMEOUT") && states[1].0 == "queued", "{states:?}");

    let told = cluster.succeeds(&["submit", "g.toml", "--only", "lost"]).out;
    assert!(told.contains("2 of 6 cells submitted"), "{told}");
    let told = cluster.succeeds(&["run", "g.toml", "--only", "lost", "--dry-run"]).out;
    assert!(told.contains("2 cells to run"), "{told}");
    cluster
        .sandbox
        .write("sacct.says", "11_5|TIMEOUT|0:15|n1\n12_1|PENDING|0:0|\n12_2|PENDING|0:0|\n");
    let told = cluster.succeeds(&["submit", "g.toml"]).out;
    assert!(told.contains("1 of 6 cells submitted"), "{told}");
}

#[test]
fn without_squeue_the_files_are_right_and_nothing_is_submitted_twice() {
    let cluster = Cluster::new(&[], "seeds = 3\n");
    cluster.succeeds(&["submit", "g.toml"]);
    assert_eq!(Ran::from(cluster.task(11, 0, 2).output().unwrap()).code, Some(0));
    std::fs::remove_file(cluster.sandbox.path("squeue.says")).unwrap();
    let ran = cluster.succeeds(&["status", "g.toml"]);
    assert!(ran.out.contains("g: 3 cells, 1 done, 2 missing"), "{ran:?}");
    assert!(ran.err.contains("files alone") && ran.err.contains("squeue: no squeue"), "{ran:?}");
    cluster.fails(&["submit", "g.toml"], 1, &["squeue"]);
    cluster.fails(&["run", "g.toml", "--only", "queued"], 1, &["squeue"]);
    assert_eq!(cluster.calls("sbatch").len(), 1);
}

#[test]
fn a_refusal_says_what_was_taken() {
    let cluster = Cluster::new(&[], "seeds = 12\n");
    cluster.sandbox.write("most", "12");
    let parts = ["sbatch: no more jobs", "tasks 1 to 10 of 12", "jobs 11, 12", "again later"];
    cluster.fails(&["submit", "g.toml"], 1, &parts);
    let pending: Vec<_> = [11, 12]
        .into_iter()
        .flat_map(|job| (1..=5).map(move |index| (job, index, "PENDING", "Priority", "", "0")))
        .collect();
    cluster.squeue(&pending);
    cluster.fails(&["submit", "g.toml"], 1, &["no more jobs"]);
    assert_eq!(cluster.submissions().len(), 1, "nothing is left of a submission without jobs");
    cluster.sandbox.write("most", "100");
    let told = cluster.succeeds(&["submit", "g.toml"]).out;
    assert!(told.contains("2 of 12 cells submitted"), "{told}");
}

#[test]
fn options_come_from_the_user_and_from_the_command_line() {
    let cluster = Cluster::new(&["threads = 3"], "seeds = 3\n");
    std::fs::create_dir_all(cluster.sandbox.path("config/snode")).unwrap();
    cluster.sandbox.write("config/snode/config.toml", "[submit]\naccount = \"a\"\nqos = \"q\"\n");
    let submit = ["submit", "g.toml", "--cells-per-task", "2", "--", "--mem=2G", "--qos=other"];
    cluster.succeeds(&submit);
    let call = cluster.calls("sbatch").remove(0);
    let options = "--cpus-per-task=3 --account=a --qos=q --mem=2G --qos=other ";
    assert!(call.contains(options) && call.contains("--array=1-2 "), "{call}");
    // The processors that Slurm gives are the threads.
    let mut task = cluster.task(11, 0, 1);
    let ran = Ran::from(task.env("SLURM_CPUS_PER_TASK", "2").output().unwrap());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(cluster.names(), ["done", "done", "lost"]);
    cluster.fails(&["submit", "g.toml", "--", "--array=1-2"], 2, &["--array=1-2", "itself"]);
    cluster.sandbox.write("config/snode/config.toml", "[submit]\nuser = \"a\"\n");
    cluster.fails(&["submit", "g.toml"], 2, &["config.toml:2", "user", "partition"]);
}

/// Starts the first task of a grid of one cell, and waits until it has written checkpoints.
fn started(cluster: &Cluster) -> Running {
    let task = Running::start(cluster.task(11, 0, 1));
    let cells = cluster.sandbox.path("results/cells");
    let is_there = |ending: &str| {
        let entries = std::fs::read_dir(&cells).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.file_name().to_string_lossy().ends_with(ending))
    };
    let begin = std::time::Instant::now();
    while !(is_there(".lock") && is_there(".checkpoint.h5")) {
        assert!(begin.elapsed().as_secs() < 60, "no checkpoint");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    task
}

#[test]
fn a_task_that_is_stopped_further_on_is_queued_again_so_often() {
    let cluster = Cluster::new(&[&["training.batches ="], &ENDLESS[..]].concat(), "seeds = 1\n");
    cluster.succeeds(&["submit", "g.toml", "--requeues", "1"]);
    let stopped = || {
        let task = started(&cluster);
        task.signal("-TERM");
        task.finish()
    };
    let ran = stopped();
    assert!(ran.code == Some(130) && ran.err.contains("queued again (1 of 1)"), "{ran:?}");
    assert_eq!(cluster.calls("scontrol").last().unwrap(), "requeue 11_1");
    cluster.squeue(&[(11, 1, "PENDING", "BeginTime", "", "0")]);
    assert_eq!(cluster.names(), ["queued"]);
    cluster.squeue(&[(11, 1, "FAILED", "NonZeroExitCode", "n1", "33280")]);
    let states = cluster.states();
    assert!(states[0].0 == "lost" && states[0].1.contains("exit code 130"), "{states:?}");
    let ran = stopped();
    assert!(ran.code == Some(130) && ran.err.contains("done 1 times already"), "{ran:?}");
    let requeues = || {
        let calls = cluster.calls("scontrol");
        calls.iter().filter(|call| call.starts_with("requeue")).count()
    };
    assert_eq!(requeues(), 1);
    // Who cancels a job does not want it back.
    cluster.succeeds(&["submit", "g.toml"]);
    cluster.sandbox.write("state", "JobId=1 JobState=CANCELLED Reason=None\n");
    let ran = stopped();
    assert!(ran.code == Some(130) && ran.err.contains("CANCELLED"), "{ran:?}");
    assert_eq!(requeues(), 1);
}

#[test]
fn a_cell_of_another_process_is_tried_again_later() {
    let cluster = Cluster::new(&[&["training.batches ="], &ENDLESS[..]].concat(), "seeds = 1\n");
    let mut run =
        Running::start(cluster.sandbox.command(&["run", "g.toml", "--cell", "1", "--json"]));
    run.wait_for("iteration", 1);
    assert_eq!(cluster.names(), ["running"]);
    let told = cluster.succeeds(&["submit", "g.toml"]).out;
    assert!(told.contains("nothing to submit"), "{told}");
    run.signal("-TERM");
    assert_eq!(run.finish().code, Some(130));
    cluster.succeeds(&["submit", "g.toml"]);
    let mut run =
        Running::start(cluster.sandbox.command(&["run", "g.toml", "--cell", "1", "--json"]));
    run.wait_for("iteration", 1);
    let ran = Ran::from(cluster.task(11, 0, 1).output().unwrap());
    assert!(ran.code == Some(75) && ran.err.contains("queued again"), "{ran:?}");
    assert_eq!(cluster.calls("scontrol").last().unwrap(), "requeue 11_1");
    run.signal("-TERM");
    run.finish();
}

#[test]
fn tasks_of_cells_are_cancelled() {
    let cluster = Cluster::new(&[], "seeds = 8\n");
    cluster.succeeds(&["cancel", "g.toml"]);
    cluster.succeeds(&["submit", "g.toml"]);
    let pending: Vec<_> =
        (1..=5).map(|index| (11, index, "PENDING", "Priority", "", "0")).collect();
    cluster.squeue(&[&pending[..], &[(12, 1, "RUNNING", "None", "n1", "0")]].concat());
    let told = cluster.succeeds(&["cancel", "g.toml", "--only", "seed=5", "--only", "seed=3"]).out;
    assert!(told.contains("cancelled: 11_[1,3]"), "{told}");
    assert_eq!(cluster.calls("scancel"), ["11_[1,3]"]);
    let told = cluster.succeeds(&["cancel", "g.toml", "--skip", "seed=4"]).out;
    assert!(told.contains("11_[1,3-5] 12_[1]"), "{told}");
    // What Slurm forgets of them is no loss.
    cluster.squeue(&[]);
    let lost = cluster.names().iter().filter(|name| *name == "lost").count();
    assert_eq!(lost, 3);
}

/// An analysis cannot be stopped half-way; those before it are kept, and count as progress.
#[test]
fn a_task_that_is_stopped_while_it_measures_goes_on_with_what_is_missing() {
    let cluster = Cluster::new(
        &["analysis.robustness.draws = 1000000"],
        "seeds = 1\n[analysis.smoothness]\n",
    );
    cluster.succeeds(&["submit", "g.toml"]);
    let stopped = || {
        let mut command = cluster.task(11, 0, 1);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
        let child = command.spawn().unwrap();
        let begin = std::time::Instant::now();
        let is_measuring = || {
            let entries = std::fs::read_dir(cluster.sandbox.path("results/cells"));
            let paths = entries.into_iter().flatten().flatten().map(|entry| entry.path());
            let mut logs = paths.filter(|path| path.extension().is_some_and(|end| end == "log"));
            let log = logs.next().and_then(|log| std::fs::read_to_string(log).ok());
            log.is_some_and(|log| log.contains("measuring: robustness"))
        };
        while !is_measuring() {
            assert!(begin.elapsed().as_secs() < 60, "nothing is measured");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let ran = Ran::from(child.wait_with_output().unwrap());
        // What the next start says is not what this one has said.
        for entry in std::fs::read_dir(cluster.sandbox.path("results/cells")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "log") {
                std::fs::remove_file(path).unwrap();
            }
        }
        ran
    };
    let ran = stopped();
    assert!(ran.code == Some(130) && ran.err.contains("queued again (1 of 10)"), "{ran:?}");
    let states = cluster.states();
    assert!(states[0].0 == "lost" && states[0].1.contains("robustness"), "{states:?}");
    // An analysis that takes longer than a task may is not tried for ever.
    let ran = stopped();
    assert!(ran.code == Some(131) && ran.err.contains("nothing is further"), "{ran:?}");
}
