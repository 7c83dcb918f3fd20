//! How a batch's columns and rows are divided between blocks and threads. It has no part in the bits.

use crate::device::DeviceInfo;
use crate::kernels::Division;
use crate::{Backend, GpuError};

/// The most sums a thread keeps, in bytes, so that each has a register.
const MOST_SUMS: usize = 128;

/// The most threads of a block, so that each has registers enough.
const MOST_THREADS: usize = 512;

/// Registers of a multiprocessor, each of 4 bytes, and the most of a thread.
const REGISTERS: usize = 1 << 16;
const MOST_REGISTERS: usize = 255;

/// Registers of a thread for what is neither read ahead nor a sum.
const OTHERS: usize = 48;

/// Weights a thread reads ahead for 1, 2, 4 … columns of a block.
const AHEAD: [usize; 6] = [49, 49, 28, 14, 7, 4];

/// Threads that run in step; blocks have a multiple of them.
const WARP: usize = 32;

impl Division {
    /// The blocks of a launch for so many columns.
    pub(crate) fn blocks(self, columns: usize) -> [usize; 2] {
        [columns.div_ceil(self.columns), 1]
    }
}

/// For a network of this width and a batch of so many columns: as few columns a block as keep all of the
/// device at work, since a walk takes the time of its longest block.
pub(crate) fn divide<T>(
    device: &DeviceInfo,
    width: usize,
    columns: usize,
) -> Result<Division, GpuError> {
    // A block keeps two states at most.
    let room = device.shared_memory / (2 * width.max(1) * size_of::<T>());
    if room == 0 {
        let most = device.shared_memory / (2 * size_of::<T>());
        return Err(GpuError::TooWide { device: device.to_string(), width, most });
    }
    let most_threads = (device.most_threads.min(MOST_THREADS) / WARP * WARP).max(1);
    let threads = width.next_multiple_of(WARP).min(most_threads);
    let rows = width.div_ceil(threads);
    let most_for = |rows: usize| {
        let most = (MOST_SUMS / size_of::<T>() / rows).min(room).max(1);
        1 << most.ilog2()
    };
    match device.backend {
        Backend::Cuda => {
            // Two blocks for each multiprocessor: one works while the other waits.
            let wanted = columns.div_ceil(2 * device.compute_units.max(1)).next_power_of_two();
            if rows == 1 && width > WARP && wanted >= 16 && most_for(2) >= 16 {
                // Large batches: a number that is read serves two rows.
                let threads = width.div_ceil(2).next_multiple_of(WARP);
                return Ok(Division { columns: 16, threads, rows: 2, unroll: AHEAD[4] });
            }
            let columns = wanted.min(most_for(rows));
            // What is read ahead has half of a thread's registers that are not for addresses and the like.
            let registers = (REGISTERS / threads).min(MOST_REGISTERS);
            let most = (registers - OTHERS) / 2 * 4 / size_of::<T>();
            let ahead = AHEAD[columns.ilog2() as usize].min(most);
            let unroll = (ahead / rows).max(1);
            Ok(Division { columns, threads, rows, unroll })
        }
        // Compilers of CPUs take their time; they get few programs to compile, and short ones.
        Backend::OpenCl => {
            let wanted = columns.div_ceil(device.compute_units.max(1));
            let columns = if wanted == 1 { 1 } else { most_for(rows).min(8) };
            Ok(Division { columns, threads, rows, unroll: (2 / rows).max(1) })
        }
    }
}
