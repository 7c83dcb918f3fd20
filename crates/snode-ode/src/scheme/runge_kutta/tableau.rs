//! Butcher tableaux of explicit methods.

use std::ops::Range;

/// The most stages a tableau here has.
pub(super) const MOST_STAGES: usize = 4;

/// An explicit Runge–Kutta method: stages at t_k + c_i h with
///
/// Y_i = X_k + h Σ_{j<i} a_ij K_j,  X_{k+1} = X_k + h Σ_i b_i K_i.
///
/// The end of the step is treated as one stage more, Y_s = X_{k+1} with a_sj = b_j.
#[derive(Debug)]
pub(super) struct Tableau {
    /// The method's name in configurations and files.
    pub name: &'static str,
    /// a_ij for j < i; the last row is b.
    rows: &'static [&'static [f64]],
    /// c_i.
    abscissae: &'static [f64],
    /// The c_i strictly between 0 and 1, each once.
    pub between: &'static [f64],
}

/// The explicit midpoint rule, of order 2.
pub(super) static MIDPOINT: Tableau = Tableau {
    name: "rk2",
    rows: &[&[], &[0.5], &[0.0, 1.0]],
    abscissae: &[0.0, 0.5],
    between: &[0.5],
};

/// The classical method of order 4.
pub(super) static CLASSICAL: Tableau = Tableau {
    name: "rk4",
    rows: &[
        &[],
        &[0.5],
        &[0.0, 0.5],
        &[0.0, 0.0, 1.0],
        &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
    ],
    abscissae: &[0.0, 0.5, 0.5, 1.0],
    between: &[0.5],
};

/// Where a stage of step k reads the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// At node k + 0 or k + 1.
    Node(usize),
    /// Between the two, at this one of [`Tableau::between`].
    Between(usize),
}

impl Tableau {
    /// s.
    pub fn stages(&self) -> usize {
        self.abscissae.len()
    }

    /// Where stage i reads.
    pub fn reading(&self, i: usize) -> Reading {
        let c = self.abscissae[i];
        match self.between.iter().position(|&between| between == c) {
            Some(number) => Reading::Between(number),
            None => Reading::Node(usize::from(c > 0.0)),
        }
    }

    /// The later stages j to which K_i contributes: (j, a_ji, whether it is the first to do so).
    pub fn contributions(&self, i: usize) -> impl Iterator<Item = (usize, f64, bool)> {
        self.rows.iter().enumerate().skip(i + 1).filter(move |(_, row)| row[i] != 0.0).map(
            move |(j, row)| {
                let first = row[..i].iter().all(|&before| before == 0.0);
                (j, row[i], first)
            },
        )
    }

    /// Runs of stages that follow each other and read at one time.
    pub fn runs(&self) -> impl Iterator<Item = (Reading, Range<usize>)> {
        let mut begin = 0;
        std::iter::from_fn(move || {
            let reading = (begin < self.stages()).then(|| self.reading(begin))?;
            let end = (begin..self.stages()).find(|&i| self.reading(i) != reading);
            let run = begin..end.unwrap_or(self.stages());
            begin = run.end;
            Some((reading, run))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(&Tableau, usize); 2] = [(&MIDPOINT, 2), (&CLASSICAL, 4)];

    #[test]
    fn tableaux_are_explicit_and_complete() {
        for (tableau, _) in ALL {
            let s = tableau.stages();
            assert!(s <= MOST_STAGES && tableau.rows.len() == s + 1);
            assert_eq!(tableau.abscissae[0], 0.0);
            for (i, row) in tableau.rows.iter().enumerate() {
                assert_eq!(row.len(), i);
                // Every state but the first is begun by a contribution, and by one only.
                let begun = (0..i).flat_map(|from| tableau.contributions(from));
                assert_eq!(
                    begun.filter(|&(j, _, first)| j == i && first).count(),
                    usize::from(i > 0)
                );
                let sum: f64 = row.iter().sum();
                let c = tableau.abscissae.get(i).copied().unwrap_or(1.0);
                assert!((sum - c).abs() < 1e-15, "{} row {i}", tableau.name);
            }
            for (i, &c) in tableau.abscissae.iter().enumerate() {
                let read = match tableau.reading(i) {
                    Reading::Node(offset) => offset as f64,
                    Reading::Between(number) => tableau.between[number],
                };
                assert_eq!(read, c);
            }
            let runs: Vec<usize> = tableau.runs().flat_map(|(_, run)| run).collect();
            assert_eq!(runs, (0..s).collect::<Vec<_>>());
        }
    }

    /// Σ b_i Φ_i = 1/γ for every rooted tree of up to four vertices.
    #[test]
    fn order_conditions_hold() {
        for (tableau, order) in ALL {
            let s = tableau.stages();
            let (b, c) = (tableau.rows[s], tableau.abscissae);
            let a = |f: &dyn Fn(usize) -> f64, i: usize| -> f64 {
                tableau.rows[i].iter().enumerate().map(|(j, a)| a * f(j)).sum()
            };
            let sum = |f: &dyn Fn(usize) -> f64| -> f64 { (0..s).map(|i| b[i] * f(i)).sum() };
            let trees = [
                (1, sum(&|_| 1.0), 1.0),
                (2, sum(&|i| c[i]), 1.0 / 2.0),
                (3, sum(&|i| c[i] * c[i]), 1.0 / 3.0),
                (3, sum(&|i| a(&|j| c[j], i)), 1.0 / 6.0),
                (4, sum(&|i| c[i].powi(3)), 1.0 / 4.0),
                (4, sum(&|i| c[i] * a(&|j| c[j], i)), 1.0 / 8.0),
                (4, sum(&|i| a(&|j| c[j] * c[j], i)), 1.0 / 12.0),
                (4, sum(&|i| a(&|j| a(&|l| c[l], j), i)), 1.0 / 24.0),
            ];
            for (vertices, value, expected) in trees {
                if vertices <= order {
                    assert!((value - expected).abs() < 1e-15, "{} {vertices}", tableau.name);
                }
            }
        }
    }
}
