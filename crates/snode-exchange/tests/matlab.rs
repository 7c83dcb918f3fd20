//! Files of SciPy's, and one by hand as MATLAB writes them on big-endian machines.
//!
//! `data/make.py` makes them: two layers of width 3, W_k[i, j] = 10k + 3i + j + 1/2, b_k[i] = k − i.

use snode_exchange::{Array, ExchangeError, Layers, Order, Values, from_cells, read_mat};
use snode_ode::{Parameters, Real};

const FILES: [&[u8]; 4] = [
    include_bytes!("data/plain.mat"),
    include_bytes!("data/compressed.mat"),
    include_bytes!("data/big-endian.mat"),
    include_bytes!("data/single.mat"),
];

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
    let cell = |name: &str, shape: Vec<usize>| {
        let count = shape.iter().product();
        Array::new(name, shape, Order::ColumnMajor, Values::F64(vec![1.0; count])).unwrap()
    };
    let (w, b) = (|| cell("W", vec![2, 2]), || cell("b", vec![2, 1]));
    assert!(from_cells(vec![w()], vec![b()]).is_ok());
    for (weights, biases, part) in [
        (vec![w(), w()], vec![b()], "`Bcell` has shape [1, 1]"),
        (vec![], vec![], "a layer is missing"),
        (vec![cell("W", vec![2, 3])], vec![b()], "W has shape [2, 3]"),
        (vec![cell("W", vec![0, 0])], vec![b()], "W has shape [0, 0]"),
        (vec![w(), cell("W", vec![3, 3])], vec![b(), b()], "W has shape [3, 3]"),
        (vec![w()], vec![cell("b", vec![3, 1])], "b has shape [3, 1]"),
    ] {
        let text = from_cells(weights, biases).unwrap_err().to_string();
        assert!(text.contains(part), "{text}");
    }
    let single = Array::new("b", vec![2], Order::RowMajor, Values::F32(vec![0.0; 2])).unwrap();
    assert!(matches!(from_cells(vec![w()], vec![single]), Err(ExchangeError::Type { .. })));
}
