//! Blocks of pixels as pixels of a smaller image (space to depth).

/// The order of the numbers of an image whose blocks of pixels are pixels: block by block, in each the
/// pixels row by row, in each the channels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocks {
    /// f, of a block.
    pub(super) side: usize,
    /// c, of a pixel.
    pub(super) channels: usize,
    /// q, of the image.
    pub(super) columns: usize,
}

impl Blocks {
    /// The component of the image that a number of a block is.
    pub(super) fn place(self, block: usize, number: usize) -> usize {
        let across = self.columns / self.side;
        let run = self.run();
        let (i, j) = (block / across * self.side + number / run, block % across);
        (i * across + j) * run + number % run
    }

    /// The numbers of a row of a block, which are side by side in both orders.
    fn run(self) -> usize {
        self.side * self.channels
    }

    /// An image into the order of blocks.
    pub(super) fn gather<T: Copy>(self, image: &[T], blocks: &mut [T]) {
        self.for_each_run(
            |in_image, in_blocks| {
                blocks[in_blocks..][..self.run()].copy_from_slice(&image[in_image..][..self.run()]);
            },
            image.len(),
        );
    }

    /// Blocks into the order of an image.
    pub(super) fn scatter<T: Copy>(self, blocks: &[T], image: &mut [T]) {
        self.for_each_run(
            |in_image, in_blocks| {
                image[in_image..][..self.run()].copy_from_slice(&blocks[in_blocks..][..self.run()]);
            },
            blocks.len(),
        );
    }

    /// Where each run stands in an image of so many numbers and among its blocks.
    fn for_each_run(self, mut see: impl FnMut(usize, usize), len: usize) {
        let (run, across) = (self.run(), self.columns / self.side);
        let row = across * run;
        for i in 0..len / row {
            let (block_row, in_block) = (i / self.side, i % self.side);
            for j in 0..across {
                let block = block_row * across + j;
                see(i * row + j * run, (block * self.side + in_block) * run);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_has_its_pixels_row_by_row() {
        let blocks = Blocks { side: 2, channels: 1, columns: 4 };
        let image: Vec<usize> = (0..8).collect();
        let mut gathered = vec![0; 8];
        blocks.gather(&image, &mut gathered);
        assert_eq!(gathered, [0, 1, 4, 5, 2, 3, 6, 7]);
    }

    #[test]
    fn gathering_and_scattering_follow_the_places() {
        let blocks = Blocks { side: 4, channels: 3, columns: 8 };
        let image: Vec<usize> = (0..12 * 8 * 3).collect();
        let mut gathered = vec![0; image.len()];
        blocks.gather(&image, &mut gathered);
        for (index, &found) in gathered.iter().enumerate() {
            assert_eq!(found, blocks.place(index / 48, index % 48));
        }
        let mut back = vec![0; image.len()];
        blocks.scatter(&gathered, &mut back);
        assert_eq!(back, image);
    }
}
