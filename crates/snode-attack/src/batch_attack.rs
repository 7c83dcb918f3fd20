//! The images of a batch, led through an attack together.

use std::ops::ControlFlow;

use faer::{MatMut, MatRef};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use snode_ode::Real;

use crate::attack::{Attack, Image, Products};
use crate::images::column;
use crate::options::AttackOptions;
use crate::outcome::{Attacked, Outcome};
use crate::state::AttackState;
use crate::{AttackError, Linearisable};

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

/// The batch, and what goes with it.
pub(crate) struct BatchAttack<'a, 'm, T> {
    model: &'m mut dyn Linearisable<T>,
    method: &'a dyn Attack<T>,
    images: MatRef<'a, T>,
    options: &'a AttackOptions,
    /// The random numbers of an image.
    stream: &'a (dyn Fn(usize) -> ChaCha8Rng + 'a),
    batch: Vec<AttackState<'a, T>>,
    /// Products an image takes in a step.
    products: usize,
    /// x of the batch, n×M.
    x: Vec<T>,
    /// z, C×M.
    z: Vec<T>,
    /// w of each image one after the other, in the order of the attackers: C·products×M.
    wanted: Vec<T>,
    /// The same in the order of a [`Linearisable`], C×products·M.
    w: Vec<T>,
    /// Jᵀ w, n×products·M.
    gradients: Vec<T>,
}

impl<'a, 'm, T: Real> BatchAttack<'a, 'm, T> {
    pub(crate) fn new(
        model: &'m mut dyn Linearisable<T>,
        method: &'a dyn Attack<T>,
        images: MatRef<'a, T>,
        options: &'a AttackOptions,
        stream: &'a (dyn Fn(usize) -> ChaCha8Rng + 'a),
    ) -> Self {
        let products = method.products(model.classes());
        Self {
            model,
            method,
            images,
            options,
            stream,
            batch: Vec::new(),
            products,
            x: Vec::new(),
            z: Vec::new(),
            wanted: Vec::new(),
            w: Vec::new(),
            gradients: Vec::new(),
        }
    }

    /// Attacks the images that are predicted rightly, and writes what became of them.
    pub(crate) fn run(
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
                let state = self.state(image, results[image].label);
                self.batch.push(state);
            }
            if self.batch.is_empty() {
                return Ok(());
            }
            self.step()?;
            for state in self.batch.extract_if(.., |state| state.ended) {
                progress.done += 1;
                progress.fooled += usize::from(state.smallest.is_some());
                let image = state.image;
                state.into_result(&mut results[image]);
            }
            if observer(progress).is_break() {
                let Progress { done, total, .. } = progress;
                return Err(AttackError::Interrupted { done, total });
            }
        }
    }

    /// Leads every image away from its class until its attacker ends, whatever is predicted for it, and
    /// writes where that is (n×N).
    pub(crate) fn lead(
        &mut self,
        labels: &[usize],
        mut end: MatMut<'_, T>,
    ) -> Result<(), AttackError> {
        self.batch = (0..labels.len()).map(|image| self.state(image, labels[image])).collect();
        while !self.batch.is_empty() {
            self.step()?;
            for state in self.batch.extract_if(.., |state| state.ended) {
                for (i, &x) in state.x.iter().enumerate() {
                    end[(i, state.image)] = x;
                }
            }
        }
        Ok(())
    }

    fn state(&self, image: usize, class: usize) -> AttackState<'a, T> {
        let clean = column(self.images, image);
        let attacker = self.method.begin(Image {
            clean,
            class,
            classes: self.model.classes(),
            bounds: self.options.bounds,
            rng: (self.stream)(image),
        });
        AttackState::new(image, clean, class, attacker)
    }

    /// Linearises the model at all points of the batch, and takes each a step further.
    fn step(&mut self) -> Result<(), AttackError> {
        let (n, classes) = (self.model.inputs(), self.model.classes());
        let (m, products) = (self.batch.len(), self.products);
        let AttackOptions { bounds, stop_on_success, .. } = *self.options;
        self.x.clear();
        for state in &self.batch {
            self.x.extend_from_slice(&state.x);
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
            .for_each(|((state, z), w)| state.look(norm, stop_on_success, z, w));
        if self.batch.iter().all(|state| state.ended) {
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
        self.batch.par_iter_mut().enumerate().filter(|(_, state)| !state.ended).for_each(
            |(point, state)| {
                let z = &self.z[point * classes..][..classes];
                state.advance(bounds, z, &Products { columns, points: m, point });
            },
        );
        Ok(())
    }
}
