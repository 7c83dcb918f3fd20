//! The problems of a batch on a device: what is uploaded, launched and downloaded for each.

use snode_ode::{Network, Parameters, Real};

use crate::GpuError;
use crate::device::{Argument, Device, Kernel, Memory};
use crate::division::divide;
use crate::kernels::{self, Division};
use crate::order::{CUT, Order};

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

/// A copy of some parameters on the device.
pub(crate) struct Copied<T> {
    /// The stamp of what is there.
    stamp: Option<u64>,
    numbers: Room<T>,
}

impl<T> Default for Copied<T> {
    fn default() -> Self {
        Self { stamp: None, numbers: Room::default() }
    }
}

impl<T: Real> Copied<T> {
    /// Makes this a copy of `parameters`; whether it has not been one.
    fn update(&mut self, device: &Device, parameters: &Parameters<T>) -> Result<bool, GpuError> {
        if self.stamp == Some(parameters.stamp()) {
            return Ok(false);
        }
        self.stamp = None;
        self.numbers.of(device, parameters.as_slice().len())?.write(0, parameters.as_slice())?;
        self.stamp = Some(parameters.stamp());
        Ok(true)
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
    /// W_kᵀ of the copy above, where an adjoint problem has wanted it.
    transposed: Room<T>,
    is_transposed: bool,
    direction: Copied<T>,
    /// X_0 … X_L.
    states: Room<T>,
    /// σ′(Z_k).
    slopes: Room<T>,
    /// G_k.
    weighted: Room<T>,
    /// ω_k X_k of the last perturbation, where they are computed before the walk.
    products: Room<T>,
    gradient: Room<T>,
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
            is_transposed: false,
            direction: Copied::default(),
            states: Room::default(),
            slopes: Room::default(),
            weighted: Room::default(),
            products: Room::default(),
            gradient: Room::default(),
            input: Room::default(),
            output: Room::default(),
        })
    }

    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    fn walks(&self, network: &Network<T>, columns: usize) -> Result<Walks, GpuError> {
        let division = match self.division {
            Some(division) => division,
            None => divide::<T>(self.device.info(), network.width(), columns)?,
        };
        let source = kernels::walk::<T>(network.width(), network.activation(), division)?;
        let [direct, adjoint, adjoint_of_column, layer_products, sensitivity] =
            self.device.compile(&source, kernels::WALK_NAMES)?;
        Ok(Walks { division, direct, adjoint, adjoint_of_column, layer_products, sensitivity })
    }

    fn node_kernels(&self, width: usize) -> Result<[Kernel; 5], GpuError> {
        self.device.compile(&kernels::nodes::<T>(width), kernels::NODE_NAMES)
    }

    /// The parameters as they are, and no transposes of others.
    fn upload(&mut self, network: &Network<T>) -> Result<(), GpuError> {
        if self.parameters.update(&self.device, &network.parameters)? {
            self.is_transposed = false;
        }
        Ok(())
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
        self.upload(network)?;
        let walks = self.walks(network, shape.batch)?;
        let input = self.input.now()?;
        // Without slopes to keep, any memory stands in for theirs.
        let (states, slopes) =
            if keep { (&self.states, self.slopes.now()?) } else { (&self.output, input) };
        let order = Order::of_layer(shape.width, shape.batch);
        walks.direct.launch(
            walks.division.blocks(shape.batch),
            walks.division.threads,
            &[
                self.parameters.numbers.now()?.argument(),
                input.argument(),
                states.now()?.argument(),
                slopes.argument(),
                step(network),
                shape.batch.into(),
                shape.layers.into(),
                keep.into(),
                order.cut.into(),
            ],
        )
    }

    /// X_k of the last direct problem.
    pub(crate) fn state(&self, shape: Shape, k: usize, out: &mut [T]) -> Result<(), GpuError> {
        self.states.now()?.read(k * shape.len(), out)
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
        ];
        let arguments = [&numbers[..], &rest].concat();
        walks.adjoint.launch(blocks, walks.division.threads, &arguments)
    }

    /// W_kᵀ of the present parameters, unless they are there.
    fn launch_transpose_once(&mut self, network: &Network<T>) -> Result<(), GpuError> {
        self.upload(network)?;
        if !self.is_transposed {
            self.launch_transpose(network)?;
            self.is_transposed = true;
        }
        Ok(())
    }

    /// W_kᵀ of the parameters that are on the device.
    pub(crate) fn launch_transpose(&mut self, network: &Network<T>) -> Result<(), GpuError> {
        let (width, nodes) = (network.width(), network.parameters.nodes());
        let [transpose, ..] = self.node_kernels(width)?;
        let from = self.parameters.numbers.now()?;
        let to = self.transposed.of(&self.device, network.parameters.as_slice().len())?;
        let blocks = [width.div_ceil(16).pow(2), nodes];
        transpose.launch(blocks, 256, &[from.argument(), to.argument()])
    }

    /// (S6) from what the last adjoint problem has kept, into `gradient`; zero where no layer is.
    pub(crate) fn gradient(
        &mut self,
        shape: Shape,
        gradient: &mut Parameters<T>,
    ) -> Result<(), GpuError> {
        let count = shape.layers * gradient.node_len();
        let numbers = gradient.as_mut_slice();
        if shape.len() == 0 {
            numbers.fill(T::ZERO);
            return Ok(());
        }
        let (read, unread) = numbers.split_at_mut(count);
        unread.fill(T::ZERO);
        self.launch_gradient(shape)?.read(0, read)
    }

    pub(crate) fn launch_gradient(&mut self, shape: Shape) -> Result<&Memory<T>, GpuError> {
        let [_, kernel, ..] = self.node_kernels(shape.width)?;
        let count = shape.layers * (shape.width * shape.width + shape.width);
        let out = self.gradient.of(&self.device, count)?;
        let cut = Order::cut_of_gradient(shape.width, shape.batch);
        kernel.launch(
            [shape.width.div_ceil(32).pow(2), shape.layers],
            64,
            &[
                self.weighted.now()?.argument(),
                self.states.now()?.argument(),
                out.argument(),
                shape.batch.into(),
                cut.into(),
            ],
        )?;
        Ok(out)
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
        self.upload(network)?;
        if let Some(perturbation) = perturbation {
            self.direction.update(&self.device, perturbation)?;
        }
        self.input.of(&self.device, inputs.len())?.write(0, inputs)?;
        self.output.of(&self.device, inputs.len())?;
        let columns = inputs.len() / shape.width;
        self.launch_sensitivity(network, shape, columns, perturbation.is_some())?;
        self.output.now()?.read(0, out)
    }

    /// (S3) for so many columns in `input`, and the perturbation in `direction` if the parameters are
    /// `perturbed`.
    pub(crate) fn launch_sensitivity(
        &mut self,
        network: &Network<T>,
        shape: Shape,
        columns: usize,
        perturbed: bool,
    ) -> Result<(), GpuError> {
        let walks = self.walks(network, columns)?;
        let order = Order::of_layer(shape.width, columns);
        let how = match perturbed {
            false => Perturbed::Not,
            true if order.continued => Perturbed::Continued,
            true if prepares(walks.division, shape) => Perturbed::Prepared,
            true => Perturbed::Added,
        };
        if how == Perturbed::Prepared {
            self.prepare(network, shape, order)?;
        }
        let parameters = self.parameters.numbers.now()?;
        let direction = if perturbed { self.direction.numbers.now()? } else { parameters };
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
            ],
        )
    }

    /// ω_k X_k for the direction that is on the device.
    fn prepare(
        &mut self,
        network: &Network<T>,
        shape: Shape,
        order: Order,
    ) -> Result<(), GpuError> {
        // Divided as a batch that keeps all of the device at work.
        let walks = self.walks(network, 16 * self.device.info().compute_units)?;
        let products = self.products.of(&self.device, shape.layers * shape.len())?;
        let [across, _] = walks.division.blocks(shape.batch);
        walks.layer_products.launch(
            [across, shape.layers],
            walks.division.threads,
            &[
                self.direction.numbers.now()?.argument(),
                self.states.now()?.argument(),
                products.argument(),
                shape.batch.into(),
                order.cut.into(),
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
