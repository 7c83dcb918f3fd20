//! Fashion-MNIST as Debian's package `dataset-fashion-mnist` installs it, if it is there.

use std::path::Path;

use snode_data::{Encoding, idx};

#[test]
fn fashion_mnist_of_debian_loads() {
    let folder = Path::new("/usr/share/datasets/fashion-mnist");
    if !folder.is_dir() {
        println!("skipped: {} is not there (package dataset-fashion-mnist)", folder.display());
        return;
    }
    let dataset = idx::load_folder(folder, "Fashion-MNIST").unwrap();
    assert_eq!((dataset.shape(), dataset.classes()), ((28, 28), 10));
    assert_eq!(dataset.train().label_histogram(10), [6000; 10]);
    assert_eq!(dataset.test().label_histogram(10), [1000; 10]);
    // The mean and standard deviation commonly used to normalise it: 0.2860 and 0.3530.
    let encoding = Encoding::new(0.0, 1.0).unwrap();
    let pixels = dataset.summary(&encoding).train.pixels.unwrap();
    assert!((pixels.mean - 0.2860).abs() < 5e-5, "{}", pixels.mean);
    assert!((pixels.standard_deviation - 0.3530).abs() < 5e-5, "{}", pixels.standard_deviation);

    let small = dataset.resample(14, 14).unwrap();
    assert_eq!((small.shape(), small.train().images().max_value()), ((14, 14), 1020));
    let sum = |dataset: &snode_data::Dataset| -> u64 {
        dataset.train().images().pixels().iter().map(|&p| u64::from(p)).sum()
    };
    assert_eq!(sum(&small), sum(&dataset));
}
