//! Bits and times on a device, for a machine with an NVIDIA card: `scripts/gpu-nvidia.sh`.
//!
//! `nvidia [opencl|cuda] [bits] [times] [times-f64] [trainings] [LARGEST_BATCH]`; all of it if nothing is named.

use std::time::Instant;

use snode_attack::{AttackOptions, MovingTarget, SolvedNetwork, attack, predict};
use snode_gpu::{Backend, Device, GpuEuler, Transfers, compare, measure};
use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network, Real, Scheme};
use snode_train::{Conjugacy, Cost, Discretisation, Ncg, NcgOptions, Space};

type Failure = Box<dyn std::error::Error>;

fn network<T: Real>(
    width: usize,
    layers: usize,
    activation: Activation,
) -> Result<Network<T>, Failure> {
    let grid = Grid::new(1.5, layers, Endpoint::Excluded)?;
    Ok(Network::initial(width, grid, activation, Initialisation::Spline, 3))
}

/// Every problem for some widths, batches and activations; how many results were unlike the CPU's.
fn bits<T: Real>(device: &Device) -> Result<usize, Failure> {
    let (mut unlike, mut results) = (0, 0);
    for name in Activation::NAMES {
        let activation: Activation = name.parse()?;
        let started = Instant::now();
        for width in [1, 3, 49, 196, 520] {
            let batches: &[usize] = match width {
                196 => &[1, 2, 7, 100, 1000],
                520 => &[1, 7, 40],
                _ => &[1, 2, 7, 100, 500],
            };
            let others = activation != Activation::Tanh;
            if others && ![3, 196].contains(&width) {
                continue;
            }
            for &batch in batches.iter().filter(|batch| !others || [1, 7, 100].contains(*batch)) {
                for found in compare(device, &network::<T>(width, 6, activation)?, batch)? {
                    results += 1;
                    if found.unlike > 0 {
                        unlike += 1;
                        println!(
                            "UNLIKE {} {name} n = {width}, M = {batch}: {}, {} of {}",
                            T::NAME,
                            found.what,
                            found.unlike,
                            found.of
                        );
                    }
                }
            }
        }
        println!("{} {name}: {:.1} s", T::NAME, started.elapsed().as_secs_f64());
    }
    println!("{}: {unlike} of {results} results unlike the CPU's", T::NAME);
    Ok(unlike)
}

/// The same at the size of the paper, with as many layers.
fn bits_at_full_size<T: Real>(device: &Device) -> Result<(), Failure> {
    for batch in [100, 1000] {
        for found in compare(device, &network::<T>(196, 150, Activation::Tanh)?, batch)? {
            println!(
                "{} n = 196, L = 150, M = {batch}, {}: {} of {} unlike",
                T::NAME,
                found.what,
                found.unlike,
                found.of
            );
        }
    }
    Ok(())
}

fn print_times(device: &Device, times: &[measure::Time], peak: f64) {
    let _ = device;
    for time in times {
        let seconds = time.milliseconds * 1e-3;
        let flops = time.operations / seconds * 1e-12;
        println!(
            "  {:<34} {:9.3} ms  {:7.2} TFLOP/s ({:4.1} %)  {:7.0} GB/s",
            time.name,
            time.milliseconds,
            flops,
            100.0 * flops / peak,
            time.bytes / seconds * 1e-9
        );
    }
}

fn times<T: Real>(device: &Device, largest: usize, peak: f64) -> Result<(), Failure> {
    let network = network::<T>(196, 150, Activation::Tanh)?;
    for batch in [100, 1000, 10_000].into_iter().filter(|batch| *batch <= largest) {
        println!("{} n = 196, L = 150, M = {batch}, as divided by the crate:", T::NAME);
        print_times(device, &measure::times(device, &network, batch, None)?, peak);
        let choices: &[(usize, usize, usize)] = match batch {
            100 => &[
                (1, 1, 28),
                (1, 1, 14),
                (1, 1, 49),
                (2, 1, 14),
                (2, 1, 28),
                (4, 1, 14),
                (4, 1, 28),
                (8, 1, 14),
                (2, 2, 14),
                (4, 2, 14),
            ],
            1000 => &[(4, 1, 28), (4, 1, 49), (8, 1, 14), (8, 1, 28), (8, 2, 14)],
            _ => &[
                (16, 1, 7),
                (16, 2, 7),
                (16, 4, 4),
                (32, 1, 4),
                (32, 1, 7),
                (32, 2, 4),
                (32, 4, 2),
            ],
        };
        for &(columns, rows, unroll) in choices {
            // Two states must fit in 48 KiB.
            if 2 * 196 * columns * size_of::<T>() > 48 * 1024 {
                continue;
            }
            println!(
                "{} M = {batch}, {columns} columns a block, {rows} rows a thread, {unroll} read ahead:",
                T::NAME
            );
            match measure::times(device, &network, batch, Some((columns, rows, unroll))) {
                Ok(times) => print_times(device, &times[..7], peak),
                Err(error) => println!("  {error}"),
            }
        }
    }
    Ok(())
}

