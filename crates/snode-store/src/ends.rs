//! The map of a network and what stands before and behind it, as attributes: there only where they are not
//! what networks have by themselves, a dense map of data that are states with scores that are components.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use snode_ode::{AffineMap, Lifting, Network, Readout, Real};

use crate::StoreError;
use crate::read_group::ReadGroup;
use crate::write_group::{WriteGroup, attribute};

/// Map, lifting and readout (S40, S41).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ends {
    map: AffineMap,
    pub inputs: usize,
    /// What the other components of a state begin with, where data are not states.
    padding: Option<f64>,
    pub readout: Readout,
}

impl Ends {
    pub(crate) fn of<T: Real>(network: &Network<T>) -> Self {
        let (lifting, readout) = (network.lifting(), network.readout());
        let is_lifted = lifting != Lifting::identity(network.map());
        let padding = is_lifted.then(|| lifting.padding());
        Self { map: network.map(), inputs: lifting.inputs(), padding, readout }
    }

    /// What a digest has of them, if anything.
    pub(crate) fn description(&self) -> String {
        let Self { map, inputs, padding, readout } = self;
        let mut lines = Vec::new();
        if let AffineMap::Convolution(map) = map {
            lines.push(format!("{} {:?} {}\n", map.channels(), map.shape(), map.kernel()));
            if !self.map.is_uniform() {
                lines.push(format!("{:?}\n", map.resolutions()));
            }
        }
        if let Some(padding) = padding {
            lines.push(format!("{inputs} {:016x}\n", padding.to_bits()));
        }
        if let Readout::ChannelMeans { gain } | Readout::Pattern { gain, .. } = readout {
            let (name, gain) = (readout.name(), gain.to_bits());
            lines.push(format!("{name} {gain:016x} {}\n", seed(*readout)));
        }
        lines.concat()
    }

    pub(crate) fn write(&self, group: &WriteGroup<'_>) -> Result<(), StoreError> {
        if let AffineMap::Convolution(map) = self.map {
            group.text("map", self.map.name())?;
            group.attribute("channels", &(map.channels() as u64))?;
            group.attribute("map_rows", &(map.shape().0 as u64))?;
            group.attribute("map_cols", &(map.shape().1 as u64))?;
            group.attribute("kernel", &(map.kernel() as u64))?;
            if !self.map.is_uniform() {
                group.text("resolutions", &Layers(map.resolutions()).to_string())?;
            }
        }
        if let Some(padding) = self.padding {
            group.attribute("inputs", &(self.inputs as u64))?;
            group.attribute("padding", &padding)?;
        }
        if self.readout != Readout::Components {
            group.text("readout", self.readout.name())?;
            group.attribute("readout_gain", &self.readout.gain())?;
            group.attribute("readout_seed", &seed(self.readout))?;
        }
        Ok(())
    }

    /// Those of a network of this width with so many classes.
    pub(crate) fn read(
        group: &ReadGroup<'_>,
        width: usize,
        classes: usize,
    ) -> Result<(AffineMap, Self), StoreError> {
        let there = group.attribute_names()?;
        let has = |name: &str| there.iter().any(|there| there == name);
        let wrong = |name: &str, found: &dyn std::fmt::Display, allowed: &str| {
            group.value_error(attribute(&group.name, name), found, allowed)
        };
        let map = match has("map").then(|| group.text("map")).transpose()?.as_deref() {
            None | Some("dense") => AffineMap::dense(width),
            Some("convolution") => {
                let pixels = (group.count("map_rows")?, group.count("map_cols")?);
                let map = AffineMap::convolution(
                    group.count("channels")?,
                    pixels,
                    group.count("kernel")?,
                );
                let layers = has("resolutions")
                    .then(|| group.parsed::<Layers>("resolutions", "whole numbers, as 2,2,3"))
                    .transpose()?;
                map.and_then(|map| layers.map_or(Ok(map), |layers| map.at_resolutions(&layers.0)))
                    .map_err(|error| wrong(error.what, &error.found, &error.expected))?
            }
            Some(other) => {
                return Err(wrong("map", &format_args!("{other:?}"), "dense, convolution"));
            }
        };
        if map.width() != width {
            let allowed = format!("{}, as channels and pixels say", map.width());
            return Err(wrong("width", &width, &allowed));
        }
        let (mut inputs, mut padding) = (width, None);
        if has("inputs") {
            inputs = group.count("inputs")?;
            let value = group.finite("padding")?;
            Lifting::new(map, inputs, value)
                .map_err(|error| wrong("inputs", &error.found, &error.expected))?;
            padding = Some(value);
        }
        let mut readout = Readout::Components;
        if has("readout") {
            let (name, gain) = (group.text("readout")?, group.finite("readout_gain")?);
            readout = match name.as_str() {
                "components" => Readout::Components,
                "channel-means" => Readout::ChannelMeans { gain },
                "pattern" => Readout::Pattern { gain, seed: group.unsigned("readout_seed")? },
                _ => {
                    let allowed = Readout::NAMES.join(", ");
                    return Err(wrong("readout", &format_args!("{name:?}"), &allowed));
                }
            };
        }
        if readout != Readout::Components {
            readout
                .check(map, classes)
                .map_err(|error| wrong("readout", &error, "one that the map has"))?;
        }
        Ok((map, Self { map, inputs, padding, readout }))
    }

    /// The network with them.
    pub(crate) fn put_on<T: Real>(
        self,
        network: Network<T>,
        group: &ReadGroup<'_>,
    ) -> Result<Network<T>, StoreError> {
        let network = network.with_readout(self.readout);
        let Some(padding) = self.padding else { return Ok(network) };
        network.with_inputs(self.inputs, padding).map_err(|error| {
            let what = attribute(&group.name, "inputs");
            group.value_error(what, &error.found, &error.expected)
        })
    }
}

/// How many layers there are at each resolution, as text: `2,2,3`.
struct Layers(Vec<usize>);

impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&numbers.join(","))
    }
}

impl FromStr for Layers {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.split(',').map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// The seed of a pattern, 0 for the others.
fn seed(readout: Readout) -> u64 {
    match readout {
        Readout::Pattern { seed, .. } => seed,
        _ => 0,
    }
}
