//! The kernels' text, common to OpenCL C and CUDA C++, and what the host writes in front of it: sizes,
//! constants and series, so that each number stands in one place of the workspace.

use std::fmt::Write;

use snode_ode::{Activation, Real};

use crate::GpuError;
use crate::order::{CUT, lanes};

const PRELUDE: &str = include_str!("prelude.c");
const ACTIVATION: &str = include_str!("activation.c");
const WALK: &str = include_str!("walk.c");
const NODES: &str = include_str!("nodes.c");
const VECTORS: &str = include_str!("vectors.c");

/// The kernels of [`Program::Walk`].
pub(crate) const WALK_NAMES: [&str; 5] =
    ["direct", "adjoint", "adjoint_of_column", "layer_products", "sensitivity"];
/// The kernels of [`Program::Nodes`].
pub(crate) const NODE_NAMES: [&str; 5] =
    ["transpose", "gradient", "combine", "node_products", "eliminate"];

/// How a walk through the layers is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Division {
    /// Columns of a block.
    pub(crate) columns: usize,
    /// Threads of a block.
    pub(crate) threads: usize,
    /// Rows of a thread.
    pub(crate) rows: usize,
    /// Weights a thread reads ahead.
    pub(crate) unroll: usize,
}

/// What is compiled together, for numbers of one precision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Program {
    /// The walks through the layers of a network.
    Walk { width: usize, activation: Activation, division: Division },
    /// What goes through the parameters of a network of this width node by node.
    Nodes { width: usize },
}

impl Program {
    /// Its text.
    ///
    /// # Errors
    /// If no kernel knows the activation.
    pub(crate) fn text<T: Real>(self) -> Result<String, GpuError> {
        match self {
            Self::Walk { width, activation, division } => walk::<T>(width, activation, division),
            Self::Nodes { width } => {
                Ok([&definitions::<T>(width), PRELUDE, NODES, VECTORS].concat())
            }
        }
    }
}

fn walk<T: Real>(
    width: usize,
    activation: Activation,
    division: Division,
) -> Result<String, GpuError> {
    let Division { columns, threads, rows, unroll } = division;
    let mut text = definitions::<T>(width);
    for (name, value) in [
        ("COLS", columns),
        ("THREADS", threads),
        ("ROWS", rows),
        ("UNROLL", unroll),
        ("CUT", CUT),
        ("LANES", lanes::<T>()),
    ] {
        define(&mut text, name, value);
    }
    activation_definitions::<T>(&mut text, activation)?;
    Ok([&text, PRELUDE, ACTIVATION, WALK].concat())
}

fn define(text: &mut String, name: &str, value: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "#define {name} {value}");
}

fn definitions<T: Real>(width: usize) -> String {
    let mut text = String::new();
    define(&mut text, "N", width);
    if is_single::<T>() {
        define(&mut text, "REAL", "float");
    } else {
        define(&mut text, "REAL", "double");
        define(&mut text, "DOUBLE", 1);
    }
    define(&mut text, "ZERO", number(T::ZERO));
    define(&mut text, "ONE", number(T::ONE));
    text
}

fn is_single<T>() -> bool {
    size_of::<T>() == size_of::<f32>()
}

/// A number that the compiler reads as this one: its digits name one f64, and what is an f32 exactly is
/// read as that.
fn number<T: Real>(value: T) -> String {
    let suffix = if is_single::<T>() { "f" } else { "" };
    format!("({:e}{suffix})", value.to_f64())
}

/// Σ cᵢ xⁱ by fused multiply-adds from the last term on, as `snode_ode::elementary` has it.
fn series<T: Real>(coefficients: &[T]) -> String {
    let mut sums = coefficients.iter().rev().map(|c| number(*c));
    let last = sums.next().unwrap_or_default();
    sums.fold(last, |sum, c| format!("FMA({sum}, (x), {c})"))
}

fn activation_definitions<T: Real>(
    text: &mut String,
    activation: Activation,
) -> Result<(), GpuError> {
    for (code, name) in ["TANH", "RELU", "SIGMOID", "SOFTPLUS", "ELU", "SMOOTHED_RELU", "IDENTITY"]
        .iter()
        .enumerate()
    {
        define(text, name, code);
    }
    let (name, parameter) = match activation {
        Activation::Tanh => ("TANH", 0.0),
        Activation::Relu => ("RELU", 0.0),
        Activation::Sigmoid => ("SIGMOID", 0.0),
        Activation::Softplus => ("SOFTPLUS", 0.0),
        Activation::Elu { alpha } => ("ELU", alpha),
        Activation::LeakyRelu { leak } => ("RELU", leak),
        Activation::SmoothedRelu => ("SMOOTHED_RELU", 0.0),
        Activation::SmoothedLeakyRelu { leak } => ("SMOOTHED_RELU", leak),
        Activation::Identity => ("IDENTITY", 0.0),
        _ => return Err(GpuError::NoActivation { activation: activation.to_string() }),
    };
    define(text, "ACTIVATION", name);
    let half_width = 0.1;
    for (name, value) in [
        ("PARAMETER", T::from_f64(parameter)),
        ("HALF_WIDTH", T::from_f64(half_width)),
        ("VALUE_FACTOR", T::from_f64(0.25 / half_width)),
        ("SLOPE_FACTOR", T::from_f64(0.5 / half_width)),
        ("LOG2_E", T::LOG2_E),
        ("LN2_HIGH", T::LN2_HIGH),
        ("LN2_LOW", T::LN2_LOW),
        ("ROUNDING", T::ROUNDING),
        ("EXP_MIN", T::EXP_MIN),
        ("TANH_SATURATION", T::TANH_SATURATION),
    ] {
        define(text, name, number(value));
    }
    let (mantissa, bias) = if is_single::<T>() { (23, 127) } else { (52, 1023) };
    define(text, "MANTISSA_BITS", mantissa);
    define(text, "EXPONENT_BIAS", bias);
    define(text, "EXPM1_SERIES(x)", series(T::EXPM1));
    define(text, "ARTANH_SERIES(x)", series(T::ARTANH));
    Ok(())
}
