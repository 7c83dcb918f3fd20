//! CUDA, by cudarc: the driver is loaded when it is first called, and asked for before, since cudarc
//! panics without it.

use std::ffi::{CString, c_int};
use std::ptr;
use std::sync::{Mutex, PoisonError};

use cudarc::driver::{DriverError, result, sys};

use super::{Argument, DeviceInfo, Driver, nvrtc};
use crate::GpuError;
use crate::backend::Backend;

const BACKEND: Backend = Backend::Cuda;

fn error(operation: &'static str) -> impl Fn(DriverError) -> GpuError {
    move |error| {
        let text = error.error_string().map(|text| text.to_string_lossy().into_owned());
        let detail = text.unwrap_or_else(|_| format!("{:?}", error.0));
        GpuError::Driver { backend: BACKEND, operation, detail }
    }
}

/// That the driver is there, and begun.
fn init() -> Result<(), GpuError> {
    // SAFETY: loads a library of the system's, whose initialisers are NVIDIA's.
    if !unsafe { sys::is_culib_present() } {
        return Err(GpuError::NoLibrary {
            backend: BACKEND,
            library: "NVIDIA driver (libcuda)",
            advice: "install the driver, or choose another device",
        });
    }
    match result::init() {
        Err(DriverError(sys::CUresult::CUDA_ERROR_NO_DEVICE)) => Ok(()),
        begun => begun.map_err(error("starting the driver")),
    }
}

fn count() -> Result<usize, GpuError> {
    match result::device::get_count() {
        Err(DriverError(
            sys::CUresult::CUDA_ERROR_NO_DEVICE | sys::CUresult::CUDA_ERROR_NOT_INITIALIZED,
        )) => Ok(0),
        count => Ok(count.map_err(error("counting the devices"))?.max(0) as usize),
    }
}

fn attribute(device: sys::CUdevice, what: sys::CUdevice_attribute) -> Result<usize, DriverError> {
    // SAFETY: the device came from the driver.
    Ok(unsafe { result::device::get_attribute(device, what) }?.max(0) as usize)
}

