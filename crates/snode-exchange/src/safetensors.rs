//! safetensors: named tensors and texts beside them.
//!
//! Our own layout is two tensors, `weights` \[layer, out, in\] and `biases` \[layer, out\]; with
//! [`LayerNames`] every layer has two of its own instead, as PyTorch's state dicts have. The
//! [`Description`] is in the metadata.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{BufReader, Read, Seek, SeekFrom};

use ::safetensors::tensor::{Metadata, TensorInfo};
use ::safetensors::{Dtype, View, serialize};
use snode_numpy::Numbers;
use snode_ode::{Endpoint, Network};

use crate::imported::{check_left_over, listed};
use crate::limits::{MAX_BYTES, MAX_CONTENTS};
use crate::write::{biases, check_ends, check_uniform, weights, weights_shape};
use crate::{
    ArrayHead, Description, Element, ExchangeError, Imported, LayerNames, LayersReader, NumberType,
    Order,
};

const FORMAT: &str = "safetensors";

/// Reads a network from a safetensors file.
///
/// Without `names` it must have the tensors `weights` and `biases`; with them a pair of tensors for
/// each layer, numbered from 0 or 1 without gaps. Tensors are F16, BF16, F32 or F64, one of them
/// throughout. Further tensors are refused, unless `ignore` has their names, or beginnings of them
/// with a `*` behind.
///
/// Types and shapes of all tensors are looked at before any is read.
///
/// # Errors
/// If the file cannot be read or is not a safetensors file, a tensor is missing, left over or does
/// not fit, a number is not finite, or a text of the metadata has no meaning.
pub fn read_safetensors<R: Read + Seek>(
    source: R,
    names: Option<&LayerNames>,
    ignore: &[String],
) -> Result<Imported, ExchangeError> {
    let mut file = File::open(source)?;
    let description = file.description()?;
    let stored = file.length;
    let Some(names) = names else {
        let (weights, biases) = (file.head("weights")?, file.head("biases")?);
        file.check_left_over(&["weights".into(), "biases".into()].into(), ignore)?;
        let mut layers = LayersReader::of_stacks(&weights, &biases, stored)?;
        let all = 0..weights.shape[0];
        file.read("biases", &biases, |next| layers.biases(all.clone(), Order::RowMajor, next))?;
        file.read("weights", &weights, |next| layers.weights(all.clone(), Order::RowMajor, next))?;
        return Ok(Imported { layers: layers.finish(), stored: weights.kind, description });
    };
    let tensors = file.tensors_of_layers(names)?;
    let used = tensors.iter().flatten().cloned().collect();
    file.check_left_over(&used, ignore)?;
    let heads = tensors.iter().map(|[w, b]| Ok((file.head(w)?, file.head(b)?)));
    let heads: Vec<(ArrayHead, ArrayHead)> = heads.collect::<Result<_, ExchangeError>>()?;
    let (weights, biases) = &heads[0];
    let mut layers = LayersReader::of_cells(heads.len(), weights, biases, stored)?;
    for (weights, biases) in &heads {
        layers.check_cells(Some(weights), Some(biases))?;
    }
    for (k, ([w, b], (weights, biases))) in tensors.iter().zip(&heads).enumerate() {
        file.read(w, weights, |next| layers.weights(k..k + 1, Order::RowMajor, next))?;
        file.read(b, biases, |next| layers.biases(k..k + 1, Order::RowMajor, next))?;
    }
    Ok(Imported { layers: layers.finish(), stored: weights.kind, description })
}

/// The text that marks our metadata; its value is the version of their layout.
const MARK: &str = "snode_network";
/// The version that is written: since 2 the options of the scheme are there.
const VERSION: &str = "2";
/// The versions that are read.
const VERSIONS: [&str; 2] = ["1", VERSION];

