//! Networks to send round, and bytes to damage.

#![allow(dead_code)] // each test file uses its own part

use proptest::prelude::*;
use snode_exchange::{Description, Element};
use snode_ode::{Activation, Endpoint, Grid, Initialisation, Network};

/// A network whose W_k are far from symmetric, and whose biases are not 0.
pub fn network<T: Element>(n: usize, layers: usize, activation: Activation) -> Network<T> {
    with_endpoint(n, layers, activation, Endpoint::Excluded)
}

pub fn with_endpoint<T: Element>(
    n: usize,
    layers: usize,
    activation: Activation,
    ends: Endpoint,
) -> Network<T> {
    let grid = Grid::new(1.5, layers, ends).unwrap();
    let mut network = Network::initial(n, grid, activation, Initialisation::Independent, 3);
    for (i, value) in network.parameters_mut().as_mut_slice().iter_mut().enumerate() {
        *value += T::from_f64(0.3 * (1.0 + i as f64).sin());
    }
    network
}

pub fn about() -> Description {
    Description {
        name: Some("übung 1".into()),
        scheme: Some("euler".into()),
        classes: Some(2),
        background: Some(0.0),
        foreground: Some(-1.0),
        rows: Some(2),
        cols: Some(2),
        ..Description::default()
    }
}

/// A way to damage bytes.
#[derive(Clone, Debug)]
pub enum Damage {
    Cut(prop::sample::Index),
    Overwrite(prop::sample::Index, Vec<u8>),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    Flip(prop::sample::Index, u8),
    Largest(prop::sample::Index, usize),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let at = |index: &prop::sample::Index, bytes: &[u8]| index.index(bytes.len() + 1);
        match self {
            Self::Cut(index) => bytes.truncate(at(index, bytes)),
            Self::Overwrite(index, new) => {
                let begin = at(index, bytes);
                bytes.iter_mut().skip(begin).zip(new).for_each(|(to, from)| *to = *from);
            }
            Self::Insert(index, new) => {
                let begin = at(index, bytes);
                bytes.splice(begin..begin, new.iter().copied());
            }
            Self::Remove(index, count) => {
                let begin = at(index, bytes);
                let end = (begin + count).min(bytes.len());
                bytes.drain(begin..end);
            }
            Self::Flip(index, bit) => {
                let begin = at(index, bytes);
                bytes.iter_mut().skip(begin).take(1).for_each(|byte| *byte ^= 1 << (bit % 8));
            }
            Self::Largest(index, count) => {
                let begin = at(index, bytes);
                bytes.iter_mut().skip(begin).take(*count).for_each(|byte| *byte = 0xff);
            }
        }
    }
}

/// Bytes made from good ones by up to four damages, most of them near the beginning.
pub fn damaged(samples: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let index = any::<prop::sample::Index>;
    let some = || prop::collection::vec(any::<u8>(), 1..12);
    let damage = prop_oneof![
        index().prop_map(Damage::Cut),
        (index(), some()).prop_map(|(i, new)| Damage::Overwrite(i, new)),
        (index(), some()).prop_map(|(i, new)| Damage::Insert(i, new)),
        (index(), 1..40_usize).prop_map(|(i, count)| Damage::Remove(i, count)),
        (index(), any::<u8>()).prop_map(|(i, bit)| Damage::Flip(i, bit)),
        (index(), 1..9_usize).prop_map(|(i, count)| Damage::Largest(i, count)),
    ];
    (prop::sample::select(samples), prop::collection::vec(damage, 1..5)).prop_map(
        |(mut bytes, damages)| {
            for damage in &damages {
                damage.apply(&mut bytes);
            }
            bytes
        },
    )
}
