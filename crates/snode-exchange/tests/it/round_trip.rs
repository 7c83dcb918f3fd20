//! What is written reads back with the same bits.

use crate::support;

use std::io::Cursor;

use snode_exchange::{
    Description, Element, ExchangeError, Imported, LayerNames, Layers, NumberType, read_npz,
    read_safetensors, write_npz, write_safetensors,
};
use snode_ode::{Activation, Endpoint, Network, Parameters};
use support::{about, network, with_endpoint};

fn npz(bytes: Vec<u8>) -> Result<Imported, ExchangeError> {
    read_npz(Cursor::new(bytes), &[])
}

fn safetensors(bytes: Vec<u8>, names: Option<&LayerNames>) -> Result<Imported, ExchangeError> {
    read_safetensors(Cursor::new(bytes), names, &[])
}

trait Precise: Element {
    fn of(layers: Layers) -> Option<Parameters<Self>>;
}

impl Precise for f32 {
    fn of(layers: Layers) -> Option<Parameters<f32>> {
        if let Layers::F32(parameters) = layers { Some(parameters) } else { None }
    }
}

impl Precise for f64 {
    fn of(layers: Layers) -> Option<Parameters<f64>> {
        if let Layers::F64(parameters) = layers { Some(parameters) } else { None }
    }
}

fn rebuilt<T: Precise>(imported: Imported) -> Network<T> {
    let parameters = T::of(imported.layers).expect("the precision has changed");
    imported.description.network(parameters).unwrap()
}

fn goes_round<T: Precise>() {
    for ends in [Endpoint::Excluded, Endpoint::Included] {
        for name in Activation::NAMES {
            let network = with_endpoint::<T>(5, 3, name.parse().unwrap(), ends);
            let full = Description::of(&network).or(about());
            for imported in [
                npz(write_npz(&network, &about()).unwrap()).unwrap(),
                safetensors(write_safetensors(&network, &about(), None).unwrap(), None).unwrap(),
            ] {
                assert_eq!(imported.description, full);
                assert!(rebuilt::<T>(imported) == network);
            }
        }
    }
}

#[test]
fn networks_go_round() {
    goes_round::<f32>();
    goes_round::<f64>();
}

#[test]
fn layers_go_round_one_by_one() {
    let names: LayerNames = "blocks.{}.linear".parse().unwrap();
    let network = network::<f32>(4, 11, Activation::Relu);
    let bytes = write_safetensors(&network, &about(), Some(&names)).unwrap();
    assert!(rebuilt::<f32>(safetensors(bytes.clone(), Some(&names)).unwrap()) == network);
    let error = safetensors(bytes.clone(), Some(&"layers.{}".parse().unwrap())).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("`layers.0.weight` is missing") && text.contains("blocks.0"), "{text}");
    let error = safetensors(bytes, None).unwrap_err();
    assert!(error.to_string().contains("`weights` is missing"), "{error}");
}

#[test]
fn nodes_that_are_no_layers_do_not_become_layers() {
    let network = with_endpoint::<f64>(3, 4, Activation::Tanh, Endpoint::Included);
    let names: LayerNames = "{}".parse().unwrap();
    let error = write_safetensors(&network, &about(), Some(&names)).unwrap_err();
    assert!(matches!(error, ExchangeError::Unwritable { .. }), "{error}");
}

#[test]
fn the_same_network_gives_the_same_npz() {
    let network = network::<f64>(4, 3, Activation::Tanh);
    assert_eq!(write_npz(&network, &about()), write_npz(&network, &about()));
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    let mut network = network::<f64>(4, 3, Activation::Tanh);
    network.parameters_mut().node_mut(1)[2] = f64::NAN;
    let bytes = write_npz(&network, &about()).unwrap();
    assert_eq!(npz(bytes), Err(ExchangeError::NotFinite { object: "layer 1".into() }));
}

#[test]
fn patterns_have_one_place_for_the_number() {
    for wrong in ["layers", "", "{}.{}", "layers.{"] {
        assert!(wrong.parse::<LayerNames>().is_err(), "{wrong}");
    }
}

