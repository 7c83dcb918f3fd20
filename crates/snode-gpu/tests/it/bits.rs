//! Every problem has the bits of [`snode_ode::Euler`].

use crate::support;

use snode_gpu::{Backend, Device, GpuError, compare};
use snode_ode::{Activation, Real};
use support::{device, network, required};

fn check<T: Real>(device: &Device, width: usize, batch: usize, name: &str) {
    let network = network::<T>(width, 6, name.parse().unwrap());
    for found in compare(device, &network, batch).unwrap() {
        assert_eq!(
            found.unlike,
            0,
            "{} of a {name} network in {}: n = {width}, M = {batch}, of {} numbers",
            found.what,
            T::NAME,
            found.of
        );
    }
}

fn check_all(widths: &[usize], names: &[&str]) {
    let Some((device, _alone)) = device() else { return };
    for name in names {
        for &width in widths {
            for batch in [0, 1, 2, 7, 100] {
                check::<f32>(&device, width, batch, name);
                if device.info().double {
                    check::<f64>(&device, width, batch, name);
                }
            }
        }
    }
}

#[test]
fn every_product_rule_gives_the_bits_of_the_cpu() {
    check_all(&[3, 49], &["tanh"]);
}

#[test]
fn every_activation_and_width_gives_the_bits_of_the_cpu() {
    if required() {
        check_all(&[1, 3, 49, 196], &Activation::NAMES);
        check_all(&[49], &["elu(0.2)", "leaky-relu(0.3)", "smoothed-leaky-relu(0.2)"]);
    }
}

#[test]
fn sums_longer_than_a_chain_are_cut_where_the_cpu_cuts_them() {
    if required() {
        let Some((device, _alone)) = device() else { return };
        check::<f32>(&device, 520, 7, "tanh");
        check::<f32>(&device, 3, 1200, "tanh");
        check::<f32>(&device, 49, 1200, "tanh");
        check::<f32>(&device, 520, 1, "tanh");
    }
}

#[test]
fn what_is_not_there_is_an_error_with_advice() {
    for backend in Backend::ALL {
        match Device::open(backend, 99) {
            Err(GpuError::NoDevice { index: 99, .. }) => {}
            Err(error @ GpuError::NoLibrary { .. }) => {
                assert!(error.to_string().contains("install"), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!("gpu".parse::<Backend>().unwrap_err().to_string().contains("`opencl` or `cuda`"));
}
