//! Reading and writing IDX files, sound and damaged.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use snode_data::idx::{self, IdxFiles};
use snode_data::{Dataset, Error, Images, Result, Split};

const HERE: &str = "memory";

fn images(bytes: &[u8]) -> Result<Images> {
    idx::images_from_reader(bytes, Path::new(HERE))
}

fn labels(bytes: &[u8]) -> Result<Vec<u8>> {
    idx::labels_from_reader(bytes, Path::new(HERE))
}

fn image_file(sizes: [u32; 3], data: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, 3];
    file.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    [&file, data].concat()
}

fn label_file(count: u32, data: &[u8]) -> Vec<u8> {
    [&[0, 0, 8, 1], &count.to_be_bytes()[..], data].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// `train` + `test` images of 2x3 pixels with labels 0, 1, 2, 0, ….
fn dataset(train: usize, test: usize) -> Dataset {
    let split = |count: usize| {
        let pixels = (0..6 * count).map(|i| (i * 37 % 256) as u16).collect();
        let images = Images::new(2, 3, 255, pixels).unwrap();
        Split::new(images, (0..count).map(|i| (i % 3) as u8).collect()).unwrap()
    };
    Dataset::new("dots", 3, split(train), split(test)).unwrap()
}

#[test]
fn plain_and_gzipped_data_read_the_same() {
    let file = image_file([2, 1, 3], &[1, 2, 3, 4, 5, 255]);
    let expected = Images::new(1, 3, 255, vec![1, 2, 3, 4, 5, 255]).unwrap();
    assert_eq!(images(&file).unwrap(), expected);
    assert_eq!(images(&gzip(&file)).unwrap(), expected);
    // Gzip files may be joined.
    let joined = [gzip(&file[..7]), gzip(&file[7..])].concat();
    assert_eq!(images(&joined).unwrap(), expected);

    let file = label_file(3, &[7, 0, 255]);
    assert_eq!(labels(&file).unwrap(), [7, 0, 255]);
    assert_eq!(labels(&gzip(&file)).unwrap(), [7, 0, 255]);
}

#[test]
fn files_of_another_kind_are_named_as_such() {
    let error = images(&label_file(1, &[0])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "memory: starts with the bytes [00, 00, 08, 01], expected [00, 00, 08, 03] \
         (IDX, unsigned bytes, 3 dimensions: images)"
    );
    assert!(matches!(labels(&image_file([0, 1, 1], &[])), Err(Error::Magic { .. })));
    assert!(matches!(images(b"\x89PNG\r\n"), Err(Error::Magic { .. })));
    assert!(matches!(images(b""), Err(Error::Magic { .. })));
    assert!(matches!(images(&[0, 0, 8]), Err(Error::Magic { .. })));
    assert!(matches!(images(&gzip(b"text")), Err(Error::Magic { .. })));
}

#[test]
fn short_files_say_where_they_end() {
    let file = image_file([2, 2, 2], &[0; 8]);
    let error = images(&file[..14]).unwrap_err();
    assert_eq!(error.to_string(), "memory: header ends after 14 of 16 bytes");
    let error = images(&file[..23]).unwrap_err();
    assert_eq!(error.to_string(), "memory: data ends after 7 of 8 bytes");
    let error = images(&gzip(&file[..23])).unwrap_err();
    assert_eq!(error.to_string(), "memory: data ends after 7 of 8 bytes");
    assert!(matches!(labels(&label_file(3, &[0; 2])), Err(Error::Truncated { .. })));
}

#[test]
fn long_files_are_refused() {
    let file = image_file([2, 2, 2], &[0; 9]);
    let error = images(&file).unwrap_err();
    assert_eq!(error.to_string(), "memory: goes on after the 8 bytes of data its header declares");
    assert!(matches!(images(&gzip(&file)), Err(Error::TrailingBytes { .. })));
    assert!(matches!(labels(&label_file(3, &[0; 4])), Err(Error::TrailingBytes { .. })));
}

#[test]
fn damaged_gzip_data_is_refused_or_reads_the_same() {
    let file = image_file([3, 5, 7], &(0..105).collect::<Vec<u8>>());
    let (sound, expected) = (gzip(&file), images(&file).unwrap());
    for position in 0..sound.len() {
        let mut damaged = sound.clone();
        damaged[position] ^= 16;
        // Some bits, such as those that fill up a block, mean nothing.
        if let Ok(found) = images(&damaged) {
            assert_eq!(found, expected, "byte {position}");
            assert!(position < sound.len() - 8, "the checksum and the length count");
        }
        assert!(images(&sound[..position]).is_err(), "cut at {position}");
    }
}

#[test]
fn headers_that_promise_too_much_are_refused_at_once() {
    let declared = |sizes| images(&image_file(sizes, &[])).unwrap_err();
    assert!(matches!(declared([1, 0, 5]), Error::Declared { what: "rows", .. }));
    assert!(matches!(declared([1, 5, 0]), Error::Declared { what: "columns", .. }));
    assert!(matches!(declared([1, 5, 4097]), Error::Declared { what: "columns", max: 4096, .. }));
    assert!(matches!(declared([u32::MAX; 3]), Error::Declared { .. }));
    assert!(matches!(declared([65, 4096, 4096]), Error::Declared { what: "images", max: 64, .. }));
    assert!(matches!(
        labels(&label_file(u32::MAX, &[])),
        Err(Error::Declared { what: "labels", .. })
    ));
    // Within the limits, memory is still only taken for what is there.
    assert!(matches!(declared([64, 4096, 4096]), Error::Truncated { found: 0, .. }));
}

/// Counts what is read of an endless stream of zeros after a header.
struct Endless {
    header: Vec<u8>,
    read: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(0);
        if let Some(rest) = self.header.get(self.read..)
            && !rest.is_empty()
        {
            let length = rest.len().min(buffer.len());
            buffer[..length].copy_from_slice(&rest[..length]);
            self.read += length;
            return Ok(length);
        }
        self.read += buffer.len();
        Ok(buffer.len())
    }
}

