//! An attack on many images: batches that stay full, successes, refinement, judgement.

use std::ops::ControlFlow;
use std::time::Instant;

use faer::{Mat, MatMut, MatRef};
use rayon::prelude::*;
use snode_data::streams::{Purpose, rng};
use snode_ode::Real;

use crate::attack::{Attack, Image, Point, Products, Pursuit, Step};
use crate::network::{class, predict};
use crate::norm::{Bounds, Norm};
use crate::outcome::{AttackResults, Attacked, Outcome};
use crate::refine::refine;
use crate::{AttackError, Linearisable};

/// How images are attacked, whatever the method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttackOptions {
    /// The box that images lie in, attacked or not.
    pub bounds: Bounds,
    /// How many images are solved for at once. Memory grows with it, not with the number of images.
    pub batch: usize,
    /// Whether an image is done with its first success; else the attack goes on to its limit, and
    /// the smallest success is kept.
    pub stop_on_success: bool,
    /// How often the way from the clean to the adversarial image is halved afterwards, to find a
    /// smaller perturbation of the same direction; 0 for not at all.
    pub refinements: usize,
    /// Where random numbers come from: every image has a stream of its own.
    pub seed: u64,
}

impl Default for AttackOptions {
    /// The box [−1, 0], 100 images at once, to the limit, no refinement.
    fn default() -> Self {
        Self {
            bounds: Bounds::default(),
            batch: 100,
            stop_on_success: false,
            refinements: 0,
            seed: 0,
        }
    }
}

impl AttackOptions {
    /// # Errors
    /// [`AttackError::Option`] for one out of its range.
    pub fn check(&self) -> Result<(), AttackError> {
        self.bounds.check()?;
        AttackError::require(self.batch > 0, "batch", self.batch, "at least 1")?;
        let holds = self.refinements <= 1000;
        AttackError::require(holds, "refinements", self.refinements, "0 to 1000")
    }
}

/// How far an attack has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Images that are through, those that were wrong before among them.
    pub done: usize,
    /// Of how many.
    pub total: usize,
    /// How many of them were fooled.
    pub fooled: usize,
}

/// Attacks `images` (n×N, one a column) with their right classes `labels`.
///
/// Images whose predicted class is wrong already are left alone. The others go through the method in
/// batches that stay full: an image that is done leaves its place to the next. Each is judged anew
/// in the end, by the class the model predicts for the image that is returned.
///
/// Results do not depend on the number of threads; on the batch they depend by round-off only,
/// except under adaptive schemes, which choose their steps for a batch as a whole.
///
/// # Errors
/// If an option, a label or a shape is wrong, a clean image lies outside of the box, or the model
/// cannot be solved.
pub fn attack<T: Real>(
    model: &mut dyn Linearisable<T>,
    method: &dyn Attack<T>,
    images: MatRef<'_, T>,
    labels: &[usize],
    options: &AttackOptions,
) -> Result<AttackResults<T>, AttackError> {
    attack_observed(model, method, images, labels, options, &mut |_| ControlFlow::Continue(()))
}

/// [`attack`], with an observer that is told how far it has come after every step of a batch, and
/// may end it.
///
/// # Errors
/// As [`attack`]; also [`AttackError::Interrupted`] if the observer ends it.
pub fn attack_observed<T: Real>(
    model: &mut dyn Linearisable<T>,
    method: &dyn Attack<T>,
    images: MatRef<'_, T>,
    labels: &[usize],
    options: &AttackOptions,
    observer: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<AttackResults<T>, AttackError> {
    let begin = Instant::now();
    options.check()?;
    method.check(model.classes())?;
    // Images are looked at as slices, which columns of some matrices are not.
    let owned;
    let images = if images.row_stride() == 1 {
        images
    } else {
        owned = images.to_owned();
        owned.as_ref()
    };
    check_images(model, images, labels, options.bounds)?;
    let before = predict(model, images, options.batch)?;
    let mut results: Vec<Attacked<T>> = labels
        .iter()
        .zip(&before)
        .map(|(&label, &before)| Attacked::untouched(label, before))
        .collect();
    // With a single class there is no boundary to cross.
    if model.classes() > 1 {
        let mut campaign = Campaign::new(model, method, images, options);
        campaign.run(&mut results, observer)?;
        refine(model, method.norm(), images, options, &mut results)?;
        judge(model, images, options.batch, &mut results)?;
    }
    Ok(AttackResults { images: results, seconds: begin.elapsed().as_secs_f64() })
}

fn check_images<T: Real>(
    model: &dyn Linearisable<T>,
    images: MatRef<'_, T>,
    labels: &[usize],
    bounds: Bounds,
) -> Result<(), AttackError> {
    let (count, classes) = (images.ncols(), model.classes());
    AttackError::require_shape("images", (model.inputs(), labels.len()), images.shape())?;
    AttackError::require(classes > 0, "classes", classes, "at least 1")?;
    if let Some(image) = labels.iter().position(|&label| label >= classes) {
        return Err(AttackError::Label { image, label: labels[image], classes });
    }
    for image in 0..count {
        if let Some(value) = bounds.outside(column(images, image)) {
            let Bounds { lower, upper } = bounds;
            return Err(AttackError::Outside { image, value, lower, upper });
        }
    }
    Ok(())
}

/// Column `j` of a matrix whose columns are slices.
pub(crate) fn column<T>(matrix: MatRef<'_, T>, j: usize) -> &[T] {
    matrix.col(j).try_as_col_major().map_or(&[], faer::ColRef::as_slice)
}

/// An image with its pursuit, while it has a place in the batch.
struct Quarry<'a, T> {
    /// Its column.
    image: usize,
    clean: &'a [T],
    class: usize,
    pursuit: Box<dyn Pursuit<T> + 'a>,
    x: Vec<T>,
    next: Vec<T>,
    steps: usize,
    first_success: Option<usize>,
    /// Its smallest success so far, and the norm of that.
    smallest: Option<(f64, Vec<T>)>,
    ended: bool,
}

