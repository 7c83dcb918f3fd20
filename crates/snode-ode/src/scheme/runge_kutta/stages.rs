//! What the direct problem leaves to the others.

/// The states at all stages of all steps, and σ′ at them.
///
/// Both are kept, so that no product is computed twice: 2 s L batches of states, for example 188 MB
/// for four stages, 150 steps, width 196 and 100 columns of `f64`.
#[derive(Clone, Copy)]
pub(super) struct Stages<'a, T> {
    pub states: &'a [T],
    pub slopes: &'a [T],
    /// n M.
    pub len: usize,
    /// s.
    pub count: usize,
}

impl<'a, T> Stages<'a, T> {
    /// Y_i of step k.
    pub fn state(&self, k: usize, i: usize) -> &'a [T] {
        self.states(k, i, 1)
    }

    /// Y_i and those of the following stages, `count` in all.
    pub fn states(&self, k: usize, i: usize, count: usize) -> &'a [T] {
        let at = k * self.count + i;
        &self.states[at * self.len..(at + count) * self.len]
    }

    /// σ′(Z_i) of step k.
    pub fn slope(&self, k: usize, i: usize) -> &'a [T] {
        let at = k * self.count + i;
        &self.slopes[at * self.len..(at + 1) * self.len]
    }
}
