//! Random points of a ball, where attacks start.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use snode_ode::Real;

use super::Norm;

/// A random point of the ball around `centre`: uniform in the ∞-norm, in a random direction with a
/// uniform distance in the 2-norm.
pub(super) fn inside<T: Real>(
    norm: Norm,
    centre: &[T],
    radius: f64,
    rng: &mut ChaCha8Rng,
    to: &mut [T],
) {
    let (random, scale): (Vec<f64>, f64) = match norm {
        Norm::Infinity => {
            ((0..centre.len()).map(|_| rng.random_range(-1.0..=1.0)).collect(), radius)
        }
        Norm::Two => {
            let random: Vec<f64> = (0..centre.len()).map(|_| StandardNormal.sample(rng)).collect();
            let length = random.iter().map(|v| v * v).sum::<f64>().sqrt();
            let part: f64 = rng.random_range(0.0..=1.0);
            (random, if length > 0.0 { part * radius / length } else { 0.0 })
        }
    };
    add(centre, scale, &random, to);
}

/// A random point of its surface: a uniform point of the cube, or of the sphere, moved outwards.
pub(super) fn on_surface<T: Real>(
    norm: Norm,
    centre: &[T],
    radius: f64,
    rng: &mut ChaCha8Rng,
    to: &mut [T],
) {
    let random: Vec<f64> = (0..centre.len())
        .map(|_| match norm {
            Norm::Infinity => rng.random_range(-1.0..=1.0),
            Norm::Two => StandardNormal.sample(rng),
        })
        .collect();
    let length = norm.of(&random);
    add(centre, if length > 0.0 { radius / length } else { 0.0 }, &random, to);
}

fn add<T: Real>(centre: &[T], scale: f64, direction: &[f64], to: &mut [T]) {
    for ((to, centre), v) in to.iter_mut().zip(centre).zip(direction) {
        *to = T::from_f64(centre.to_f64() + scale * v);
    }
}
