//! A folder with experiments, images and results can be moved as a whole.

use crate::support;

use support::{Sandbox, experiment};

#[test]
fn results_stay_those_of_the_experiment_when_the_folder_is_moved() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("a")).unwrap();
    std::fs::rename(sandbox.path("dots"), sandbox.path("a/dots")).unwrap();
    let output = "output.directory = \"r\"";
    sandbox.write("a/x.toml", &experiment(&[output]));
    let grid = experiment(&[output, "data.source = \"dots\""]) + "[grid]\nseed = [1, 2]\n";
    sandbox.write("a/g.toml", &grid);
    let in_folder = |folder: &str, arguments: &[&str]| {
        let mut command = sandbox.command(arguments);
        let ran = support::Ran::from(command.current_dir(sandbox.path(folder)).output().unwrap());
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran
    };
    in_folder("a", &["run", "x.toml", "--quiet"]);
    in_folder("a", &["run", "g.toml", "--quiet"]);
    let before = in_folder("a", &["eval", "r/x.h5"]).out;

    std::fs::rename(sandbox.path("a"), sandbox.path("b")).unwrap();
    let ran = in_folder("b", &["status", "g.toml"]);
    assert!(ran.out.contains("2 cells, 2 done"), "{ran:?}");
    let ran = in_folder("b", &["run", "g.toml"]);
    assert!(ran.err.contains("2 of 2") || ran.out.contains("2 of 2"), "{ran:?}");
    let ran = in_folder("b", &["run", "x.toml"]);
    assert!(ran.err.contains("is finished already"), "{ran:?}");
    let after = in_folder("b", &["eval", "r/x.h5"]);
    assert_eq!((after.err.as_str(), after.out.as_str()), ("", &*before.replace("/a/", "/b/")));
    in_folder("b", &["robustness", "r/x.h5", "--levels", "0"]);
    in_folder("b", &["report", "r"]);

    // Other images in the place of those are still noticed.
    let labels = std::fs::read_dir(sandbox.path("b/dots")).unwrap();
    let mut labels = labels.map(|entry| entry.unwrap().path());
    let labels = labels.find(|path| path.to_string_lossy().contains("train-labels")).unwrap();
    snode_data::idx::write_labels(&labels, &[1; support::TRAIN]).unwrap();
    let mut command = sandbox.command(&["run", "x.toml"]);
    let ran = support::Ran::from(command.current_dir(sandbox.path("b")).output().unwrap());
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("was trained on other images"), "{ran:?}");
}
