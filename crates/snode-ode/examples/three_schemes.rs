//! One network solved by three schemes, with the sensitivity of its output to its input.
//!
//!     cargo run --release -p snode-ode --example three_schemes

use faer::Mat;
use snode_ode::{
    Activation, Endpoint, Grid, Initialisation, Network, Perturbation, Problem, SchemeChoice,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Width 5, 40 steps on (0, 3], T included: only Euler does without the node there.
    let grid = Grid::new(3.0, 40, Endpoint::Included)?;
    let network = Network::<f64>::initial(5, grid, Activation::Tanh, Initialisation::Spline, 1);

    // Two data points, one a column; the first component of each is perturbed.
    let x0 = Mat::from_fn(5, 2, |i, j| (i as f64 - 2.0 * j as f64) / 5.0);
    let xi0 = Mat::from_fn(5, 2, |i, _| if i == 0 { 1.0 } else { 0.0 });

    for name in ["euler", "rk4", "dopri5"] {
        let choice = SchemeChoice::named(name).ok_or("adaptive schemes are not built in")?;
        let network = network.clone().with_endpoint(choice.endpoint());
        let mut scheme = choice.build::<f64>()?;

        let mut trajectory = scheme.direct(&network, x0.as_ref())?;
        println!("{name}, {}", trajectory.statistics(Problem::Direct));
        let perturbation = Perturbation { parameters: None, input: Some(xi0.as_ref()) };
        let solved = trajectory.sensitivity(perturbation)?;
        for j in 0..2 {
            println!("  x(T) = {:.5?}", solved.output.col(j).iter().collect::<Vec<_>>());
            println!("  ξ(T) = {:.5?}", solved.sensitivity.col(j).iter().collect::<Vec<_>>());
        }
    }
    Ok(())
}
