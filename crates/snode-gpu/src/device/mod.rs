//! Devices: memory, programs and launches, the same for OpenCL and CUDA.

mod counted;
#[cfg(feature = "cuda")]
mod cuda;
#[cfg(feature = "cuda")]
pub(crate) mod nvrtc;
#[cfg(feature = "opencl")]
mod opencl;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use snode_ode::Real;

use crate::backend::Backend;
use crate::error::GpuError;
use crate::kernels::Program;
use counted::Counted;

pub use counted::{Moved, Transfers};

/// What is known of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// What it is reached by.
    pub backend: Backend,
    /// Its number among the backend's devices.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// The driver, with its version.
    pub driver: String,
    /// Its memory in bytes.
    pub memory: u64,
    /// How many blocks run at the same time at least.
    pub compute_units: usize,
    /// Clock of its arithmetic in MHz.
    pub clock: usize,
    /// Shared memory of a block in bytes.
    pub shared_memory: usize,
    /// The most threads a block may have.
    pub most_threads: usize,
    /// Whether it computes in f64.
    pub double: bool,
}

impl DeviceInfo {
    /// 10¹² operations in f32 a second that an NVIDIA card of today can do: two a clock and lane.
    pub fn peak(&self) -> f64 {
        const LANES: f64 = 128.0;
        2.0 * LANES * self.compute_units as f64 * self.clock as f64 * 1e-6
    }
}

impl fmt::Display for DeviceInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { backend, index, name, driver, .. } = self;
        write!(f, "{backend} device {index}: {name}, {driver}")
    }
}

/// A device to compute on. Copies are the same device.
///
/// ```no_run
/// use snode_gpu::{Backend, Device};
/// let device = Device::open(Backend::OpenCl, 0)?;
/// println!("{}", device.info());
/// # Ok::<(), snode_gpu::GpuError>(())
/// ```
#[derive(Clone)]
pub struct Device {
    driver: Arc<Counted>,
    /// What has been compiled.
    programs: Arc<Mutex<Vec<Compiled>>>,
    /// The first failure that nobody has been told of.
    failure: Arc<Mutex<Option<GpuError>>>,
}

/// A program in a precision, with the handles of its kernels.
struct Compiled {
    program: Program,
    precision: &'static str,
    kernels: Vec<usize>,
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Device").field(self.info()).finish()
    }
}

impl Device {
    /// The devices of a backend.
    ///
    /// # Errors
    /// If the backend was not built in, its library is not there, or its driver fails.
    pub fn list(backend: Backend) -> Result<Vec<DeviceInfo>, GpuError> {
        match backend {
            #[cfg(feature = "opencl")]
            Backend::OpenCl => opencl::list(),
            #[cfg(feature = "cuda")]
            Backend::Cuda => cuda::list(),
            #[cfg(not(all(feature = "opencl", feature = "cuda")))]
            _ => Err(GpuError::NotBuilt { backend }),
        }
    }

    /// The device of this number.
    ///
    /// # Errors
    /// As [`list`](Self::list), and if there is no such device.
    pub fn open(backend: Backend, index: usize) -> Result<Self, GpuError> {
        match backend {
            #[cfg(feature = "opencl")]
            Backend::OpenCl => Ok(Self::new(opencl::OpenCl::open(index)?)),
            #[cfg(feature = "cuda")]
            Backend::Cuda => Ok(Self::new(cuda::Cuda::open(index)?)),
            #[cfg(not(all(feature = "opencl", feature = "cuda")))]
            _ => Err(GpuError::NotBuilt { backend }),
        }
    }

    fn new(driver: impl Driver + 'static) -> Self {
        Self {
            driver: Arc::new(Counted::new(driver)),
            programs: Arc::default(),
            failure: Arc::default(),
        }
    }

    /// What is known of it.
    pub fn info(&self) -> &DeviceInfo {
        self.driver.info()
    }

    /// What has been moved to it and from it since it was opened, by all copies of it.
    pub fn transfers(&self) -> Transfers {
        self.driver.transfers()
    }

    /// Waits until everything begun is done.
    ///
    /// # Errors
    /// If something begun has failed.
    pub fn finish(&self) -> Result<(), GpuError> {
        self.driver.finish()
    }

    /// Whether `other` is this device.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.programs, &other.programs)
    }

    /// Keeps an error until somebody can be told of it.
    pub(crate) fn note(&self, error: GpuError) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    /// The error that has been kept, once.
    pub(crate) fn check(&self) -> Result<(), GpuError> {
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Memory for so many numbers, of undefined value.
    pub(crate) fn memory<T: Real>(&self, count: usize) -> Result<Memory<T>, GpuError> {
        let handle = self.driver.allocate((count * size_of::<T>()).max(16))?;
        Ok(Memory { device: self.clone(), handle, count, element: std::marker::PhantomData })
    }

    /// The kernels `names` of a program, the same whenever they are asked for, and compiled when they first are.
    pub(crate) fn compile<T: Real, const COUNT: usize>(
        &self,
        program: Program,
        names: [&str; COUNT],
    ) -> Result<[Kernel; COUNT], GpuError> {
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        let known = programs
            .iter()
            .position(|known| known.program == program && known.precision == T::NAME);
        let index = if let Some(index) = known {
            index
        } else {
            let kernels = self.driver.compile(&program.text::<T>()?, &names)?;
            programs.push(Compiled { program, precision: T::NAME, kernels });
            programs.len() - 1
        };
        let handles = &programs[index].kernels;
        Ok(std::array::from_fn(|i| Kernel { device: self.clone(), handle: handles[i] }))
    }
}

