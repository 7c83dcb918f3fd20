//! What is read is what was written, bit for bit.

use crate::support;

use proptest::prelude::*;
use snode_ode::{Activation, AffineMap, Endpoint, Grid, Initialisation, Network, Readout};
use snode_store::{
    Checkpoint, Compression, Examination, Precision, RunRecord, Scalar, StoreError, StoredNetwork,
    examine, read_info, read_network, read_network_as_f64, read_run, read_run_as_f64, seal, update,
    write_run,
};
use snode_train::{CostValue, Fit, History, Memory, Position, TargetKind, ValueErrors};
use support::{names, ncg_memory, record};

const COMPRESSIONS: [Compression; 3] =
    [Compression::None, Compression::Gzip(1), Compression::Gzip(9)];

/// Equality of bits: NaN equals itself, and 0 is not −0.
fn assert_same<T: Scalar>(left: &RunRecord<T>, right: &RunRecord<T>) {
    // The debug form of a number is the shortest text that has its bits, and says -0.0 and NaN.
    assert_eq!(format!("{left:?}"), format!("{right:?}"));
}

fn round_trip<T: Scalar>(record: &RunRecord<T>, compression: Compression) -> RunRecord<T> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    write_run(&path, record, compression).unwrap();
    assert_eq!(names(folder.path()), ["run.h5"]);
    read_run(&path).unwrap()
}

fn every_part_returns<T: Scalar>() {
    for compression in COMPRESSIONS {
        for (width, layers, ends) in
            [(2, 1, Endpoint::Excluded), (5, 4, Endpoint::Included), (20, 3, Endpoint::Excluded)]
        {
            let mut run = record::<T>(width, layers, ends);
            assert_same(&round_trip(&run, compression), &run);
            // Without the last gradient, then at the start of a batch, with and without the memory
            // of a method that goes on through batches, then a result.
            let direction = run.network.parameters().clone();
            run.checkpoint.as_mut().unwrap().memory = Some(ncg_memory(direction.clone()));
            assert_same(&round_trip(&run, compression), &run);
            let position = Position { epoch: 1, batch: 0, iteration: 0 };
            for memory in [
                Some(Memory::new().with_number("steps", 7.0)),
                Some(Memory::new().with_array("mean_square", direction.clone())),
                Some(Memory::new()),
                None,
            ] {
                run.checkpoint = Some(Checkpoint { position, memory, perturbed: None });
                assert_same(&round_trip(&run, compression), &run);
            }
            let run = run.without_checkpoint();
            assert_same(&round_trip(&run, compression), &run);
        }
    }
}

#[test]
fn every_part_returns_in_f64() {
    every_part_returns::<f64>();
}

#[test]
fn every_part_returns_in_f32() {
    every_part_returns::<f32>();
}

/// A regression says so in its network, has the value of its loss, and errors in the place of accuracy.
#[test]
fn a_regression_returns() {
    let mut run = record::<f64>(3, 2, Endpoint::Excluded);
    run.model.targets = TargetKind::Values;
    for (i, record) in run.history.iterations.iter_mut().enumerate() {
        record.iteration.cost =
            CostValue { other: 0.1 * i as f64, decay: 0.2, ..Default::default() };
    }
    for (i, record) in run.history.evaluations.iter_mut().enumerate() {
        record.score.fit = Fit::Values(ValueErrors {
            mean_square: 1.0 / (i + 1) as f64,
            mean_absolute: 0.3,
            r_squared: if i == 2 { f64::NAN } else { -0.5 },
        });
    }
    assert_same(&round_trip(&run, Compression::None), &run);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    write_run(&path, &run, Compression::None).unwrap();
    assert_eq!(read_info(&path).unwrap().model.targets, TargetKind::Values);
    assert_eq!(examine(&path).unwrap(), Examination::NetworkAsWritten);

    // What has classes has no errors, and the other way round.
    run.model.targets = TargetKind::Classes;
    let refused = write_run(&path, &run, Compression::None).unwrap_err();
    assert!(refused.to_string().contains("a score of the network's targets"), "{refused}");
    run = record::<f64>(3, 2, Endpoint::Excluded);
    run.model.targets = TargetKind::Values;
    assert!(write_run(&path, &run, Compression::None).is_err());
}

