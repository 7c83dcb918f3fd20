//! The problems of a batch on a device: what is uploaded, launched and downloaded for each.

use std::sync::Arc;

use snode_ode::{AffineMap, Network, Parameters, Real};

use crate::GpuError;
use crate::device::{Argument, Device, Kernel, Memory};
use crate::division::divide;
use crate::kernels::{Division, NODE_NAMES, Program, WALK_NAMES};
use crate::order::{CUT, Order};
use crate::vectors::{GpuNumbers, Space};

/// Memory that is made larger when it is too small.
pub(crate) struct Room<T>(Option<Memory<T>>);

impl<T> Default for Room<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Real> Room<T> {
    /// At least so many numbers; what was in them may be lost.
    pub(crate) fn of(&mut self, device: &Device, count: usize) -> Result<&Memory<T>, GpuError> {
        if self.0.as_ref().is_none_or(|memory| memory.len() < count) {
            // What there was is freed first.
            self.0 = None;
            self.0 = Some(device.memory(count)?);
        }
        self.now()
    }

    /// What is there.
    pub(crate) fn now(&self) -> Result<&Memory<T>, GpuError> {
        self.0.as_ref().ok_or(GpuError::Nothing)
    }
}

/// Some parameters on the device: where they are by themselves, or a copy of them.
pub(crate) struct Copied<T> {
    /// The stamp of what is in the copy.
    stamp: Option<u64>,
    copy: Room<T>,
}

impl<T> Default for Copied<T> {
    fn default() -> Self {
        Self { stamp: None, copy: Room::default() }
    }
}

impl<T: Real> Copied<T> {
    /// The numbers of `parameters` on the device, copied if they have to be.
    fn of<'a>(
        &'a mut self,
        device: &Device,
        parameters: &'a Parameters<T>,
    ) -> Result<&'a Memory<T>, GpuError> {
        if let Some(own) = parameters.device().and_then(|own| GpuNumbers::of(own, device)) {
            return Ok(&own.numbers);
        }
        if self.stamp != Some(parameters.stamp()) {
            self.stamp = None;
            let numbers = parameters.as_slice();
            self.copy.of(device, numbers.len())?.write(0, numbers)?;
            self.stamp = Some(parameters.stamp());
        }
        self.copy.now()
    }
}

/// The kernels for networks of one width and activation, and how they are launched.
struct Walks {
    division: Division,
    direct: Kernel,
    adjoint: Kernel,
    adjoint_of_column: Kernel,
    layer_products: Kernel,
    sensitivity: Kernel,
}

/// How a perturbation of the parameters comes into (S3), as the kernel has it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Perturbed {
    Not = 0,
    Added = 1,
    Continued = 2,
    Prepared = 3,
}

/// The shape of a batch and of the network it goes through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// n.
    pub(crate) width: usize,
    /// M.
    pub(crate) batch: usize,
    /// L.
    pub(crate) layers: usize,
}

impl Shape {
    /// Numbers of a state.
    pub(crate) fn len(self) -> usize {
        self.width * self.batch
    }
}

/// A device with what is kept there of a batch.
pub(crate) struct Solver<T> {
    device: Device,
    /// How to divide, where measurements want it otherwise.
    pub(crate) division: Option<Division>,
    parameters: Copied<T>,
    /// W_kᵀ of the parameters with this stamp, where an adjoint problem has wanted it.
    transposed: Room<T>,
    transposed_stamp: Option<u64>,
    direction: Copied<T>,
    /// X_0 … X_L.
    states: Room<T>,
    /// σ′(Z_k).
    slopes: Room<T>,
    /// G_k.
    weighted: Room<T>,
    /// ω_k X_k of the last perturbation, where they are computed before the walk.
    products: Room<T>,
    /// What gradients on the device share.
    space: Option<Arc<Space<T>>>,
    input: Room<T>,
    output: Room<T>,
}

