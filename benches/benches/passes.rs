//! The passes beside the products: elementwise activations in place after a product, the Sobolev
//! transform, and what memory allows.
//!
//! `cargo bench -p snode-benches --bench passes`.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use snode_benches::{BATCH, LAYERS, WIDTH, network};
use snode_ode::{Activation, Parameters, Real};
use snode_train::{Discretisation, Space};

fn activations<T: Real>(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(format!("activation, {}", T::NAME));
    let z: Vec<T> =
        (0..WIDTH * BATCH).map(|i| T::from_f64((i as f64 * 0.37).sin() * 3.0)).collect();
    let bias = vec![T::ZERO; WIDTH];
    group.throughput(Throughput::Elements(z.len() as u64));
    for name in Activation::NAMES {
        let activation: Activation = name.parse().expect("a listed name");
        let (mut next, mut slope) = (z.clone(), z.clone());
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                activation.apply(black_box(&z), &bias, &mut next, &mut slope);
            });
        });
    }
    group.finish();
}

fn spaces<T: Real>(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(format!("parameter-sized passes, {}", T::NAME));
    group.sample_size(20);
    let network = network::<T>(Activation::Tanh);
    let gradient = network.parameters().clone();
    let mut out = Parameters::zeros(WIDTH, LAYERS);
    group.throughput(Throughput::Bytes((3 * size_of::<T>() * gradient.as_slice().len()) as u64));
    group.bench_function("axpy", |bencher| {
        bencher.iter(|| out.axpy(T::from_f64(1e-9), black_box(&gradient)));
    });
    group.bench_function("inner product", |bencher| {
        bencher.iter(|| black_box(&gradient).inner(&gradient, network.grid()));
    });
    for how in [Discretisation::Tridiagonal, Discretisation::Trapezoid, Discretisation::Midpoint] {
        let mut space = Space::H1 { length: 1.0, discretisation: how }
            .build(network.grid())
            .expect("a positive length");
        group.bench_function(format!("{how:?}"), |bencher| {
            bencher.iter(|| space.represent(black_box(&gradient), &mut out));
        });
    }
    group.finish();
}

fn main() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a thread pool");
    pool.install(|| {
        let mut criterion = Criterion::default().without_plots().configure_from_args();
        activations::<f64>(&mut criterion);
        activations::<f32>(&mut criterion);
        spaces::<f64>(&mut criterion);
        spaces::<f32>(&mut criterion);
        criterion.final_summary();
    });
}
