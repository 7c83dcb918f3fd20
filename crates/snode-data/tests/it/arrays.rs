//! Arrays of NumPy and tables of text: what they are, exactness, and what is refused.

use std::path::{Path, PathBuf};

use snode_data::arrays::{
    ArraySet, Scaling, Targets, load_csv, load_csv_folder, load_npy_folder, load_npz, npz_bytes,
    write_npz,
};
use snode_data::{Dataset, Error, Images, Split, Task, idx};
use snode_files::Existing;
use snode_numpy::ArchiveWriter;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }
}

fn bytes(numbers: &[f64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn integers(numbers: &[i64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// An .npz file of these arrays.
fn npz(arrays: &[(&str, &str, &[usize], Vec<u8>)]) -> Vec<u8> {
    let mut writer = ArchiveWriter::new();
    for (name, kind, shape, elements) in arrays {
        writer.add(name, kind, shape, elements).unwrap();
    }
    writer.finish().unwrap()
}

/// The numbers that the pixels of the first image of a split stand for.
fn numbers(set: &ArraySet, image: usize) -> Vec<f64> {
    let images = &set.train.images;
    let full = f64::from(images.max_value());
    let number =
        |&pixel: &u16| set.scaling.offset() + set.scaling.scale() * f64::from(pixel) / full;
    images.image(image).unwrap().iter().map(number).collect()
}

fn refused(result: snode_data::Result<ArraySet>, parts: &[&str]) {
    let error = result.unwrap_err().to_string();
    for part in parts {
        assert!(error.contains(part), "no `{part}` in: {error}");
    }
}

#[test]
fn vectors_with_class_numbers_are_a_data_set() {
    let folder = Folder::new();
    let path = folder.write(
        "moons.npz",
        npz(&[
            ("x_train", "<f8", &[3, 2], bytes(&[-1.0, 0.5, 0.25, 1.0, 3.0, 2.0])),
            ("y_train", "<i8", &[3], integers(&[0, 1, 1])),
            ("x_test", "<f8", &[1, 2], bytes(&[-1.0, 3.0])),
            ("y_test", "<i8", &[1], integers(&[0])),
            ("notes", "<i8", &[1], integers(&[7])),
        ]),
    );
    let set = load_npz(&path, None).unwrap();
    assert_eq!(set.scaling, Scaling::new(-1.0, 4.0).unwrap());
    for (found, expected) in numbers(&set, 0).iter().zip([-1.0, 0.5]) {
        assert!((found - expected).abs() <= 4.0 / 131_070.0, "{found}");
    }
    let data = set.into_dataset("moons").unwrap();
    assert_eq!((data.shape(), data.classes()), ((1, 2), 2));
    assert_eq!((data.train().labels(), data.test().labels()), (&[0, 1, 1][..], &[0][..]));
}

#[test]
fn bytes_and_integers_are_kept_exactly() {
    let folder = Folder::new();
    let labels = || ("y_train", "|u1", &[2][..], vec![0, 1]);
    let path = folder
        .write("bytes.npz", npz(&[("x_train", "|u1", &[2, 2, 2], (0..8).collect()), labels()]));
    let images = load_npz(&path, None).unwrap().train.images;
    assert_eq!((images.shape(), images.max_value()), ((2, 2), 255));
    assert!(images.pixels().iter().copied().eq(0..8));
    // A change that the checksum of the archive knows nothing of.
    let mut digits = npz(&[("x_train", "<f8", &[2, 2], bytes(&[0.0, 16.0, 4.0, 9.0])), labels()]);
    let at = digits.windows(5).position(|text| text == b"False").unwrap();
    digits[at..at + 5].copy_from_slice(b"True ");
    refused(load_npz(&folder.write("damaged.npz", &digits), None), &["damaged.npz", "checksum"]);
    // Digits of 17 shades as real numbers, in Fortran's order, each array in a file.
    std::fs::create_dir(folder.path("digits")).unwrap();
    let array = |archive: &[u8], bytes: usize| {
        let start = archive.windows(6).position(|text| text == b"\x93NUMPY").unwrap();
        archive[start..start + 128 + bytes].to_vec()
    };
    folder.write("digits/x_train.npy", array(&digits, 32));
    folder.write("digits/y_train.npy", array(&npz(&[labels()]), 2));
    let set = load_npy_folder(&folder.path("digits"), None).unwrap();
    assert_eq!(set.train.images.max_value(), 16);
    assert_eq!(set.train.images.pixels(), [0, 4, 16, 9]);
    assert!(set.test.images.is_empty());
}

#[test]
fn colours_become_planes_wherever_they_stand() {
    let folder = Folder::new();
    let labels = || ("y_train", "|u1", &[1][..], vec![0]);
    // 6x6 pixels, of which pixel p has the colours p, 100 + p, 200 + p.
    let first: Vec<u8> = (0..3_u8).flat_map(|c| (0..36).map(move |p| 100 * c + p % 50)).collect();
    let last: Vec<u8> = (0..36_u8).flat_map(|p| (0..3).map(move |c| 100 * c + p % 50)).collect();
    let first = folder.write("a.npz", npz(&[("x_train", "|u1", &[1, 3, 6, 6], first), labels()]));
    let last = folder.write("b.npz", npz(&[("x_train", "|u1", &[1, 6, 6, 3], last), labels()]));
    let (first, last) = (load_npz(&first, None).unwrap(), load_npz(&last, None).unwrap());
    assert_eq!(first.train.images.shape(), (18, 6));
    assert_eq!(first.train.images.channels(), 3);
    assert_eq!(first.train.images, last.train.images);
    // They are written as they were read.
    let data = first.into_dataset("colours").unwrap();
    let path = folder.path("c.npz");
    write_npz(&path, &data, Existing::Keep).unwrap();
    assert_eq!(load_npz(&path, None).unwrap().into_dataset("colours").unwrap(), data);
    assert_eq!(data.resample(9, 2).unwrap().train().images().channels(), 3);
    assert!(matches!(data.resample(4, 4), Err(Error::Channels { rows: 4, channels: 3 })));
}

#[test]
fn a_written_data_set_comes_back() {
    let folder = Folder::new();
    for max_value in [255, 1020] {
        let split = |count: u16| {
            let pixels = (0..count * 6).map(|p| p % max_value).collect();
            let images = Images::new(2, 3, max_value, pixels).unwrap();
            Split::new(images, (0..count).map(|i| (i % 3) as u8).collect()).unwrap()
        };
        // A class without images is one still.
        let data = Dataset::new("dots", 4, split(7), split(2)).unwrap();
        let path = folder.path(&format!("{max_value}.npz"));
        write_npz(&path, &data, Existing::Keep).unwrap();
        assert!(write_npz(&path, &data, Existing::Keep).is_err());
        assert_eq!(load_npz(&path, None).unwrap().into_dataset("dots").unwrap(), data);
        assert_eq!(npz_bytes(&data).unwrap(), std::fs::read(path).unwrap());
    }
}

#[test]
fn real_targets_are_kept_and_are_no_classes() {
    let folder = Folder::new();
    let x = ("x_train", "<f4", &[2, 1][..], vec![0, 0, 0, 0, 0, 0, 128, 63]);
    let path = folder.write(
        "regression.npz",
        npz(&[x.clone(), ("y_train", "<f8", &[2, 2], bytes(&[1.5, -2.0, 0.25, 8.0]))]),
    );
    let set = load_npz(&path, None).unwrap();
    let expected = Targets::Vectors { components: 2, values: vec![1.5, -2.0, 0.25, 8.0] };
    assert_eq!((&set.train.targets, set.train.targets.len()), (&expected, 2));
    let data = set.into_dataset("x").unwrap();
    assert_eq!((data.task(), data.classes()), (Task::Regression { components: 2 }, 0));
    assert_eq!(data.train().targets().vector(1), Some(&[0.25, 8.0][..]));
    let copy = folder.path("copy.npz");
    write_npz(&copy, &data, Existing::Keep).unwrap();
    let again = load_npz(&copy, None).unwrap().into_dataset("x").unwrap();
    assert_eq!(again.train().targets(), data.train().targets());
    let error = idx::write_folder(&folder.path("idx"), &data).unwrap_err().to_string();
    assert!(
        error.ends_with("found real targets of 2 components; expected class numbers"),
        "{error}"
    );

    let table = "a;b;target_1;target_2\n0.5;1;2.5;-1\n";
    let table = folder.write("table.csv", table.to_owned() + "1;0;3;1e-3\n");
    let targets = load_csv(&table, None).unwrap().train.targets;
    assert_eq!(targets, Targets::Vectors { components: 2, values: vec![2.5, -1.0, 3.0, 1e-3] });
}

#[test]
fn a_scale_that_is_given_is_kept_to() {
    let folder = Folder::new();
    let arrays = npz(&[
        ("x_train", "<f8", &[2, 1], bytes(&[0.0, 3.0])),
        ("y_train", "|u1", &[2], vec![0, 1]),
    ]);
    let path = folder.write("x.npz", arrays);
    let set = load_npz(&path, Some(Scaling::new(-1.0, 5.0).unwrap())).unwrap();
    assert_eq!(set.train.images.max_value(), 5);
    assert_eq!(set.train.images.pixels(), [1, 4]);
    let narrow = Some(Scaling::new(0.0, 2.0).unwrap());
    refused(load_npz(&path, narrow), &["`x_train`", "input 1", "found 3", "from 0 to 2"]);
}

#[test]
fn tables_are_read_by_the_names_of_their_columns() {
    let folder = Folder::new();
    let text = "\u{feff}x, \"y\" ,Label,split\r\n0,1,2,train\r\n\r\n4,3,0,TEST\r\n2,2,1,train\r\n";
    let set = load_csv(&folder.write("a.csv", text), None).unwrap();
    let data = set.into_dataset("a").unwrap();
    assert_eq!((data.shape(), data.classes()), ((1, 2), 3));
    assert_eq!((data.train().labels(), data.test().labels()), (&[2, 1][..], &[0][..]));
    assert_eq!(data.train().images().pixels(), [0, 1, 2, 2]);
    assert_eq!(data.test().images().pixels(), [4, 3]);

    std::fs::create_dir(folder.path("both")).unwrap();
    folder.write("both/train.csv", "x\ty\tclass\n0\t1\t2\n2\t2\t1\n");
    folder.write("both/test.csv", "x\ty\tclass\n4\t3\t0\n");
    let both = load_csv_folder(&folder.path("both"), None).unwrap().into_dataset("a").unwrap();
    assert_eq!(both, data);
}

#[test]
fn what_a_table_cannot_be_is_refused_with_its_line() {
    let folder = Folder::new();
    let refused = |text: &str, parts: &[&str]| {
        let path = folder.write("x.csv", text);
        let error = load_csv(&path, None).unwrap_err().to_string();
        for part in ["x.csv"].iter().chain(parts) {
            assert!(error.contains(part), "{text:?}: no `{part}` in: {error}");
        }
    };
    refused("", &["empty"]);
    refused("1,2,3\n", &["expected names of columns"]);
    refused("x,y\n1,2\n", &["`label`", "`target`"]);
    refused("x,label,class\n", &["2 columns of class numbers"]);
    refused("x,x,label\n", &["two columns are called `x`"]);
    refused("label\n1\n", &["0 columns of inputs"]);
    refused("x,label\n", &["there are no inputs"]);
    refused("x,label\n1,0\n1,0\n", &["all inputs are 1"]);
    refused("x,label\n1,0\n\nzwei,0\n", &["line 4", "`x`", "\"zwei\"", "a finite number"]);
    refused("x,label\n1,0\nnan,0\n", &["line 3", "a finite number"]);
    refused("x,label\n1,0\n2,1.5\n", &["line 3", "`label`", "class number"]);
    refused("x,label\n1,0\n2,-1\n", &["line 3", "class number"]);
    refused("x,label\n1,0\n2\n", &["line 3", "1 fields; expected 2"]);
    refused("x,label\n1,0\n2,0,7\n", &["line 3", "3 fields; expected 2"]);
    refused("x,label,split\n1,0,both\n", &["line 2", "train or test"]);
    refused("x,label,split\n1,0,test\n2,0,test\n", &["no lines to train on"]);
    let path = folder.write("y.csv", b"x,label\n\xff,0\n");
    assert!(load_csv(&path, None).unwrap_err().to_string().contains("UTF-8"));
}

#[test]
fn what_arrays_cannot_be_is_refused() {
    let folder = Folder::new();
    let x = || ("x_train", "|u1", &[2, 2][..], vec![1, 2, 3, 4]);
    let y = || ("y_train", "|u1", &[2][..], vec![0, 1]);
    let path = |arrays: &[(&str, &str, &[usize], Vec<u8>)]| folder.write("x.npz", npz(arrays));
    refused(load_npz(&path(&[y()]), None), &["x.npz", "no array `x_train`"]);
    refused(load_npz(&path(&[x()]), None), &["none is called `y_train`"]);
    let three = ("y_train", "|u1", &[3][..], vec![0, 1, 2]);
    refused(load_npz(&path(&[x(), three]), None), &["`y_train`", "shape [3]", "[2]"]);
    let large = ("y_train", "<i8", &[2][..], integers(&[0, 256]));
    refused(load_npz(&path(&[x(), large]), None), &["target 1", "found 256", "0 to 255"]);
    let text = ("x_train", "<U1", &[2, 1][..], vec![0; 8]);
    refused(load_npz(&path(&[text, y()]), None), &["`x_train`", "<U1", "integers or real"]);
    let nan = ("x_train", "<f8", &[2, 1][..], bytes(&[1.0, f64::NAN]));
    refused(load_npz(&path(&[nan, y()]), None), &["input 1", "found NaN", "finite"]);
    let wide = ("x_train", "|u1", &[1, 5000][..], vec![0; 5000]);
    refused(load_npz(&path(&[wide, y()]), None), &["shape [1, 5000]", "4096"]);
    let other = ("x_test", "|u1", &[1, 3][..], vec![1, 2, 3]);
    let labels = ("y_test", "|u1", &[1][..], vec![0]);
    refused(load_npz(&path(&[x(), y(), other, labels]), None), &["1x3", "1x2"]);
    let dark = ("max_value", "<u8", &[][..], integers(&[3]));
    refused(load_npz(&path(&[x(), y(), dark]), None), &["input 1", "found 4", "0 to 3"]);
    let none = ("max_value", "<u8", &[][..], integers(&[0]));
    refused(load_npz(&path(&[x(), y(), none]), None), &["`max_value`", "1 to 65535"]);
    refused(load_npz(Path::new("none.npz"), None), &["none.npz"]);
    refused(load_npz(&folder.write("text.npz", "hello"), None), &["text.npz", "not a NumPy"]);
    refused(load_npy_folder(&folder.path(""), None), &["no array `x_train`"]);
}

/// A header that claims what the file does not hold takes no memory.
#[test]
fn claims_are_compared_with_the_length_of_the_file() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("claims")).unwrap();
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000, 1000), }";
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.bytes());
    folder.write("claims/x_train.npy", &file);
    refused(load_npy_folder(&folder.path("claims"), None), &["x_train.npy", "0 bytes of elements"]);
}