#[test]
fn empty_parts_return() {
    let mut run = record::<f64>(3, 2, Endpoint::Excluded).without_checkpoint();
    run.history = History::default();
    run.info.provenance.clear();
    run.info.name.clear();
    run.configuration.resolved.clear();
    run.configuration.source.clear();
    for compression in COMPRESSIONS {
        assert_same(&round_trip(&run, compression), &run);
    }
}

#[test]
fn numbers_that_are_not_finite_return() {
    let mut run = record::<f64>(3, 2, Endpoint::Excluded);
    for (i, value) in
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 5e-324].into_iter().enumerate()
    {
        run.network.parameters_mut().as_mut_slice()[i] = value;
        run.history.iterations[i].iteration.gamma = value;
        run.history.evaluations[i].score.cost = value;
    }
    run.checkpoint.as_mut().unwrap().memory = Some(
        Memory::new()
            .with_array("direction", run.network.parameters().clone())
            .with_number("gradient_direction", f64::NAN)
            .with_number("cost", f64::INFINITY),
    );
    assert_same(&round_trip(&run, Compression::RESULT), &run);
}

#[test]
fn tables_of_many_chunks_return() {
    let mut run = record::<f64>(2, 1, Endpoint::Excluded);
    run.history = support::history(12_345);
    run.history.evaluations.truncate(9_000);
    assert_same(&round_trip(&run, Compression::RESULT), &run);
}

#[test]
fn learning_rates_return() {
    let mut run = record::<f64>(2, 1, Endpoint::Excluded);
    for (i, row) in run.history.iterations.iter_mut().enumerate() {
        row.iteration.learning_rate = Some(1e-3 / (1.0 + i as f64));
    }
    assert_same(&round_trip(&run, Compression::RESULT), &run);
    // A history that began with another method.
    run.history.iterations[0].iteration.learning_rate = None;
    assert_same(&round_trip(&run, Compression::RESULT), &run);
}

/// Files written when there was one method do not list what it remembers.
#[test]
fn memories_that_are_not_listed_return() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    let mut run = record::<f64>(3, 4, Endpoint::Excluded);
    for with_last_gradient in [true, false] {
        if !with_last_gradient {
            let direction = run.network.parameters().clone();
            run.checkpoint.as_mut().unwrap().memory = Some(ncg_memory(direction));
        }
        write_run(&path, &run, Compression::CHECKPOINT).unwrap();
        update(&path, |root| {
            let group = root.group("checkpoint")?;
            group.delete_attr("memory_arrays")?;
            group.delete_attr("memory_numbers")
        })
        .unwrap();
        assert_eq!(
            read_info(&path).unwrap().position,
            Some(run.checkpoint.as_ref().unwrap().position)
        );
        assert_same(&read_run(&path).unwrap(), &run);
    }
}

#[test]
fn layers_of_many_chunks_return() {
    // One layer is 8·400² bytes, more than a chunk.
    let run = record::<f64>(400, 2, Endpoint::Excluded).without_checkpoint();
    assert_same(&round_trip(&run, Compression::None), &run);
}

#[test]
fn snapshots_return() {
    let run = record::<f32>(3, 2, Endpoint::Excluded);
    let snapshot = run.clone().into_snapshot().unwrap();
    let again = RunRecord::from_snapshot(
        run.info.clone(),
        run.configuration.clone(),
        run.model.clone(),
        snapshot,
    );
    assert_eq!(again, run);
    assert_eq!(run.without_checkpoint().into_snapshot(), None);
}