impl<T: Real> Solver<T> {
    pub(crate) fn new(device: Device) -> Result<Self, GpuError> {
        if T::NAME == "f64" && !device.info().double {
            return Err(GpuError::NoDouble { device: device.info().to_string() });
        }
        Ok(Self {
            device,
            division: None,
            parameters: Copied::default(),
            transposed: Room::default(),
            transposed_stamp: None,
            space: None,
            direction: Copied::default(),
            states: Room::default(),
            slopes: Room::default(),
            weighted: Room::default(),
            products: Room::default(),
            input: Room::default(),
            output: Room::default(),
        })
    }

    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    fn walks(&self, network: &Network<T>, columns: usize) -> Result<Walks, GpuError> {
        if !matches!(network.map(), AffineMap::Dense { .. }) {
            return Err(GpuError::NoMap { map: network.map().name() });
        }
        let division = match self.division {
            Some(division) => division,
            None => divide::<T>(self.device.info(), network.width(), columns)?,
        };
        let (width, activation) = (network.width(), network.activation());
        let [direct, adjoint, adjoint_of_column, layer_products, sensitivity] = self
            .device
            .compile::<T, _>(Program::Walk { width, activation, division }, WALK_NAMES)?;
        Ok(Walks { division, direct, adjoint, adjoint_of_column, layer_products, sensitivity })
    }

    fn node_kernels(&self, width: usize) -> Result<[Kernel; 5], GpuError> {
        self.device.compile::<T, _>(Program::Nodes { width }, NODE_NAMES)
    }

    /// (S1) from `x0` into `output`, with the trajectory kept. Nothing is checked.
    pub(crate) fn direct(
        &mut self,
        network: &Network<T>,
        shape: Shape,
        x0: &[T],
        output: &mut [T],
    ) -> Result<(), GpuError> {
        let len = shape.len();
        if len == 0 {
            return Ok(());
        }
        self.states.of(&self.device, (shape.layers + 1) * len)?;
        self.slopes.of(&self.device, shape.layers * len)?;
        self.input.of(&self.device, len)?.write(0, x0)?;
        self.launch_direct(network, shape, true)?;
        self.states.now()?.read(shape.layers * len, output)
    }

    /// (S1) from `x0` into `output`, with nothing kept.
    pub(crate) fn evaluate(
        &mut self,
        network: &Network<T>,
        shape: Shape,
        x0: &[T],
        output: &mut [T],
    ) -> Result<(), GpuError> {
        if shape.len() == 0 {
            return Ok(());
        }
        self.input.of(&self.device, shape.len())?.write(0, x0)?;
        self.output.of(&self.device, shape.len())?;
        self.launch_direct(network, shape, false)?;
        self.output.now()?.read(0, output)
    }

    /// (S1) for what is in `input`.
    pub(crate) fn launch_direct(
        &mut self,
        network: &Network<T>,
        shape: Shape,
        keep: bool,
    ) -> Result<(), GpuError> {
        let walks = self.walks(network, shape.batch)?;
        let parameters = self.parameters.of(&self.device, network.parameters())?;
        let input = self.input.now()?;
        // Without slopes to keep, any memory stands in for theirs.
        let (states, slopes) =
            if keep { (&self.states, self.slopes.now()?) } else { (&self.output, input) };
        let order = Order::of_layer(shape.width, shape.batch);
        walks.direct.launch(
            walks.division.blocks(shape.batch),
            walks.division.threads,
            &[
                parameters.argument(),
                input.argument(),
                states.now()?.argument(),
                slopes.argument(),
                step(network),
                shape.batch.into(),
                shape.layers.into(),
                keep.into(),
                order.cut.into(),
                Argument::real(order.first::<T>()),
            ],
        )
    }

    /// X_0 … of the last direct problem, as many as fit in `out`.
    pub(crate) fn states(&self, out: &mut [T]) -> Result<(), GpuError> {
        self.states.now()?.read(0, out)
    }

    /// (S5) for λ(T) in the columns of `terminals`, as many as a multiple of the batch, along the last
    /// direct problem; λ(0) goes into `out`. G_k is kept where `keep` says so.
    pub(crate) fn adjoint(
        &mut self,
        network: &Network<T>,
        shape: Shape,
        terminals: &[T],
        keep: bool,
        out: &mut [T],
    ) -> Result<(), GpuError> {
        if terminals.is_empty() {
            return Ok(());
        }
        self.input.of(&self.device, terminals.len())?.write(0, terminals)?;
        self.output.of(&self.device, terminals.len())?;
        if keep {
            self.weighted.of(&self.device, shape.layers * terminals.len())?;
        }
        self.launch_transpose_once(network)?;
        self.launch_adjoint(network, shape, terminals.len() / shape.width, keep)?;
        self.output.now()?.read(0, out)
    }

