//! What tells one network from another.

use sha2::{Digest as _, Sha256};
use snode_ode::{Endpoint, Network};

use crate::{Scalar, StoredNetwork};

/// How many bytes of the hash are kept.
const BYTES: usize = 16;

impl<T: Scalar> StoredNetwork<T> {
    /// The identity of the network: 32 hexadecimal digits, the same where activation, grid, precision
    /// and every bit of the parameters are. A measurement carries that of the network it measured:
    /// see [`write_appendix`](crate::write_appendix).
    pub fn digest(&self) -> String {
        digest(&self.network)
    }
}

pub(crate) fn digest<T: Scalar>(network: &Network<T>) -> String {
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
    use snode_ode::{Activation, Grid, Initialisation};

    use super::*;

    #[test]
    fn whatever_changes_the_function_changes_the_digest() {
        let make = |horizon, activation, seed| {
            let grid = Grid::new(horizon, 3, Endpoint::Excluded).unwrap();
            Network::<f64>::initial(4, grid, activation, Initialisation::Spline, seed)
        };
        let first = digest(&make(1.0, Activation::Tanh, 1));
        assert_eq!(first.len(), 32);
        assert_eq!(first, digest(&make(1.0, Activation::Tanh, 1)));
        assert_ne!(first, digest(&make(1.5, Activation::Tanh, 1)));
        assert_ne!(first, digest(&make(1.0, Activation::Relu, 1)));
        assert_ne!(first, digest(&make(1.0, Activation::Tanh, 2)));
        let mut last_bit = make(1.0, Activation::Tanh, 1);
        let mut parameters = last_bit.parameters_mut();
        let bias = parameters.bias_mut(2);
        bias[3] = f64::from_bits(bias[3].to_bits() ^ 1);
        assert_ne!(first, digest(&last_bit));
    }
}
