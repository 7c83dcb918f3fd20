//! A network into a file and out of it again.
//!
//!     cargo run -p snode-store --example save_and_load -- network.h5

use snode_ode::{Activation, Endpoint, Grid, Initialisation, Network, SolverKeys};
use snode_store::{
    Compression, Configuration, Input, Model, RunInfo, RunRecord, Status, read_network, write_run,
};
use snode_train::{Snapshot, TargetKind};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("save_and_load FILE")?;
    let grid = Grid::new(3.0, 15, Endpoint::Excluded)?;
    let network = Network::<f32>::initial(16, grid, Activation::Relu, Initialisation::Spline, 1);

    let mut info = RunInfo::new("an example", 1);
    info.status = Status::Finished;
    let model = Model {
        scheme: "euler".into(),
        solver: SolverKeys::default(),
        classes: 10,
        targets: TargetKind::Classes,
        input: Input { rows: 4, cols: 4, ..Input::default() },
    };
    let start = Snapshot::start(network.clone());
    let record = RunRecord::from_snapshot(info, Configuration::default(), model, start);
    write_run(&path, &record.without_checkpoint(), Compression::RESULT)?;

    let stored = read_network::<f32>(&path)?;
    println!("{path}: the same network again: {}", stored.network == network);
    Ok(())
}
