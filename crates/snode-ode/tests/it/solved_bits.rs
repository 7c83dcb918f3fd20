//! Every scheme's solutions have the same bits today as when these were recorded.
//!
//! Matrix products have other bits on another vector unit: they are compared on processors with
//! AVX-512, where they were recorded.

use crate::support;

use faer::Mat;
use snode_ode::{Activation, Grid, Initialisation, Network, Real, SchemeChoice};
use support::{all_bits, batch, scaled};

fn has_recorded_vector_unit() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx512f");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// FNV-1a.
fn hash(bits: impl IntoIterator<Item = u64>) -> u64 {
    bits.into_iter().flat_map(u64::to_le_bytes).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The bits of output, gradient, adjoint, sensitivity, evaluation, and of columns of both.
fn solved<T: Real>(choice: SchemeChoice) -> u64 {
    let (n, points, problems) = (9, 7, 2);
    let grid = Grid::new(1.0, 17, choice.endpoint()).unwrap();
    let network = Network::<T>::initial(n, grid, Activation::Tanh, Initialisation::Independent, 7);
    let network = scaled(network);
    let mut scheme = choice.build::<T>().unwrap();
    let mut bits = all_bits(scheme.as_mut(), &network, points);
    let starts = batch::<T>(n, problems * points, 0.6);
    let mut out = [Mat::zeros(n, problems * points), Mat::zeros(n, problems * points)];
    let mut trajectory = scheme.trajectory(&network).unwrap();
    trajectory.adjoint_columns(starts.as_ref(), out[0].as_mut()).unwrap();
    trajectory.sensitivity_columns(starts.as_ref(), out[1].as_mut()).unwrap();
    for out in &out {
        for j in 0..problems * points {
            bits.extend((0..n).map(|i| out[(i, j)].to_f64().to_bits()));
        }
    }
    hash(bits)
}

#[test]
fn solutions_have_the_recorded_bits() {
    let recorded = [
        ("euler", 0xb4d4_0f3c_6a40_7970, 0x7b7a_cf2a_329c_ac88),
        ("rk2", 0x7b74_1d96_7964_9783, 0x72b7_4b1f_a581_99f6),
        ("rk4", 0x3043_f8a4_1b67_222a, 0x7b74_f763_dd7a_eaf2),
        ("tsit5", 0xb589_8f37_f2e0_9c3b, 0xfae4_ad1c_173b_aaf6),
        ("dopri5", 0xb05e_c975_fbf8_5fb2, 0xd2ba_ffd3_bbe5_6671),
        ("bs3", 0x2027_ea01_fec9_c14c, 0x4be1_7cf3_12a9_9db4),
        ("bdf", 0x23af_210f_cb68_355b, 0xe670_8dae_7005_88e1),
        ("tr-bdf2", 0x52ca_ee8c_a052_201d, 0x5522_0e7b_8825_191c),
        ("esdirk34", 0x300f_f49d_d42d_7749, 0x83ff_f358_bf97_cf69),
    ];
    if !has_recorded_vector_unit() {
        return;
    }
    for choice in SchemeChoice::all() {
        let name = choice.name();
        let found = (name, solved::<f64>(choice), solved::<f32>(choice));
        assert!(recorded.contains(&found), "{name}: {:#018x} {:#018x}", found.1, found.2);
    }
}
