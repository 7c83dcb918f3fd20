//! What is moved between the host and a device: in an iteration the columns of its batch and a few sums, and no
//! parameters; in an attack the images of a batch together.

use crate::support;

use faer::Mat;
use snode_attack::{AttackOptions, MovingTarget, SolvedNetwork, attack, predict};
use snode_gpu::{Device, GpuEuler, Transfers};
use snode_ode::{Activation, Network, Real};
use snode_train::{Conjugacy, Cost, Discretisation, Ncg, NcgOptions, Space};
use support::{device, images, network};

/// Wide, shallow and with a small batch, so that a layer's W is more than all that may be moved.
const WIDTH: usize = 100;
const LAYERS: usize = 5;
const BATCH: usize = 3;

/// What each iteration of two batches moves, the first of a batch among them.
fn moved<T: Real>(device: &Device, options: NcgOptions, mu4: f64) -> Vec<Transfers> {
    let mut network: Network<T> = network(WIDTH, LAYERS, Activation::Tanh);
    let cost = Cost { mu4, ..Cost::cross_entropy(3) };
    let scheme = Box::new(GpuEuler::new(device).unwrap());
    let mut ncg = Ncg::new(scheme, cost, options, &network).unwrap();
    let batch: Mat<T> = images(WIDTH, BATCH);
    (0..2 * 6)
        .map(|iteration| {
            if iteration == 6 {
                ncg.restart();
            }
            let before = device.transfers();
            ncg.iterate(&mut network, batch.as_ref(), &[0, 1, 2]).unwrap();
            device.transfers() - before
        })
        .collect()
}

fn check<T: Real>(options: NcgOptions, mu4: f64) {
    let Some((device, _alone)) = device() else { return };
    let size = size_of::<T>() as u64;
    let (columns, nodes) = ((WIDTH * BATCH) as u64, LAYERS as u64);
    for (number, moved) in moved::<T>(&device, options, mu4).into_iter().enumerate().skip(1) {
        let what = format!("{}, iteration {number} of {options:?}: {moved:?}", T::NAME);
        // x₀, λ(T) and ξ(0); the factors of an elimination along depth.
        assert!(moved.to_device.bytes <= size * (3 * columns + 2 * nodes), "{what}");
        // x(T), λ(0) and ξ(T); 64 partial sums a node of each inner product.
        assert!(moved.from_device.bytes <= size * (3 * columns + 7 * 64 * nodes), "{what}");
        let all = moved.to_device.bytes + moved.from_device.bytes;
        assert!(all < size * (WIDTH * WIDTH) as u64, "{what}");
        assert!(moved.waits <= 14, "{what}");
    }
}

fn options(conjugacy: Conjugacy, space: Space) -> NcgOptions {
    NcgOptions { conjugacy, space, ..NcgOptions::default() }
}

fn check_all<T: Real>(space: Space) {
    check::<T>(options(Conjugacy::FletcherReeves, space), 0.0);
    check::<T>(options(Conjugacy::FletcherReeves, space), 1e-3);
    check::<T>(options(Conjugacy::PolakRibiere, space), 0.0);
}

#[test]
fn an_iteration_in_l2_moves_no_parameters() {
    check_all::<f32>(Space::L2);
    check_all::<f64>(Space::L2);
}

#[test]
fn an_iteration_in_h1_moves_no_parameters() {
    let h1 = Space::H1 { length: 1.0, discretisation: Discretisation::Tridiagonal };
    check_all::<f32>(h1);
    check_all::<f64>(h1);
}

#[test]
fn an_attack_moves_the_images_of_a_batch_together() {
    let Some((device, _alone)) = device() else { return };
    let network = network::<f32>(6, 8, Activation::Tanh);
    let method = MovingTarget { iterations: 5, ..MovingTarget::default() };
    for count in [1, 12] {
        let x = images(6, count);
        let scheme = Box::new(GpuEuler::new(&device).unwrap());
        let mut model = SolvedNetwork::new(&network, scheme, 3).unwrap();
        let labels = predict(&mut model, x.as_ref(), count).unwrap();
        let before = device.transfers();
        let options = AttackOptions::default();
        attack(&mut model, &method, x.as_ref(), &labels, &options).unwrap();
        let moved = device.transfers() - before;
        // One copy each way for the predictions before and after, for the scores of the six points, and for the
        // derivatives at five of them; however many images there are.
        for copies in [moved.to_device.copies, moved.from_device.copies] {
            assert!((12..=13).contains(&copies), "{count} images: {moved:?}");
        }
    }
}
