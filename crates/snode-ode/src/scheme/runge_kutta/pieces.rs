//! Where the states at the stages of a step are.

use std::ops::Range;

use crate::parallel::Shared;

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
    pub all: &'a Shared<'a, T>,
    pub part: Range<usize>,
    pub keep: Keep,
    pub stages: usize,
}

impl<T> Pieces<'_, T> {
    /// The state of stage j of step k.
    ///
    /// # Safety
    /// Nobody may be writing it while the result lives.
    pub unsafe fn get(&self, k: usize, j: usize) -> &[T] {
        let piece = self.keep.piece(self.stages, k, j);
        // SAFETY: the caller's promise.
        unsafe { self.all.part(piece, self.part.clone()) }
    }

    /// The state of stage j of step k, to write.
    ///
    /// # Safety
    /// Nobody else may be reading or writing it while the result lives.
    #[expect(clippy::mut_from_ref, reason = "disjointness is the caller's promise")]
    pub unsafe fn get_mut(&self, k: usize, j: usize) -> &mut [T] {
        let piece = self.keep.piece(self.stages, k, j);
        // SAFETY: the caller's promise.
        unsafe { self.all.part_mut(piece, self.part.clone()) }
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
