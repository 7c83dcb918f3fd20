//! Images as the matrices that networks work on.

use faer::{Mat, MatMut};
use snode_data::{Batches, Encoding, Epoch, Images, Split, Variation};
use snode_train::{BatchSource, EvaluationSet, Targets, TrainError};

use crate::number::Number;

/// Seeded mini-batches of a split, encoded when they are asked for.
pub struct EncodedBatches<'a, T> {
    split: &'a Split,
    encoding: Encoding,
    batches: Batches,
    seed: u64,
    variation: Variation,
    channels: usize,
    /// The order of the epoch last asked for.
    epoch: Option<(usize, Epoch)>,
    columns: Vec<T>,
    scratch: Vec<T>,
}

impl<'a, T: Number> EncodedBatches<'a, T> {
    /// Batches of `size` images, in an order that follows from the seed.
    ///
    /// # Errors
    /// If there are fewer images.
    pub fn new(
        split: &'a Split,
        encoding: Encoding,
        seed: u64,
        size: usize,
    ) -> snode_data::Result<Self> {
        let batches = Batches::new(seed, split.len(), size)?;
        Ok(Self {
            split,
            encoding,
            batches,
            seed,
            variation: Variation::default(),
            channels: 1,
            epoch: None,
            columns: Vec::new(),
            scratch: Vec::new(),
        })
    }

    /// The same batches of images that are varied (S68), in every epoch anew, all of their `channels` alike. Those
    /// stand one below the other: they divide the rows.
    #[must_use]
    pub fn varied(self, variation: Variation, channels: usize) -> Self {
        Self { variation, channels, ..self }
    }

    fn fill(
        &mut self,
        epoch: usize,
        batch: usize,
        mut x: MatMut<'_, T>,
        targets: &mut Targets,
    ) -> snode_data::Result<()> {
        let order = match &mut self.epoch {
            Some((number, order)) if *number == epoch => order,
            other => &mut other.insert((epoch, self.batches.epoch(epoch as u64))).1,
        };
        let indices = order.batch(batch)?;
        write_targets(self.split, indices, targets);
        let images = self.split.images();
        encode_columns(images, self.encoding, indices, &mut self.columns, x.as_mut())?;
        self.vary((epoch, batch), x);
        Ok(())
    }
}

impl<T: Number> EncodedBatches<'_, T> {
    /// Varies the images of a batch, channel by channel.
    fn vary(&mut self, (epoch, batch): (usize, usize), mut x: MatMut<'_, T>) {
        if self.variation.is_none() {
            return;
        }
        let size = self.batches.size();
        let (rows, columns) = self.split.images().shape();
        let shape = (rows / self.channels, columns);
        let background = <T as snode_data::Real>::from_f64(self.encoding.background());
        let places = batch * size..(batch + 1) * size;
        let drawn = self.variation.draw(self.seed, epoch as u64, places);
        for (column, varied) in x.as_mut().col_iter_mut().zip(drawn) {
            self.columns.clear();
            self.columns.extend(column.as_ref().iter().copied());
            for channel in self.columns.chunks_exact_mut(shape.0 * shape.1) {
                varied.apply(channel, shape, background, &mut self.scratch);
            }
            for (entry, value) in column.iter_mut().zip(&self.columns) {
                *entry = *value;
            }
        }
    }
}

impl<T: Number> BatchSource<T> for EncodedBatches<'_, T> {
    fn batches_per_epoch(&self) -> usize {
        self.batches.per_epoch()
    }

    fn batch_size(&self) -> usize {
        self.batches.size()
    }

    fn load(
        &mut self,
        epoch: usize,
        batch: usize,
        x: MatMut<'_, T>,
        targets: &mut Targets,
    ) -> Result<(), TrainError> {
        self.fill(epoch, batch, x, targets).map_err(|error| TrainError::Data(Box::new(error)))
    }
}

/// A whole split, encoded once.
///
/// # Errors
/// If it is too large.
pub fn evaluation_set<T: Number>(
    name: &str,
    split: &Split,
    encoding: Encoding,
) -> snode_data::Result<EvaluationSet<T>> {
    let indices: Vec<usize> = (0..split.len()).collect();
    Ok(EvaluationSet { name: name.to_owned(), ..encoded(split, encoding, &indices)? })
}

