//! What the kernels take of NVIDIA cards, as NVRTC says; fails if anything is spilled. No card is needed:
//! `resources sm_80 sm_90`.

use snode_gpu::resources;
use snode_ode::Activation;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut spilled = 0;
    for architecture in std::env::args().skip(1) {
        for width in [1, 3, 49, 196, 784] {
            for name in Activation::NAMES {
                let activation: Activation = name.parse()?;
                if width != 196 && activation != Activation::Tanh {
                    continue;
                }
                let found = [
                    resources::<f32>(&architecture, width, activation)?,
                    resources::<f64>(&architecture, width, activation)?,
                ];
                for kernel in found.into_iter().flatten() {
                    if kernel.spilled > 0 || kernel.stack > 0 {
                        spilled += 1;
                        println!("SPILLED {architecture} {kernel:?}");
                    } else if width == 196 && activation == Activation::Tanh {
                        println!(
                            "{architecture} {}: {} registers",
                            kernel.kernel, kernel.registers
                        );
                    }
                }
            }
        }
    }
    if spilled > 0 {
        return Err(format!("{spilled} kernels do not keep all they need in registers").into());
    }
    Ok(())
}