#[test]
fn endless_data_is_not_read_to_its_end() {
    let mut endless = Endless { header: image_file([10, 2, 2], &[]), read: 0 };
    let found = idx::images_from_reader(&mut endless, Path::new(HERE));
    assert!(matches!(found, Err(Error::TrailingBytes { declared: 40, .. })));
    assert!(endless.read < 100_000, "{}", endless.read);
}

#[test]
fn gzip_bombs_are_not_inflated() {
    // 64 MB of zeros in 64 KB, behind a header that declares 4 pixels.
    let bomb = gzip(&image_file([1, 2, 2], &vec![0; 64 << 20]));
    assert!(bomb.len() < 100_000);
    assert!(matches!(images(&bomb), Err(Error::TrailingBytes { declared: 4, .. })));
}

#[test]
fn a_folder_survives_writing_and_reading() {
    let folder = tempfile::tempdir().unwrap();
    let written = idx::write_folder(folder.path(), &dataset(7, 5)).unwrap();
    assert_eq!(IdxFiles::find(folder.path()).unwrap(), written);
    assert_eq!(idx::load_folder(folder.path(), "dots").unwrap(), dataset(7, 5));
    assert_eq!(fs::metadata(&written.train_images).unwrap().len(), 16 + 7 * 6);
    // Nothing temporary is left.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn names_with_dots_and_gz_are_found_and_names_without_preferred() {
    let folder = tempfile::tempdir().unwrap();
    let data = dataset(3, 2);
    let path = |name: &str| folder.path().join(name);
    idx::write_images(&path("train-images.idx3-ubyte"), data.train().images()).unwrap();
    idx::write_labels(&path("train-labels.idx1-ubyte.gz"), data.train().labels()).unwrap();
    idx::write_images(&path("t10k-images-idx3-ubyte.gz"), data.test().images()).unwrap();
    idx::write_labels(&path("t10k-labels-idx1-ubyte"), data.test().labels()).unwrap();
    assert_eq!(fs::read(path("t10k-images-idx3-ubyte.gz")).unwrap()[..2], [0x1f, 0x8b]);
    assert_eq!(idx::load_folder(folder.path(), "dots").unwrap(), data);

    idx::write_images(&path("t10k-images.idx3-ubyte"), data.test().images()).unwrap();
    let found = IdxFiles::find(folder.path()).unwrap();
    assert_eq!(found.test_images, path("t10k-images.idx3-ubyte"));
}

#[test]
fn missing_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let written = idx::write_folder(folder.path(), &dataset(3, 2)).unwrap();
    fs::remove_file(&written.test_labels).unwrap();
    // A folder of that name does not count.
    fs::create_dir(&written.test_labels).unwrap();
    let message = idx::load_folder(folder.path(), "dots").unwrap_err().to_string();
    assert!(message.contains("test labels"), "{message}");
    assert!(message.contains("t10k-labels-idx1-ubyte, also with dots"), "{message}");
}

