//! The scheme.

use std::cell::{OnceCell, RefCell};

use faer::{MatMut, MatRef};
use snode_ode::{
    Euler, LinearProblem, Network, NetworkStamp, Parameters, Perturbation, Problem, Real, Scheme,
    Solution, SolveError, Statistics, Stop, Trajectory,
};

use crate::solver::{Shape, Solver};
use crate::{Device, GpuError};

/// [`Euler`] on a device: the same numbers, bit by bit.
///
/// A copy of the parameters stays on the device until they change, and so does the trajectory of a
/// batch; columns are moved for each problem.
///
/// ```no_run
/// use faer::Mat;
/// use snode_gpu::{Backend, Device, GpuEuler};
/// use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network, Scheme};
///
/// let grid = Grid::new(1.0, 10, Endpoint::Excluded)?;
/// let network = Network::<f32>::initial(4, grid, Activation::Tanh, Initialisation::Spline, 1);
/// let x0 = Mat::from_fn(4, 3, |i, j| (i + j) as f32 / 5.0);
/// let device = Device::open(Backend::OpenCl, 0)?;
/// let mut scheme = GpuEuler::new(&device)?;
/// let on_device = scheme.direct(&network, x0.as_ref())?.output().to_owned();
/// assert_eq!(on_device, Euler::new().direct(&network, x0.as_ref())?.output());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct GpuEuler<T> {
    solution: GpuSolution<T>,
}

impl<T: Real> GpuEuler<T> {
    /// The scheme on this device, with no memory yet.
    ///
    /// # Errors
    /// If the device does not compute in this precision.
    pub fn new(device: &Device) -> Result<Self, GpuError> {
        Ok(Self {
            solution: GpuSolution {
                solver: RefCell::new(Solver::new(device.clone())?),
                network: None,
                shape: Shape::default(),
                horizon: 0.0,
                adjoint_solved: false,
                sensitivity_solved: false,
                output: Vec::new(),
                lambda: Vec::new(),
                xi: Vec::new(),
                states: OnceCell::new(),
            },
        })
    }

    /// Where it computes.
    pub fn device(&self) -> Device {
        self.solution.solver.borrow().device().clone()
    }
}

impl<T> std::fmt::Debug for GpuEuler<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GpuEuler").field("shape", &self.solution.shape).finish_non_exhaustive()
    }
}

/// What is kept of a direct solution: states and slopes on the device, the ends here.
struct GpuSolution<T> {
    solver: RefCell<Solver<T>>,
    /// The network that was solved, if the solution is good.
    network: Option<NetworkStamp>,
    shape: Shape,
    horizon: f64,
    adjoint_solved: bool,
    sensitivity_solved: bool,
    /// x(T).
    output: Vec<T>,
    /// λ(0).
    lambda: Vec<T>,
    /// ξ(T).
    xi: Vec<T>,
    /// X_0 … X_L, where somebody has asked for one of them.
    states: OnceCell<Vec<T>>,
}

/// The error of a problem whose device failed.
fn failed(problem: Problem) -> impl Fn(GpuError) -> SolveError {
    move |error| SolveError::Device { problem, message: error.to_string() }
}

/// The numbers of a matrix, column by column.
fn columns<T: Real>(matrix: MatRef<'_, T>) -> Vec<T> {
    let mut numbers = vec![T::ZERO; matrix.nrows() * matrix.ncols()];
    MatMut::from_column_major_slice_mut(&mut numbers, matrix.nrows(), matrix.ncols())
        .copy_from(matrix);
    numbers
}

fn all_finite<T: Real>(numbers: &[T]) -> bool {
    numbers.iter().all(|number| number.is_finite())
}

/// That a solve on the device ended with numbers that are not finite, in the words of the CPU, which
/// finds the place by the same numbers.
fn not_finite<T>(problem: Problem, on_cpu: Result<T, SolveError>) -> SolveError {
    on_cpu.err().unwrap_or_else(|| SolveError::Device {
        problem,
        message: "numbers of the device are not finite, the CPU's are".into(),
    })
}

fn check_shape<T>(
    problem: Problem,
    expected: (usize, usize),
    found: MatRef<'_, T>,
) -> Result<(), SolveError> {
    let found = found.shape();
    if found == expected {
        return Ok(());
    }
    Err(SolveError::Shape { operation: problem.to_string(), expected, found })
}

