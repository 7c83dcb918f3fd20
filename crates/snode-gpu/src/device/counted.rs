//! A driver that counts what it moves: the only one that the rest of the crate can reach.

use std::ops::Sub;
use std::sync::{Mutex, PoisonError};

use super::{Argument, DeviceInfo, Driver};
use crate::GpuError;

/// What has been moved one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// How many copies there were.
    pub copies: u64,
    /// How many bytes they had in all.
    pub bytes: u64,
}

/// What has been moved between the host and a device since it was opened, and how often the host has waited for it.
///
/// The difference of two is what was moved in between:
///
/// ```no_run
/// # use snode_gpu::{Backend, Device};
/// # let device = Device::open(Backend::OpenCl, 0)?;
/// let before = device.transfers();
/// // An iteration …
/// let moved = device.transfers() - before;
/// println!("{} bytes up, {} down", moved.to_device.bytes, moved.from_device.bytes);
/// # Ok::<(), snode_gpu::GpuError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transfers {
    /// From the host to the device. Arguments of kernels are not counted.
    pub to_device: Moved,
    /// From the device to the host.
    pub from_device: Moved,
    /// How often the host has waited until the device had done what was begun: at every copy either way, and where
    /// [`Device::finish`](super::Device::finish) was asked for.
    pub waits: u64,
}

impl Moved {
    fn add(&mut self, bytes: usize) {
        self.copies += 1;
        self.bytes += bytes as u64;
    }
}

impl Sub for Moved {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { copies: self.copies - earlier.copies, bytes: self.bytes - earlier.bytes }
    }
}

impl Sub for Transfers {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            to_device: self.to_device - earlier.to_device,
            from_device: self.from_device - earlier.from_device,
            waits: self.waits - earlier.waits,
        }
    }
}

/// A driver, with what it has moved.
pub(super) struct Counted {
    driver: Box<dyn Driver>,
    transfers: Mutex<Transfers>,
}

impl Counted {
    pub(super) fn new(driver: impl Driver + 'static) -> Self {
        Self { driver: Box::new(driver), transfers: Mutex::default() }
    }

    pub(super) fn transfers(&self) -> Transfers {
        *self.transfers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, add: impl FnOnce(&mut Transfers)) {
        let mut transfers = self.transfers.lock().unwrap_or_else(PoisonError::into_inner);
        transfers.waits += 1;
        add(&mut transfers);
    }
}

impl Driver for Counted {
    fn info(&self) -> &DeviceInfo {
        self.driver.info()
    }

    fn allocate(&self, bytes: usize) -> Result<usize, GpuError> {
        self.driver.allocate(bytes)
    }

    fn free(&self, memory: usize) {
        self.driver.free(memory);
    }

    unsafe fn write(&self, memory: usize, offset: usize, bytes: &[u8]) -> Result<(), GpuError> {
        self.count(|transfers| transfers.to_device.add(bytes.len()));
        // SAFETY: by the caller's promise.
        unsafe { self.driver.write(memory, offset, bytes) }
    }

    unsafe fn read(&self, memory: usize, offset: usize, bytes: &mut [u8]) -> Result<(), GpuError> {
        self.count(|transfers| transfers.from_device.add(bytes.len()));
        // SAFETY: by the caller's promise.
        unsafe { self.driver.read(memory, offset, bytes) }
    }

    fn compile(&self, source: &str, names: &[&str]) -> Result<Vec<usize>, GpuError> {
        self.driver.compile(source, names)
    }

    unsafe fn launch(
        &self,
        kernel: usize,
        blocks: [usize; 2],
        threads: usize,
        arguments: &[Argument<'_>],
    ) -> Result<(), GpuError> {
        // SAFETY: by the caller's promise.
        unsafe { self.driver.launch(kernel, blocks, threads, arguments) }
    }

    fn finish(&self) -> Result<(), GpuError> {
        self.count(|_| ());
        self.driver.finish()
    }
}
