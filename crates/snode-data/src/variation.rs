//! Images as they might have been taken too: mirrored, moved, or with a part covered.

use std::ops::Range;

use rand_chacha::rand_core::RngCore;

use crate::streams::{self, Purpose};

/// How images may differ from one epoch to another.
///
/// The words of an image are drawn from the [stream](crate::streams) for a seed, [`Purpose::Variations`] and the
/// epoch: four 32-bit words for each place in the order of the epoch. The image is mirrored if the first one is
/// odd; it is moved down by the second and to the right by the third, modulo 2s + 1 and less s. The fourth, modulo
/// the number of pixels, is the centre of the square that is erased.
///
/// ```
/// use snode_data::Variation;
/// let variation = Variation { mirror: true, shift: 1, erase: 2 };
/// let mut image = [1, 2, 3, 4, 5, 6];
/// for varied in variation.draw(42, 3, 0..10) {
///     // Images of 2×3 pixels, 0 where nothing was.
///     varied.apply(&mut image, (2, 3), 0, &mut Vec::new());
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Variation {
    /// Whether each is mirrored, left to right, with probability ½.
    pub mirror: bool,
    /// s: each is moved by −s to s pixels down and to the right.
    pub shift: usize,
    /// e: a square of e×e pixels is erased from each, about any of its pixels; what of the square is outside the
    /// image has no effect (cutout: DeVries and Taylor, 2017).
    pub erase: usize,
}

/// What becomes of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Varied {
    /// Whether it is mirrored, left to right, before it is moved.
    pub is_mirrored: bool,
    /// By how many pixels it is moved down.
    pub down: isize,
    /// By how many pixels it is moved to the right.
    pub right: isize,
    /// What is erased after that.
    pub erased: Erased,
}

/// A square that becomes background.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// e, its side in pixels.
    pub side: usize,
    /// Its centre, row by row, modulo the number of pixels.
    pub centre: u32,
}

/// The words of an image.
const WORDS: usize = 4;

impl Variation {
    /// Whether images stay as they are.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// What becomes of the images at some places in the order of an epoch.
    pub fn draw(self, seed: u64, epoch: u64, places: Range<usize>) -> Vec<Varied> {
        let mut words = streams::rng(seed, Purpose::Variations, epoch);
        words.set_word_pos(places.start as u128 * WORDS as u128);
        let moves = |word: u32| {
            let place = u64::from(word) % (2 * self.shift as u64 + 1);
            (place as usize).cast_signed() - self.shift.cast_signed()
        };
        places
            .map(|_| {
                let [first, second, third, centre] = [(); WORDS].map(|()| words.next_u32());
                let is_mirrored = self.mirror && first % 2 == 1;
                let erased = Erased { side: self.erase, centre };
                Varied { is_mirrored, down: moves(second), right: moves(third), erased }
            })
            .collect()
    }
}

impl Varied {
    /// Changes an image, row by row, of so many rows and columns; `background` comes in at its edges.
    ///
    /// # Panics
    /// If the image has another number of pixels.
    pub fn apply<T: Copy>(
        self,
        image: &mut [T],
        (rows, columns): (usize, usize),
        background: T,
        scratch: &mut Vec<T>,
    ) {
        assert_eq!(image.len(), rows * columns, "an image of {rows}×{columns} pixels");
        if self.is_mirrored {
            image.chunks_exact_mut(columns).for_each(<[T]>::reverse);
        }
        if (self.down, self.right) != (0, 0) {
            self.shift(image, (rows, columns), background, scratch);
        }
        self.erased.apply(image, columns, background);
    }

    fn shift<T: Copy>(
        self,
        image: &mut [T],
        (rows, columns): (usize, usize),
        background: T,
        scratch: &mut Vec<T>,
    ) {
        scratch.clear();
        scratch.extend_from_slice(image);
        let from = |at: usize, by: isize, count: usize| {
            at.checked_add_signed(-by).filter(|from| *from < count)
        };
        for (i, j) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
            let place = from(i, self.down, rows).zip(from(j, self.right, columns));
            image[i * columns + j] =
                place.map_or(background, |(row, column)| scratch[row * columns + column]);
        }
    }
}

impl Erased {
    /// Covers an image of so many columns with `background` in rows and columns c − ⌊e/2⌋ to c − ⌊e/2⌋ + e − 1.
    fn apply<T: Copy>(self, image: &mut [T], columns: usize, background: T) {
        if image.is_empty() {
            return;
        }
        let centre = self.centre as usize % image.len();
        let side = |centre: usize, count: usize| {
            let first = centre.saturating_sub(self.side / 2);
            first..centre.saturating_add(self.side.div_ceil(2)).min(count)
        };
        let across = side(centre % columns, columns);
        for row in side(centre / columns, image.len() / columns) {
            image[row * columns..][across.clone()].fill(background);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAYS: Varied =
        Varied { is_mirrored: false, down: 0, right: 0, erased: Erased { side: 0, centre: 5 } };

    #[test]
    fn a_square_is_erased_about_any_pixel() {
        for side in 1..6_u32 {
            for centre in 0..12 {
                let erased = Erased { side: side as usize, centre: centre + 12 };
                let varied = Varied { erased, ..STAYS };
                let mut image = [1; 12];
                varied.apply(&mut image, (3, 4), 0, &mut Vec::new());
                let (row, column) = (centre / 4, centre % 4);
                for (pixel, value) in (0..12).zip(image) {
                    // From centre − ⌊side/2⌋ on, `side` of them.
                    let is_near = |at: u32, centre: u32| {
                        let half = side / 2;
                        (centre..centre + side).contains(&(at + half))
                    };
                    let is_erased = is_near(pixel / 4, row) && is_near(pixel % 4, column);
                    assert_eq!(value == 0, is_erased, "{side} about {centre}: {image:?}");
                }
            }
        }
    }

    #[test]
    fn an_image_is_mirrored_and_then_moved() {
        let mut image = [1, 2, 3, 4, 5, 6];
        let varied = Varied { is_mirrored: true, down: 1, right: -1, ..STAYS };
        varied.apply(&mut image, (2, 3), 0, &mut Vec::new());
        assert_eq!(image, [0, 0, 0, 2, 1, 0]);
        STAYS.apply(&mut image, (3, 2), 9, &mut Vec::new());
        assert_eq!(image, [0, 0, 0, 2, 1, 0]);
    }

    #[test]
    fn all_variations_are_about_equally_frequent() {
        let drawn = Variation { mirror: true, shift: 1, erase: 0 }.draw(5, 0, 0..18_000);
        let mut counts = std::collections::HashMap::new();
        for varied in drawn {
            *counts.entry((varied.is_mirrored, varied.down, varied.right)).or_insert(0) += 1;
        }
        // 1000 each with a standard deviation of 31.
        assert_eq!(counts.len(), 18);
        assert!(counts.values().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn what_is_drawn_depends_on_the_place_and_the_epoch_alone() {
        let variation = Variation { mirror: true, shift: 2, erase: 3 };
        let all = variation.draw(5, 7, 0..100);
        assert_eq!(variation.draw(5, 7, 40..60), all[40..60]);
        assert_ne!(variation.draw(5, 8, 0..100), all);
        assert_ne!(variation.draw(6, 7, 0..100), all);
        assert!(
            Variation::default()
                .draw(5, 7, 0..9)
                .iter()
                .all(|varied| *varied == Varied { erased: varied.erased, ..STAYS }
                    && varied.erased.side == 0)
        );
    }
}