impl<T: Real> Scheme<T> for GpuEuler<T> {
    fn name(&self) -> &'static str {
        "euler"
    }

    fn direct<'a>(
        &'a mut self,
        network: &'a Network<T>,
        x0: MatRef<'_, T>,
    ) -> Result<Trajectory<'a, T>, SolveError> {
        check_shape(Problem::Direct, (network.width(), x0.ncols()), x0)?;
        self.solution.solve(network, x0)?;
        Ok(Trajectory::new(network, &mut self.solution))
    }

    fn trajectory<'a>(&'a mut self, network: &'a Network<T>) -> Option<Trajectory<'a, T>> {
        if self.solution.network == Some(network.stamp()) {
            Some(Trajectory::new(network, &mut self.solution))
        } else {
            None
        }
    }

    fn evaluate(
        &self,
        network: &Network<T>,
        x0: MatRef<'_, T>,
        mut out: MatMut<'_, T>,
    ) -> Result<Statistics, SolveError> {
        let shape = shape(network, x0.ncols());
        check_shape(Problem::Evaluation, (shape.width, shape.batch), x0)?;
        check_shape(Problem::Evaluation, (shape.width, shape.batch), out.as_ref())?;
        let mut output = vec![T::ZERO; shape.len()];
        self.solution
            .solver
            .borrow_mut()
            .evaluate(network, shape, &columns(x0), &mut output)
            .map_err(failed(Problem::Evaluation))?;
        if !all_finite(&output) {
            let on_cpu = Euler::new().evaluate(network, x0, out);
            return Err(not_finite(Problem::Evaluation, on_cpu));
        }
        out.copy_from(MatRef::from_column_major_slice(&output, shape.width, shape.batch));
        Ok(Statistics::fixed(shape.layers, network.grid().step(), 1))
    }
}

fn shape<T: Real>(network: &Network<T>, batch: usize) -> Shape {
    Shape { width: network.width(), batch, layers: network.grid().steps() }
}

impl<T: Real> GpuSolution<T> {
    fn matrix<'a>(&self, numbers: &'a [T]) -> MatRef<'a, T> {
        MatRef::from_column_major_slice(numbers, self.shape.width, self.shape.batch)
    }

    fn solve(&mut self, network: &Network<T>, x0: MatRef<'_, T>) -> Result<(), SolveError> {
        self.solver.get_mut().device().check().map_err(failed(Problem::Direct))?;
        self.network = None;
        self.shape = shape(network, x0.ncols());
        self.horizon = network.grid().horizon();
        (self.adjoint_solved, self.sensitivity_solved) = (false, false);
        self.states = OnceCell::new();
        for numbers in [&mut self.output, &mut self.lambda, &mut self.xi] {
            numbers.resize(self.shape.len(), T::ZERO);
        }
        self.solver
            .get_mut()
            .direct(network, self.shape, &columns(x0), &mut self.output)
            .map_err(failed(Problem::Direct))?;
        if !all_finite(&self.output) {
            return Err(not_finite(Problem::Direct, Euler::new().direct(network, x0)));
        }
        self.network = Some(network.stamp());
        Ok(())
    }

    /// The last node of a gradient with a number that is not finite.
    fn check_gradient(
        &self,
        network: &Network<T>,
        gradient: &Parameters<T>,
    ) -> Result<(), SolveError> {
        if gradient.is_finite() {
            return Ok(());
        }
        let bad = (0..gradient.nodes()).rev().find(|&k| !all_finite(gradient.node(k)));
        match bad {
            Some(node) if all_finite(&self.lambda) => Err(SolveError::Stopped {
                problem: Problem::Adjoint,
                reason: Stop::GradientNotFinite,
                time: network.grid().time(node),
                last: None,
                statistics: self.statistics(Problem::Adjoint),
            }),
            _ => Ok(()),
        }
    }
}

impl<T: Real> Solution<T> for GpuSolution<T> {
    fn steps(&self) -> usize {
        self.shape.layers
    }

    fn depth(&self, k: usize) -> f64 {
        self.horizon * k as f64 / self.shape.layers as f64
    }