impl<T: Real> Quarry<'_, T> {
    /// Keeps a success, and asks the pursuit what it wants.
    fn look(&mut self, norm: Norm, stop_on_success: bool, z: &[T], w: &mut [T]) {
        let fooled = class(z.iter().copied()) != self.class;
        if fooled {
            self.first_success.get_or_insert(self.steps);
            let size = norm.distance(&self.x, self.clean);
            if self.smallest.as_ref().is_none_or(|(smallest, _)| size < *smallest) {
                self.smallest = Some((size, self.x.clone()));
            }
        }
        let point = Point { x: &self.x, z, fooled };
        self.ended = (fooled && stop_on_success) || self.pursuit.look(point, w) == Step::End;
    }

    fn advance(&mut self, bounds: Bounds, z: &[T], products: &Products<'_, T>) {
        let fooled = class(z.iter().copied()) != self.class;
        let point = Point { x: &self.x, z, fooled };
        self.pursuit.advance(point, products, &mut self.next);
        bounds.clip(&mut self.next);
        std::mem::swap(&mut self.x, &mut self.next);
        self.steps += 1;
    }

    /// What there is to say of the image so far; it is judged later.
    fn into_result(self, result: &mut Attacked<T>) {
        result.iterations = self.steps;
        result.first_success = self.first_success;
        if let Some((_, adversarial)) = self.smallest {
            result.outcome = Outcome::Fooled;
            result.adversarial = Some(adversarial);
        }
    }
}

/// The batch, and what goes with it.
struct Campaign<'a, 'm, T> {
    model: &'m mut dyn Linearisable<T>,
    method: &'a dyn Attack<T>,
    images: MatRef<'a, T>,
    options: &'a AttackOptions,
    batch: Vec<Quarry<'a, T>>,
    /// Products an image takes in a step.
    products: usize,
    /// x of the batch, n×M.
    x: Vec<T>,
    /// z, C×M.
    z: Vec<T>,
    /// w of each image one after the other, in the order of the pursuits: C·products×M.
    wanted: Vec<T>,
    /// The same in the order of a [`Linearisable`], C×products·M.
    w: Vec<T>,
    /// Jᵀ w, n×products·M.
    gradients: Vec<T>,
}

impl<'a, 'm, T: Real> Campaign<'a, 'm, T> {
    fn new(
        model: &'m mut dyn Linearisable<T>,
        method: &'a dyn Attack<T>,
        images: MatRef<'a, T>,
        options: &'a AttackOptions,
    ) -> Self {
        let products = method.products(model.classes());
        Self {
            model,
            method,
            images,
            options,
            batch: Vec::new(),
            products,
            x: Vec::new(),
            z: Vec::new(),
            wanted: Vec::new(),
            w: Vec::new(),
            gradients: Vec::new(),
        }
    }