#[test]
fn a_place_is_known_by_what_is_there() {
    use snode_data::{Format, Place};
    let folder = Folder::new();
    let text = "x,label\n0,0\n1,1\n";
    let csv = folder.write("moons.csv", text);
    std::fs::create_dir(folder.path("tables")).unwrap();
    folder.write("tables/train.csv", text);
    folder.write("tables/test.csv", text);
    std::fs::create_dir(folder.path("arrays")).unwrap();
    folder.write("arrays/x_train.npy", "");
    std::fs::create_dir(folder.path("colours")).unwrap();
    folder.write("colours/data_batch_1.bin", "");
    for (name, format) in [
        ("moons.csv", Format::Csv),
        ("tables", Format::CsvFolder),
        ("arrays", Format::Npy),
        ("colours", Format::Cifar),
    ] {
        assert_eq!(Place::find(&folder.path(name)).unwrap().format(), format);
    }
    let place = Place::find(&csv).unwrap();
    assert_eq!(place.name(), "moons");
    let loaded = place.load(None).unwrap();
    assert_eq!(loaded.scaling, Some(Scaling::new(0.0, 1.0).unwrap()));
    assert_eq!(loaded.dataset.name(), "moons");
    for (name, part) in
        [("notes.txt", "expected a folder of IDX files"), ("none", "training images")]
    {
        folder.write("notes.txt", "");
        let error = Place::find(&folder.path(name)).unwrap_err().to_string();
        assert!(error.contains(name) || error.contains(part), "{error}");
        assert!(error.contains(part), "{error}");
    }
    // Bytes have no offset.
    let images = Images::new(1, 1, 255, vec![3, 16]).unwrap();
    let split = Split::new(images, vec![0, 1]).unwrap();
    let data = Dataset::new("x", 2, split.clone(), split).unwrap();
    snode_data::idx::write_folder(&folder.path("idx"), &data).unwrap();
    let place = Place::find(&folder.path("idx")).unwrap();
    let scaled = place.load(Some(Scaling::new(0.0, 16.0).unwrap())).unwrap();
    assert_eq!(scaled.dataset.train().images().max_value(), 16);
    assert!(place.load(Some(Scaling::new(1.0, 16.0).unwrap())).is_err());
    assert!(place.load(Some(Scaling::new(0.0, 15.0).unwrap())).is_err());
}
