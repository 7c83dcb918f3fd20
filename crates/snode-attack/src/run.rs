//! An attack on many images, from the first look to the last word.

use std::ops::ControlFlow;
use std::time::Instant;

use faer::MatRef;
use snode_data::streams::{Purpose, rng};
use snode_ode::Real;

use crate::attack::Attack;
use crate::batch_attack::{BatchAttack, Progress};
use crate::images::check_images;
use crate::judge::judge;
use crate::network::predict;
use crate::options::AttackOptions;
use crate::outcome::{AttackResults, Attacked};
use crate::refine::refine;
use crate::{AttackError, Linearisable};

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
        let stream = |image| rng(options.seed, Purpose::Attacks, image as u64);
        let mut batches = BatchAttack::new(model, method, images, options, &stream);
        batches.run(&mut results, observer)?;
        refine(model, method.norm(), images, options, &mut results)?;
        judge(model, images, options.batch, &mut results)?;
    }
    Ok(AttackResults { images: results, seconds: begin.elapsed().as_secs_f64() })
}