#[test]
fn the_summary_agrees_with_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    let run = record::<f32>(5, 4, Endpoint::Included);
    write_run(&path, &run, Compression::RESULT).unwrap();
    let summary = read_info(&path).unwrap();
    assert_eq!(summary.precision, Precision::F32);
    assert_eq!((summary.info, summary.configuration), (run.info, run.configuration));
    assert_eq!(summary.model, run.model);
    assert_eq!((summary.map.width(), &summary.grid), (5, run.network.grid()));
    assert_eq!(summary.activation, run.network.activation());
    assert_eq!(summary.history, run.history);
    assert_eq!(summary.position, Some(run.checkpoint.unwrap().position));

    let stored = read_network::<f32>(&path).unwrap();
    assert_eq!((stored.model, stored.network), (run.model, run.network));
}

#[test]
fn precisions_are_told_apart_and_widened_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let (single, double) = (folder.path().join("f32.h5"), folder.path().join("f64.h5"));
    let run = record::<f32>(3, 4, Endpoint::Excluded);
    write_run(&single, &run, Compression::RESULT).unwrap();
    write_run(&double, &record::<f64>(3, 4, Endpoint::Excluded), Compression::RESULT).unwrap();

    let error = read_run::<f64>(&single).unwrap_err();
    assert!(matches!(
        error,
        StoreError::Precision { found: Precision::F32, asked: Precision::F64, .. }
    ));
    assert!(support::message(&single, &error).contains("without loss"));
    let error = read_network::<f32>(&double).unwrap_err();
    assert!(matches!(
        error,
        StoreError::Precision { found: Precision::F64, asked: Precision::F32, .. }
    ));

    let wide = read_run_as_f64(&single).unwrap();
    assert_eq!(wide, run.widen());
    let pairs =
        wide.network.parameters().as_slice().iter().zip(run.network.parameters().as_slice());
    assert!(pairs.into_iter().all(|(&wide, &narrow)| wide == f64::from(narrow)));
    assert_eq!(read_network_as_f64(&single).unwrap().network, wide.network);
    assert_eq!(read_run_as_f64(&double).unwrap(), read_run::<f64>(&double).unwrap());
}

#[test]
fn the_same_record_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let run = record::<f64>(6, 5, Endpoint::Excluded);
    let bytes = |name| {
        let path = folder.path().join(name);
        write_run(&path, &run, Compression::RESULT).unwrap();
        std::fs::read(path).unwrap()
    };
    let first = bytes("a.h5");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert!(first == bytes("another name.h5"));
}

#[test]
fn files_can_be_read_while_they_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    let runs = [record::<f64>(3, 4, Endpoint::Excluded), record::<f64>(8, 2, Endpoint::Included)];
    write_run(&path, &runs[0], Compression::None).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..100 {
                    assert!(runs.contains(&read_run(&path).unwrap()));
                    assert!([3, 8].contains(&read_info(&path).unwrap().width()));
                }
            });
        }
        for i in 0..100 {
            write_run(&path, &runs[i % 2], Compression::None).unwrap();
        }
    });
    assert_eq!(names(folder.path()), ["run.h5"]);
}

#[test]
fn updates_add_and_leave_the_rest_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    let run = record::<f64>(3, 4, Endpoint::Excluded);
    write_run(&path, &run, Compression::RESULT).unwrap();
    update(&path, |root| {
        let group = root.create_group("robustness")?;
        group.new_dataset_builder().with_data(&[0.97, 0.93]).create("accuracy")?;
        Ok(())
    })
    .unwrap();
    assert_same(&read_run(&path).unwrap(), &run);
    let file = hdf5::File::open(&path).unwrap();
    assert_eq!(
        file.dataset("robustness/accuracy").unwrap().read_raw::<f64>().unwrap(),
        [0.97, 0.93]
    );
    assert_eq!(names(folder.path()), ["run.h5"]);
}

