//! What devices are reached by.

use std::fmt;
use std::str::FromStr;

/// What a device is reached by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// OpenCL 1.2 or later: devices of every maker, and CPUs by PoCL.
    OpenCl,
    /// NVIDIA's driver, with its compiler NVRTC.
    Cuda,
}

impl Backend {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::OpenCl, Self::Cuda];

    /// Its name in configurations: `opencl` or `cuda`.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenCl => "opencl",
            Self::Cuda => "cuda",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no backend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found `{found}`; expected `opencl` or `cuda`")]
pub struct UnknownBackend {
    /// The text.
    pub found: String,
}

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|backend| backend.name() == text)
            .ok_or_else(|| UnknownBackend { found: text.to_owned() })
    }
}
