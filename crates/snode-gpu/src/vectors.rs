//! Parameters on a device as vectors.

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use snode_ode::{DeviceNumbers, Elimination, Real};

use crate::GpuError;
use crate::device::{Argument, Device, Kernel, Memory};
use crate::kernels::{NODE_NAMES, Program};

/// Partial sums of a node's inner product: the lanes of the CPU's vector code.
const LANES: usize = 64;

/// What all parameters of one shape on one device share.
pub(crate) struct Space<T> {
    device: Device,
    width: usize,
    nodes: usize,
    combine: Kernel,
    node_products: Kernel,
    eliminate: Kernel,
    scratch: Mutex<Scratch<T>>,
}

/// Memory for one operation at a time, between what is written there and what is launched, or read.
struct Scratch<T> {
    /// Partial sums of inner products.
    sums: Memory<T>,
    /// The factors of an elimination along depth.
    factors: Memory<T>,
}

impl<T: Real> Space<T> {
    pub(crate) fn new(device: &Device, width: usize, nodes: usize) -> Result<Arc<Self>, GpuError> {
        let [_, _, combine, node_products, eliminate] =
            device.compile::<T, _>(Program::Nodes { width }, NODE_NAMES)?;
        let scratch =
            Scratch { sums: device.memory(LANES * nodes)?, factors: device.memory(2 * nodes)? };
        let (device, scratch) = (device.clone(), Mutex::new(scratch));
        Ok(Arc::new(Self { device, width, nodes, combine, node_products, eliminate, scratch }))
    }

    pub(crate) fn shape(&self) -> (usize, usize) {
        (self.width, self.nodes)
    }

    fn count(&self) -> usize {
        self.nodes * (self.width * self.width + self.width)
    }

    fn scratch(&self) -> MutexGuard<'_, Scratch<T>> {
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Numbers of parameters on a device.
pub(crate) struct GpuNumbers<T> {
    space: Arc<Space<T>>,
    pub(crate) numbers: Memory<T>,
}

impl<T: Real> GpuNumbers<T> {
    /// Room for parameters.
    pub(crate) fn new(space: &Arc<Space<T>>) -> Result<Self, GpuError> {
        Ok(Self { space: space.clone(), numbers: space.device.memory(space.count())? })
    }

    /// These, if they are numbers of this kind on this device.
    pub(crate) fn of<'a>(numbers: &'a dyn DeviceNumbers<T>, device: &Device) -> Option<&'a Self> {
        let own: &Self = numbers.as_any().downcast_ref()?;
        own.space.device.is(device).then_some(own)
    }

    /// The result, or NaN where the device has failed, which it says when it is next asked.
    fn noted<R>(&self, result: Result<R, GpuError>) -> Option<R> {
        result.map_err(|error| self.space.device.note(error)).ok()
    }
}

impl<T: Real> DeviceNumbers<T> for GpuNumbers<T> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_vec(&self) -> Vec<T> {
        // Zeros of the system's, which cost no pass through them.
        let mut values = vec![T::ZERO; self.numbers.len()];
        if self.noted(self.numbers.read(0, &mut values)).is_none() {
            values.fill(T::from_f64(f64::NAN));
        }
        values
    }

    fn like(&self, values: &[T]) -> Option<Box<dyn DeviceNumbers<T>>> {
        let copy = Self::new(&self.space).and_then(|copy| {
            copy.numbers.write(0, values)?;
            Ok(copy)
        });
        self.noted(copy).map(|copy| Box::new(copy) as Box<dyn DeviceNumbers<T>>)
    }

    fn room(&self) -> Option<Box<dyn DeviceNumbers<T>>> {
        let room = self.noted(Self::new(&self.space))?;
        Some(Box::new(room))
    }

    fn combine(
        &mut self,
        keep: T,
        last: Option<&dyn DeviceNumbers<T>>,
        add: T,
        x: Option<&dyn DeviceNumbers<T>>,
    ) -> bool {
        let device = &self.space.device;
        let or_own = |operand: Option<_>| match operand {
            None => Some(&*self),
            Some(operand) => Self::of(operand, device),
        };
        let (Some(last), Some(x)) = (or_own(last), or_own(x)) else { return false };
        let count = self.numbers.len();
        let blocks = count.div_ceil(256).min(8 * device.info().compute_units).max(1);
        let launched = self.space.combine.launch(
            [blocks, 1],
            256,
            &[
                self.numbers.argument(),
                last.numbers.argument(),
                x.numbers.argument(),
                Argument::real(keep),
                Argument::real(add),
                Argument::Long(count as i64),
            ],
        );
        self.noted(launched);
        true
    }

    fn eliminate(&mut self, elimination: Elimination<'_, T>, u: &dyn DeviceNumbers<T>) -> bool {
        let Space { device, nodes, eliminate, .. } = &*self.space;
        let Some(u) = Self::of(u, device) else { return false };
        let Scratch { factors, .. } = &*self.space.scratch();
        let arguments =
            [u.numbers.argument(), self.numbers.argument(), factors.argument(), (*nodes).into()];
        let blocks = (self.numbers.len() / nodes).div_ceil(64);
        let launched = factors
            .write(0, elimination.weight)
            .and_then(|()| factors.write(*nodes, elimination.coupling))
            .and_then(|()| eliminate.launch([blocks, 1], 64, &arguments));
        self.noted(launched);
        true
    }

    fn node_products(&self, other: &dyn DeviceNumbers<T>) -> Option<Vec<T>> {
        let other = Self::of(other, &self.space.device)?;
        let mut sums = vec![T::from_f64(f64::NAN); LANES * self.space.nodes];
        let Scratch { sums: partial, .. } = &*self.space.scratch();
        let arguments = [self.numbers.argument(), other.numbers.argument(), partial.argument()];
        let read = self
            .space
            .node_products
            .launch([self.space.nodes, 1], LANES, &arguments)
            .and_then(|()| partial.read(0, &mut sums));
        self.noted(read);
        Some(sums)
    }
}
