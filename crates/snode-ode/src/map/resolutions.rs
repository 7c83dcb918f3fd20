//! Which nodes convolve at which resolution.

use super::error::MapError;

/// The most resolutions: blocks of up to 8×8 pixels.
const MOST: usize = 4;

/// How often rows and columns are halved at each node (S43).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resolutions {
    /// At the last node.
    halvings: usize,
    /// At the node that has the most numbers.
    most: usize,
    /// Of each number of halvings, the first node behind those that have it; 0 where all nodes are alike.
    ends: [usize; MOST],
}

impl Resolutions {
    /// Every node at the resolution of the state.
    pub(super) fn full() -> Self {
        Self { halvings: 0, most: 0, ends: [0; MOST] }
    }

    /// So many layers at the resolution of the state, at half of it, and so on.
    ///
    /// # Errors
    /// If there are no or too many resolutions, or none of them has a layer.
    pub(super) fn new(layers: &[usize]) -> Result<Self, MapError> {
        let count = layers.len();
        let range = format!("layers at 1 to {MOST} resolutions");
        MapError::require((1..=MOST).contains(&count), "resolutions", &count, &range)?;
        if count == 1 {
            return Ok(Self::full());
        }
        let mut ends = [0; MOST];
        let mut end = 0_usize;
        for (next, layers) in ends.iter_mut().zip(layers) {
            end = end.saturating_add(*layers);
            *next = end;
        }
        let last = layers[count - 1];
        MapError::require(last > 0, "resolutions", &last, &"a layer at the lowest at least")?;
        Ok(Self { halvings: count - 1, most: count - 1, ends })
    }

    /// That of one node.
    pub(super) fn at(self, node: usize) -> Self {
        let passed = self.ends[..self.halvings].iter().filter(|end| node >= **end);
        Self { halvings: passed.count(), most: self.most, ends: [0; MOST] }
    }

    /// Each of them, for every node.
    pub(super) fn each(self) -> impl Iterator<Item = Self> {
        (0..=self.most).map(move |halvings| Self { halvings, most: self.most, ends: [0; MOST] })
    }

    /// That of the node that has the most numbers.
    pub(super) fn lowest(self) -> Self {
        Self { halvings: self.most, most: self.most, ends: [0; MOST] }
    }

    /// The side of the blocks of pixels that are convolved.
    pub(super) fn block(self) -> usize {
        1 << self.halvings
    }

    /// How many layers each resolution has; nothing where all nodes are alike.
    pub(super) fn layers(self) -> Vec<usize> {
        if self.ends == [0; MOST] {
            return Vec::new();
        }
        let ends = &self.ends[..=self.halvings];
        let begins = std::iter::once(0).chain(ends.iter().copied());
        ends.iter().zip(begins).map(|(end, begin)| end - begin).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_have_the_resolution_of_their_layer() {
        let resolutions = Resolutions::new(&[2, 0, 3]).unwrap();
        let blocks: Vec<usize> = (0..6).map(|node| resolutions.at(node).block()).collect();
        assert_eq!(blocks, [1, 1, 4, 4, 4, 4]);
        assert_eq!(resolutions.at(1).at(5), resolutions.at(1));
        assert_eq!(resolutions.layers(), [2, 0, 3]);
        assert_eq!(resolutions.lowest(), resolutions.at(4));
        assert_eq!(resolutions.each().next().unwrap(), resolutions.at(0));
    }

    #[test]
    fn one_resolution_is_that_of_the_state() {
        assert_eq!(Resolutions::new(&[7]).unwrap(), Resolutions::full());
        assert!(Resolutions::full().layers().is_empty());
        for refused in [&[][..], &[1, 1, 1, 1, 1], &[3, 0]] {
            assert_eq!(Resolutions::new(refused).unwrap_err().what, "resolutions");
        }
    }
}
