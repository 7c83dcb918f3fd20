//! What tells one network from another.

use sha2::{Digest as _, Sha256};
use snode_ode::{Endpoint, Network};
use snode_train::TargetKind;

use crate::ends::Ends;
use crate::{Model, Scalar, StoredNetwork};

/// How many bytes of the hash are kept.
const BYTES: usize = 16;

impl<T: Scalar> StoredNetwork<T> {
    /// The identity of the network: 32 hexadecimal digits, the same where the scheme with its options,
    /// the encoding of images, activation, grid, precision and every bit of the parameters are. A
    /// measurement carries that of the network it measured: see
    /// [`write_appendix`](crate::write_appendix).
    pub fn digest(&self) -> String {
        digest(&self.model, &self.network)
    }
}

pub(crate) fn digest<T: Scalar>(model: &Model, network: &Network<T>) -> String {
    let grid = network.grid();
    let ends = match grid.endpoint() {
        Endpoint::Excluded => "open",
        Endpoint::Included => "closed",
    };
    let mut hash = Sha256::new();
    hash.update(format!(
        "snode network 1\n{}\n{}\n{ends}\n{:016x}\n{}\n{}\n",
        T::PRECISION,
        network.activation(),
        grid.horizon().to_bits(),
        grid.steps(),
        network.width(),
    ));
    let Model { scheme, solver, classes, targets, input } = model;
    hash.update(format!("{scheme}\n{:?}\n{classes}\n", solver.to_texts()));
    if *targets != TargetKind::Classes {
        hash.update("real targets\n");
    }
    let encoding = [input.background, input.foreground].map(f64::to_bits);
    hash.update(format!("{encoding:016x?}\n{}x{}\n", input.rows, input.cols));
    hash.update(Ends::of(network).description());
    let mut bytes = Vec::new();
    for k in 0..network.parameters().nodes() {
        bytes.clear();
        // Every number of either precision is one of double precision.
        bytes.extend(network.parameters().node(k).iter().flat_map(|x| x.to_f64().to_le_bytes()));
        hash.update(&bytes);
    }
    hash.finalize()
        .iter()
        .take(BYTES)
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use snode_ode::{Activation, Grid, Initialisation, Interpolation, SolverKeys};

    use super::*;
    use crate::Input;

    fn stored(horizon: f64, activation: Activation, seed: u64) -> StoredNetwork<f64> {
        let grid = Grid::new(horizon, 3, Endpoint::Excluded).unwrap();
        let model = Model {
            scheme: "euler".into(),
            solver: SolverKeys::default(),
            classes: 2,
            targets: TargetKind::Classes,
            input: Input::default(),
        };
        let network = Network::initial(4, grid, activation, Initialisation::Spline, seed);
        StoredNetwork { model, network }
    }

    #[test]
    fn whatever_changes_the_function_changes_the_digest() {
        let digest = |horizon, activation, seed| stored(horizon, activation, seed).digest();
        let first = digest(1.0, Activation::Tanh, 1);
        assert_eq!(first.len(), 32);
        assert_eq!(first, digest(1.0, Activation::Tanh, 1));
        assert_ne!(first, digest(1.5, Activation::Tanh, 1));
        assert_ne!(first, digest(1.0, Activation::Relu, 1));
        assert_ne!(first, digest(1.0, Activation::Tanh, 2));
        let changed = |change: fn(&mut StoredNetwork<f64>)| {
            let mut other = stored(1.0, Activation::Tanh, 1);
            change(&mut other);
            other.digest()
        };
        let others = [
            changed(|other| {
                let bias = other.network.parameters_mut().bias_mut(2);
                bias[3] = f64::from_bits(bias[3].to_bits() ^ 1);
            }),
            changed(|other| other.model.scheme = "rk4".into()),
            changed(|other| other.model.solver.interpolation = Some(Interpolation::Linear)),
            changed(|other| other.model.classes = 3),
            changed(|other| other.model.targets = TargetKind::Values),
            changed(|other| other.model.input.foreground = 1.0),
            changed(|other| (other.model.input.rows, other.model.input.cols) = (2, 2)),
        ];
        assert!(others.iter().all(|other| *other != first), "{others:?}");
    }
}
