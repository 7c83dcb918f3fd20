//! What is written reads back with the same bits.

mod support;

use snode_exchange::{
    Description, Element, ExchangeError, Imported, LayerNames, Layers, read_npz, read_safetensors,
    write_npz, write_safetensors,
};
use snode_ode::{Activation, Endpoint, Network, Parameters};
use support::{about, network, with_endpoint};

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
                read_npz(&write_npz(&network, &about()).unwrap()).unwrap(),
                read_safetensors(&write_safetensors(&network, &about(), None).unwrap(), None)
                    .unwrap(),
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
    assert!(rebuilt::<f32>(read_safetensors(&bytes, Some(&names)).unwrap()) == network);
    let error = read_safetensors(&bytes, Some(&"layers.{}".parse().unwrap())).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("`layers.0.weight` is missing") && text.contains("blocks.0"), "{text}");
    let error = read_safetensors(&bytes, None).unwrap_err();
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
    assert_eq!(read_npz(&bytes), Err(ExchangeError::NotFinite { object: "layer 1".into() }));
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
