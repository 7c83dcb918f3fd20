//! From keys to a network: its affine map, and how images become states and states scores.

use snode_ode::{AffineMap, MapError, Readout};

use crate::error::Result;
use crate::file::Locator;
use crate::schema::{MapName, NetworkConfig, ReadoutName};

/// Channels of a convolution unless told otherwise.
const CHANNELS: usize = 16;
/// Rows and columns of a kernel unless told otherwise.
const KERNEL: usize = 3;

/// Gives the keys of map and readout the values they have.
pub(crate) fn resolve_network(keys: &mut NetworkConfig) {
    if keys.map == Some(MapName::Convolution) {
        keys.channels.get_or_insert(CHANNELS);
        keys.kernel.get_or_insert(KERNEL);
        keys.image_channels.get_or_insert(1);
    }
    let readout = keys.readout.unwrap_or_default();
    if readout != ReadoutName::Components {
        keys.readout_gain.get_or_insert(1.0);
    }
    if readout == ReadoutName::Pattern {
        keys.readout_seed.get_or_insert(1);
    }
}

/// The map of a network for images of so many rows and columns.
///
/// # Errors
/// If there is no such map.
pub(crate) fn map_of(
    keys: &NetworkConfig,
    (rows, columns): (usize, usize),
) -> std::result::Result<AffineMap, MapError> {
    match keys.map.unwrap_or_default() {
        MapName::Dense => Ok(AffineMap::dense(keys.width.unwrap_or(rows * columns))),
        MapName::Convolution => {
            let pixels = (rows / keys.image_channels.unwrap_or(1), columns);
            let map = AffineMap::convolution(
                keys.channels.unwrap_or(CHANNELS),
                pixels,
                keys.kernel.unwrap_or(KERNEL),
            )?;
            keys.resolutions.as_ref().map_or(Ok(map), |layers| map.at_resolutions(layers))
        }
    }
}

/// The readout that the keys describe.
pub(crate) fn readout_of(keys: &NetworkConfig) -> Readout {
    let gain = keys.readout_gain.unwrap_or(1.0);
    match keys.readout.unwrap_or_default() {
        ReadoutName::Components => Readout::Components,
        ReadoutName::ChannelMeans => Readout::ChannelMeans { gain },
        ReadoutName::Pattern => Readout::Pattern { gain, seed: keys.readout_seed.unwrap_or(1) },
    }
}

/// Refuses a network that images of this shape, with so many channels and classes, cannot have, and gives its
/// map.
///
/// # Errors
/// The key that is wrong.
pub(crate) fn check_with_data(
    keys: &NetworkConfig,
    locator: &Locator,
    shape: (usize, usize),
    data_channels: usize,
    classes: usize,
) -> Result<AffineMap> {
    let (rows, columns) = shape;
    let pixels = rows * columns;
    if let Some(width) = keys.width
        && width < pixels
    {
        let problem = format!("found {width}; expected at least {pixels}, the pixels of an image");
        return Err(locator.error("network.width", problem));
    }
    let image_channels = keys.image_channels.unwrap_or(1);
    if !rows.is_multiple_of(image_channels) {
        let problem = format!("found {image_channels}; expected a divisor of the {rows} rows");
        return Err(locator.error("network.image_channels", problem));
    }
    let is_convolution = keys.map == Some(MapName::Convolution);
    if is_convolution && data_channels > 1 && image_channels != data_channels {
        let problem = format!(
            "found images of {data_channels} channels; expected `image_channels = {data_channels}`, \
             not {image_channels}"
        );
        return Err(locator.error_among(&["network.image_channels", "network.map"], problem));
    }
    let (kernel, channels) = (keys.kernel.unwrap_or(KERNEL), keys.channels.unwrap_or(CHANNELS));
    let least = (rows / image_channels).min(columns);
    if is_convolution && kernel > least {
        let problem = format!(
            "found {kernel}; expected at most {}, for images of {}x{columns} pixels",
            // Kernels are odd.
            least - usize::from(least % 2 == 0),
            rows / image_channels
        );
        return Err(locator.error("network.kernel", problem));
    }
    if is_convolution && channels < image_channels {
        let problem =
            format!("found {channels}; expected at least {image_channels}, those of the images");
        return Err(locator.error("network.channels", problem));
    }
    if let Some(found) = &keys.resolutions {
        let sum = found.iter().fold(0_usize, |sum, layers| sum.saturating_add(*layers));
        if sum != keys.layers {
            let problem = format!(
                "found {found:?}, {sum} layers together; expected network.layers = {}",
                keys.layers
            );
            return Err(locator.error_among(&["network.resolutions", "network.layers"], problem));
        }
    }
    let map = map_of(keys, shape)
        .map_err(|error| locator.error(&format!("network.{}", error.what), error.to_string()))?;
    let readout = readout_of(keys);
    if readout != Readout::Components || is_convolution {
        readout.check(map, classes).map_err(|_| {
            let problem = format!(
                "found {channels} for {classes} classes; expected at least {classes} with \
                 `readout = \"{}\"`",
                readout.name()
            );
            locator.error_among(&["network.channels", "network.readout"], problem)
        })?;
    }
    Ok(map)
}