    /// (S5) for so many columns in `input`.
    pub(crate) fn launch_adjoint(
        &mut self,
        network: &Network<T>,
        shape: Shape,
        columns: usize,
        keep: bool,
    ) -> Result<(), GpuError> {
        let walks = self.walks(network, columns)?;
        let output = self.output.now()?;
        let weighted = if keep { self.weighted.now()? } else { output };
        let numbers = [
            self.transposed.now()?.argument(),
            self.slopes.now()?.argument(),
            self.input.now()?.argument(),
            weighted.argument(),
            output.argument(),
            step(network),
        ];
        let blocks = walks.division.blocks(columns);
        if columns == 1 && shape.width > 1 {
            let arguments = [&numbers[..], &[shape.layers.into(), keep.into()]].concat();
            return walks.adjoint_of_column.launch([1, 1], walks.division.threads, &arguments);
        }
        let order = Order::of_layer(shape.width, columns);
        let rest = [
            shape.batch.into(),
            columns.into(),
            shape.layers.into(),
            keep.into(),
            order.once.into(),
            order.cut.into(),
            Argument::real(order.first::<T>()),
        ];
        let arguments = [&numbers[..], &rest].concat();
        walks.adjoint.launch(blocks, walks.division.threads, &arguments)
    }

    /// W_kᵀ of the present parameters, unless they are there.
    fn launch_transpose_once(&mut self, network: &Network<T>) -> Result<(), GpuError> {
        let stamp = Some(network.parameters().stamp());
        if self.transposed_stamp != stamp {
            self.transposed_stamp = None;
            self.launch_transpose(network)?;
            self.transposed_stamp = stamp;
        }
        Ok(())
    }

    /// W_kᵀ of the parameters that are on the device.
    pub(crate) fn launch_transpose(&mut self, network: &Network<T>) -> Result<(), GpuError> {
        let (width, nodes) = (network.width(), network.parameters().nodes());
        let [transpose, ..] = self.node_kernels(width)?;
        let from = self.parameters.of(&self.device, network.parameters())?;
        let to = self.transposed.of(&self.device, network.parameters().count())?;
        let blocks = [width.div_ceil(16).pow(2), nodes];
        transpose.launch(blocks, 256, &[from.argument(), to.argument()])
    }

    /// (S6) from what the last adjoint problem has kept, into `gradient`, which is on the device then;
    /// zero where no layer is.
    pub(crate) fn gradient(
        &mut self,
        shape: Shape,
        gradient: &mut Parameters<T>,
    ) -> Result<(), GpuError> {
        if shape.len() == 0 {
            gradient.as_mut_slice().fill(T::ZERO);
            return Ok(());
        }
        let device = &self.device;
        if gradient.device().and_then(|own| GpuNumbers::of(own, device)).is_none() {
            let space = self.space(gradient.width(), gradient.nodes())?;
            gradient.set_device(Box::new(GpuNumbers::new(&space)?));
        }
        let nodes = gradient.nodes();
        let own = gradient.device_mut().map(|own| &*own);
        let Some(own) = own.and_then(|own| GpuNumbers::of(own, &self.device)) else {
            return Err(GpuError::Nothing);
        };
        if nodes > shape.layers {
            let node = shape.width * shape.width + shape.width;
            own.numbers
                .write(shape.layers * node, &vec![T::ZERO; (nodes - shape.layers) * node])?;
        }
        self.launch_gradient(shape, &own.numbers)
    }

    fn space(&mut self, width: usize, nodes: usize) -> Result<Arc<Space<T>>, GpuError> {
        match &self.space {
            Some(space) if space.shape() == (width, nodes) => Ok(space.clone()),
            _ => Ok(self.space.insert(Space::new(&self.device, width, nodes)?).clone()),
        }
    }

