//! Embedded Runge–Kutta pairs beside the one diffsol has.
//!
//! Coefficients: a of the stages, c of their times, b of the step, d = b − b̂ of the error estimate,
//! and β of the polynomial that gives the state inside a step where the method has its own.

use diffsol::{Tableau, TableauMat, TableauVec};

fn vector(values: &[f64]) -> TableauVec<f64> {
    TableauVec::from_slice(values)
}

/// A matrix from its rows.
fn matrix<const ROWS: usize, const COLUMNS: usize>(
    rows: [[f64; COLUMNS]; ROWS],
) -> TableauMat<f64> {
    let mut matrix = TableauMat::zeros(ROWS, COLUMNS);
    for (i, row) in rows.iter().enumerate() {
        for (j, value) in row.iter().enumerate() {
            matrix[(i, j)] = *value;
        }
    }
    matrix
}

/// Dormand and Prince 1980, with the quartic of `ode45`.
pub(super) fn dormand_prince() -> Tableau<f64> {
    let b = [35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0, 0.0];
    let a = matrix([
        [0.0; 7],
        [1.0 / 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [3.0 / 40.0, 9.0 / 40.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0, 0.0, 0.0, 0.0, 0.0],
        [19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0, 0.0, 0.0, 0.0],
        [
            9017.0 / 3168.0,
            -355.0 / 33.0,
            46732.0 / 5247.0,
            49.0 / 176.0,
            -5103.0 / 18656.0,
            0.0,
            0.0,
        ],
        b,
    ]);
    let c = [0.0, 1.0 / 5.0, 3.0 / 10.0, 4.0 / 5.0, 8.0 / 9.0, 1.0, 1.0];
    let d = [
        71.0 / 57600.0,
        0.0,
        -71.0 / 16695.0,
        71.0 / 1920.0,
        -17253.0 / 339_200.0,
        22.0 / 525.0,
        -1.0 / 40.0,
    ];
    let beta = matrix([
        [1.0, -183.0 / 64.0, 37.0 / 12.0, -145.0 / 128.0],
        [0.0; 4],
        [0.0, 1500.0 / 371.0, -1000.0 / 159.0, 1000.0 / 371.0],
        [0.0, -125.0 / 32.0, 125.0 / 12.0, -375.0 / 64.0],
        [0.0, 9477.0 / 3392.0, -729.0 / 106.0, 25515.0 / 6784.0],
        [0.0, -11.0 / 7.0, 11.0 / 3.0, -55.0 / 28.0],
        [0.0, 3.0 / 2.0, -4.0, 5.0 / 2.0],
    ]);
    Tableau::new(a, vector(&b), vector(&c), vector(&d), 4, Some(beta))
}

/// Bogacki and Shampine 1989; inside a step the cubic through states and slopes at its ends, as in
/// `ode23`.
pub(super) fn bogacki_shampine() -> Tableau<f64> {
    let b = [2.0 / 9.0, 1.0 / 3.0, 4.0 / 9.0, 0.0];
    let a = matrix([[0.0; 4], [0.5, 0.0, 0.0, 0.0], [0.0, 0.75, 0.0, 0.0], b]);
    let c = [0.0, 0.5, 0.75, 1.0];
    let d = [-5.0 / 72.0, 1.0 / 12.0, 1.0 / 9.0, -1.0 / 8.0];
    Tableau::new(a, vector(&b), vector(&c), vector(&d), 2, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Σ b_i c_i^{k−1} = 1/k and Σ b_i a_ij c_j^{k-1} = 1/(k(k+1)): what a method of that order
    /// satisfies at least.
    fn check_order(tableau: &Tableau<f64>, weights: &[f64], order: usize) {
        let (s, c) = (tableau.s(), tableau.c().as_slice());
        for k in 1..=order {
            let power = |c: f64| (1..k).map(|_| c).product::<f64>();
            let sum: f64 = (0..s).map(|i| weights[i] * power(c[i])).sum();
            assert!((sum - 1.0 / k as f64).abs() < 1e-14, "order {k}: {sum}");
            if k < order {
                let tall: f64 = (0..s)
                    .flat_map(|i| (0..s).map(move |j| (i, j)))
                    .map(|(i, j)| weights[i] * tableau.a(i, j) * power(c[j]))
                    .sum();
                assert!((tall - 1.0 / (k * (k + 1)) as f64).abs() < 1e-14, "tall {k}: {tall}");
            }
        }
    }

    #[test]
    fn pairs_satisfy_the_conditions_of_their_orders() {
        for (tableau, order) in [(dormand_prince(), 5), (bogacki_shampine(), 3)] {
            let (b, d) = (tableau.b().as_slice(), tableau.d().as_slice());
            check_order(&tableau, b, order);
            let embedded: Vec<f64> = b.iter().zip(d).map(|(b, d)| b - d).collect();
            check_order(&tableau, &embedded, order - 1);
            for i in 0..tableau.s() {
                let row: f64 = (0..tableau.s()).map(|j| tableau.a(i, j)).sum();
                assert!((row - tableau.c()[i]).abs() < 1e-13, "row {i}");
            }
        }
    }

    #[test]
    fn the_polynomial_inside_a_step_ends_at_the_step() {
        let tableau = dormand_prince();
        let beta = tableau.beta_t().unwrap().transposed();
        for i in 0..7 {
            let end: f64 = (0..4).map(|k| beta[(i, k)]).sum();
            assert!((end - tableau.b()[i]).abs() < 1e-14, "stage {i}");
        }
    }
}