/// The CPU on all cores, for comparison.
fn cpu<T: Real>() -> Result<(), Failure> {
    let network = network::<T>(196, 150, Activation::Tanh)?;
    let x = faer::Mat::<T>::from_fn(196, 100, |i, j| T::from_f64(((i * 7 + j) as f64).sin()));
    let mut euler = Euler::new();
    let mut gradient = network.parameters().clone();
    let mut best = [f64::MAX; 2];
    for _ in 0..10 {
        let start = Instant::now();
        let _ = euler.direct(&network, x.as_ref())?;
        best[0] = best[0].min(start.elapsed().as_secs_f64() * 1e3);
        let start = Instant::now();
        euler
            .trajectory(&network)
            .ok_or("no trajectory")?
            .adjoint(x.as_ref(), Some(&mut gradient))?;
        best[1] = best[1].min(start.elapsed().as_secs_f64() * 1e3);
    }
    println!(
        "CPU, {} M = 100: direct {:.2} ms, adjoint with gradient {:.2} ms",
        T::NAME,
        best[0],
        best[1]
    );
    Ok(())
}

/// What was moved to the device and back, after a name and what it was done for.
fn print_transfers(what: &str, transfers: Transfers) {
    let Transfers { to_device, from_device, waits } = transfers;
    println!(
        "  {what}: {} bytes to the device in {} copies, {} bytes from it in {}, {waits} waits",
        to_device.bytes, to_device.copies, from_device.bytes, from_device.copies
    );
}

/// Iterations of a training at the size of the paper: the median time, where it goes, and what is moved to
/// the device and back where it is on one.
fn iterations<T: Real>(
    name: &str,
    scheme: Box<dyn Scheme<T>>,
    options: NcgOptions,
    device: Option<&Device>,
) -> Result<Network<T>, Failure> {
    let mut network = network::<T>(196, 150, Activation::Tanh)?;
    let x = faer::Mat::<T>::from_fn(196, 100, |i, j| {
        T::from_f64(-(((i * 7 + j * 13) as f64).sin().abs()))
    });
    let labels: Vec<usize> = (0..100).map(|j| j % 10).collect();
    let mut ncg = Ncg::new(scheme, Cost::cross_entropy(10), options, &network)?;
    let mut found = Vec::new();
    let transfers = || device.map(Device::transfers).unwrap_or_default();
    for _ in 0..30 {
        let (start, before) = (Instant::now(), transfers());
        let report = ncg.iterate(&mut network, x.as_ref(), &labels)?;
        let time = start.elapsed().as_secs_f64() * 1e3;
        found.push((time, report, transfers() - before));
    }
    let first = found[0].2;
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (time, report, moved) = &found[found.len() / 2];
    println!(
        "NCG iteration, {} M = 100, {name}: {time:.3} ms; of a median one {:?}",
        T::NAME,
        report.phases
    );
    if device.is_some() {
        print_transfers("the first iteration", first);
        print_transfers("a median one", *moved);
    }
    Ok(network)
}

