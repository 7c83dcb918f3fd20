//! The device of the tests.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::sync::{Mutex, MutexGuard, PoisonError};

use faer::Mat;
use snode_gpu::{Backend, Device};
use snode_ode::{Activation, Endpoint, Grid, Initialisation, Network, Real};

/// The first OpenCL device, for one test at a time: PoCL's compiler does not bear several. Without a device the tests have nothing to do, unless `SNODE_GPU_TESTS` is set,
/// as `make gpu` does.
pub fn device() -> Option<(Device, MutexGuard<'static, ()>)> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    match Device::open(Backend::OpenCl, 0) {
        Ok(device) => Some((device, alone)),
        Err(error) if required() => panic!("no device for the tests: {error}"),
        Err(error) => {
            eprintln!("skipped: {error}");
            None
        }
    }
}

/// Whether everything is to be tested, which takes minutes where kernels have not been compiled before.
pub fn required() -> bool {
    std::env::var_os("SNODE_GPU_TESTS").is_some()
}

pub fn network<T: Real>(width: usize, layers: usize, activation: Activation) -> Network<T> {
    let grid = Grid::new(1.5, layers, Endpoint::Excluded).unwrap();
    Network::initial(width, grid, activation, Initialisation::Spline, 3)
}

/// Numbers without a pattern in [−1, 0].
pub fn images<T: Real>(width: usize, count: usize) -> Mat<T> {
    Mat::from_fn(width, count, |i, j| {
        T::from_f64(-(0.5 + 0.5 * (0.37 + 1.3 * i as f64 + 2.1 * j as f64).sin()))
    })
}
