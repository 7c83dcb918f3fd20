//! Several adjoint or sensitivity problems at once against one at a time.

use faer::Mat;
use snode_ode::{Activation, Grid, Initialisation, Network, Perturbation, Real, SchemeChoice};

const WIDTH: usize = 20;

/// The largest difference between r problems solved at once and one by one, adjoint and sensitivity.
fn differences<T: Real>(scheme: &str, points: usize, problems: usize) -> [f64; 2] {
    let choice = SchemeChoice::named(scheme).unwrap();
    let grid = Grid::new(1.0, 6, choice.endpoint()).unwrap();
    let network =
        Network::<T>::initial(WIDTH, grid, Activation::Tanh, Initialisation::Independent, 1);
    let value = |i: usize, j: usize| T::from_f64((1.1 * i as f64 + 0.7 * j as f64).sin());
    let x0 = Mat::from_fn(WIDTH, points, value);
    let starts = Mat::from_fn(WIDTH, problems * points, |i, j| value(i, 3 * j + 1));
    let mut scheme = choice.build::<T>().unwrap();
    let mut out = Mat::zeros(WIDTH, problems * points);
    let mut trajectory = scheme.direct(&network, x0.as_ref()).unwrap();

    let mut largest = [0.0_f64; 2];
    let mut compare = |which: usize, several: &Mat<T>, block: usize, one: faer::MatRef<'_, T>| {
        let difference = several.subcols(block * points, points) - one;
        largest[which] = largest[which].max(difference.norm_max().to_f64());
    };
    trajectory.adjoint_columns(starts.as_ref(), out.as_mut()).unwrap();
    for block in 0..problems {
        let terminal = starts.subcols(block * points, points);
        compare(0, &out, block, trajectory.adjoint(terminal, None).unwrap());
    }
    trajectory.sensitivity_columns(starts.as_ref(), out.as_mut()).unwrap();
    for block in 0..problems {
        let input = Some(starts.subcols(block * points, points));
        let along = Perturbation { parameters: None, input };
        compare(1, &out, block, trajectory.sensitivity(along).unwrap().sensitivity);
    }

    // Not a whole number of problems, or another height.
    let part = starts.subcols(0, problems * points - 1);
    let mut small = Mat::zeros(WIDTH, part.ncols());
    assert!(points == 1 || trajectory.adjoint_columns(part, small.as_mut()).is_err());
    assert!(trajectory.sensitivity_columns(starts.subrows(1, 3), out.as_mut()).is_err());
    largest
}

#[test]
fn several_problems_at_once_are_each_of_them() {
    for (points, problems) in [(1, 1), (1, 3), (7, 10), (45, 4), (130, 2)] {
        for scheme in ["euler", "rk2", "rk4"] {
            let found = differences::<f64>(scheme, points, problems);
            assert!(found.iter().all(|d| *d < 1e-14), "{scheme} {points} {problems}: {found:?}");
            let found = differences::<f32>(scheme, points, problems);
            assert!(found.iter().all(|d| *d < 1e-5), "{scheme} {points} {problems}: {found:?}");
        }
    }
}

#[cfg(feature = "adaptive")]
#[test]
fn adaptive_schemes_solve_them_one_by_one() {
    assert_eq!(differences::<f64>("dopri5", 7, 3), [0.0, 0.0]);
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let grid = Grid::new(1.0, 6, snode_ode::Endpoint::Excluded).unwrap();
    let network =
        Network::<f64>::initial(WIDTH, grid, Activation::Tanh, Initialisation::Independent, 1);
    let x0 = Mat::from_fn(WIDTH, 100, |i, j| ((i * 7 + j) as f64).sin());
    let starts = Mat::from_fn(WIDTH, 500, |i, j| ((i + j * 3) as f64).cos());
    let with_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut scheme = SchemeChoice::Euler.build::<f64>().unwrap();
            let mut out = [Mat::zeros(WIDTH, 500), Mat::zeros(WIDTH, 500)];
            let mut trajectory = scheme.direct(&network, x0.as_ref()).unwrap();
            trajectory.adjoint_columns(starts.as_ref(), out[0].as_mut()).unwrap();
            trajectory.sensitivity_columns(starts.as_ref(), out[1].as_mut()).unwrap();
            out
        })
    };
    let one = with_threads(1);
    assert!(one == with_threads(2) && one == with_threads(3));
}
