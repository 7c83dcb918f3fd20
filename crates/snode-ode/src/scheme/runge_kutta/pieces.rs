//! Where the states at the stages of a step are.

use super::tableau::MOST_STAGES;
use crate::parallel::Batches;

/// How many steps' states are there at once.
#[derive(Clone, Copy)]
pub(super) enum Keep {
    /// Those of all steps.
    All,
    /// Those of one step, whose end becomes the next one's beginning in its place.
    Current,
}

impl Keep {
    /// The number of the piece that holds the state of stage j of step k, where stage `stages` is
    /// the end of the step.
    pub fn piece(self, stages: usize, k: usize, j: usize) -> usize {
        match self {
            Self::All => k * stages + j,
            Self::Current if k % 2 == 1 && j == 0 => stages,
            Self::Current if k % 2 == 1 && j == stages => 0,
            Self::Current => j,
        }
    }
}

/// One thread's columns of the states at the stages.
pub(super) struct Pieces<'a, T> {
    pub all: Batches<'a, T>,
    pub keep: Keep,
    pub stages: usize,
}

impl<T> Pieces<'_, T> {
    /// The state of stage j of step k.
    pub fn get(&self, k: usize, j: usize) -> &[T] {
        self.all.batch(self.keep.piece(self.stages, k, j))
    }

    /// The state of stage j of step k, to write.
    pub fn get_mut(&mut self, k: usize, j: usize) -> &mut [T] {
        self.all.batch_mut(self.keep.piece(self.stages, k, j))
    }

    /// The state at the beginning of step k to read, and those of some of its later stages to write.
    pub fn begin_and(&mut self, k: usize, later: &[usize]) -> (&[T], [&mut [T]; MOST_STAGES]) {
        let mut write = [0; MOST_STAGES];
        for (piece, &j) in write.iter_mut().zip(later) {
            *piece = self.keep.piece(self.stages, k, j);
        }
        self.all.read_and_write(self.keep.piece(self.stages, k, 0), &write[..later.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steps_end_is_the_next_ones_beginning() {
        for keep in [Keep::All, Keep::Current] {
            for stages in 1..5 {
                for k in 0..5 {
                    let end = keep.piece(stages, k, stages);
                    assert_eq!(end, keep.piece(stages, k + 1, 0));
                    let mut pieces: Vec<usize> =
                        (0..=stages).map(|j| keep.piece(stages, k, j)).collect();
                    pieces.sort_unstable();
                    pieces.dedup();
                    assert_eq!(pieces.len(), stages + 1);
                }
            }
        }
    }
}
