//! Prints what a run file says of itself.
//!
//!     cargo run -p snode-store --example summary -- run.h5

fn main() {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: summary FILE");
        std::process::exit(2);
    };
    match snode_store::read_info(path) {
        Ok(run) => {
            println!("name        {}", run.info.name);
            println!("status      {} {}", run.info.status, run.info.stop_reason);
            println!("created     {} on {}", run.info.created, run.info.host);
            println!("precision   {}", run.precision);
            println!("width       {}", run.width());
            println!("nodes       {}", run.grid.nodes());
            println!("activation  {}", run.activation);
            println!("iterations  {}", run.history.iterations.len());
            if let Some(evaluation) = run.history.evaluations.last() {
                match evaluation.score.accuracy() {
                    Some(accuracy) => println!("{:<11} {accuracy}", evaluation.set),
                    None => println!("{:<11} {:?}", evaluation.set, evaluation.score.errors()),
                }
            }
            match run.position {
                Some(position) => println!("continues   at {position:?}"),
                None => println!("continues   nowhere: it is a result"),
            }
        }
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}