#[test]
fn what_is_not_known_is_asked_for() {
    let network = network::<f64>(4, 3, Activation::Tanh);
    let known = Description::of(&network);
    for key in ["horizon", "activation"] {
        let mut lacking = known.clone();
        if key == "horizon" {
            lacking.horizon = None;
        } else {
            lacking.activation = None;
        }
        let error = lacking.network(network.parameters().clone()).unwrap_err();
        assert_eq!(error, ExchangeError::Unknown { key });
    }
    let one = Description { ends: Some(Endpoint::Included), ..known };
    assert!(matches!(one.network(Parameters::<f64>::zeros(4, 1)), Err(ExchangeError::Grid(_))));
}

/// A file that says version 3 may have properties that this reader would leave out.
#[test]
fn layouts_of_later_versions_are_refused() {
    let network = network::<f64>(4, 3, Activation::Tanh);
    let mut bytes = write_safetensors(&network, &about(), None).unwrap();
    let at = bytes.windows(17).position(|w| w == b"snode_network\":\"2").unwrap() + 16;
    for (version, is_read) in [(b'1', true), (b'2', true), (b'3', false)] {
        bytes[at] = version;
        assert_eq!(safetensors(bytes.clone(), None).is_ok(), is_read);
    }
}

/// Half-precision numbers are exact in single precision.
#[test]
fn half_precision_is_read_into_single() {
    let names: LayerNames = "{}".parse().unwrap();
    for (dtype, one, kind) in
        [("F16", 0x3c00_u16, NumberType::F16), ("BF16", 0x3f80, NumberType::Bf16)]
    {
        let header = format!(
            "{{\"0.weight\":{{\"dtype\":\"{dtype}\",\"shape\":[1,1],\"data_offsets\":[0,2]}},\
             \"0.bias\":{{\"dtype\":\"{dtype}\",\"shape\":[1],\"data_offsets\":[2,4]}}}}"
        );
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.bytes());
        bytes.extend(one.to_le_bytes());
        bytes.extend((one | 0x8000).to_le_bytes());
        let imported = safetensors(bytes, Some(&names)).unwrap();
        assert_eq!(imported.stored, kind);
        let Layers::F32(parameters) = imported.layers else { panic!("not single precision") };
        assert_eq!(parameters.node(0), [1.0, -1.0]);
    }
}

#[test]
fn what_is_no_part_of_the_network_is_named_or_left_out_by_name() {
    let names: LayerNames = "layers.{}".parse().unwrap();
    let network = network::<f32>(4, 2, Activation::Relu);
    let bytes = write_safetensors(&network, &about(), Some(&names)).unwrap();
    let other: LayerNames = "layers.1{}".parse().unwrap();
    assert!(safetensors(bytes.clone(), Some(&other)).is_err());
    // The second layer is another program's for this pattern.
    let mut renamed = bytes;
    while let Some(at) = renamed.windows(8).position(|window| window == b"layers.1") {
        renamed[at..at + 8].copy_from_slice(b"heads..1");
    }
    let read = |ignore: &[&str]| {
        let ignore: Vec<String> = ignore.iter().map(|&name| name.into()).collect();
        read_safetensors(Cursor::new(&renamed), Some(&names), &ignore)
    };
    let left_over = ["heads..1.bias".to_owned(), "heads..1.weight".to_owned()];
    assert_eq!(read(&[]), Err(ExchangeError::LeftOver { names: left_over.clone().into() }));
    let one = ExchangeError::LeftOver { names: vec![left_over[1].clone()] };
    assert_eq!(read(&["heads..1.bias"]), Err(one));
    assert_eq!(read(&["heads.*"]).unwrap().layers.count(), 1);
    for wrong in ["head", "layers.0.bias"] {
        assert!(matches!(read(&[wrong]), Err(ExchangeError::NotLeftOver { .. })), "{wrong}");
    }
}
