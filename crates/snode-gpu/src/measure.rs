//! Times of the kernels by themselves, without what is moved to the device and back.

use std::time::Instant;

use snode_ode::{Network, Parameters, Real};

use crate::device::Argument;
use crate::kernels::{Division, NODE_NAMES, Program};
use crate::solver::{Shape, Solver};
use crate::{Device, GpuError};

/// How long something took.
#[derive(Clone, Debug)]
pub struct Time {
    /// What.
    pub name: String,
    /// The median of several runs, in milliseconds.
    pub milliseconds: f64,
    /// Floating-point operations of a run.
    pub operations: f64,
    /// Bytes it reads and writes at least.
    pub bytes: f64,
}

/// How a walk is to be divided: columns of a block, rows of a thread, weights read ahead. `None` is the
/// choice of the crate.
pub type Choice = Option<(usize, usize, usize)>;

/// The kernels for `network` and a batch of `batch` columns.
///
/// # Errors
/// If the device fails.
pub fn times<T: Real>(
    device: &Device,
    network: &Network<T>,
    batch: usize,
    choice: Choice,
) -> Result<Vec<Time>, GpuError> {
    let width = network.width();
    let shape = Shape { width, batch, layers: network.grid().steps() };
    let mut solver = Solver::<T>::new(device.clone())?;
    solver.division = choice.map(|(columns, rows, unroll)| Division {
        columns,
        threads: width.div_ceil(rows).next_multiple_of(32),
        rows,
        unroll,
    });
    let x: Vec<T> = (0..shape.len()).map(|i| T::from_f64((i as f64 * 0.37).sin())).collect();
    let mut out = x.clone();
    solver.direct(network, shape, &x, &mut out)?;
    solver.adjoint(network, shape, &x, true, &mut out)?;
    let mut gradient = network.parameters().clone();
    solver.gradient(shape, &mut gradient)?;
    solver.sensitivity(network, shape, Some(&gradient), &x, &mut out)?;
    let product = 2.0 * (width * width) as f64 * (batch * shape.layers) as f64;
    let size = size_of::<T>() as f64;
    let weights = network.parameters().count() as f64 * size;
    let states = (shape.layers * shape.len()) as f64 * size;
    let memory = device.memory::<T>(gradient.count())?;
    let mut times = Vec::new();
    let mut time =
        |name: &str, operations, bytes, run: &mut dyn FnMut() -> Result<(), GpuError>| {
            let milliseconds = median(device, run)?;
            times.push(Time { name: name.into(), milliseconds, operations, bytes });
            Ok::<_, GpuError>(())
        };
    time("direct, trajectory kept", product, weights + 2.0 * states, &mut || {
        solver.launch_direct(network, shape, true)
    })?;
    time("direct, nothing kept", product, weights, &mut || {
        solver.launch_direct(network, shape, false)
    })?;
    time("adjoint, G kept", product, weights + 2.0 * states, &mut || {
        solver.launch_adjoint(network, shape, batch, true)
    })?;
    time("transposes of W", 0.0, 2.0 * weights, &mut || solver.launch_transpose(network))?;
    time("gradient from G and X", product, weights + 2.0 * states, &mut || {
        solver.launch_gradient(shape, &memory)
    })?;
    time("sensitivity of parameters", 2.0 * product, 2.0 * (weights + states), &mut || {
        solver.launch_sensitivity(network, shape, batch, Some(&gradient))
    })?;
    time("sensitivity of inputs", product, weights + states, &mut || {
        solver.launch_sensitivity(network, shape, batch, None)
    })?;
    times.extend(vector_times(device, network)?);
    Ok(times)
}

/// A kernel to be launched.
type Run<'a> = &'a dyn Fn() -> Result<(), GpuError>;

/// The kernels that go through parameters.
fn vector_times<T: Real>(device: &Device, network: &Network<T>) -> Result<Vec<Time>, GpuError> {
    let (nodes, count) = (network.parameters().nodes(), network.parameters().count());
    let [.., combine, node_products, eliminate] =
        device.compile::<T, _>(Program::Nodes { width: network.width() }, NODE_NAMES)?;
    let (x, y) = (device.memory::<T>(count)?, device.memory::<T>(count)?);
    let (sums, factors) = (device.memory::<T>(64 * nodes)?, device.memory::<T>(2 * nodes)?);
    x.write(0, network.parameters().as_slice())?;
    y.write(0, network.parameters().as_slice())?;
    factors.write(0, &vec![T::from_f64(0.5); 2 * nodes])?;
    let bytes = (count * size_of::<T>()) as f64;
    let half = Argument::real(T::from_f64(0.5));
    let blocks = count.div_ceil(256).min(8 * device.info().compute_units);
    let runs: [(&str, f64, Run<'_>); 4] = [
        ("y = keep y + add x", 3.0, &|| {
            let arguments = [
                y.argument(),
                y.argument(),
                x.argument(),
                half,
                half,
                Argument::Long(count as i64),
            ];
            combine.launch([blocks, 1], 256, &arguments)
        }),
        ("inner product", 2.0, &|| {
            node_products.launch([nodes, 1], 64, &[x.argument(), y.argument(), sums.argument()])
        }),
        ("inner product, with its download", 2.0, &|| {
            node_products.launch([nodes, 1], 64, &[x.argument(), y.argument(), sums.argument()])?;
            sums.read(0, &mut vec![T::ZERO; 64 * nodes])
        }),
        ("H1 representative", 4.0, &|| {
            let arguments = [x.argument(), y.argument(), factors.argument(), nodes.into()];
            eliminate.launch([(count / nodes).div_ceil(64), 1], 64, &arguments)
        }),
    ];
    let mut times = Vec::new();
    for (name, passes, run) in runs {
        let milliseconds = median(device, &mut || run())?;
        times.push(Time {
            name: name.into(),
            milliseconds,
            operations: 0.0,
            bytes: passes * bytes,
        });
    }
    let mut up = Parameters::zeros(network.width(), nodes);
    times.push(Time {
        name: "parameters to the device".into(),
        milliseconds: median(device, &mut || x.write(0, up.as_slice()))?,
        operations: 0.0,
        bytes,
    });
    times.push(Time {
        name: "parameters from the device".into(),
        milliseconds: median(device, &mut || x.read(0, up.as_mut_slice()))?,
        operations: 0.0,
        bytes,
    });
    Ok(times)
}

/// The median of several runs, each until the device has finished.
fn median(device: &Device, run: &mut dyn FnMut() -> Result<(), GpuError>) -> Result<f64, GpuError> {
    let mut times = Vec::new();
    let begun = Instant::now();
    while times.len() < 3 || (times.len() < 21 && begun.elapsed().as_secs_f64() < 0.5) {
        device.finish()?;
        let start = Instant::now();
        run()?;
        device.finish()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}