#[test]
fn unreadable_paths_are_named() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(idx::read_images(folder.path()), Err(Error::NotAFile { .. })));
    let absent = folder.path().join("absent");
    let message = idx::read_labels(&absent).unwrap_err().to_string();
    assert!(message.contains("absent") && message.contains("opening"), "{message}");
}

#[test]
fn images_and_labels_must_be_as_many() {
    let folder = tempfile::tempdir().unwrap();
    let written = idx::write_folder(folder.path(), &dataset(3, 2)).unwrap();
    idx::write_labels(&written.train_labels, &[0, 1]).unwrap();
    let error = idx::load_folder(folder.path(), "dots").unwrap_err();
    assert!(matches!(error, Error::FileCountMismatch { images: 3, labels: 2, .. }));
    let message = error.to_string();
    assert!(message.contains("train-images") && message.contains("train-labels"), "{message}");
}

#[test]
fn labels_must_be_classes() {
    let folder = tempfile::tempdir().unwrap();
    let files = idx::write_folder(folder.path(), &dataset(3, 2)).unwrap();
    assert_eq!(files.load("dots", Some(10)).unwrap().classes(), 10);
    assert_eq!(files.load("dots", None).unwrap().classes(), 3);
    let error = files.load("dots", Some(2)).unwrap_err();
    assert!(matches!(error, Error::FileLabel { index: 2, found: 2, classes: 2, .. }), "{error}");
    assert!(error.to_string().contains("train-labels-idx1-ubyte"), "{error}");
    assert!(files.load("dots", Some(0)).is_err());
    assert!(files.load("dots", Some(257)).is_err());
}

#[test]
fn test_images_must_have_the_shape_of_training_images() {
    let folder = tempfile::tempdir().unwrap();
    let files = idx::write_folder(folder.path(), &dataset(3, 2)).unwrap();
    let other = Images::new(3, 2, 255, vec![0; 12]).unwrap();
    idx::write_images(&files.test_images, &other).unwrap();
    let error = files.load("dots", None).unwrap_err();
    assert!(matches!(error, Error::SplitsDiffer { .. }), "{error}");
}

#[test]
fn only_bytes_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images");
    let sums = Images::new(1, 1, 1020, vec![1020]).unwrap();
    let error = idx::write_images(&path, &sums).unwrap_err();
    assert!(matches!(error, Error::NotBytes { max_value: 1020 }));
    idx::write_images(&path, &sums.rescaled(255).unwrap()).unwrap();
    assert_eq!(idx::read_images(&path).unwrap().pixels(), [255]);
}

#[test]
fn failed_writes_leave_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let in_no_folder = folder.path().join("absent").join("labels");
    let message = idx::write_labels(&in_no_folder, &[1]).unwrap_err().to_string();
    assert!(message.contains("absent"), "{message}");
    // A folder cannot be replaced by a file.
    let occupied = folder.path().join("occupied");
    fs::create_dir(&occupied).unwrap();
    assert!(idx::write_labels(&occupied, &[1]).is_err());
    assert!(occupied.is_dir());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn written_files_have_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
    idx::write_labels(&ours, &[1]).unwrap();
    fs::write(&plain, [1]).unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(ours), mode(plain));
}

proptest! {
    #[test]
    fn images_survive_writing_and_reading(
        count in 0_usize..5, rows in 1_usize..6, cols in 1_usize..6,
        seed in proptest::collection::vec(0_u16..=255, 100), zipped: bool,
    ) {
        let pixels = seed[..count * rows * cols].to_vec();
        let written = Images::new(rows, cols, 255, pixels).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(if zipped { "images.gz" } else { "images" });
        idx::write_images(&path, &written).unwrap();
        prop_assert_eq!(idx::read_images(&path).unwrap(), written);
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        magic in prop_oneof![
            Just(vec![0, 0, 8, 3]), Just(vec![0, 0, 8, 1]), Just(vec![0x1f, 0x8b, 8, 0]), Just(vec![]),
        ],
        rest in proptest::collection::vec(prop_oneof![3 => 0_u8..4, 1 => any::<u8>()], 0..60),
    ) {
        let bytes = [magic, rest].concat();
        for bytes in [bytes.clone(), gzip(&bytes)] {
            if let Ok(images) = images(&bytes) {
                prop_assert!(images.pixels().len() <= 60);
            }
            if let Ok(labels) = labels(&bytes) {
                prop_assert!(labels.len() <= 60);
            }
        }
    }
}

