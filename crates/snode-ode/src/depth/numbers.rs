//! Where the numbers of parameters are kept: in memory, or on a device.

use std::any::Any;
use std::fmt;
use std::sync::OnceLock;

use crate::memory;

/// The numbers of one element of the parameters' space on a device, for implementations of
/// [`Scheme`](crate::Scheme) that compute there.
///
/// [`Parameters`](crate::Parameters) that hold one are computed with where it is, and are copied to
/// memory when somebody looks at their numbers. An operation gives the numbers it would give in memory,
/// bit by bit. One that fails leaves NaN, or undefined numbers; its device says so when it is next asked
/// to solve a problem.
pub trait DeviceNumbers<T>: Send + Sync {
    /// Itself, for those who know the type.
    fn as_any(&self) -> &dyn Any;

    /// A copy in memory.
    fn to_vec(&self) -> Vec<T>;

    /// New ones on the same device that are equal to `values`.
    fn like(&self, values: &[T]) -> Option<Box<dyn DeviceNumbers<T>>>;

    /// New ones on the same device, as many as these and of undefined value: room for a result.
    fn room(&self) -> Option<Box<dyn DeviceNumbers<T>>>;

    /// They become `keep`·`last` + `add`·`x`, rounded as
    /// [`set_combination`](crate::Parameters::set_combination) does; themselves for `last` or `x` where there
    /// is none. Whether the device can: `last` and `x` must be there too.
    fn combine(
        &mut self,
        keep: T,
        last: Option<&dyn DeviceNumbers<T>>,
        add: T,
        x: Option<&dyn DeviceNumbers<T>>,
    ) -> bool;

    /// They become the solution of an elimination along depth for the right-hand side `u`, rounded as where it is
    /// computed in memory. Whether the device can: `u` must be there too.
    fn eliminate(&mut self, elimination: Elimination<'_, T>, u: &dyn DeviceNumbers<T>) -> bool;

    /// For each node the partial sums of its inner product with `other`, as many as the vector code keeps,
    /// if `other` is on the device too.
    fn node_products(&self, other: &dyn DeviceNumbers<T>) -> Option<Vec<T>>;
}

/// A tridiagonal system along depth, the same for every entry of the parameters, by the factors of its elimination.
/// The solution v for right-hand sides u_k comes of two sweeps:
/// y_k = `weight`\[k\] u_k + `coupling`\[k\] y_{k−1} from the first node on, then
/// v_k = y_k + `coupling`\[k\] v_{k+1} back from the last.
#[derive(Clone, Copy, Debug)]
pub struct Elimination<'a, T> {
    /// The factor of u_k, for every node.
    pub weight: &'a [T],
    /// The factor of the neighbour before, and on the way back of the one behind, for every node.
    pub coupling: &'a [T],
}

/// Numbers in memory, on a device, or equal ones in both places.
pub(super) struct Numbers<T> {
    memory: OnceLock<Vec<T>>,
    device: Option<Box<dyn DeviceNumbers<T>>>,
}

impl<T> Numbers<T> {
    pub(super) fn new(values: Vec<T>) -> Self {
        Self { memory: OnceLock::from(values), device: None }
    }

    /// In memory.
    pub(super) fn read(&self) -> &[T] {
        self.memory.get_or_init(|| self.copied())
    }

    /// Copied from the device.
    fn copied(&self) -> Vec<T> {
        // One of the two is always there.
        self.device.as_ref().map_or_else(Vec::new, |device| device.to_vec())
    }

    /// In memory, to write; those on a device are given up.
    pub(super) fn write(&mut self) -> &mut [T] {
        self.read();
        self.device = None;
        self.memory.get_mut().map_or(&mut [], Vec::as_mut_slice)
    }

    /// On a device, if they are.
    pub(super) fn device(&self) -> Option<&dyn DeviceNumbers<T>> {
        self.device.as_deref()
    }

    /// On a device, to write, if they are; those in memory are given up.
    pub(super) fn device_mut(&mut self) -> Option<&mut (dyn DeviceNumbers<T> + 'static)> {
        let device = self.device.as_deref_mut()?;
        self.memory = OnceLock::new();
        Some(device)
    }

    /// Takes what is on a device in place of what there was.
    pub(super) fn set_device(&mut self, device: Box<dyn DeviceNumbers<T>>) {
        self.memory = OnceLock::new();
        self.device = Some(device);
    }

    /// Moves them to where `there` is, if they are not on a device already; makes no more than room for them there
    /// if they are not `kept`.
    pub(super) fn follow(&mut self, there: &dyn DeviceNumbers<T>, kept: bool) -> bool {
        if self.device.is_none() {
            self.device = if kept { there.like(self.read()) } else { there.room() };
        }
        self.device.is_some()
    }
}

impl<T: Clone> Clone for Numbers<T> {
    /// A copy in memory, and no second one where they are on a device only.
    fn clone(&self) -> Self {
        Self::new(self.memory.get().map_or_else(|| self.copied(), |values| memory::copied(values)))
    }
}

impl<T> fmt::Debug for Numbers<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Numbers")
            .field("in_memory", &self.memory.get().is_some())
            .field("on_device", &self.device.is_some())
            .finish_non_exhaustive()
    }
}
