//! What the kernels take of an NVIDIA card, as its compiler says: no card is needed to ask.

use snode_ode::{Activation, Real};

use crate::GpuError;
use crate::backend::Backend;
use crate::device::{DeviceInfo, nvrtc};
use crate::division::divide;
use crate::kernels::Program;

/// What a kernel takes of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resources {
    /// Which kernel, for which network and batch.
    pub kernel: String,
    /// Registers of a thread.
    pub registers: usize,
    /// Bytes of a thread in memory for what has no register.
    pub spilled: usize,
    /// Bytes of a thread in memory altogether.
    pub stack: usize,
}

/// Of all kernels for networks of this width and `activation`, for one column, and for 2, 4 … columns a
/// block, as the compiler NVRTC makes them for an architecture such as `sm_90`.
///
/// # Errors
/// If NVRTC is not there, or refuses the kernels.
pub fn resources<T: Real>(
    architecture: &str,
    width: usize,
    activation: Activation,
) -> Result<Vec<Resources>, GpuError> {
    let card = DeviceInfo {
        backend: Backend::Cuda,
        index: 0,
        name: architecture.to_owned(),
        driver: String::new(),
        memory: u64::MAX,
        compute_units: 100,
        clock: 1000,
        shared_memory: 48 << 10,
        most_threads: 1024,
        double: true,
    };
    let mut found = Vec::new();
    let mut add = |program: Program, what: &str| -> Result<(), GpuError> {
        let log = nvrtc::compile(&program.text::<T>()?, architecture)?.log;
        found.extend(read(&log).into_iter().map(|resources| Resources {
            kernel: format!("{} ({}, n = {width}, {what})", resources.kernel, T::NAME),
            ..resources
        }));
        Ok(())
    };
    add(Program::Nodes { width }, "all nodes")?;
    let mut last = 0;
    for doubling in 0..8 {
        let division = divide::<T>(&card, width, card.compute_units << doubling)?;
        if division.columns != last {
            last = division.columns;
            let walk = Program::Walk { width, activation, division };
            add(walk, &format!("{activation}, {last} columns"))?;
        }
    }
    Ok(found)
}

/// The kernels in what the assembler says.
fn read(log: &str) -> Vec<Resources> {
    let mut found: Vec<Resources> = Vec::new();
    for line in log.lines() {
        let number_before = |what: &str| -> Option<usize> {
            let before = &line[..line.find(what)?];
            before.split_whitespace().next_back()?.parse().ok()
        };
        if let Some((_, rest)) = line.split_once("Compiling entry function '") {
            let kernel = rest.split('\'').next().unwrap_or_default().to_owned();
            found.push(Resources { kernel, registers: 0, spilled: 0, stack: 0 });
        }
        let Some(last) = found.last_mut() else { continue };
        last.registers = number_before(" registers").unwrap_or(last.registers);
        last.stack = number_before(" bytes stack frame").unwrap_or(last.stack);
        last.spilled = number_before(" bytes spill stores").unwrap_or(last.spilled);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_assembler_says_is_read() {
        let log = "ptxas info    : Compiling entry function 'direct' for 'sm_90'\n\
                   ptxas info    : Function properties for direct\n    \
                   16 bytes stack frame, 12 bytes spill stores, 8 bytes spill loads\n\
                   ptxas info    : Used 54 registers, used 1 barriers, 784 bytes smem";
        let expected = Resources { kernel: "direct".into(), registers: 54, spilled: 12, stack: 16 };
        assert_eq!(read(log), [expected]);
    }
}
