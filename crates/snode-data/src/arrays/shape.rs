//! Inputs of an array: how its sides are images, and in which order its elements come.

use snode_numpy::Order;

use crate::limits::MAX_SIDE;

/// How the elements of an array are inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InputShape {
    /// How many inputs there are.
    pub count: usize,
    /// Rows of an input; those of all its channels, one below the other.
    pub rows: usize,
    /// Columns of an input.
    pub cols: usize,
    /// Channels of an input.
    pub channels: usize,
    /// The sides of the array.
    sides: Vec<usize>,
    place: ChannelPlace,
}

/// Where the side of the channels stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChannelPlace {
    /// None, or before the rows: elements stand in the order of pixels.
    First,
    /// Behind the columns.
    Last,
}

/// The most colours of a pixel.
const MOST_CHANNELS: usize = 4;

impl InputShape {
    /// Of an array \[count, n\], \[count, rows, columns\], \[count, channels, rows, columns\] or \[count,
    /// rows, columns, channels\] with at most 4 channels; of one side, of inputs of one number. `None`
    /// if it is of another shape.
    pub fn of(sides: &[usize]) -> Option<Self> {
        let (count, channels, rows, cols, place) = match *sides {
            [count] => (count, 1, 1, 1, ChannelPlace::First),
            [count, n] => (count, 1, 1, n, ChannelPlace::First),
            [count, rows, cols] => (count, 1, rows, cols, ChannelPlace::First),
            [count, first, rows, cols] if first <= MOST_CHANNELS && cols > MOST_CHANNELS => {
                (count, first, first.checked_mul(rows)?, cols, ChannelPlace::First)
            }
            [count, rows, cols, last] if last <= MOST_CHANNELS => {
                (count, last, last.checked_mul(rows)?, cols, ChannelPlace::Last)
            }
            _ => return None,
        };
        let fits = |side| (1..=MAX_SIDE).contains(&side);
        (fits(rows) && fits(cols)).then(|| Self {
            count,
            rows,
            cols,
            channels,
            sides: sides.into(),
            place,
        })
    }

    /// The numbers of an input.
    pub fn width(&self) -> usize {
        self.rows * self.cols
    }

    /// Where elements go whose order is `order`: the place, in pixels of inputs one after the other, of
    /// each element in the order of the file.
    pub fn places(&self, order: Order) -> Places {
        let mut strides = vec![0; self.sides.len()];
        let mut stride = 1;
        // Pixels of one input stand row by row, channel after channel.
        let inner: Vec<usize> = match self.place {
            ChannelPlace::First => (0..self.sides.len()).collect(),
            ChannelPlace::Last => vec![0, 3, 1, 2],
        };
        for &side in inner.iter().rev() {
            strides[side] = stride;
            stride *= self.sides[side].max(1);
        }
        // The side that runs fastest in the file comes last.
        let (mut sides, mut strides) = (self.sides.clone(), strides);
        if order == Order::ColumnMajor {
            sides.reverse();
            strides.reverse();
        }
        let index = vec![0; sides.len()];
        Places { left: sides.iter().product(), sides, strides, index, place: 0 }
    }
}

/// The places of elements, one after the other.
pub(super) struct Places {
    sides: Vec<usize>,
    strides: Vec<usize>,
    index: Vec<usize>,
    place: usize,
    left: usize,
}

impl Iterator for Places {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        let place = self.place;
        for side in (0..self.sides.len()).rev() {
            self.index[side] += 1;
            self.place += self.strides[side];
            if self.index[side] < self.sides[side] {
                break;
            }
            self.place -= self.strides[side] * self.sides[side];
            self.index[side] = 0;
        }
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(sides: &[usize], order: Order) -> Vec<usize> {
        InputShape::of(sides).unwrap().places(order).collect()
    }

    #[test]
    fn sides_are_images() {
        let shape =
            |sides: &[usize]| InputShape::of(sides).map(|s| (s.count, s.channels, s.rows, s.cols));
        assert_eq!(shape(&[7]), Some((7, 1, 1, 1)));
        assert_eq!(shape(&[7, 5]), Some((7, 1, 1, 5)));
        assert_eq!(shape(&[7, 5, 6]), Some((7, 1, 5, 6)));
        assert_eq!(shape(&[7, 1, 5, 6]), Some((7, 1, 5, 6)));
        assert_eq!(shape(&[7, 5, 6, 1]), Some((7, 1, 5, 6)));
        assert_eq!(shape(&[7, 3, 32, 32]), Some((7, 3, 96, 32)));
        assert_eq!(shape(&[7, 32, 32, 3]), Some((7, 3, 96, 32)));
        for sides in [&[][..], &[7, 0], &[7, 5000], &[7, 9, 9, 9], &[1, 1, 1, 1, 1]] {
            assert_eq!(shape(sides), None, "{sides:?}");
        }
    }

    #[test]
    fn elements_go_where_they_belong() {
        assert_eq!(places(&[2, 3], Order::RowMajor), [0, 1, 2, 3, 4, 5]);
        assert_eq!(places(&[2, 3], Order::ColumnMajor), [0, 3, 1, 4, 2, 5]);
        // One image of 1x2 pixels with 3 colours: red, green and blue planes.
        assert_eq!(places(&[1, 1, 2, 3], Order::RowMajor), [0, 2, 4, 1, 3, 5]);
        let mut all = places(&[2, 3, 5, 4], Order::ColumnMajor);
        all.sort_unstable();
        assert!(all.into_iter().eq(0..120));
    }
}
