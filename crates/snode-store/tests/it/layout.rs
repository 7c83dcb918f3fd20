//! Files of every layout there has been can be read.

use std::path::Path;

use snode_ode::Precision;
use snode_store::{network_digest, read_appendix, read_info, read_network, read_run};

/// Written by snode 0.1.0 from an experiment of two mini-batches, with one analysis.
const FIRST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/layout-1.h5");

#[test]
fn layout_1_is_read() {
    let path = Path::new(FIRST);
    let info = read_info(path).unwrap();
    assert_eq!((info.precision, info.width(), info.grid.steps()), (Precision::F32, 16, 2));
    assert_eq!(info.info.name, "layout-1");
    assert_eq!(info.info.snode_version, "0.1.0");
    assert_eq!((info.history.iterations.len(), info.history.evaluations.len()), (4, 1));
    assert_eq!(network_digest(path).unwrap(), read_network::<f32>(path).unwrap().digest());
    let run = read_run::<f32>(path).unwrap();
    assert!(run.configuration.resolved.contains("conjugacy = \"fletcher-reeves\""));
    assert!(run.into_snapshot().is_some());
    let smoothness = read_appendix(path, "analysis/smoothness").unwrap().unwrap();
    assert!(smoothness.number("weights_norm").is_some());
}
