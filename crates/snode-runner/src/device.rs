//! Where Euler's scheme computes. As there is one pool of threads, there is one device in a process.

use std::sync::{Mutex, PoisonError};

use snode_experiment::DeviceName;
use snode_gpu::{Backend, Device, GpuEuler};
use snode_ode::{Real, Scheme, SchemeChoice};

use crate::error::{Error, Result};

/// The interface by which a device is reached; none for the CPU.
fn backend(name: DeviceName) -> Option<Backend> {
    match name {
        DeviceName::Cpu => None,
        DeviceName::OpenCl => Some(Backend::OpenCl),
        DeviceName::Cuda => Some(Backend::Cuda),
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
        let Some(backend) = backend(name) else { return Ok(None) };
        if chosen.device.as_ref().is_none_or(|device| device.info().backend != backend) {
            let cannot = |error| Error::Refused(format!("device = \"{backend}\": {error}"));
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
    let usage = |error: &dyn std::error::Error| Error::Refused(error.to_string());
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
    Err(Error::Refused(format!(
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