    fn state(&self, k: usize) -> MatRef<'_, T> {
        assert!(k <= self.shape.layers, "no state {k} of {}", self.shape.layers);
        if k == self.shape.layers {
            return self.matrix(&self.output);
        }
        let len = self.shape.len();
        let states = self.states.get_or_init(|| {
            let mut states = vec![T::ZERO; len * self.shape.layers];
            if self.solver.borrow().states(&mut states).is_err() {
                // There is no way to say so here; the next problem does.
                states.fill(T::from_f64(f64::NAN));
            }
            states
        });
        self.matrix(&states[k * len..(k + 1) * len])
    }

    fn adjoint(
        &mut self,
        network: &Network<T>,
        terminal: MatRef<'_, T>,
        gradient: Option<&mut Parameters<T>>,
    ) -> Result<(), SolveError> {
        let solver = self.solver.get_mut();
        let terminal = columns(terminal);
        solver
            .adjoint(network, self.shape, &terminal, gradient.is_some(), &mut self.lambda)
            .map_err(failed(Problem::Adjoint))?;
        self.adjoint_solved = true;
        let Some(gradient) = gradient else { return Ok(()) };
        solver.gradient(self.shape, gradient).map_err(failed(Problem::Adjoint))?;
        self.check_gradient(network, gradient)
    }

    fn input_adjoint(&self) -> MatRef<'_, T> {
        self.matrix(&self.lambda)
    }

    fn sensitivity(
        &mut self,
        network: &Network<T>,
        perturbation: Perturbation<'_, T>,
    ) -> Result<(), SolveError> {
        let input = match perturbation.input {
            Some(input) => columns(input),
            None => vec![T::ZERO; self.shape.len()],
        };
        self.solver
            .get_mut()
            .sensitivity(network, self.shape, perturbation.parameters, &input, &mut self.xi)
            .map_err(failed(Problem::Sensitivity))?;
        self.sensitivity_solved = true;
        Ok(())
    }

    fn output_sensitivity(&self) -> MatRef<'_, T> {
        self.matrix(&self.xi)
    }

    fn adjoint_columns(
        &mut self,
        network: &Network<T>,
        terminals: MatRef<'_, T>,
        mut out: MatMut<'_, T>,
    ) -> Result<(), SolveError> {
        let mut numbers = columns(terminals);
        let starts = numbers.clone();
        self.solver
            .get_mut()
            .adjoint(network, self.shape, &starts, false, &mut numbers)
            .map_err(failed(Problem::Adjoint))?;
        let (rows, columns) = terminals.shape();
        out.copy_from(MatRef::from_column_major_slice(&numbers, rows, columns));
        Ok(())
    }

    fn sensitivity_columns(
        &mut self,
        network: &Network<T>,
        inputs: MatRef<'_, T>,
        mut out: MatMut<'_, T>,
    ) -> Result<(), SolveError> {
        let mut numbers = columns(inputs);
        let starts = numbers.clone();
        self.solver
            .get_mut()
            .sensitivity(network, self.shape, None, &starts, &mut numbers)
            .map_err(failed(Problem::Sensitivity))?;
        let (rows, columns) = inputs.shape();
        out.copy_from(MatRef::from_column_major_slice(&numbers, rows, columns));
        Ok(())
    }

    fn find_stop(&mut self, network: &Network<T>, posed: LinearProblem<'_, T>) -> SolveError {
        let x0 = self.state(0).to_owned();
        let mut euler = Euler::new();
        let found = euler.direct(network, x0.as_ref()).and_then(|mut trajectory| match posed {
            LinearProblem::Adjoint { terminal } => trajectory.adjoint(terminal, None).map(drop),
            LinearProblem::Sensitivity(along) => trajectory.sensitivity(along).map(drop),
            _ => Ok(()),
        });
        not_finite(posed.problem(), found)
    }

    fn statistics(&self, problem: Problem) -> Statistics {
        let solved = match problem {
            Problem::Direct => true,
            Problem::Adjoint => self.adjoint_solved,
            Problem::Sensitivity => self.sensitivity_solved,
            _ => false,
        };
        let steps = if solved { self.shape.layers } else { 0 };
        Statistics::fixed(steps, self.horizon / self.shape.layers.max(1) as f64, 1)
    }
}
