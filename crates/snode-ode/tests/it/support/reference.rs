//! A tanh network by textbook formulas in plain loops over dual numbers: what the schemes are
//! compared with, derivatives included.

use std::ops::{Add, Mul};

use snode_ode::Interpolation;

/// a + ε a′ with ε² = 0: a number and its derivative.
#[derive(Clone, Copy, Debug)]
pub struct Dual(pub f64, pub f64);

impl Add for Dual {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1 + other.1)
    }
}

impl Mul for Dual {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self(self.0 * other.0, self.0 * other.1 + self.1 * other.0)
    }
}

impl Mul<Dual> for f64 {
    type Output = Dual;
    fn mul(self, other: Dual) -> Dual {
        Dual(self * other.0, self * other.1)
    }
}

fn tanh(z: Dual) -> Dual {
    let value = z.0.tanh();
    Dual(value, (1.0 - value * value) * z.1)
}

/// Weights (column by column) and biases.
pub type Node = Vec<Dual>;
type State = Vec<Dual>;

/// tanh(W x + b).
fn right_hand_side(node: &Node, x: &State) -> State {
    let n = x.len();
    (0..n)
        .map(|i| {
            let mut z = node[n * n + i];
            for j in 0..n {
                z = z + node[j * n + i] * x[j];
            }
            tanh(z)
        })
        .collect()
}

fn plus(x: &State, factor: f64, k: &State) -> State {
    x.iter().zip(k).map(|(&x, &k)| x + factor * k).collect()
}

/// The value in the middle of the interval from node k on.
fn middle(how: Interpolation, nodes: &[Node], k: usize) -> Node {
    let last = nodes.len() - 1;
    let terms = match how {
        Interpolation::Constant => vec![(k, 1.0)],
        Interpolation::Hermite if last > 1 && k == 0 => vec![(0, 7.0), (1, 10.0), (2, -1.0)],
        Interpolation::Hermite if last > 1 && k + 1 == last => {
            vec![(k - 1, -1.0), (k, 10.0), (k + 1, 7.0)]
        }
        Interpolation::Hermite if last > 1 => {
            vec![(k - 1, -1.0), (k, 9.0), (k + 1, 9.0), (k + 2, -1.0)]
        }
        _ => vec![(k, 1.0), (k + 1, 1.0)],
    };
    let sum: f64 = terms.iter().map(|(_, weight)| weight).sum();
    let value = |i: usize| {
        terms.iter().fold(Dual(0.0, 0.0), |s, &(l, weight)| s + weight / sum * nodes[l][i])
    };
    (0..nodes[0].len()).map(value).collect()
}

/// One step of the method called `name`, with what is at its beginning, middle and end.
fn step(name: &str, h: f64, [begin, middle, end]: [&Node; 3], x: &State) -> State {
    match name {
        "rk2" => {
            let k1 = right_hand_side(begin, x);
            plus(x, h, &right_hand_side(middle, &plus(x, h / 2.0, &k1)))
        }
        "rk4" => {
            let k1 = right_hand_side(begin, x);
            let k2 = right_hand_side(middle, &plus(x, h / 2.0, &k1));
            let k3 = right_hand_side(middle, &plus(x, h / 2.0, &k2));
            let k4 = right_hand_side(end, &plus(x, h, &k3));
            let slope = plus(&plus(&plus(&k1, 2.0, &k2), 2.0, &k3), 1.0, &k4);
            plus(x, h / 6.0, &slope)
        }
        _ => unreachable!("no reference for {name}"),
    }
}

/// x(T) of one data point through a network given at nodes.
pub fn solve(name: &str, how: Interpolation, h: f64, nodes: &[Node], x0: &[Dual]) -> State {
    let mut x = x0.to_vec();
    for k in 0..nodes.len() - 1 {
        let middle = middle(how, nodes, k);
        x = step(name, h, [&nodes[k], &middle, &nodes[k + 1]], &x);
    }
    x
}

/// x(T) of one data point through a network given at every depth, to about round-off.
pub fn solve_exactly(parameters: &dyn Fn(f64) -> Node, horizon: f64, x0: &[Dual]) -> State {
    const STEPS: u32 = 2000;
    let h = horizon / f64::from(STEPS);
    let mut x = x0.to_vec();
    for k in 0..STEPS {
        let at = |s: f64| parameters((f64::from(k) + s) * h);
        x = step("rk4", h, [&at(0.0), &at(0.5), &at(1.0)], &x);
    }
    x
}