#[test]
fn zeros_behind_gzip_data_are_passed_over() {
    let file = label_file(3, &[7, 0, 255]);
    let padded = |zeros: usize| [gzip(&file), vec![0; zeros]].concat();
    for zeros in [1, 2, 512, 100_000] {
        assert_eq!(labels(&padded(zeros)).unwrap(), [7, 0, 255], "{zeros} zeros");
    }
    let mut other = padded(512);
    *other.last_mut().unwrap() = 1;
    let error = labels(&other).unwrap_err().to_string();
    assert!(error.contains("something else than zeros"), "{error}");
    assert!(labels(&[gzip(&file), b"text".to_vec()].concat()).is_err());
}

/// The data of these files is not there, which nobody is to notice.
#[test]
fn headers_are_held_against_each_other_before_any_data_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let files = idx::write_folder(folder.path(), &dataset(3, 2)).unwrap();
    fs::write(&files.train_images, gzip(&image_file([5, 2, 3], &[]))).unwrap();
    let error = files.load("dots", None).unwrap_err();
    assert!(matches!(error, Error::FileCountMismatch { images: 5, labels: 3, .. }), "{error}");
    fs::write(&files.train_images, gzip(&image_file([3, 4, 4], &[]))).unwrap();
    let error = files.load("dots", None).unwrap_err();
    assert!(matches!(error, Error::SplitsDiffer { .. }), "{error}");
    fs::write(&files.train_images, gzip(&image_file([1 << 20, 32, 32], &[]))).unwrap();
    let error = files.load("dots", None).unwrap_err();
    assert!(matches!(error, Error::Claim { declared: 0x4000_0000, .. }), "{error}");
    fs::write(&files.train_images, image_file([3, 2, 3], &[0; 17])).unwrap();
    let error = files.load("dots", None).unwrap_err();
    assert!(matches!(error, Error::Truncated { found: 17, declared: 18, .. }), "{error}");
}

#[test]
fn a_folder_is_replaced_as_a_whole_and_loses_nothing_else() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    idx::write_folder(&folder, &dataset(3, 2)).unwrap();
    // A file of another conventional name would be found first.
    fs::rename(folder.join("t10k-labels-idx1-ubyte"), folder.join("t10k-labels.idx1-ubyte"))
        .unwrap();
    idx::write_folder(&folder, &dataset(7, 5)).unwrap();
    assert_eq!(idx::load_folder(&folder, "dots").unwrap(), dataset(7, 5));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 4);
    fs::write(folder.join("README"), "mine").unwrap();
    let error = idx::write_folder(&folder, &dataset(3, 2)).unwrap_err();
    assert!(matches!(&error, Error::OtherFiles { found, .. } if found == "README"), "{error}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 5);
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_link_to_a_folder_is_written_through() {
    let parent = tempfile::tempdir().unwrap();
    let (folder, link) = (parent.path().join("data"), parent.path().join("link"));
    idx::write_folder(&folder, &dataset(3, 2)).unwrap();
    std::os::unix::fs::symlink(&folder, &link).unwrap();
    idx::write_folder(&link, &dataset(7, 5)).unwrap();
    assert!(link.is_symlink());
    assert_eq!(idx::load_folder(&folder, "dots").unwrap(), dataset(7, 5));
}

/// Writes the four files of a small data set under names of one's own.
fn write_as(folder: &Path, names: [&str; 4]) {
    std::fs::create_dir_all(folder).unwrap();
    let images = |count: u16| Images::new(1, 2, 255, (0..2 * count).collect()).unwrap();
    idx::write_images(&folder.join(names[0]), &images(3)).unwrap();
    idx::write_labels(&folder.join(names[1]), &[2, 0, 1]).unwrap();
    idx::write_images(&folder.join(names[2]), &images(1)).unwrap();
    idx::write_labels(&folder.join(names[3]), &[1]).unwrap();
}

#[test]
fn the_files_of_the_whole_family_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let usual = [
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ];
    let emnist = |set: &str| {
        let name = |rest: &str| format!("emnist-{set}-{rest}-ubyte.gz");
        ["train-images-idx3", "train-labels-idx1", "test-images-idx3", "test-labels-idx1"].map(name)
    };
    let load = |place: &str| idx::load_folder(&folder.path().join(place), "x");
    // As torchvision keeps them.
    write_as(&folder.path().join("torchvision/KMNIST/raw"), usual);
    write_as(
        &folder.path().join("dots"),
        usual.map(|name| name.replace("-idx", ".idx")).each_ref().map(String::as_str),
    );
    for set in ["balanced", "letters"] {
        let names = emnist(set);
        write_as(&folder.path().join("gzip"), names.each_ref().map(String::as_str));
    }
    let expected = load("dots").unwrap();
    assert_eq!((expected.train().len(), expected.classes()), (3, 3));
    for place in
        ["torchvision", "torchvision/KMNIST", "torchvision/KMNIST/raw", "gzip/emnist-letters"]
    {
        assert_eq!(load(place).unwrap(), expected, "{place}");
    }
    let error = load("gzip").unwrap_err().to_string();
    assert!(error.contains("emnist-balanced, emnist-letters"), "{error}");
    let error = load("gzip/emnist-digits").unwrap_err().to_string();
    assert!(error.contains("training images") && error.contains("emnist-digits-train"), "{error}");
    // Two folders with files below one: nobody knows which.
    write_as(&folder.path().join("torchvision/MNIST/raw"), usual);
    assert!(matches!(load("torchvision"), Err(Error::MissingFile { .. })));
}

