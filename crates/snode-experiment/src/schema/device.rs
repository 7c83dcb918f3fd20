//! What computes.

use serde::{Deserialize, Serialize};

/// What computes under Euler's scheme, as options and experiments say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "lowercase"))]
pub enum DeviceName {
    /// The threads of this program.
    #[default]
    Cpu,
    /// The first OpenCL device.
    OpenCl,
    /// The first NVIDIA card.
    Cuda,
}

impl DeviceName {
    /// The name, as it is written in an experiment.
    pub fn text(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::OpenCl => "opencl",
            Self::Cuda => "cuda",
        }
    }
}
