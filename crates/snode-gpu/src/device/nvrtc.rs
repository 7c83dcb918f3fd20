//! NVIDIA's run-time compiler, loaded when it is needed: the CUDA toolkit has it, and so have the
//! packages `nvidia-cuda-nvrtc-cu12` and `nvidia-cuda-nvrtc` of PyPI.

use std::ffi::{CStr, CString, c_char, c_int};
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::OnceLock;

use libloading::Library;

use crate::GpuError;
use crate::backend::Backend;

/// The variable that names the library, or the folder it is in.
const VARIABLE: &str = "SNODE_NVRTC";

/// Its names, the newest first.
const NAMES: [&str; 5] =
    ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so", "nvrtc64_130_0.dll", "nvrtc64_120_0.dll"];

/// Folders it may be in where the system's loader does not look; a `*` is any text.
const FOLDERS: [&str; 9] = [
    "/usr/local/cuda*/lib64",
    "/usr/local/cuda*/targets/*/lib",
    "/opt/cuda/lib64",
    "/usr/local/lib/python3*/dist-packages/nvidia/*/lib",
    "/usr/local/lib/python3*/site-packages/nvidia/*/lib",
    "/usr/lib/python3*/dist-packages/nvidia/*/lib",
    "/usr/lib/python3*/site-packages/nvidia/*/lib",
    "/opt/*/lib/python3*/site-packages/nvidia/*/lib",
    "/opt/*/envs/*/lib/python3*/site-packages/nvidia/*/lib",
];

type Program = *mut std::ffi::c_void;
type Size = unsafe extern "C" fn(Program, *mut usize) -> c_int;
type Text = unsafe extern "C" fn(Program, *mut c_char) -> c_int;

/// The functions that are used.
struct Nvrtc {
    create: unsafe extern "C" fn(
        *mut Program,
        *const c_char,
        *const c_char,
        c_int,
        *const *const c_char,
        *const *const c_char,
    ) -> c_int,
    compile: unsafe extern "C" fn(Program, c_int, *const *const c_char) -> c_int,
    destroy: unsafe extern "C" fn(*mut Program) -> c_int,
    binary_size: Size,
    binary: Text,
    log_size: Size,
    log: Text,
    error_string: unsafe extern "C" fn(c_int) -> *const c_char,
    _library: Library,
}

/// What the compiler made.
pub(crate) struct Compiled {
    /// A binary for the architecture.
    pub(crate) binary: Vec<u8>,
    /// What the compiler said.
    pub(crate) log: String,
}

/// Compiles a text for an architecture such as `sm_90`. No operation becomes another: products and
/// sums are not contracted, divisions are exact, small numbers are not flushed to zero.
pub(crate) fn compile(source: &str, architecture: &str) -> Result<Compiled, GpuError> {
    static NVRTC: OnceLock<Option<Nvrtc>> = OnceLock::new();
    let nvrtc = NVRTC.get_or_init(Nvrtc::load).as_ref().ok_or(GpuError::NoLibrary {
        backend: Backend::Cuda,
        library: "compiler NVRTC (libnvrtc)",
        advice: "install the CUDA toolkit, or the Python package nvidia-cuda-nvrtc-cu12, and let \
                 SNODE_NVRTC name the library if it is not found by itself",
    })?;
    nvrtc.compile(
        source,
        &[
            &format!("--gpu-architecture={architecture}"),
            "--fmad=false",
            "--ftz=false",
            "--prec-div=true",
            "--ptxas-options=-v",
        ],
    )
}

impl Nvrtc {
    fn load() -> Option<Self> {
        candidates().iter().find_map(|path| {
            // SAFETY: a library of NVIDIA's, whose functions are declared as its header has them.
            unsafe { Self::from_library(Library::new(path).ok()?) }.ok()
        })
    }

    /// # Safety
    /// The library is NVRTC.
    unsafe fn from_library(library: Library) -> Result<Self, libloading::Error> {
        macro_rules! function {
            ($name:literal) => {
                // SAFETY: by the caller's promise.
                *unsafe { library.get($name) }?
            };
        }
        Ok(Self {
            create: function!(b"nvrtcCreateProgram\0"),
            compile: function!(b"nvrtcCompileProgram\0"),
            destroy: function!(b"nvrtcDestroyProgram\0"),
            binary_size: function!(b"nvrtcGetCUBINSize\0"),
            binary: function!(b"nvrtcGetCUBIN\0"),
            log_size: function!(b"nvrtcGetProgramLogSize\0"),
            log: function!(b"nvrtcGetProgramLog\0"),
            error_string: function!(b"nvrtcGetErrorString\0"),
            _library: library,
        })
    }