    pub(crate) fn launch_gradient(&self, shape: Shape, out: &Memory<T>) -> Result<(), GpuError> {
        let [_, kernel, ..] = self.node_kernels(shape.width)?;
        let order = Order::of_gradient(shape.width, shape.batch);
        kernel.launch(
            [shape.width.div_ceil(32).pow(2), shape.layers],
            64,
            &[
                self.weighted.now()?.argument(),
                self.states.now()?.argument(),
                out.argument(),
                shape.batch.into(),
                order.cut.into(),
                Argument::real(order.first::<T>()),
            ],
        )
    }

    /// (S3) for ξ₀ in the columns of `inputs`, as many as a multiple of the batch, and a perturbation of
    /// the parameters, along the last direct problem; ξ(T) goes into `out`.
    pub(crate) fn sensitivity(
        &mut self,
        network: &Network<T>,
        shape: Shape,
        perturbation: Option<&Parameters<T>>,
        inputs: &[T],
        out: &mut [T],
    ) -> Result<(), GpuError> {
        if inputs.is_empty() {
            return Ok(());
        }
        self.input.of(&self.device, inputs.len())?.write(0, inputs)?;
        self.output.of(&self.device, inputs.len())?;
        let columns = inputs.len() / shape.width;
        self.launch_sensitivity(network, shape, columns, perturbation)?;
        self.output.now()?.read(0, out)
    }

    /// (S3) for so many columns in `input`.
    pub(crate) fn launch_sensitivity(
        &mut self,
        network: &Network<T>,
        shape: Shape,
        columns: usize,
        perturbation: Option<&Parameters<T>>,
    ) -> Result<(), GpuError> {
        let walks = self.walks(network, columns)?;
        let order = Order::of_layer(shape.width, columns);
        let how = match perturbation {
            None => Perturbed::Not,
            Some(_) if order.continued => Perturbed::Continued,
            Some(_) if prepares(walks.division, shape) => Perturbed::Prepared,
            Some(_) => Perturbed::Added,
        };
        if let (Perturbed::Prepared, Some(perturbation)) = (how, perturbation) {
            self.prepare(network, shape, order, perturbation)?;
        }
        let parameters = self.parameters.of(&self.device, network.parameters())?;
        let direction = match perturbation {
            Some(perturbation) => self.direction.of(&self.device, perturbation)?,
            None => parameters,
        };
        let states = match how {
            Perturbed::Prepared => self.products.now()?,
            _ => self.states.now()?,
        };
        walks.sensitivity.launch(
            walks.division.blocks(columns),
            walks.division.threads,
            &[
                parameters.argument(),
                direction.argument(),
                states.argument(),
                self.slopes.now()?.argument(),
                self.input.now()?.argument(),
                self.output.now()?.argument(),
                step(network),
                shape.batch.into(),
                columns.into(),
                shape.layers.into(),
                (how as usize).into(),
                order.cut.into(),
                Argument::real(order.first::<T>()),
            ],
        )
    }

    /// ω_k X_k for the direction that is on the device.
    fn prepare(
        &mut self,
        network: &Network<T>,
        shape: Shape,
        order: Order,
        perturbation: &Parameters<T>,
    ) -> Result<(), GpuError> {
        // Divided as a batch that keeps all of the device at work.
        let walks = self.walks(network, 16 * self.device.info().compute_units)?;
        let direction = self.direction.of(&self.device, perturbation)?;
        let products = self.products.of(&self.device, shape.layers * shape.len())?;
        let [across, _] = walks.division.blocks(shape.batch);
        walks.layer_products.launch(
            [across, shape.layers],
            walks.division.threads,
            &[
                direction.argument(),
                self.states.now()?.argument(),
                products.argument(),
                shape.batch.into(),
                order.cut.into(),
                Argument::real(order.first::<T>()),
            ],
        )
    }
}

/// Whether ω_k X_k are computed for all layers at once before the walk: a small batch leaves much of a
/// device idle while it walks, and waits for every matrix that it reads.
fn prepares(walk: Division, shape: Shape) -> bool {
    walk.columns <= 4 && shape.width <= CUT
}

/// h.
fn step<T: Real>(network: &Network<T>) -> Argument<'static> {
    Argument::real(T::from_f64(network.grid().step()))
}
