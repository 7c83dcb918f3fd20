//! Results computed from a run, in its file.

use crate::support;

use std::path::Path;

use snode_ode::Endpoint;
use snode_store::{
    Appendix, Compression, StoreError, has_appendix, network_digest, read_appendices,
    read_appendix, read_run, write_appendix, write_run,
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

/// As `==`, but NaN is NaN, and the identity of the network has been added.
fn same(found: &Appendix, written: &Appendix) -> bool {
    let network = found.text(Appendix::NETWORK).unwrap();
    format!("{found:?}")
        == format!("{:?}", written.clone().with_attribute(Appendix::NETWORK, network))
}

/// Adds results of the network that is in the file.
fn add(path: &Path, group: &str, appendix: &Appendix) -> Result<(), StoreError> {
    write_appendix(path, group, appendix, &network_digest(path).unwrap(), |_| true)
}

#[test]
fn an_appendix_comes_back_and_leaves_the_run_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    let record = record::<f32>(3, 4, Endpoint::Excluded);
    write_run(&path, &record, Compression::RESULT).unwrap();
    assert!(!has_appendix(&path, "analysis/robustness").unwrap());
    assert!(read_appendix(&path, "analysis/robustness/rk4").unwrap().is_none());

    add(&path, "analysis/robustness/rk4", &appendix(1)).unwrap();
    add(&path, "analysis/robustness/euler", &appendix(2)).unwrap();
    // In place of the first.
    add(&path, "analysis/robustness/rk4", &appendix(u64::MAX)).unwrap();
    for (name, seed) in [("rk4", u64::MAX), ("euler", 2)] {
        let found = read_appendix(&path, &format!("analysis/robustness/{name}")).unwrap().unwrap();
        assert!(same(&found, &appendix(seed)), "{found:?}");
    }
    assert!(has_appendix(&path, "analysis").unwrap());
    add(&path, "analysis/smoothness", &appendix(3)).unwrap();
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
        let error = add(&path, group, appendix).unwrap_err();
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
    assert!(add(&path, "a", &nul).is_err());
    assert!(matches!(
        write_appendix(folder.path().join("none.h5"), "a", &appendix(1), "", |_| true),
        Err(StoreError::NotFound { .. })
    ));
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "the file was touched");
}

#[test]
fn several_that_write_at_the_same_time_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    write_run(&path, &record::<f64>(3, 4, Endpoint::Excluded), Compression::RESULT).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let path = &path;
            scope.spawn(move || {
                for i in 0..5 {
                    add(path, &format!("analysis/a{thread}-{i}"), &appendix(i)).unwrap();
                }
            });
        }
    });
    assert_eq!(read_appendices(&path, "analysis").unwrap().len(), 20);
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn results_of_another_network_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    let mut record = record::<f64>(3, 4, Endpoint::Excluded);
    write_run(&path, &record, Compression::RESULT).unwrap();
    let old = network_digest(&path).unwrap();
    record.network.parameters_mut().node_mut(0)[0] += 1.0;
    write_run(&path, &record, Compression::RESULT).unwrap();
    let refused = write_appendix(&path, "analysis/x", &appendix(1), &old, |_| true).unwrap_err();
    assert!(matches!(refused, StoreError::OtherNetwork { .. }), "{refused}");
    let message = refused.to_string();
    assert!(message.contains("another network than the one that was measured"), "{message}");
    assert!(!has_appendix(&path, "analysis").unwrap());
}

#[test]
fn what_is_there_is_replaced_only_if_it_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    write_run(&path, &record::<f64>(3, 4, Endpoint::Excluded), Compression::RESULT).unwrap();
    add(&path, "analysis/x", &appendix(1)).unwrap();
    let digest = network_digest(&path).unwrap();
    let write = |seed, may: bool| {
        write_appendix(&path, "analysis/x", &appendix(seed), &digest, |found| {
            assert!(same(found, &appendix(1)));
            may
        })
    };
    assert!(matches!(write(2, false), Err(StoreError::Kept { .. })));
    assert!(same(&read_appendix(&path, "analysis/x").unwrap().unwrap(), &appendix(1)));
    write(2, true).unwrap();
    assert!(same(&read_appendix(&path, "analysis/x").unwrap().unwrap(), &appendix(2)));
}
