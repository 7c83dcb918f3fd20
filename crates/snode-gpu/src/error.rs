//! What can go wrong with a device.

use crate::backend::Backend;

/// Why a device cannot be used, or has failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// The library of a backend is not there, or not whole.
    #[error("{backend}: found no {library} on this machine; {advice}")]
    NoLibrary {
        /// The backend.
        backend: Backend,
        /// The library.
        library: &'static str,
        /// What helps.
        advice: &'static str,
    },
    /// The library is there, but no such device.
    #[error("{backend}: found no device {index}; expected one of {count} devices")]
    NoDevice {
        /// The backend.
        backend: Backend,
        /// The number asked for.
        index: usize,
        /// How many devices there are.
        count: usize,
    },
    /// The program was built without this backend.
    #[error("{backend}: this program was built without it; build with `--features {backend}`")]
    NotBuilt {
        /// The backend.
        backend: Backend,
    },
    /// The device cannot compute in this precision.
    #[error("{device} cannot compute in f64; use f32, or another device")]
    NoDouble {
        /// The device.
        device: String,
    },
    /// A layer is too wide for the device.
    #[error(
        "{device}: found a network of width {width}; expected at most {most}, by its shared memory"
    )]
    TooWide {
        /// The device.
        device: String,
        /// The width of the network.
        width: usize,
        /// The largest one possible.
        most: usize,
    },
    /// No kernel has been written for an activation.
    #[error("no kernel for the activation `{activation}`; solve with device = \"cpu\"")]
    NoActivation {
        /// The activation.
        activation: String,
    },
    /// The device's compiler refuses the kernels.
    #[error("{backend}: the kernels do not compile: {log}")]
    Compile {
        /// The backend.
        backend: Backend,
        /// What the compiler says.
        log: String,
    },
    /// Something was asked for that is not on the device.
    #[error("the device has nothing to go on from; solve the direct problem first")]
    Nothing,
    /// A call of the driver failed.
    #[error("{backend}: {operation} failed: {detail}")]
    Driver {
        /// The backend.
        backend: Backend,
        /// What was to be done.
        operation: &'static str,
        /// The driver's words.
        detail: String,
    },
}
