//! Results computed from a run, in its file.

mod support;

use snode_ode::Endpoint;
use snode_store::{
    Appendix, Compression, StoreError, has_appendix, read_appendices, read_appendix, read_run,
    write_appendix, write_run,
};
use support::record;

fn appendix(seed: u64) -> Appendix {
    Appendix::default()
        .with_attribute("seed", seed)
        .with_attribute("scheme", "rk4")
        .with_attribute("tolerance", 0.1 + 0.2)
        .with_array("levels", &[3], vec![0.0, -1.0 / 3.0, f64::NAN])
        .with_array("accuracy", &[2, 3], (0..6).map(|i| f64::from(i) / 7.0).collect())
        .with_array("nothing", &[0, 4], Vec::new())
}

/// As `==`, but NaN is NaN.
fn same(a: &Appendix, b: &Appendix) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

#[test]
fn an_appendix_comes_back_and_leaves_the_run_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    let record = record::<f32>(3, 4, Endpoint::Excluded);
    write_run(&path, &record, Compression::RESULT).unwrap();
    assert!(!has_appendix(&path, "analysis/robustness").unwrap());
    assert!(read_appendix(&path, "analysis/robustness/rk4").unwrap().is_none());

    write_appendix(&path, "analysis/robustness/rk4", &appendix(1)).unwrap();
    write_appendix(&path, "analysis/robustness/euler", &appendix(2)).unwrap();
    // In place of the first.
    write_appendix(&path, "analysis/robustness/rk4", &appendix(u64::MAX)).unwrap();
    for (name, seed) in [("rk4", u64::MAX), ("euler", 2)] {
        let found = read_appendix(&path, &format!("analysis/robustness/{name}")).unwrap().unwrap();
        assert!(same(&found, &appendix(seed)), "{found:?}");
    }
    assert!(has_appendix(&path, "analysis").unwrap());
    write_appendix(&path, "analysis/smoothness", &appendix(3)).unwrap();
    let all = read_appendices(&path, "analysis").unwrap();
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    assert_eq!(names, ["robustness/euler", "robustness/rk4", "smoothness"]);
    assert!(same(&all["robustness/euler"], &appendix(2)));
    assert!(read_appendices(&path, "nothing").unwrap().is_empty());
    assert!(read_run::<f32>(&path).unwrap() == record);

    // A new network has no analysis yet.
    write_run(&path, &record, Compression::RESULT).unwrap();
    assert!(!has_appendix(&path, "analysis").unwrap());
}

#[test]
fn what_cannot_be_stored_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    write_run(&path, &record::<f64>(3, 4, Endpoint::Excluded), Compression::RESULT).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let unwritable = |group: &str, appendix: &Appendix| {
        let error = write_appendix(&path, group, appendix).unwrap_err();
        assert!(matches!(error, StoreError::Unwritable { .. }), "{error}");
    };
    for name in ["", "a//b", "/a", "a b", "ü", "network", "training/history"] {
        unwritable(name, &appendix(1));
    }
    let array = |shape: &[usize]| Appendix::default().with_array("x", shape, vec![1.0; 3]);
    unwritable("a", &array(&[2]));
    unwritable("a", &array(&[]));
    unwritable("a", &Appendix::default().with_attribute("a/b", 1_u64));
    let nul = Appendix::default().with_attribute("text", "a\0b");
    assert!(write_appendix(&path, "a", &nul).is_err());
    assert!(matches!(
        write_appendix(folder.path().join("none.h5"), "a", &appendix(1)),
        Err(StoreError::NotFound { .. })
    ));
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "the file was touched");
}
