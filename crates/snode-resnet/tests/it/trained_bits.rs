//! Training gives the same bits today as when these were recorded, whatever was rebuilt meanwhile.
//!
//! Matrix products have other bits on another vector unit, so the bits are compared where they were
//! recorded, on processors with AVX-512; the costs are compared everywhere.

use faer::Mat;
use snode_ode::{
    Activation, Endpoint, Euler, Grid, Initialisation, Interpolation, Network, Real, RungeKutta,
    Scheme,
};
use snode_resnet::{Adam, Momentum, Optimiser, Plain, RmsProp, Schedule, Sgd, SgdOptions};
use snode_train::{
    Conjugacy, Cost, Discretisation, LineSearch, Method, Metric, Ncg, NcgOptions, Space,
};

const WIDTH: usize = 20;
const LAYERS: usize = 20;
const POINTS: usize = 27;
const BATCHES: usize = 3;

fn has_recorded_vector_unit() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx512f");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// FNV-1a over the numbers' bits.
fn hash<T: Real>(values: &[T]) -> u64 {
    values
        .iter()
        .flat_map(|v| v.to_f64().to_bits().to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

/// The bits of a network after a few mini-batches of a few iterations, and the last cost.
fn trained<T: Real>(
    mut method: Box<dyn Method<T>>,
    mut network: Network<T>,
    iterations: usize,
) -> (u64, f64) {
    let mut cost = f64::NAN;
    for batch in 0..BATCHES {
        let x = Mat::from_fn(WIDTH, POINTS, |i, j| {
            T::from_f64(-((1 + i * 7 + (j + 31 * batch) * 3) as f64).sin().abs())
        });
        let labels: Vec<usize> = (0..POINTS).map(|j| (j * 5 + batch) % 4).collect();
        for _ in 0..iterations {
            cost = method.iterate(&mut network, x.as_ref(), (&labels).into()).unwrap().cost.total();
        }
        method.finish_batch(&network);
    }
    (hash(network.parameters().as_slice()), cost)
}

fn network<T: Real>(ends: Endpoint, activation: Activation) -> Network<T> {
    let grid = Grid::new(2.0, LAYERS, ends).unwrap();
    Network::initial(WIDTH, grid, activation, Initialisation::Spline, 3)
}

/// A scheme for nonlinear conjugate gradients, and the grid it takes.
fn scheme<T: Real>(name: &str) -> (Box<dyn Scheme<T>>, Endpoint) {
    match name {
        "rk2" => (Box::new(RungeKutta::midpoint(Interpolation::Hermite)), Endpoint::Included),
        "rk4" => (Box::new(RungeKutta::classical(Interpolation::Linear)), Endpoint::Included),
        _ => (Box::new(Euler::new()), Endpoint::Excluded),
    }
}

fn ncg<T: Real>(scheme_name: &str, cost: Cost, options: NcgOptions) -> (u64, f64) {
    let (scheme, ends) = scheme::<T>(scheme_name);
    let network = network::<T>(ends, Activation::Tanh);
    let method = Ncg::new(scheme, cost, options, &network).unwrap();
    trained(Box::new(method), network, 4)
}

fn stochastic<T: Real>(optimiser: Optimiser, learning_rate: f64) -> (u64, f64) {
    let cost = Cost { mu4: 1e-4, ..Cost::cross_entropy(4) };
    let schedule = Schedule::Cosine { batches: 30, factor: 0.1 };
    let options = SgdOptions { optimiser, learning_rate, schedule, weight_decay: 1e-3 };
    let network = network::<T>(Endpoint::Excluded, Activation::Softplus);
    trained(Box::new(Sgd::new(cost, options, &network).unwrap()), network, 2)
}

/// Every method, by its name.
fn all<T: Real>() -> Vec<(&'static str, (u64, f64))> {
    let (l2, entropy) = (Cost::l2(4), Cost { mu4: 1e-3, ..Cost::cross_entropy(4) });
    let default = NcgOptions::default();
    let sobolev = Space::H1 { length: 1.0, discretisation: Discretisation::Midpoint };
    let fletcher_reeves = NcgOptions { conjugacy: Conjugacy::FletcherReeves, ..default };
    let polak_ribiere = NcgOptions {
        conjugacy: Conjugacy::PolakRibiere,
        space: sobolev,
        metric: Metric::Space,
        ..default
    };
    let backtracking = NcgOptions {
        conjugacy: Conjugacy::HagerZhang,
        line_search: LineSearch::Backtracking { halvings: 3 },
        ..default
    };
    vec![
        ("ncg euler", ncg::<T>("euler", l2, fletcher_reeves)),
        ("ncg euler in H1", ncg::<T>("euler", entropy, polak_ribiere)),
        ("ncg euler with backtracking", ncg::<T>("euler", entropy, backtracking)),
        ("ncg rk2 in H1", ncg::<T>("rk2", l2, polak_ribiere)),
        ("ncg rk4 with backtracking", ncg::<T>("rk4", entropy, backtracking)),
        ("sgd", stochastic::<T>(Optimiser::Plain(Plain), 1.0)),
        ("momentum", stochastic::<T>(Optimiser::Momentum(Momentum::default()), 0.3)),
        ("rmsprop", stochastic::<T>(Optimiser::RmsProp(RmsProp::default()), 0.01)),
        ("adam", stochastic::<T>(Optimiser::Adam(Adam::default()), 0.02)),
    ]
}

fn compare(found: &[(&str, (u64, f64))], recorded: &[(u64, f64)], round_off: f64) {
    for ((name, (bits, cost)), (recorded_bits, recorded_cost)) in found.iter().zip(recorded) {
        let distance = (cost - recorded_cost).abs();
        assert!(distance <= round_off * recorded_cost.abs(), "{name}: cost {cost:?}");
        if has_recorded_vector_unit() {
            assert_eq!(bits, recorded_bits, "{name}: 0x{bits:016x}");
        }
    }
    assert_eq!(found.len(), recorded.len());
}

#[test]
fn double_precision() {
    let recorded = [
        (0x0300_5fab_817b_0753, 0.412_652_405_019_076_96),
        (0xe8d2_29f6_8eb2_ad6d, 1.383_946_460_412_990_3),
        (0x782f_de2e_1578_24e2, 1.384_245_009_133_626_2),
        (0x749d_425f_8f29_ec9f, 0.406_285_412_869_319_3),
        (0xc37f_607f_293d_d338, 1.384_085_984_647_324_6),
        (0xd39b_4f92_bcb5_af38, 1.469_673_216_561_028_7),
        (0x7fd6_afd3_d565_4387, 1.471_372_169_308_411_2),
        (0xba4e_4da0_5582_8a30, 1.412_138_278_524_237),
        (0xceef_c233_09ed_855d, 1.405_159_734_772_267_5),
    ];
    compare(&all::<f64>(), &recorded, 1e-9);
}

#[test]
fn single_precision() {
    let recorded = [
        (0xf3de_56ac_69e1_43fd, 0.412_652_409_836_008_1),
        (0x9de3_aeeb_2f0c_7a8f, 1.383_946_465_452_480_5),
        (0x3cb2_7a6c_4e5b_a767, 1.384_245_017_571_353_4),
        (0x47c6_2250_2f47_f298, 0.406_285_429_619_221_5),
        (0x37c1_901d_2d07_ca66, 1.384_086_000_029_723_3),
        (0x6258_7e4f_d547_36dc, 1.469_673_219_954_746_2),
        (0xe797_d6a0_71e4_4c3b, 1.471_372_158_584_556_5),
        (0xc59b_eaa2_15e3_f72d, 1.412_138_271_182_499_2),
        (0xa577_a587_bffb_5724, 1.405_159_747_048_027_3),
    ];
    compare(&all::<f32>(), &recorded, 1e-3);
}