/// QMNIST has eight numbers for each image, of which the first is the class.
#[test]
fn the_labels_of_qmnist_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let names = [
        "qmnist-train-images-idx3-ubyte.gz",
        "qmnist-train-labels-idx2-int",
        "qmnist-test-images-idx3-ubyte.gz",
        "qmnist-test-labels-idx2-int",
    ];
    write_as(folder.path(), names);
    let wide = |classes: &[i32]| {
        let mut bytes = vec![0, 0, 12, 2];
        bytes.extend((classes.len() as u32).to_be_bytes());
        bytes.extend(8_u32.to_be_bytes());
        for &class in classes {
            bytes.extend(class.to_be_bytes());
            bytes.extend([9; 28]);
        }
        bytes
    };
    let write = |name: &str, classes: &[i32]| {
        std::fs::write(folder.path().join(name), wide(classes)).unwrap();
    };
    write(names[1], &[2, 0, 1]);
    write(names[3], &[1]);
    let data = idx::load_folder(folder.path(), "qmnist").unwrap();
    assert_eq!((data.train().labels(), data.test().labels()), (&[2, 0, 1][..], &[1][..]));
    write(names[1], &[2, 0, 256]);
    let error = idx::load_folder(folder.path(), "qmnist").unwrap_err().to_string();
    assert!(error.contains("label 2: found 256"), "{error}");
    let short = wide(&[1])[..20].to_vec();
    std::fs::write(folder.path().join(names[3]), short).unwrap();
    write(names[1], &[2, 0, 1]);
    assert!(matches!(idx::load_folder(folder.path(), "q"), Err(Error::Truncated { .. })));
}

#[test]
fn the_batches_of_cifar_are_read() {
    use snode_data::cifar;
    let folder = tempfile::tempdir().unwrap();
    let batches = folder.path().join("cifar-10-batches-bin");
    std::fs::create_dir(&batches).unwrap();
    let record = |label: u8, first: u8| {
        let mut record = vec![label, first];
        record.resize(3073, 7);
        record
    };
    std::fs::write(batches.join("data_batch_1.bin"), [record(3, 1), record(9, 2)].concat())
        .unwrap();
    std::fs::write(batches.join("data_batch_2.bin"), record(0, 3)).unwrap();
    std::fs::write(batches.join("test_batch.bin"), record(5, 4)).unwrap();
    assert_eq!(cifar::find(folder.path()), Some(batches.clone()));
    assert_eq!(cifar::find(&batches.join("none")), None);
    let data = cifar::load_folder(&batches, "cifar").unwrap();
    assert_eq!((data.shape(), data.classes()), ((96, 32), 10));
    assert_eq!(data.train().images().channels(), 3);
    assert_eq!((data.train().labels(), data.test().labels()), (&[3, 9, 0][..], &[5][..]));
    assert_eq!(data.train().images().image(2).unwrap()[..2], [3, 7]);
    for (bytes, part) in [(record(10, 0), "label 0: found 10"), (vec![0; 3000], "found 3000 bytes")]
    {
        std::fs::write(batches.join("test_batch.bin"), bytes).unwrap();
        let error = cifar::load_folder(&batches, "cifar").unwrap_err().to_string();
        assert!(error.contains("test_batch.bin") && error.contains(part), "{error}");
    }
}