/// Some images of a split with their targets, without a name.
///
/// # Errors
/// If an index is out of range.
pub fn encoded<T: Number>(
    split: &Split,
    encoding: Encoding,
    indices: &[usize],
) -> snode_data::Result<EvaluationSet<T>> {
    let mut x = Mat::zeros(split.images().width(), indices.len());
    encode_columns(split.images(), encoding, indices, &mut Vec::new(), x.as_mut())?;
    let mut targets = Targets::default();
    write_targets(split, indices, &mut targets);
    Ok(EvaluationSet { name: String::new(), x, targets })
}

/// The targets of the images at `indices`, which there are.
fn write_targets(split: &Split, indices: &[usize], targets: &mut Targets) {
    match split.targets() {
        snode_data::Targets::Classes(labels) => {
            let places = targets.classes_mut(indices.len());
            for (place, &index) in places.iter_mut().zip(indices) {
                *place = usize::from(labels[index]);
            }
        }
        vectors @ snode_data::Targets::Vectors { components, .. } => {
            let mut places = targets.values_mut(*components, indices.len());
            for (place, &index) in places.as_mut().col_iter_mut().zip(indices) {
                for (entry, value) in place.iter_mut().zip(vectors.vector(index).unwrap_or(&[])) {
                    *entry = *value;
                }
            }
        }
    }
}

/// How many images are encoded at once, to keep the memory between small.
const CHUNK: usize = 256;

fn encode_columns<T: Number>(
    images: &Images,
    encoding: Encoding,
    indices: &[usize],
    scratch: &mut Vec<T>,
    mut x: MatMut<'_, T>,
) -> snode_data::Result<()> {
    let width = images.width();
    for (chunk_number, chunk) in indices.chunks(CHUNK).enumerate() {
        scratch.resize(width * chunk.len(), T::ZERO);
        encoding.encode_into(images, chunk, scratch)?;
        for (column, values) in scratch.chunks_exact(width).enumerate() {
            // The columns of a matrix may lie further apart than they are long.
            let column = x.as_mut().col_mut(chunk_number * CHUNK + column);
            for (entry, &value) in column.iter_mut().zip(values) {
                *entry = value;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(images: usize) -> Split {
        let pixels = (0..images * 6).map(|i| (i * 7 % 251) as u16).collect();
        Split::new(Images::new(2, 3, 255, pixels).unwrap(), vec![0; images]).unwrap()
    }

    fn batch(variation: Variation, channels: usize, epoch: usize, batch: usize) -> Mat<f64> {
        let split = split(40);
        let encoding = Encoding::new(0.5, -1.0).unwrap();
        let source = EncodedBatches::new(&split, encoding, 5, 10).unwrap();
        let mut x = Mat::zeros(6, 10);
        let mut source = source.varied(variation, channels);
        source.load(epoch, batch, x.as_mut(), &mut Targets::default()).unwrap();
        x
    }

    #[test]
    fn images_are_those_of_the_batch_varied() {
        let variation = Variation { mirror: true, shift: 1, erase: 2 };
        let batches = (0..2).flat_map(|epoch| (0..4).map(move |number| (epoch, number)));
        for (channels, (epoch, number)) in
            [1, 2].into_iter().flat_map(|c| batches.clone().map(move |b| (c, b)))
        {
            let plain = batch(Variation::default(), channels, epoch, number);
            let varied = batch(variation, channels, epoch, number);
            let drawn = variation.draw(5, epoch as u64, number * 10..(number + 1) * 10);
            for (j, one) in drawn.into_iter().enumerate() {
                let mut image: Vec<f64> = plain.col(j).iter().copied().collect();
                // What comes in is background, and nothing goes from one channel to another.
                for channel in image.chunks_exact_mut(6 / channels) {
                    one.apply(channel, (2 / channels, 3), 0.5, &mut Vec::new());
                }
                assert!(varied.col(j).iter().eq(&image));
            }
        }
    }
}