fn describe(index: usize, device: sys::CUdevice) -> Result<DeviceInfo, DriverError> {
    use sys::CUdevice_attribute_enum as ask;
    let mut version = 0;
    // SAFETY: writes one number.
    unsafe { sys::cuDriverGetVersion(&raw mut version) }.result()?;
    let (major, minor) = capability(device)?;
    Ok(DeviceInfo {
        backend: BACKEND,
        index,
        name: result::device::get_name(device)?,
        driver: format!(
            "driver of CUDA {}.{}, compute capability {major}.{minor}",
            version / 1000,
            version % 1000 / 10
        ),
        // SAFETY: the device came from the driver.
        memory: unsafe { result::device::total_mem(device) }? as u64,
        compute_units: attribute(device, ask::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?,
        clock: attribute(device, ask::CU_DEVICE_ATTRIBUTE_CLOCK_RATE)? / 1000,
        // What a kernel may have without asking for more.
        shared_memory: attribute(device, ask::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK)?,
        most_threads: attribute(device, ask::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK)?,
        double: true,
    })
}

fn capability(device: sys::CUdevice) -> Result<(usize, usize), DriverError> {
    use sys::CUdevice_attribute_enum as ask;
    Ok((
        attribute(device, ask::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
        attribute(device, ask::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
    ))
}

pub(super) fn list() -> Result<Vec<DeviceInfo>, GpuError> {
    init()?;
    (0..count()?)
        .map(|index| describe(index, result::device::get(index as c_int)?))
        .collect::<Result<_, _>>()
        .map_err(error("describing the devices"))
}

/// A device in its primary context, with the default stream.
pub(super) struct Cuda {
    info: DeviceInfo,
    device: sys::CUdevice,
    context: sys::CUcontext,
    architecture: String,
    modules: Mutex<Vec<usize>>,
}

// SAFETY: handles of the driver may be used by any thread that makes the context current.
unsafe impl Send for Cuda {}
// SAFETY: as above.
unsafe impl Sync for Cuda {}

impl Cuda {
    pub(super) fn open(index: usize) -> Result<Self, GpuError> {
        init()?;
        let count = count()?;
        if index >= count {
            return Err(GpuError::NoDevice { backend: BACKEND, index, count });
        }
        let open = || {
            let device = result::device::get(index as c_int)?;
            let info = describe(index, device)?;
            let (major, minor) = capability(device)?;
            // SAFETY: released when this is dropped.
            let context = unsafe { result::primary_ctx::retain(device) }?;
            let architecture = format!("sm_{major}{minor}");
            Ok(Self { info, device, context, architecture, modules: Mutex::default() })
        };
        open().map_err(error("opening the device"))
    }

    /// Makes the context this thread's.
    fn enter(&self) -> Result<(), GpuError> {
        // SAFETY: the context is retained.
        unsafe { result::ctx::set_current(self.context) }.map_err(error("entering the context"))
    }
}

impl Drop for Cuda {
    fn drop(&mut self) {
        if self.enter().is_ok() {
            for module in self.modules.get_mut().unwrap_or_else(PoisonError::into_inner).drain(..) {
                // SAFETY: loaded here; kernels and memory keep this alive. Nobody is left to tell.
                let _ = unsafe { result::module::unload(module as *mut _) };
            }
        }
        // SAFETY: retained once.
        let _ = unsafe { result::primary_ctx::release(self.device) };
    }
}

impl Driver for Cuda {
    fn info(&self) -> &DeviceInfo {
        &self.info
    }

    fn allocate(&self, bytes: usize) -> Result<usize, GpuError> {
        self.enter()?;
        // SAFETY: freed by `free`.
        let memory = unsafe { result::malloc_sync(bytes) }.map_err(error("allocating memory"))?;
        Ok(memory as usize)
    }

    fn free(&self, memory: usize) {
        if self.enter().is_ok() {
            // SAFETY: allocated here, freed once. There is nobody to tell of an error.
            let _ = unsafe { result::free_sync(memory as u64) };
        }
    }

    unsafe fn write(&self, memory: usize, offset: usize, bytes: &[u8]) -> Result<(), GpuError> {
        self.enter()?;
        // SAFETY: by the caller's promise.
        unsafe { result::memcpy_htod_sync((memory + offset) as u64, bytes) }
            .map_err(error("writing memory"))
    }

    unsafe fn read(&self, memory: usize, offset: usize, bytes: &mut [u8]) -> Result<(), GpuError> {
        self.enter()?;
        // SAFETY: by the caller's promise.
        unsafe { result::memcpy_dtoh_sync(bytes, (memory + offset) as u64) }
            .map_err(error("reading memory"))
    }

    fn compile(&self, source: &str, names: &[&str]) -> Result<Vec<usize>, GpuError> {
        self.enter()?;
        let binary = nvrtc::compile(source, &self.architecture)?.binary;
        // SAFETY: the binary is what the compiler wrote.
        let module = unsafe { result::module::load_data(binary.as_ptr().cast()) }
            .map_err(error("loading the kernels"))?;
        self.modules.lock().unwrap_or_else(PoisonError::into_inner).push(module as usize);
        names
            .iter()
            .map(|name| {
                let name = CString::new(*name).unwrap_or_default();
                // SAFETY: the module is loaded.
                unsafe { result::module::get_function(module, name) }.map(|kernel| kernel as usize)
            })
            .collect::<Result<_, _>>()
            .map_err(error("finding a kernel"))
    }

    unsafe fn launch(
        &self,
        kernel: usize,
        blocks: [usize; 2],
        threads: usize,
        arguments: &[Argument<'_>],
    ) -> Result<(), GpuError> {
        self.enter()?;
        let mut pointers: Vec<_> =
            arguments.iter().map(|argument| argument.value().0.cast_mut()).collect();
        let (blocks, threads) = ((blocks[0] as u32, blocks[1] as u32, 1), (threads as u32, 1, 1));
        // SAFETY: by the caller's promise.
        unsafe {
            result::launch_kernel(
                kernel as *mut _,
                blocks,
                threads,
                0,
                ptr::null_mut(),
                &mut pointers,
            )
        }
        .map_err(error("launching a kernel"))
    }

    fn finish(&self) -> Result<(), GpuError> {
        self.enter()?;
        result::ctx::synchronize().map_err(error("waiting"))
    }
}