    fn run(
        &mut self,
        results: &mut [Attacked<T>],
        observer: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<(), AttackError> {
        let attacked: Vec<usize> =
            (0..results.len()).filter(|&j| results[j].outcome == Outcome::Resisted).collect();
        let mut waiting = attacked.iter();
        let mut progress =
            Progress { done: results.len() - attacked.len(), total: results.len(), fooled: 0 };
        loop {
            let places = self.options.batch - self.batch.len();
            for &image in waiting.by_ref().take(places) {
                let quarry = self.quarry(image, results[image].label);
                self.batch.push(quarry);
            }
            if self.batch.is_empty() {
                return Ok(());
            }
            self.step()?;
            for quarry in self.batch.extract_if(.., |quarry| quarry.ended) {
                progress.done += 1;
                progress.fooled += usize::from(quarry.smallest.is_some());
                let image = quarry.image;
                quarry.into_result(&mut results[image]);
            }
            if observer(progress).is_break() {
                let Progress { done, total, .. } = progress;
                return Err(AttackError::Interrupted { done, total });
            }
        }
    }

    fn quarry(&self, image: usize, class: usize) -> Quarry<'a, T> {
        let clean = column(self.images, image);
        let pursuit = self.method.begin(Image {
            clean,
            class,
            classes: self.model.classes(),
            bounds: self.options.bounds,
            rng: rng(self.options.seed, Purpose::Attacks, image as u64),
        });
        Quarry {
            image,
            clean,
            class,
            pursuit,
            x: clean.to_vec(),
            next: clean.to_vec(),
            steps: 0,
            first_success: None,
            smallest: None,
            ended: false,
        }
    }

    /// Linearises the model at all points of the batch, and takes each a step further.
    fn step(&mut self) -> Result<(), AttackError> {
        let (n, classes) = (self.model.inputs(), self.model.classes());
        let (m, products) = (self.batch.len(), self.products);
        let AttackOptions { bounds, stop_on_success, .. } = *self.options;
        self.x.clear();
        for quarry in &self.batch {
            self.x.extend_from_slice(&quarry.x);
        }
        self.z.resize(classes * m, T::ZERO);
        self.model.linearise(
            MatRef::from_column_major_slice(&self.x, n, m),
            MatMut::from_column_major_slice_mut(&mut self.z, classes, m),
        )?;
        let norm = self.method.norm();
        self.wanted.resize(classes * products * m, T::ZERO);
        self.batch
            .par_iter_mut()
            .zip(self.z.par_chunks_exact(classes))
            .zip(self.wanted.par_chunks_exact_mut(classes * products))
            .for_each(|((quarry, z), w)| quarry.look(norm, stop_on_success, z, w));
        if self.batch.iter().all(|quarry| quarry.ended) {
            return Ok(());
        }
        self.w.resize(classes * products * m, T::ZERO);
        for (column, w) in self.w.chunks_exact_mut(classes).enumerate() {
            let (number, image) = (column / m, column % m);
            w.copy_from_slice(&self.wanted[(image * products + number) * classes..][..classes]);
        }
        self.gradients.resize(n * products * m, T::ZERO);
        self.model.vjp(
            MatRef::from_column_major_slice(&self.w, classes, products * m),
            MatMut::from_column_major_slice_mut(&mut self.gradients, n, products * m),
        )?;
        let columns = MatRef::from_column_major_slice(&self.gradients, n, products * m);
        self.batch.par_iter_mut().enumerate().filter(|(_, quarry)| !quarry.ended).for_each(
            |(point, quarry)| {
                let z = &self.z[point * classes..][..classes];
                quarry.advance(bounds, z, &Products { columns, points: m, point });
            },
        );
        Ok(())
    }
}

/// Predicts the class of every adversarial image, and says from it and from the image itself what
/// became of it.
fn judge<T: Real>(
    model: &mut dyn Linearisable<T>,
    images: MatRef<'_, T>,
    batch: usize,
    results: &mut [Attacked<T>],
) -> Result<(), AttackError> {
    let fooled: Vec<usize> =
        (0..results.len()).filter(|&j| results[j].adversarial.is_some()).collect();
    for group in fooled.chunks(batch) {
        let adversarial: Vec<&[T]> =
            group.iter().filter_map(|&j| results[j].adversarial.as_deref()).collect();
        let x = Mat::from_fn(images.nrows(), group.len(), |i, j| adversarial[j][i]);
        let after = predict(model, x.as_ref(), batch)?;
        for (&image, after) in group.iter().zip(after) {
            let result = &mut results[image];
            let clean = column(images, image);
            result.class_after = after;
            if after == result.class_before {
                // Within round-off of the boundary: other images beside it, another rounding.
                result.outcome = Outcome::Resisted;
                result.adversarial = None;
                result.first_success = None;
            } else if let Some(adversarial) = &result.adversarial {
                result.norm2 = Norm::Two.distance(adversarial, clean);
                result.norm_infinity = Norm::Infinity.distance(adversarial, clean);
            }
        }
    }
    Ok(())
}