    fn compile(&self, source: &str, options: &[&str]) -> Result<Compiled, GpuError> {
        let text = |text: &str| CString::new(text).unwrap_or_default();
        let (source, name) = (text(source), text("snode.cu"));
        let options: Vec<CString> = options.iter().map(|option| text(option)).collect();
        let options: Vec<*const c_char> = options.iter().map(|option| option.as_ptr()).collect();
        let mut program = ptr::null_mut();
        // SAFETY: all texts end with a zero and outlive the calls; the program is destroyed once.
        unsafe {
            let created = (self.create)(
                &raw mut program,
                source.as_ptr(),
                name.as_ptr(),
                0,
                ptr::null(),
                ptr::null(),
            );
            self.check(created, "")?;
            let compiled = (self.compile)(program, options.len() as c_int, options.as_ptr());
            let log = Self::bytes(program, self.log_size, self.log);
            let log = String::from_utf8_lossy(&log).trim_end_matches('\0').trim().to_owned();
            let binary = Self::bytes(program, self.binary_size, self.binary);
            (self.destroy)(&raw mut program);
            self.check(compiled, &log)?;
            Ok(Compiled { binary, log })
        }
    }

    /// # Safety
    /// The program is alive, and the functions belong together.
    unsafe fn bytes(program: Program, size: Size, get: Text) -> Vec<u8> {
        let mut count = 0;
        // SAFETY: by the caller's promise; there is as much room as is asked for.
        unsafe {
            if size(program, &raw mut count) != 0 {
                return Vec::new();
            }
            let mut bytes = vec![0; count];
            if get(program, bytes.as_mut_ptr().cast()) != 0 {
                return Vec::new();
            }
            bytes
        }
    }

    fn check(&self, code: c_int, log: &str) -> Result<(), GpuError> {
        if code == 0 {
            return Ok(());
        }
        // SAFETY: the library gives a text for every code, which lives as long as itself.
        let text = unsafe { CStr::from_ptr((self.error_string)(code)) }.to_string_lossy();
        Err(GpuError::Compile { backend: Backend::Cuda, log: format!("{text}: {log}") })
    }
}

/// Where to look: what the variable names; by name, where the system's loader looks; the folders.
fn candidates() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = Vec::new();
    if let Some(named) = std::env::var_os(VARIABLE).map(PathBuf::from) {
        if named.is_dir() {
            folders.push(named);
        } else {
            return vec![named];
        }
    }
    if folders.is_empty() {
        found.extend(NAMES.map(PathBuf::from));
    }
    for home in ["CUDA_HOME", "CUDA_PATH", "VIRTUAL_ENV", "CONDA_PREFIX"] {
        if let Some(home) = std::env::var_os(home).map(PathBuf::from) {
            folders.push(home.join("lib64"));
            folders.push(home.join("bin"));
            folders.extend(expand(&home.join("lib/python3*/site-packages/nvidia/*/lib")));
        }
    }
    folders.extend(FOLDERS.iter().flat_map(|folder| expand(Path::new(folder))));
    found.extend(folders.iter().flat_map(|folder| NAMES.map(|name| folder.join(name))));
    found.retain(|path| path.components().count() == 1 || path.exists());
    found
}

/// The paths that a pattern stands for, with at most one `*` in a component; the last name first,
/// which is the newest version.
fn expand(pattern: &Path) -> Vec<PathBuf> {
    let mut paths = vec![PathBuf::new()];
    for component in pattern.components() {
        let part = component.as_os_str().to_string_lossy().into_owned();
        let Some((start, end)) = part.split_once('*') else {
            for path in &mut paths {
                path.push(component);
            }
            continue;
        };
        paths = paths.iter().flat_map(|folder| matching(folder, start, end)).collect();
    }
    paths
}

/// What is in `folder` with a name that begins and ends so.
fn matching(folder: &Path, start: &str, end: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(start) && name.ends_with(end)
        })
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found.reverse();
    found
}