fn trainings(device: &Device) -> Result<usize, Failure> {
    let h1 = Space::H1 { length: 1.0, discretisation: Discretisation::Tridiagonal };
    let mut unlike = 0;
    for (name, conjugacy, space) in [
        ("Fletcher-Reeves", Conjugacy::FletcherReeves, Space::L2),
        ("Polak-Ribiere", Conjugacy::PolakRibiere, Space::L2),
        ("Fletcher-Reeves in H1", Conjugacy::FletcherReeves, h1),
    ] {
        let options = NcgOptions { conjugacy, space, ..NcgOptions::default() };
        let own = iterations::<f32>(
            &format!("{name}, device"),
            Box::new(GpuEuler::new(device)?),
            options,
            Some(device),
        )?;
        let cpu =
            iterations::<f32>(&format!("{name}, CPU"), Box::new(Euler::new()), options, None)?;
        let same = own == cpu;
        println!("  the same network after 30 iterations: {}", if same { "yes" } else { "NO" });
        unlike += usize::from(!same);
    }
    Ok(unlike + evaluation_and_attack(device)?)
}

/// An evaluation and an attack at the size of the paper: their times, and how many outcomes are unlike the CPU's.
fn evaluation_and_attack(device: &Device) -> Result<usize, Failure> {
    let network = network::<f32>(196, 150, Activation::Tanh)?;
    let images =
        faer::Mat::<f32>::from_fn(196, 10_000, |i, j| -(((i * 7 + j * 13) as f32).sin().abs()));
    let mut out = faer::Mat::<f32>::zeros(196, 10_000);
    let scheme = GpuEuler::new(device)?;
    let mut evaluate = Vec::new();
    for _ in 0..7 {
        let start = Instant::now();
        scheme.evaluate(&network, images.as_ref(), out.as_mut())?;
        evaluate.push(start.elapsed().as_secs_f64() * 1e3);
    }
    evaluate.sort_by(f64::total_cmp);
    println!("evaluation of 10,000 images, with their way there and back: {:.2} ms", evaluate[3]);
    let x = images.subcols(0, 1000).to_owned();
    let mut model = SolvedNetwork::new(&network, Box::new(Euler::new()), 10)?;
    // Right, so that all of them are attacked.
    let labels = predict(&mut model, x.as_ref(), 100)?;
    let options = AttackOptions { batch: 100, ..AttackOptions::default() };
    let mut outcomes = Vec::new();
    for (name, scheme) in [
        ("device, with what is compiled", Box::new(GpuEuler::new(device)?) as Box<dyn Scheme<f32>>),
        ("device", Box::new(GpuEuler::new(device)?)),
        ("CPU", Box::new(Euler::new())),
    ] {
        let mut model = SolvedNetwork::new(&network, scheme, 10)?;
        let (start, before) = (Instant::now(), device.transfers());
        let outcome = attack(&mut model, &MovingTarget::default(), x.as_ref(), &labels, &options)?;
        println!("moving target on 1,000 images, {name}: {:.2} s", start.elapsed().as_secs_f64());
        print_transfers("the attack", device.transfers() - before);
        outcomes.push(format!("{:?}", outcome.images));
    }
    let same = outcomes[1..].iter().all(|outcome| *outcome == outcomes[0]);
    println!("  the same outcome: {}", if same { "yes" } else { "NO" });
    Ok(usize::from(!same))
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let backend = if has("opencl") { Backend::OpenCl } else { Backend::Cuda };
    let all = !["bits", "times", "times-f64", "trainings"].iter().any(|part| has(part));
    let largest = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    let device = Device::open(backend, 0)?;
    println!("{}", device.info());
    let peak = device.info().peak();
    println!("peak of f32: {peak:.1} TFLOP/s");
    if all || has("times") {
        cpu::<f32>()?;
        times::<f32>(&device, largest, peak)?;
    }
    if all || has("trainings") {
        let unlike = trainings(&device)?;
        println!(
            "{}",
            if unlike == 0 { "all trainings are the CPU's" } else { "SOME TRAININGS DIFFER" }
        );
    }
    if all || has("times-f64") {
        times::<f64>(&device, largest.min(1000), peak / 2.0)?;
    }
    if all || has("bits") {
        let unlike = bits::<f32>(&device)? + bits::<f64>(&device)?;
        bits_at_full_size::<f32>(&device)?;
        bits_at_full_size::<f64>(&device)?;
        println!("{}", if unlike == 0 { "all bits are the CPU's" } else { "SOME BITS DIFFER" });
    }
    Ok(())
}
