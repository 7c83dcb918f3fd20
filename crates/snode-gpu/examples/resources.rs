//! What the kernels take of NVIDIA cards, as NVRTC says; fails if anything is spilled. No card is needed:
//! `resources sm_80 sm_90`.

use std::thread;

use snode_gpu::resources;
use snode_ode::Activation;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How many kernels for this architecture do not keep all they need in registers.
fn spilled(architecture: &str) -> Result<usize, Failure> {
    let mut spilled = 0;
    for width in [1, 3, 49, 196, 784] {
        for name in Activation::NAMES {
            let activation: Activation = name.parse()?;
            if width != 196 && activation != Activation::Tanh {
                continue;
            }
            let found = [
                resources::<f32>(architecture, width, activation)?,
                resources::<f64>(architecture, width, activation)?,
            ];
            for kernel in found.into_iter().flatten() {
                if kernel.spilled > 0 || kernel.stack > 0 {
                    spilled += 1;
                    println!("SPILLED {architecture} {kernel:?}");
                } else if width == 196 && activation == Activation::Tanh {
                    println!("{architecture} {}: {} registers", kernel.kernel, kernel.registers);
                }
            }
        }
    }
    Ok(spilled)
}

fn main() -> Result<(), Failure> {
    let architectures: Vec<String> = std::env::args().skip(1).collect();
    let found: Vec<thread::Result<Result<usize, Failure>>> = thread::scope(|scope| {
        let threads: Vec<_> =
            architectures.iter().map(|name| scope.spawn(|| spilled(name))).collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let mut all = 0;
    for spilled in found {
        all += spilled.map_err(|_| "a thread has panicked")??;
    }
    if all > 0 {
        return Err(format!("{all} kernels do not keep all they need in registers").into());
    }
    Ok(())
}
