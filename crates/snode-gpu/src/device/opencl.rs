//! OpenCL, by opencl3: the library is loaded when it is first called.

use std::ptr;
use std::sync::Mutex;

use opencl3::command_queue::{
    CommandQueue, enqueue_nd_range_kernel, enqueue_read_buffer, enqueue_write_buffer,
};
use opencl3::context::Context;
use opencl3::device::{CL_DEVICE_TYPE_ALL, Device as ClDevice};
use opencl3::error_codes::ClError;
use opencl3::event::{release_event, wait_for_events};
use opencl3::kernel::{Kernel, set_kernel_arg};
use opencl3::memory::{CL_MEM_READ_WRITE, create_buffer, release_mem_object};
use opencl3::platform::get_platforms;
use opencl3::program::Program;
use opencl3::types::{CL_TRUE, cl_device_id};

use super::{Argument, DeviceInfo, Driver};
use crate::GpuError;
use crate::backend::Backend;

const BACKEND: Backend = Backend::OpenCl;
/// What opencl3 returns if the library cannot be loaded, or has not a function.
const NO_LIBRARY: [i32; 2] = [-2000, -2001];
/// What the loader returns if no platform is installed.
const NO_PLATFORM: i32 = -1001;

fn error(operation: &'static str) -> impl Fn(ClError) -> GpuError {
    move |error| match error.0 {
        code if NO_LIBRARY.contains(&code) => no_library(),
        code => {
            GpuError::Driver { backend: BACKEND, operation, detail: format!("{error} ({code})") }
        }
    }
}

fn no_library() -> GpuError {
    GpuError::NoLibrary {
        backend: BACKEND,
        library: "OpenCL library",
        advice: "install the driver of the device, or PoCL, which computes on the CPU (Debian: ocl-icd-libopencl1, pocl-opencl-icd)",
    }
}

/// All devices of all platforms.
fn devices() -> Result<Vec<cl_device_id>, GpuError> {
    let platforms = match get_platforms() {
        Err(ClError(NO_PLATFORM)) => return Ok(Vec::new()),
        platforms => platforms.map_err(error("listing the platforms"))?,
    };
    // A platform without devices says so by an error.
    Ok(platforms
        .iter()
        .flat_map(|platform| platform.get_devices(CL_DEVICE_TYPE_ALL).unwrap_or_default())
        .collect())
}

fn describe(index: usize, device: ClDevice) -> Result<DeviceInfo, ClError> {
    Ok(DeviceInfo {
        backend: BACKEND,
        index,
        name: device.name()?.trim().to_owned(),
        driver: format!("{}, driver {}", device.version()?.trim(), device.driver_version()?.trim()),
        memory: device.global_mem_size()?,
        compute_units: device.max_compute_units()? as usize,
        clock: device.max_clock_frequency()? as usize,
        shared_memory: usize::try_from(device.local_mem_size()?).unwrap_or(usize::MAX),
        most_threads: device.max_work_group_size()?,
        double: device.double_fp_config().is_ok_and(|config| config != 0),
    })
}

pub(super) fn list() -> Result<Vec<DeviceInfo>, GpuError> {
    devices()?
        .into_iter()
        .enumerate()
        .map(|(index, id)| describe(index, ClDevice::new(id)))
        .collect::<Result<_, _>>()
        .map_err(error("describing the devices"))
}

/// A device with a queue, whose work is done in its order.
pub(super) struct OpenCl {
    info: DeviceInfo,
    device: cl_device_id,
    context: Context,
    queue: CommandQueue,
    /// What has been compiled, kept for as long as the device; a kernel's arguments are set and it is
    /// launched by one thread at a time.
    programs: Mutex<Vec<(Program, Vec<Kernel>)>>,
}

// SAFETY: OpenCL objects may be used by any thread; setting arguments is under the lock.
unsafe impl Send for OpenCl {}
// SAFETY: as above.
unsafe impl Sync for OpenCl {}

impl OpenCl {
    pub(super) fn open(index: usize) -> Result<Self, GpuError> {
        let devices = devices()?;
        let Some(&device) = devices.get(index) else {
            return Err(GpuError::NoDevice { backend: BACKEND, index, count: devices.len() });
        };
        let cl_device = ClDevice::new(device);
        let info = describe(index, cl_device).map_err(error("describing the device"))?;
        let context = Context::from_device(&cl_device).map_err(error("creating a context"))?;
        // Not the call of OpenCL 2.0, which 1.2 does not have.
        #[allow(deprecated)]
        let queue = CommandQueue::create_default(&context, 0).map_err(error("creating a queue"))?;
        Ok(Self { info, device, context, queue, programs: Mutex::default() })
    }
}

