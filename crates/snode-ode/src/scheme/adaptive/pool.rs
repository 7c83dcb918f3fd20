//! Memory of one solve that serves the next: state-sized vectors are taken from a pool and go back to
//! it when they are dropped.

use std::sync::{Arc, Mutex, PoisonError};

use crate::Real;

/// Memory that vectors take and give back.
#[derive(Debug)]
pub(super) struct Pool<T>(Mutex<Vec<Vec<T>>>);

impl<T: Real> Pool<T> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Vec::new())))
    }

    /// A vector of this length with any numbers in it.
    fn take(&self, len: usize) -> Vec<T> {
        if len == 0 {
            return Vec::new();
        }
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |v: &Vec<T>| v.capacity() >= len;
        let best = (0..free.len()).filter(|&i| fits(&free[i])).min_by_key(|&i| free[i].capacity());
        let mut values = best.map(|i| free.swap_remove(i)).unwrap_or_default();
        drop(free);
        values.resize(len, T::ZERO);
        values
    }

    fn give_back(&self, values: Vec<T>) {
        if values.capacity() > 0 {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(values);
        }
    }
}

/// Memory that goes back to its pool.
#[derive(Debug)]
pub(super) struct Buffer<T: Real> {
    values: Vec<T>,
    pool: Arc<Pool<T>>,
}

impl<T: Real> Buffer<T> {
    /// Of this length, with any numbers in it.
    pub(super) fn take(pool: &Arc<Pool<T>>, len: usize) -> Self {
        Self { values: pool.take(len), pool: Arc::clone(pool) }
    }

    pub(super) fn as_slice(&self) -> &[T] {
        &self.values
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.values
    }
}

impl<T: Real> Clone for Buffer<T> {
    fn clone(&self) -> Self {
        let mut values = self.pool.take(self.values.len());
        values.copy_from_slice(&self.values);
        Self { values, pool: Arc::clone(&self.pool) }
    }
}

impl<T: Real> Drop for Buffer<T> {
    fn drop(&mut self) {
        self.pool.give_back(std::mem::take(&mut self.values));
    }
}
