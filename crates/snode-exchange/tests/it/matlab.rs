//! Files of SciPy's, and one by hand as MATLAB writes them on big-endian machines.
//!
//! `data/make.py` makes them: two layers of width 3, W_k[i, j] = 10k + 3i + j + 1/2, b_k[i] = k − i.

use std::io::Cursor;

use snode_exchange::{ArrayHead, ExchangeError, Imported, Layers, NumberType, layers_of_cells};
use snode_ode::{Parameters, Real};

const FILES: [&[u8]; 4] = [
    include_bytes!("../data/plain.mat"),
    include_bytes!("../data/compressed.mat"),
    include_bytes!("../data/big-endian.mat"),
    include_bytes!("../data/single.mat"),
];

fn read_mat(bytes: &[u8]) -> Result<Imported, ExchangeError> {
    snode_exchange::read_mat(Cursor::new(bytes))
}

fn check<T: Real>(parameters: &Parameters<T>) {
    assert_eq!((parameters.nodes(), parameters.width()), (2, 3));
    for k in 0..2 {
        for i in 0..3 {
            assert_eq!(parameters.bias(k)[i].to_f64(), k as f64 - i as f64);
            for j in 0..3 {
                let expected = (10 * k + 3 * i + j) as f64 + 0.5;
                assert_eq!(parameters.weights(k)[(i, j)].to_f64(), expected);
            }
        }
    }
}

#[test]
fn cells_become_layers() {
    for bytes in FILES {
        match read_mat(bytes).unwrap().layers {
            Layers::F32(parameters) => check(&parameters),
            Layers::F64(parameters) => check(&parameters),
        }
    }
    assert!(matches!(read_mat(FILES[3]).unwrap().layers, Layers::F32(_)));
}

#[test]
fn other_files_are_refused_by_what_they_are() {
    let mut renamed = FILES[0].to_vec();
    let at = renamed.windows(5).position(|window| window == b"Bcell").unwrap();
    renamed[at] = b'C';
    let text = read_mat(&renamed).unwrap_err().to_string();
    assert!(text.contains("`Bcell` is missing") && text.contains("Ccell"), "{text}");

    assert_eq!(read_mat(b"MATLAB 7.3 MAT-file, HDF5"), Err(ExchangeError::Hdf5));
    assert_eq!(read_mat(b"\x89HDF\r\n\x1a\n"), Err(ExchangeError::Hdf5));
    assert!(matches!(read_mat(b""), Err(ExchangeError::Format { .. })));
    let mut version = FILES[0].to_vec();
    version[124] = 2;
    assert!(matches!(read_mat(&version), Err(ExchangeError::Format { .. })));
}

#[test]
fn cells_that_do_not_fit_are_refused() {
    use NumberType::{F32, F64};
    let head = |name: &str, shape: &[usize], kind| ArrayHead {
        name: name.into(),
        shape: shape.into(),
        kind,
    };
    let (w, b) = (head("W", &[2, 2], F64), head("b", &[2, 1], F64));
    let start = |counts, w: &ArrayHead, b: &ArrayHead, stored| {
        layers_of_cells(counts, [w, b], stored).map(|_| ())
    };
    assert_eq!(start([1, 1], &w, &b, 100), Ok(()));
    for (counts, w, b, part) in [
        ([2, 1], &w, &b, "`Bcell` has shape [1, 1]"),
        ([1, 1], &head("W", &[2, 3], F64), &b, "W has shape [2, 3]"),
        ([1, 1], &head("W", &[0, 0], F64), &b, "W has shape [0, 0]"),
        ([1, 1], &w, &head("b", &[3, 1], F64), "b has shape [3, 1]"),
        ([1, 1], &w, &head("b", &[2], F32), "b: found type f32"),
        ([1 << 20, 1 << 20], &w, &b, "100 bytes"),
        ([1 << 40, 1 << 40], &w, &b, "at most 268435456"),
    ] {
        let text = start(counts, w, b, 100).unwrap_err().to_string();
        assert!(text.contains(part), "{text}");
    }
    let layers = layers_of_cells([2, 2], [&w, &b], 100).unwrap();
    assert!(layers.check_cells(Some(&w), Some(&b)).is_ok());
    assert!(layers.check_cells(Some(&head("W", &[3, 3], F64)), None).is_err());
    assert!(layers.check_cells(Some(&head("W", &[2, 2], F32)), None).is_err());
    assert!(layers.check_cells(None, Some(&head("b", &[3], F64))).is_err());
}

/// An element of a file.
fn element(kind: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = kind.to_le_bytes().to_vec();
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

fn bytes_of(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// What a variable of this class begins with; `shape_type` is 5 for INT32 or 6 for UINT32.
fn begin(class: u32, shape_type: u32, shape: &[u32], name: &str) -> Vec<u8> {
    let flags = element(6, &bytes_of(&[class, 0]));
    [flags, element(shape_type, &bytes_of(shape)), element(1, name.as_bytes())].concat()
}

/// A cell array of `count` matrices of class double, whose numbers are bytes.
fn cells(name: &str, shape_type: u32, count: u32, shape: &[u32]) -> Vec<u8> {
    let mut data = begin(1, shape_type, &[1, count], name);
    for k in 0..count {
        let numbers: u32 = shape.iter().product();
        let numbers: Vec<u8> = (0..numbers).map(|i| (i + k) as u8).collect();
        let cell = [begin(6, shape_type, shape, ""), element(2, &numbers)].concat();
        data.extend(element(14, &cell));
    }
    element(14, &data)
}

fn file(variables: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![b' '; 124];
    bytes.extend([0, 1, b'I', b'M']);
    bytes.extend(variables.concat());
    bytes
}

/// Objects of MATLAB's classes (string, datetime, table) have a name, but no shape.
fn object(name: &str) -> Vec<u8> {
    let flags = element(6, &bytes_of(&[17, 0]));
    let texts = [name, "MCOS", "string"].map(|text| element(1, text.as_bytes()));
    let data = element(14, &begin(13, 5, &[6, 1], ""));
    element(14, &[flags, texts.concat(), data].concat())
}

#[test]
fn variables_of_other_classes_are_passed_over() {
    for shape_type in [5, 6] {
        let (w, b) =
            (cells("Wcell", shape_type, 2, &[2, 2]), cells("Bcell", shape_type, 2, &[2, 1]));
        let bytes = file(&[object("note"), w, object("other"), b]);
        let Layers::F64(parameters) = read_mat(&bytes).unwrap().layers else { panic!("singles") };
        assert_eq!(
            (parameters.nodes(), parameters.node(1)),
            (2, &[1.0, 2.0, 3.0, 4.0, 1.0, 2.0][..])
        );
    }
    // What is missing is answered with what there is.
    let text = read_mat(&file(&[object("note"), cells("Wcell", 5, 1, &[1, 1])])).unwrap_err();
    assert_eq!(text.to_string(), "the cell array `Bcell` is missing; there are: note");
    let text = read_mat(&file(&[object("Wcell")])).unwrap_err().to_string();
    assert!(text.contains("`Wcell`: found type MATLAB class 17"), "{text}");
}
