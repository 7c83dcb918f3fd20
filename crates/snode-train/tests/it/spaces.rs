//! The Sobolev representative: its variational identity, its closed form, and how its
//! discretisations converge to each other.

use proptest::prelude::*;
use snode_ode::{Endpoint, Grid, Parameters};
use snode_train::{Discretisation, Space};

const ALL: [Discretisation; 3] =
    [Discretisation::Tridiagonal, Discretisation::Trapezoid, Discretisation::Midpoint];

fn represent(grid: &Grid, length: f64, how: Discretisation, u: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut from = Parameters::<f64>::zeros(1, grid.nodes());
    for k in 0..grid.nodes() {
        from.node_mut(k).fill(u(grid.time(k)));
    }
    let mut to = Parameters::zeros(1, grid.nodes());
    Space::H1 { length, discretisation: how }.build(grid).unwrap().represent(&from, &mut to);
    (0..grid.nodes()).map(|k| to.node(k)[0]).collect()
}

fn grid(horizon: f64, steps: usize, closed: bool) -> Grid {
    Grid::new(horizon, steps, if closed { Endpoint::Included } else { Endpoint::Excluded }).unwrap()
}

proptest! {
    /// ⟨v, w⟩_{H¹} = ⟨u, w⟩_{L²} for every w, in the discrete inner products.
    #[test]
    fn tridiagonal_satisfies_its_variational_identity(
        steps in 1usize..40,
        closed: bool,
        horizon in 0.1_f64..30.0,
        length in 0.01_f64..20.0,
        seed in 0.0_f64..10.0,
    ) {
        let grid = grid(horizon, steps, closed);
        let u = |t: f64| (seed + 13.7 * t).sin();
        let v = represent(&grid, length, Discretisation::Tridiagonal, u);
        let coupling = length * length / grid.step();
        let scale: f64 = 1.0 + coupling;
        for j in 0..grid.nodes() {
            // w = the j-th unit vector.
            let mut left = grid.weight(j) * v[j];
            if j > 0 {
                left += coupling * (v[j] - v[j - 1]);
            }
            if j + 1 < grid.nodes() {
                left += coupling * (v[j] - v[j + 1]);
            }
            let right = grid.weight(j) * u(grid.time(j));
            prop_assert!((left - right).abs() < 1e-12 * scale, "{left} and {right}");
        }
    }

    #[test]
    fn nothing_overflows(steps in 1usize..60, horizon in 0.01_f64..1e4, length in 1e-3_f64..1e3, closed: bool) {
        let grid = grid(horizon, steps, closed);
        for how in ALL {
            let v = represent(&grid, length, how, |t| (3.0 * t).cos());
            prop_assert!(v.iter().all(|v| v.is_finite()), "{how:?}");
        }
    }
}

#[test]
fn positive_definite_means_descent() {
    let grid = grid(3.0, 50, false);
    for i in 0..20 {
        let u = |t: f64| (f64::from(i) * 2.1 * t + 0.3).sin();
        let v = represent(&grid, 1.0, Discretisation::Tridiagonal, u);
        let product: f64 = v.iter().enumerate().map(|(k, v)| v * u(grid.time(k))).sum();
        assert!(product > 0.0);
    }
}

/// v − ℓ²v″ = u with v′ = 0 at the ends: for v = cos(πt/T) it is u = (1 + ℓ²π²/T²) v.
#[test]
fn discretisations_converge_to_the_closed_form() {
    for length in [0.3, 1.0, 2.5] {
        let horizon = 3.0;
        let frequency = std::f64::consts::PI / horizon;
        let exact = |t: f64| (frequency * t).cos();
        let u = |t: f64| (1.0 + (length * frequency).powi(2)) * exact(t);
        for how in ALL {
            let error = |steps: usize| {
                let grid = grid(horizon, steps, true);
                let v = represent(&grid, length, how, u);
                (0..grid.nodes()).map(|k| (v[k] - exact(grid.time(k))).abs()).fold(0.0, f64::max)
            };
            let order = (error(40) / error(80)).log2();
            assert!(order > 1.8, "{how:?} with length {length}: order {order}");
            assert!(error(160) < 1e-3);
        }
    }
}

#[test]
fn constants_are_their_own_representatives() {
    let grid = grid(3.0, 60, false);
    for how in ALL {
        for v in represent(&grid, 1.0, how, |_| 2.0) {
            assert!((v - 2.0).abs() < 1e-3, "{how:?}: {v}");
        }
    }
}

/// The smallest eigenvalue of the midpoint operator's symmetric part at the paper's size is
/// negative: the reason for the default.
#[test]
fn the_midpoint_operator_is_slightly_indefinite() {
    let grid = grid(3.0, 150, false);
    let n = grid.nodes();
    let operator = faer::Mat::from_fn(n, n, |_, _| 0.0);
    let mut operator: faer::Mat<f64> = operator;
    for j in 0..n {
        let unit = |t: f64| if (t - grid.time(j)).abs() < 1e-9 { 1.0 } else { 0.0 };
        for (i, v) in represent(&grid, 1.0, Discretisation::Midpoint, unit).into_iter().enumerate()
        {
            operator[(i, j)] = v;
        }
    }
    let symmetric = (&operator + operator.transpose()) * faer::Scale(0.5);
    let eigenvalues = symmetric.self_adjoint_eigenvalues(faer::Side::Lower).unwrap();
    assert!((-0.004..-0.001).contains(&eigenvalues[0]), "{}", eigenvalues[0]);
}