impl Driver for OpenCl {
    fn info(&self) -> &DeviceInfo {
        &self.info
    }

    fn allocate(&self, bytes: usize) -> Result<usize, GpuError> {
        // SAFETY: the context is alive, and no host memory is given.
        unsafe { create_buffer(self.context.get(), CL_MEM_READ_WRITE, bytes, ptr::null_mut()) }
            .map(|memory| memory as usize)
            .map_err(|code| error("allocating memory")(ClError(code)))
    }

    fn free(&self, memory: usize) {
        // SAFETY: allocated here, and freed once. There is nobody to tell of an error.
        let _ = unsafe { release_mem_object(memory as *mut _) };
    }

    unsafe fn write(&self, memory: usize, offset: usize, bytes: &[u8]) -> Result<(), GpuError> {
        let from = bytes.as_ptr().cast_mut().cast();
        // SAFETY: by the caller's promise; the call waits, so `bytes` outlives it.
        let done = unsafe {
            enqueue_write_buffer(
                self.queue.get(),
                memory as *mut _,
                CL_TRUE,
                offset,
                bytes.len(),
                from,
                0,
                ptr::null(),
            )
        };
        finished("writing memory", done)
    }

    unsafe fn read(&self, memory: usize, offset: usize, bytes: &mut [u8]) -> Result<(), GpuError> {
        let to = bytes.as_mut_ptr().cast();
        // SAFETY: as above.
        let done = unsafe {
            enqueue_read_buffer(
                self.queue.get(),
                memory as *mut _,
                CL_TRUE,
                offset,
                bytes.len(),
                to,
                0,
                ptr::null(),
            )
        };
        finished("reading memory", done)
    }

    fn compile(&self, source: &str, names: &[&str]) -> Result<Vec<usize>, GpuError> {
        let mut program = Program::create_from_source(&self.context, source)
            .map_err(error("creating a program"))?;
        let options = "-cl-std=CL1.2 -cl-fp32-correctly-rounded-divide-sqrt";
        if program.build(&[self.device], options).is_err() {
            let log = program.get_build_log(self.device).map_err(error("compiling"))?;
            return Err(GpuError::Compile { backend: BACKEND, log });
        }
        let kernels: Vec<Kernel> = names
            .iter()
            .map(|name| Kernel::create(&program, name))
            .collect::<Result<_, _>>()
            .map_err(error("finding a kernel"))?;
        let handles = kernels.iter().map(|kernel| kernel.get() as usize).collect();
        lock(&self.programs).push((program, kernels));
        Ok(handles)
    }

    unsafe fn launch(
        &self,
        kernel: usize,
        blocks: [usize; 2],
        threads: usize,
        arguments: &[Argument<'_>],
    ) -> Result<(), GpuError> {
        let kernel = kernel as *mut _;
        let guard = lock(&self.programs);
        for (index, argument) in arguments.iter().enumerate() {
            let (value, size) = argument.value();
            // SAFETY: by the caller's promise.
            unsafe { set_kernel_arg(kernel, index as u32, size, value) }
                .map_err(|code| error("setting an argument")(ClError(code)))?;
        }
        let (global, local) = ([blocks[0] * threads, blocks[1]], [threads, 1]);
        // SAFETY: as above.
        let begun = unsafe {
            enqueue_nd_range_kernel(
                self.queue.get(),
                kernel,
                2,
                ptr::null(),
                global.as_ptr(),
                local.as_ptr(),
                0,
                ptr::null(),
            )
        };
        drop(guard);
        match begun {
            // SAFETY: the event is ours, and nobody asks for it.
            Ok(event) => unsafe { release_event(event) },
            Err(code) => Err(code),
        }
        .map_err(|code| error("launching a kernel")(ClError(code)))
    }

    fn finish(&self) -> Result<(), GpuError> {
        self.queue.finish().map_err(error("waiting"))
    }
}

/// The end of a call that has waited.
fn finished(
    operation: &'static str,
    done: Result<opencl3::types::cl_event, i32>,
) -> Result<(), GpuError> {
    done.and_then(|event| {
        wait_for_events(&[event])?;
        // SAFETY: the event is ours.
        unsafe { release_event(event) }
    })
    .map_err(|code| error(operation)(ClError(code)))
}

/// The lock, also after a panic of another thread: what it guards is only ever added to.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
