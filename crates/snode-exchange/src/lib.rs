//! Standalone neural ODEs to and from other programs.
//!
//! | format | out | in |
//! | --- | --- | --- |
//! | safetensors, two tensors or a pair for each layer | [`write_safetensors`] | [`read_safetensors`] |
//! | NumPy's .npz | [`write_npz`] | [`read_npz`] |
//! | MATLAB's .mat, the cell arrays `Wcell` and `Bcell` | | [`read_mat`] |
//! | ONNX, the Euler network as a graph | [`write_onnx`] | |
//!
//! All of them hold W_k and b_k; horizon, activation and so on are a [`Description`], which files of
//! other programs may leave to the reader. The repository's `docs/exchange.md` says what stands
//! where, with lines of Python for both directions. Readers take whatever can be read and sought in,
//! writers give bytes; files and their names are the caller's matter.
//!
//! Files are not trusted. Names, types and shapes are looked at before anything is read or inflated,
//! and sizes compared with the length of the file and with [`limits`] before memory is taken; numbers
//! are read in pieces, so that a reader takes little more memory than the network it gives;
//! checksums of what is read are verified; nothing recurses; whatever does not fit is an
//! [`ExchangeError`].
//!
//! ```
//! use std::io::Cursor;
//!
//! use snode_exchange::{Description, Layers, read_npz, write_npz};
//! use snode_ode::{Activation, Endpoint, Grid, Initialisation, Network};
//!
//! let grid = Grid::new(3.0, 30, Endpoint::Excluded)?;
//! let network = Network::<f64>::initial(16, grid, Activation::Tanh, Initialisation::Spline, 7);
//! let about = Description { classes: Some(10), ..Description::default() };
//!
//! let bytes = write_npz(&network, &about)?; // what numpy.load reads
//!
//! let imported = read_npz(Cursor::new(bytes), &[])?;
//! assert_eq!(imported.description.classes, Some(10));
//! let Layers::F64(parameters) = imported.layers else { unreachable!("it was written as f64") };
//! assert_eq!(imported.description.network(parameters)?, network);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod description;
mod element;
mod error;
mod imported;
mod layers;
pub mod limits;
mod mat5;
mod matlab;
mod names;
mod npz;
pub mod onnx;
mod safetensors;
mod write;

pub use description::Description;
pub use element::Element;
pub use error::ExchangeError;
pub use imported::Imported;
pub use layers::{ArrayHead, Layers, LayersReader};
pub use matlab::{CELLS, layers_of_cells, read_mat};
pub use names::{LayerNames, NoPattern};
pub use npz::{read_npz, write_npz};
pub use onnx::{OnnxOutputs, OnnxScores, write_onnx};
pub use safetensors::{read_safetensors, write_safetensors};
pub use snode_numpy::{NumberType, Order, ReadError};

// Errors go from thread to thread, and into the boxes of other libraries.
const _: fn() = || {
    fn travels<E: std::error::Error + Send + Sync + 'static>() {}
    travels::<ExchangeError>();
    travels::<NoPattern>();
};
