//! Where Euler's scheme computes. As there is one pool of threads, there is one device in a process.

use std::sync::{Mutex, PoisonError};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use snode_gpu::{Backend, Device, GpuEuler};
use snode_ode::{Real, Scheme, SchemeChoice};

use crate::error::{Error, Result};

/// What computes, as options and experiments say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
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
    /// As it is written.
    pub fn text(self) -> &'static str {
        self.backend().map_or("cpu", Backend::name)
    }

    fn backend(self) -> Option<Backend> {
        match self {
            Self::Cpu => None,
            Self::OpenCl => Some(Backend::OpenCl),
            Self::Cuda => Some(Backend::Cuda),
        }
    }
}

/// What has been asked for, and what has been opened.
struct Chosen {
    option: Option<DeviceName>,
    key: Option<DeviceName>,
    device: Option<Device>,
}

static CHOSEN: Mutex<Chosen> = Mutex::new(Chosen { option: None, key: None, device: None });

fn chosen<R>(work: impl FnOnce(&mut Chosen) -> R) -> R {
    work(&mut CHOSEN.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Takes the device of the option `--device`, which stands before the key of experiments.
pub fn choose_by_option(option: Option<DeviceName>) {
    chosen(|chosen| chosen.option = option);
}

/// What the option asked for: for the processes of a grid's cells.
pub fn option() -> Option<DeviceName> {
    chosen(|chosen| chosen.option)
}

/// Takes the device of an experiment's key, and opens it before any work.
///
/// # Errors
/// If there is no such device.
pub fn choose_by_key(key: Option<DeviceName>) -> Result<()> {
    chosen(|chosen| chosen.key = key);
    open().map(drop)
}

/// The device, unless the CPU computes.
fn open() -> Result<Option<Device>> {
    chosen(|chosen| {
        let name = chosen.option.or(chosen.key).unwrap_or_default();
        let Some(backend) = name.backend() else { return Ok(None) };
        if chosen.device.as_ref().is_none_or(|device| device.info().backend != backend) {
            let cannot = |error| Error::Usage(format!("device = \"{backend}\": {error}"));
            chosen.device = Some(Device::open(backend, 0).map_err(cannot)?);
        }
        Ok(chosen.device.clone())
    })
}

/// The scheme of a choice, on the device if it is Euler's; others compute on the CPU.
///
/// # Errors
/// If an option of the scheme is out of range, or the device cannot be used.
pub fn scheme<T: Real>(choice: &SchemeChoice) -> Result<Box<dyn Scheme<T>>> {
    let usage = |error: &dyn std::error::Error| Error::Usage(error.to_string());
    match (open()?, choice) {
        (Some(device), SchemeChoice::Euler) => {
            Ok(Box::new(GpuEuler::new(&device).map_err(|error| usage(&error))?))
        }
        _ => choice.build().map_err(|error| usage(&error)),
    }
}

/// The scheme that a network is trained under.
///
/// # Errors
/// As [`scheme`]; also if a device is chosen for another scheme than Euler's.
pub fn training_scheme<T: Real>(choice: &SchemeChoice) -> Result<Box<dyn Scheme<T>>> {
    if !matches!(choice, SchemeChoice::Euler) {
        refuse(&format!("the scheme {}", choice.name()), "euler")?;
    }
    scheme(choice)
}

/// Refuses what is computed by the CPU alone, if a device is chosen: what was `found` in place of what
/// a device can do.
///
/// # Errors
/// If a device is chosen, or cannot be opened.
pub fn refuse(found: &str, expected: &str) -> Result<()> {
    let Some(device) = open()? else { return Ok(()) };
    let backend = device.info().backend;
    Err(Error::Usage(format!(
        "device = \"{backend}\": found {found}; expected {expected}, or device = \"cpu\""
    )))
}

/// What computes, with its driver.
///
/// # Errors
/// If the device cannot be opened.
pub fn description() -> Result<String> {
    Ok(open()?.map_or_else(|| "cpu".to_owned(), |device| device.info().to_string()))
}

/// The devices of each backend, or why there are none.
pub fn list() -> Vec<(Backend, String)> {
    let say = |backend| match Device::list(backend) {
        Ok(devices) if devices.is_empty() => "no device".to_owned(),
        Ok(devices) => {
            let lines: Vec<String> = devices
                .iter()
                .map(|device| {
                    let precisions = if device.double { "f32, f64" } else { "f32" };
                    format!("{}, {}; {precisions}", device.name, device.driver)
                })
                .collect();
            lines.join("\n")
        }
        Err(error) => error.to_string().trim_start_matches(&format!("{backend}: ")).to_owned(),
    };
    Backend::ALL.into_iter().map(|backend| (backend, say(backend))).collect()
}