#[test]
fn changes_by_others_need_a_new_seal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    let run = record::<f64>(3, 4, Endpoint::Excluded);
    write_run(&path, &run, Compression::RESULT).unwrap();
    let file = hdf5::File::open_rw(&path).unwrap();
    file.new_attr::<f64>().create("mine").unwrap().write_scalar(&1.0).unwrap();
    file.close().unwrap();
    let error = read_run::<f64>(&path).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert!(support::message(&path, &error).contains("changed by another program"));
    assert_eq!(examine(&path).unwrap(), Examination::NetworkAsWritten);
    assert!(matches!(update(&path, |_| Ok(())), Err(StoreError::Damaged { .. })));
    seal(&path).unwrap();
    assert_same(&read_run(&path).unwrap(), &run);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any bits in any place of the parameters, any texts, any shape.
    #[test]
    fn anything_returns(
        width in 1_usize..8, layers in 1_usize..6, closed: bool, level in 0_u8..=9,
        horizon in 1e-3..1e3_f64, alpha in 0.0..1e9_f64,
        bits in prop::collection::vec(any::<u64>(), 1..40),
        name in "[^\0]{0,40}", resolved in "[^\0]{0,400}", key in "[^\0]{1,20}", seed: u64,
    ) {
        let ends = if closed { Endpoint::Included } else { Endpoint::Excluded };
        let mut run = record::<f64>(width, layers, ends);
        let grid = Grid::new(horizon, layers, ends).unwrap();
        let activation = Activation::Elu { alpha };
        run.network = Network::initial(width, grid, activation, Initialisation::Spline, seed);
        let values = run.network.parameters_mut().as_mut_slice();
        let count = values.len();
        for (i, &bits) in bits.iter().enumerate() {
            values[(i * 7) % count] = f64::from_bits(bits);
        }
        run.model.classes = width;
        run.info.name = name;
        run.info.seed = seed;
        run.configuration.resolved = resolved;
        run.info.provenance.insert(key, "value".into());
        let compression = if level == 0 { Compression::None } else { Compression::Gzip(level) };
        let again = round_trip(&run, compression);
        let same_bits = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits();
        let (left, right) = (again.network.parameters().as_slice(), run.network.parameters().as_slice());
        prop_assert!(left.len() == right.len() && left.iter().zip(right).all(same_bits));
        assert_same(&again, &run);
    }
}

#[test]
fn a_convolution_returns_with_what_is_before_and_behind_it() {
    let map = AffineMap::convolution(3, (4, 6), 3).unwrap();
    for map in [map, map.at_resolutions(&[1, 1]).unwrap()] {
        returns_with_what_is_before_and_behind_it(map);
    }
}

fn returns_with_what_is_before_and_behind_it(map: AffineMap) {
    let grid = Grid::new(0.7, 2, Endpoint::Excluded).unwrap();
    let parameters = |seed| {
        let how = Initialisation::Independent;
        Network::<f32>::initial(map, grid, Activation::Tanh, how, seed)
    };
    for readout in [
        Readout::Components,
        Readout::ChannelMeans { gain: 2.5 },
        Readout::Pattern { gain: 0.1, seed: u64::MAX },
    ] {
        let mut run = record::<f32>(72, 2, Endpoint::Excluded);
        run.network = parameters(1).with_inputs(24, -0.1).unwrap().with_readout(readout);
        (run.model.input.rows, run.model.input.cols) = (4, 6);
        let position = Position { epoch: 3, batch: 5, iteration: 2 };
        let memory = Some(ncg_memory(parameters(2).into_parameters()));
        run.checkpoint = Some(Checkpoint { position, memory, perturbed: None });
        assert_same(&round_trip(&run, Compression::Gzip(1)), &run);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.h5");
        write_run(&path, &run, Compression::None).unwrap();
        let summary = read_info(&path).unwrap();
        assert_eq!((summary.map, summary.inputs, summary.readout), (map, 24, readout));
        assert_eq!(read_network_as_f64(&path).unwrap().network.lifting().padding(), -0.1);
        // Another readout is another network.
        let other = run.network.clone().with_readout(Readout::ChannelMeans { gain: 1.0 });
        let digest = |network| StoredNetwork { model: run.model.clone(), network }.digest();
        assert_ne!(digest(other), digest(run.network.clone()));
    }
}
