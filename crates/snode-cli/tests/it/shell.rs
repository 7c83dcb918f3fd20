//! What the program offers to shells and readers.

use crate::support;

use support::Sandbox;

#[test]
fn shells_get_completions() {
    let sandbox = Sandbox::new();
    for (shell, part) in [
        ("bash", "complete -F _snode"),
        ("zsh", "#compdef snode"),
        ("fish", "complete -c snode"),
        ("elvish", "set edit:completion"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = sandbox.succeeds(&["completions", shell]).out;
        assert!(script.contains(part) && script.contains("robustness"), "{shell}");
    }
    sandbox.fails(&["completions", "tcsh"], 2, &["tcsh", "bash"]);
}

#[test]
fn there_are_manual_pages() {
    let sandbox = Sandbox::new();
    let page = sandbox.succeeds(&["man"]).out;
    assert!(page.contains(".TH snode 1"), "{page}");
    sandbox.succeeds(&["man", "--to", "pages/man1"]);
    for name in ["snode.1", "snode-run.1", "snode-data-import.1"] {
        let page = std::fs::read_to_string(sandbox.path("pages/man1").join(name)).unwrap();
        assert!(page.contains("snode"), "{name}");
    }
    sandbox.fails(&["man", "--to", "dots/train-images-idx3-ubyte"], 1, &["cannot make the folder"]);
}

/// Colours are for terminals; a pipe gets none.
#[test]
fn a_pipe_gets_no_colours() {
    let sandbox = Sandbox::new();
    for arguments in [&["--help"][..], &["run", "--help"], &["run", "--nothing"]] {
        let ran = sandbox.run(arguments);
        assert!(!ran.out.contains('\x1b') && !ran.err.contains('\x1b'), "{arguments:?}");
    }
}

#[test]
fn the_doctor_tells_what_there_is() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    let text = sandbox.succeeds(&["doctor", "x.toml"]).out;
    for part in ["HDF5 library", "threads", "GFLOP/s", "free disk", "there is enough"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    sandbox.fails(&["doctor", "none.toml"], 2, &["none.toml"]);
}
