//! Somebody else's project: a model and data of its own, attacked by snode-attack, and a neural ODE of
//! snode-ode, in single and in double precision.

use faer::{Mat, MatMut, MatRef};
use snode_attack::{AttackError, Linearisable};
use snode_ode::Real;

/// Points in the plane, of class 1 inside the circle of radius r around (−½, −½) and of class 0
/// outside: z = (|x − c|² − r², 0).
pub struct Circle<T> {
    radius: f64,
    /// 2 (x − c) at the points where it was linearised.
    slopes: Mat<T>,
}

impl<T: Real> Circle<T> {
    /// A circle of this radius.
    pub fn new(radius: f64) -> Self {
        Self { radius, slopes: Mat::new() }
    }
}

impl<T: Real> Linearisable<T> for Circle<T> {
    fn inputs(&self) -> usize {
        2
    }

    fn classes(&self) -> usize {
        2
    }

    fn linearise(&mut self, x: MatRef<'_, T>, mut z: MatMut<'_, T>) -> Result<(), AttackError> {
        let (half, two) = (T::from_f64(0.5), T::from_f64(2.0));
        self.slopes = Mat::from_fn(2, x.ncols(), |i, j| two * (x[(i, j)] + half));
        for j in 0..x.ncols() {
            let square = (0..2).map(|i| (x[(i, j)].to_f64() + 0.5).powi(2)).sum::<f64>();
            z[(0, j)] = T::from_f64(square - self.radius * self.radius);
            z[(1, j)] = T::ZERO;
        }
        Ok(())
    }

    fn jvp(&mut self, v: MatRef<'_, T>, mut out: MatMut<'_, T>) -> Result<(), AttackError> {
        let points = self.slopes.ncols();
        for j in 0..v.ncols() {
            let point = j % points;
            out[(0, j)] = (0..2).map(|i| self.slopes[(i, point)] * v[(i, j)]).sum();
            out[(1, j)] = T::ZERO;
        }
        Ok(())
    }

    fn vjp(&mut self, w: MatRef<'_, T>, mut out: MatMut<'_, T>) -> Result<(), AttackError> {
        let points = self.slopes.ncols();
        for j in 0..w.ncols() {
            for i in 0..2 {
                out[(i, j)] = self.slopes[(i, j % points)] * w[(0, j)];
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use snode_attack::{
        Attack, AttackOptions, DeepFool, Margin, MovingTarget, Outcome, ProjectedGradient,
        SolvedNetwork, attack, predict,
    };
    use snode_ode::{
        Activation, Endpoint, Euler, Grid, Initialisation, Network, Perturbation, Scheme,
    };

    use super::*;

    /// Every method finds that the smallest change leads radially onto the circle.
    fn the_circle_is_left_radially<T: Real>(accuracy: f64) {
        let radius = 0.3;
        let x = Mat::from_fn(2, 16, |i, j| {
            let angle = 0.1 + 0.39 * j as f64;
            let distance = if j % 2 == 0 { 0.25 } else { 0.4 };
            T::from_f64(-0.5 + distance * if i == 0 { angle.cos() } else { angle.sin() })
        });
        let mut model = Circle::<T>::new(radius);
        let labels: Vec<usize> = (0..16).map(|j| usize::from(j % 2 == 0)).collect();
        assert_eq!(predict(&mut model, x.as_ref(), 5).unwrap(), labels);
        let options = AttackOptions { refinements: 40, batch: 5, ..Default::default() };
        let methods: [&dyn Attack<T>; 3] = [
            &MovingTarget { margin: Margin::Additive(0.0), ..Default::default() },
            &DeepFool::default(),
            &ProjectedGradient::default(),
        ];
        for method in methods {
            let found = attack(&mut model, method, x.as_ref(), &labels, &options).unwrap();
            for (j, image) in found.images.iter().enumerate() {
                assert_eq!(image.outcome, Outcome::Fooled);
                let exact: f64 = if j % 2 == 0 { 0.05 } else { 0.1 };
                assert!((image.norm2 - exact).abs() < accuracy, "{} {j}", method.name());
            }
        }
    }

    #[test]
    fn a_model_of_its_own_in_both_precisions() {
        the_circle_is_left_radially::<f64>(1e-9);
        the_circle_is_left_radially::<f32>(1e-5);
    }

    /// ⟨Jξ₀, w⟩ = ⟨ξ₀, Jᵀw⟩, and an attack on the network.
    fn a_network<T: Real>(round_off: f64) {
        let grid = Grid::new(2.0, 20, Endpoint::Excluded).unwrap();
        let mut network =
            Network::<T>::initial(8, grid, Activation::Tanh, Initialisation::Spline, 5);
        for value in network.parameters_mut().as_mut_slice() {
            *value *= T::from_f64(8.0);
        }
        let value =
            |i: usize, j: usize| T::from_f64(-(0.3 + 1.7 * i as f64 + j as f64).sin().abs());
        let x = Mat::from_fn(8, 30, value);
        let (xi, w) = (Mat::from_fn(8, 30, value), Mat::from_fn(8, 30, |i, j| value(j, i)));
        let mut euler = Euler::new();
        let mut trajectory = euler.direct(&network, x.as_ref()).unwrap();
        let input = Some(xi.as_ref());
        let along = Perturbation { parameters: None, input };
        let inner = |a: MatRef<'_, T>, b: MatRef<'_, T>| -> f64 {
            let entries = (0..30).flat_map(|j| (0..8).map(move |i| (i, j)));
            entries.map(|at| a[at].to_f64() * b[at].to_f64()).sum()
        };
        let forward = inner(trajectory.sensitivity(along).unwrap().sensitivity, w.as_ref());
        let backward = inner(xi.as_ref(), trajectory.adjoint(w.as_ref(), None).unwrap());
        assert!((forward - backward).abs() < round_off * forward.abs(), "{forward} {backward}");

        let mut model = SolvedNetwork::new(&network, Box::new(Euler::new()), 3).unwrap();
        let labels = predict(&mut model, x.as_ref(), 30).unwrap();
        let method = MovingTarget::default();
        let found = attack(&mut model, &method, x.as_ref(), &labels, &AttackOptions::default());
        assert!(found.unwrap().summary().fooled > 10);
    }

    #[test]
    fn a_network_in_both_precisions() {
        a_network::<f64>(1e-12);
        a_network::<f32>(1e-4);
    }
}