/// The bytes of a safetensors file with a network: a pair of tensors for all layers, or with `names`
/// for each.
///
/// What the network says of itself takes precedence over the `description`.
///
/// # Errors
/// If single layers are asked for and the network has a node at T, which no layer reads.
pub fn write_safetensors<T: Element>(
    network: &Network<T>,
    description: &Description,
    names: Option<&LayerNames>,
) -> Result<Vec<u8>, ExchangeError> {
    check_ends(network, FORMAT)?;
    let parameters = network.parameters();
    let nodes = parameters.nodes();
    let tensor = |shape: Vec<usize>, bytes| Tensor { dtype: T::SAFETENSORS, shape, bytes };
    let mut tensors = Vec::new();
    match names {
        None => {
            check_uniform(network, FORMAT)?;
            let shape = weights_shape(parameters.map());
            let all = [&[nodes], &shape[..]].concat();
            tensors.push(("weights".into(), tensor(all, weights(parameters, 0..nodes))));
            let all = vec![nodes, shape[0]];
            tensors.push(("biases".into(), tensor(all, biases(parameters, 0..nodes))));
        }
        Some(_) if network.grid().endpoint() == Endpoint::Included => {
            let problem = "the network has a node at T, which no layer reads".into();
            return Err(ExchangeError::Unwritable { format: FORMAT, problem });
        }
        Some(names) => {
            for k in 0..nodes {
                let shape = weights_shape(parameters.map().at(k));
                let (weight, bias) = (weights(parameters, k..k + 1), biases(parameters, k..k + 1));
                let rows = shape[0];
                tensors.push((names.weight(k), tensor(shape, weight)));
                tensors.push((names.bias(k), tensor(vec![rows], bias)));
            }
        }
    }
    let description = Description::of(network).or(description.clone());
    let texts = description.to_texts().into_iter().map(|(key, text)| (key.to_owned(), text));
    let mut metadata: HashMap<String, String> = texts.collect();
    metadata.insert(MARK.into(), VERSION.into());
    serialize(tensors, Some(metadata))
        .map_err(|error| ExchangeError::Unwritable { format: FORMAT, problem: error.to_string() })
}

/// A tensor to be written.
struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// A file whose header has been read.
struct File<R> {
    source: R,
    /// How many bytes the whole has.
    length: u64,
    /// Where the numbers begin.
    begin: u64,
    texts: HashMap<String, String>,
    tensors: HashMap<String, TensorInfo>,
}

impl<R: Read + Seek> File<R> {
    fn open(mut source: R) -> Result<Self, ExchangeError> {
        let reading = |error| ExchangeError::reading(FORMAT, error);
        let length = source.seek(SeekFrom::End(0)).map_err(reading)?;
        ExchangeError::limit("the file", length.into(), MAX_BYTES)?;
        source.seek(SeekFrom::Start(0)).map_err(reading)?;
        let mut size = [0; 8];
        source.read_exact(&mut size).map_err(reading)?;
        let size = u64::from_le_bytes(size);
        let Some(begin) = size.checked_add(8).filter(|&begin| begin <= length) else {
            return Err(ExchangeError::format(FORMAT, "its header is longer than the file"));
        };
        ExchangeError::limit("the header", size.into(), MAX_CONTENTS)?;
        let mut header = vec![0; size as usize];
        source.read_exact(&mut header).map_err(reading)?;
        let header: Metadata = serde_json::from_slice(&header)
            .map_err(|error| ExchangeError::format(FORMAT, format!("its header: {error}")))?;
        let tensors: HashMap<String, TensorInfo> =
            header.tensors().into_iter().map(|(name, info)| (name, info.clone())).collect();
        check_places(&tensors, length - begin)?;
        let texts = header.metadata().clone().unwrap_or_default();
        Ok(Self { source, length, begin, texts, tensors })
    }

    /// What the metadata says, if it is ours: other programs have texts of their own.
    fn description(&self) -> Result<Description, ExchangeError> {
        match self.texts.get(MARK).map(String::as_str) {
            None => Ok(Description::default()),
            Some(version) if VERSIONS.contains(&version) => {
                Description::from_texts(|key| self.texts.get(key).cloned())
            }
            Some(version) => Err(ExchangeError::Version { found: version.into() }),
        }
    }