/// Numbers on a device.
pub(crate) struct Memory<T> {
    device: Device,
    handle: usize,
    count: usize,
    element: std::marker::PhantomData<T>,
}

impl<T: Real> Memory<T> {
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Sets the numbers from `first` on. What `values` holds may change as soon as this returns.
    pub(crate) fn write(&self, first: usize, values: &[T]) -> Result<(), GpuError> {
        self.check(first, values.len());
        if values.is_empty() {
            return Ok(());
        }
        // SAFETY: floating-point numbers are bytes; the range is inside the allocation.
        let bytes = unsafe {
            std::slice::from_raw_parts(values.as_ptr().cast::<u8>(), size_of_val(values))
        };
        // SAFETY: as above.
        unsafe { self.device.driver.write(self.handle, first * size_of::<T>(), bytes) }
    }

    /// The numbers from `first` on, once everything begun is done.
    pub(crate) fn read(&self, first: usize, values: &mut [T]) -> Result<(), GpuError> {
        self.check(first, values.len());
        if values.is_empty() {
            return Ok(());
        }
        // SAFETY: as above, and every pattern of bits is a number.
        let bytes = unsafe {
            std::slice::from_raw_parts_mut(values.as_mut_ptr().cast::<u8>(), size_of_val(values))
        };
        // SAFETY: as above.
        unsafe { self.device.driver.read(self.handle, first * size_of::<T>(), bytes) }
    }

    fn check(&self, first: usize, count: usize) {
        assert!(first + count <= self.count, "beyond the end of a device's memory");
    }
}

impl<T> Memory<T> {
    /// It as an argument of a kernel.
    pub(crate) fn argument(&self) -> Argument<'_> {
        Argument::Memory(&self.handle)
    }
}

impl<T> Drop for Memory<T> {
    fn drop(&mut self) {
        self.device.driver.free(self.handle);
    }
}

/// A compiled kernel, which lives as long as its device.
#[derive(Clone)]
pub(crate) struct Kernel {
    device: Device,
    handle: usize,
}

impl Kernel {
    /// Begins the work of so many blocks with so many threads each; launches are done in their
    /// order.
    pub(crate) fn launch(
        &self,
        blocks: [usize; 2],
        threads: usize,
        arguments: &[Argument<'_>],
    ) -> Result<(), GpuError> {
        // SAFETY: the kernels of this crate take what their callers here give them, and stay within
        // the memory that they are given the sizes of.
        unsafe { self.device.driver.launch(self.handle, blocks, threads, arguments) }
    }
}

/// An argument of a kernel.
#[derive(Clone, Copy)]
pub(crate) enum Argument<'a> {
    Memory(&'a usize),
    Int(i32),
    Long(i64),
    Single(f32),
    Double(f64),
}

impl From<usize> for Argument<'_> {
    /// A count; those of batches and layers are far below 2³¹.
    fn from(count: usize) -> Self {
        Self::Int(count as i32)
    }
}

impl From<bool> for Argument<'_> {
    fn from(truth: bool) -> Self {
        Self::Int(i32::from(truth))
    }
}

impl Argument<'_> {
    /// A number, in the precision of its type.
    pub(crate) fn real<T: Real>(value: T) -> Self {
        if size_of::<T>() == size_of::<f32>() {
            Self::Single(value.to_f64() as f32)
        } else {
            Self::Double(value.to_f64())
        }
    }

    /// Where its value lies, and how many bytes it has.
    fn value(&self) -> (*const std::ffi::c_void, usize) {
        match self {
            Self::Memory(handle) => (std::ptr::from_ref(*handle).cast(), size_of::<usize>()),
            Self::Int(value) => (std::ptr::from_ref(value).cast(), 4),
            Self::Long(value) => (std::ptr::from_ref(value).cast(), 8),
            Self::Single(value) => (std::ptr::from_ref(value).cast(), 4),
            Self::Double(value) => (std::ptr::from_ref(value).cast(), 8),
        }
    }
}

/// What a backend does for this crate. Handles are what its library calls memory and kernels; they are
/// valid until they are freed, or the driver is gone.
trait Driver: Send + Sync {
    fn info(&self) -> &DeviceInfo;

    fn allocate(&self, bytes: usize) -> Result<usize, GpuError>;

    fn free(&self, memory: usize);

    /// # Safety
    /// The memory is allocated and holds the range.
    unsafe fn write(&self, memory: usize, offset: usize, bytes: &[u8]) -> Result<(), GpuError>;

    /// # Safety
    /// As for `write`.
    unsafe fn read(&self, memory: usize, offset: usize, bytes: &mut [u8]) -> Result<(), GpuError>;

    /// Handles of the kernels `names` of a program.
    fn compile(&self, source: &str, names: &[&str]) -> Result<Vec<usize>, GpuError>;

    /// # Safety
    /// The arguments are what the kernel takes.
    unsafe fn launch(
        &self,
        kernel: usize,
        blocks: [usize; 2],
        threads: usize,
        arguments: &[Argument<'_>],
    ) -> Result<(), GpuError>;

    fn finish(&self) -> Result<(), GpuError>;
}