    /// The names of the tensors of all layers, in order.
    fn tensors_of_layers(&self, names: &LayerNames) -> Result<Vec<[String; 2]>, ExchangeError> {
        let numbered = self.tensors.keys().filter_map(|name| names.layer_of_weight(name));
        let numbers: BTreeSet<usize> = numbered.collect();
        let first = numbers.first().copied().unwrap_or(0).min(1);
        let layers = first..first + numbers.len().max(1);
        let tensors = layers.map(|layer| [names.weight(layer), names.bias(layer)]);
        let tensors: Vec<[String; 2]> = tensors.collect();
        match tensors.iter().flatten().find(|name| !self.tensors.contains_key(*name)) {
            None => Ok(tensors),
            Some(missing) => Err(self.missing(missing)),
        }
    }

    fn missing(&self, name: &str) -> ExchangeError {
        ExchangeError::Missing {
            object: format!("the tensor `{name}`"),
            found: listed(self.tensors.keys().map(String::as_str)),
        }
    }

    fn check_left_over(
        &self,
        used: &HashSet<String>,
        ignore: &[String],
    ) -> Result<(), ExchangeError> {
        let left_over = self.tensors.keys().filter(|name| !used.contains(*name));
        check_left_over(left_over.map(String::as_str), ignore)
    }

    /// What a tensor is said to be.
    fn head(&self, name: &str) -> Result<ArrayHead, ExchangeError> {
        let info = self.tensors.get(name).ok_or_else(|| self.missing(name))?;
        let object = format!("the tensor `{name}`");
        let kind = match info.dtype {
            Dtype::F16 => NumberType::F16,
            Dtype::BF16 => NumberType::Bf16,
            Dtype::F32 => NumberType::F32,
            Dtype::F64 => NumberType::F64,
            other => {
                let (found, allowed) = (format!("{other:?}"), "F16, BF16, F32, F64".into());
                return Err(ExchangeError::Type { object, found, allowed });
            }
        };
        let head = ArrayHead { name: object, shape: info.shape.clone(), kind };
        let (begin, end) = info.data_offsets;
        if head.count()? * kind.size() != end.saturating_sub(begin) {
            let (shape, bytes) = (&head.shape, end.saturating_sub(begin));
            let problem = format!("{} of shape {shape:?} has {bytes} bytes", head.name);
            return Err(ExchangeError::format(FORMAT, problem));
        }
        Ok(head)
    }

    /// Reads the numbers of a tensor.
    fn read(
        &mut self,
        name: &str,
        head: &ArrayHead,
        read: impl FnOnce(&mut dyn FnMut() -> Result<f64, ExchangeError>) -> Result<(), ExchangeError>,
    ) -> Result<(), ExchangeError> {
        let reading = |error| ExchangeError::reading(FORMAT, error);
        let offset = self.tensors.get(name).map_or(0, |info| info.data_offsets.0);
        self.source.seek(SeekFrom::Start(self.begin + offset as u64)).map_err(reading)?;
        let source = BufReader::new(&mut self.source);
        let mut numbers = Numbers::new(source, head.kind, false, head.count()?);
        read(&mut || numbers.next().map_err(reading))
    }
}

/// Looks whether the tensors fill the bytes behind the header, one after the other.
fn check_places(tensors: &HashMap<String, TensorInfo>, bytes: u64) -> Result<(), ExchangeError> {
    let mut places: Vec<(usize, usize)> = tensors.values().map(|info| info.data_offsets).collect();
    places.sort_unstable();
    let mut end = 0;
    for (from, to) in places {
        if from != end || to < from {
            let problem = format!("a tensor has the bytes {from} to {to}; expected from {end} on");
            return Err(ExchangeError::format(FORMAT, problem));
        }
        end = to;
    }
    if end as u64 == bytes {
        return Ok(());
    }
    let problem = format!("found {bytes} bytes behind its header; expected {end}");
    Err(ExchangeError::format(FORMAT, problem))
}
