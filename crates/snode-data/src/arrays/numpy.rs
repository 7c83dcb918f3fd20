//! NumPy's files: `x_train`, `y_train`, `x_test` and `y_test` in an .npz file, or each in an .npy file.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use snode_files::{FileError, Links};
use snode_numpy::{Archive, ArrayFile, Elements, Header, LARGEST_RATIO, NumberType, NumpyError};

use super::level::{Extent, Levels};
use super::shape::InputShape;
use super::{ArraySet, ArraySplit, Scaling, Targets, class_number, wrong};
use crate::limits::{MAX_CLASSES, MAX_PIXELS};
use crate::{Error, Images, Result};

/// The longest file that is read: room for [`MAX_PIXELS`] bytes in each split, and something beside.
const LONGEST: u64 = 2 * MAX_PIXELS as u64 + (1 << 24);
/// The names of inputs and targets of each split.
const TRAIN: [&str; 2] = ["x_train", "y_train"];
const TEST: [&str; 2] = ["x_test", "y_test"];
/// What [`write_npz`](super::write_npz) adds.
pub(super) const MAX_VALUE: &str = "max_value";
pub(super) const CLASSES: &str = "classes";

/// Reads an .npz file, compressed or not.
///
/// It has the arrays `x_train` and `y_train`, perhaps `x_test` and `y_test`, and perhaps others, which
/// are passed over. Inputs are \[count, n\], images \[count, rows, columns\], with up to 4 channels before
/// the rows or behind the columns; channels become planes, one below the other. Targets are class
/// numbers from 0, integers of any type, or real numbers \[count\] or \[count, components\]. The scalars
/// `max_value`, of images that are integers, and `classes` may be there.
///
/// Inputs are scaled as given. If nothing is given, bytes stand for 0 to 255, integers of which the
/// file says the `max_value` for 0 to that, and the smallest and largest of other numbers, in both
/// splits, for background and foreground.
///
/// # Errors
///
/// If the file cannot be read, is damaged or not an .npz file, an array is missing or of another type or
/// shape, there are fewer targets than inputs, a number is not finite or not within the scaling that is
/// given, or a label is not a class number.
pub fn load_npz(path: &Path, scaling: Option<Scaling>) -> Result<ArraySet> {
    let file = open(path)?;
    let archive = Archive::open(BufReader::new(file), LONGEST).map_err(failed(path))?;
    load(&mut Npz { path, archive }, path, scaling)
}

/// Reads a folder with the files `x_train.npy`, `y_train.npy`, `x_test.npy` and `y_test.npy`, as
/// [`load_npz`] reads such arrays.
///
/// # Errors
///
/// As [`load_npz`].
pub fn load_npy_folder(folder: &Path, scaling: Option<Scaling>) -> Result<ArraySet> {
    load(&mut NpyFolder { folder }, folder, scaling)
}

/// Where arrays are had from, each as often as is asked for.
trait Arrays {
    /// What an array is, if there is one of that name, and how many bytes hold it at most.
    fn header(&mut self, name: &str) -> Result<Option<(Header, u64)>>;

    /// Gives the numbers of an array to `each`, in the order of the file.
    fn each(&mut self, name: &str, each: &mut dyn FnMut(f64) -> Result<()>) -> Result<()>;
}

struct Npz<'a> {
    path: &'a Path,
    archive: Archive<BufReader<File>>,
}

impl Arrays for Npz<'_> {
    fn header(&mut self, name: &str) -> Result<Option<(Header, u64)>> {
        let stored = self.archive.length();
        let header = self.archive.header(name).map_err(failed(self.path))?;
        Ok(header.map(|header| (header, stored.saturating_mul(LARGEST_RATIO))))
    }

    fn each(&mut self, name: &str, each: &mut dyn FnMut(f64) -> Result<()>) -> Result<()> {
        let path = self.path;
        let Some((header, _)) = self.header(name)? else { return Ok(()) };
        let kind = header.number_type(name).map_err(failed(path))?;
        let count = header.count().unwrap_or(0);
        let read = |next: &mut dyn FnMut() -> std::result::Result<f64, NumpyError>| {
            (0..count).try_for_each(|_| each(next()?).map_err(Failure::Data))
        };
        self.archive.numbers(name, &header, kind, read).map_err(|failure| failure.of(path))
    }
}

struct NpyFolder<'a> {
    folder: &'a Path,
}

impl NpyFolder<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.npy"))
    }

    fn open(&self, name: &str) -> Result<Option<(ArrayFile<BufReader<File>>, u64)>> {
        let path = self.path(name);
        let file = match open(&path) {
            Err(Error::File(FileError::NotFound { .. })) => return Ok(None),
            file => file?,
        };
        let io = |source| Error::Io { path: path.clone(), action: "reading", source };
        let length = file.metadata().map_err(io)?.len();
        let file = ArrayFile::open(BufReader::new(file), length).map_err(failed(&path))?;
        Ok(Some((file, length)))
    }
}

impl Arrays for NpyFolder<'_> {
    fn header(&mut self, name: &str) -> Result<Option<(Header, u64)>> {
        Ok(self.open(name)?.map(|(file, length)| (file.header().clone(), length)))
    }

    fn each(&mut self, name: &str, each: &mut dyn FnMut(f64) -> Result<()>) -> Result<()> {
        let path = self.path(name);
        let Some((mut file, _)) = self.open(name)? else { return Ok(()) };
        let kind = file.header().number_type(name).map_err(failed(&path))?;
        let count = file.header().count().unwrap_or(0);
        let read = |next: &mut dyn FnMut() -> std::result::Result<f64, NumpyError>| {
            (0..count).try_for_each(|_| each(next()?).map_err(Failure::Data))
        };
        file.numbers(kind, read).map_err(|failure| failure.of(&path))
    }
}

/// Why numbers could not be taken up: the file, or what is in it.
enum Failure {
    File(NumpyError),
    Data(Error),
}

impl From<NumpyError> for Failure {
    fn from(error: NumpyError) -> Self {
        Self::File(error)
    }
}

impl Failure {
    fn of(self, path: &Path) -> Error {
        match self {
            Self::File(error) => failed(path)(error),
            Self::Data(error) => error,
        }
    }
}

fn open(path: &Path) -> Result<File> {
    Ok(snode_files::open(path, Links::Follow)?)
}

fn failed(path: &Path) -> impl Fn(NumpyError) -> Error {
    let path = path.to_owned();
    move |error| Error::Numpy { path: path.clone(), source: Box::new(error) }
}

/// What is known of a split before its numbers are read.
struct Plan {
    names: [&'static str; 2],
    inputs: InputShape,
    /// The type of the inputs.
    kind: NumberType,
    order: snode_numpy::Order,
    /// The number of components of a target, of real ones.
    components: Option<usize>,
    target_order: snode_numpy::Order,
}

fn load(arrays: &mut dyn Arrays, path: &Path, scaling: Option<Scaling>) -> Result<ArraySet> {
    // Everything is looked at before anything is read.
    let missing = |name| wrong(path, format!("there is no array `{name}`"));
    let train = plan(arrays, path, TRAIN)?.ok_or_else(|| missing(TRAIN[0]))?;
    let test = plan(arrays, path, TEST)?;
    if let Some(test) = &test {
        same_kind(path, &train, test)?;
    }
    let max_value = scalar(arrays, path, MAX_VALUE, u16::MAX.into())?;
    let classes = scalar(arrays, path, CLASSES, MAX_CLASSES)?;

    let targets = |arrays: &mut dyn Arrays, plan: &Plan| read_targets(arrays, path, plan);
    let train_targets = targets(arrays, &train)?;
    let test_targets = test.as_ref().map(|test| targets(arrays, test)).transpose()?;
    let levels = levels(arrays, path, scaling, max_value, &[Some(&train), test.as_ref()])?;
    let train_images = read_images(arrays, path, &train, &levels)?;
    let test = match test.zip(test_targets) {
        Some((test, targets)) => {
            ArraySplit { images: read_images(arrays, path, &test, &levels)?, targets }
        }
        None => ArraySplit {
            images: no_images(&train.inputs, &levels)?,
            targets: match train.components {
                Some(components) => Targets::Vectors { components, values: Vec::new() },
                None => Targets::Classes(Vec::new()),
            },
        },
    };
    let train = ArraySplit { images: train_images, targets: train_targets };
    let path = path.to_owned();
    Ok(ArraySet { path, train, test, scaling: levels.scaling, classes })
}

/// Looks at the arrays of a split; `None` if its inputs are not there.
fn plan(arrays: &mut dyn Arrays, path: &Path, names: [&'static str; 2]) -> Result<Option<Plan>> {
    let [x, y] = names;
    let Some((header, most)) = arrays.header(x)? else { return Ok(None) };
    let kind = header.number_type(x).map_err(failed(path))?;
    let shape = || format!("{:?}", header.shape);
    let inputs = InputShape::of(&header.shape).ok_or_else(|| {
        wrong(
            path,
            format!(
                "the array `{x}`: found shape {}; expected [count, n], [count, rows, columns], or that \
                 with up to 4 channels, with sides from 1 to 4096",
                shape()
            ),
        )
    })?;
    let numbers = inputs.count.saturating_mul(inputs.width());
    if numbers > MAX_PIXELS || numbers as u64 > most {
        let most = most.min(MAX_PIXELS as u64);
        let problem = format!("the array `{x}`: found {numbers} numbers; expected at most {most}");
        return Err(wrong(path, problem));
    }
    let Some((targets, _)) = arrays.header(y)? else {
        return Err(wrong(path, format!("there is an array `{x}`, but none is called `{y}`")));
    };
    let target_kind = targets.number_type(y).map_err(failed(path))?;
    let is_real = matches!(target_kind, NumberType::F16 | NumberType::F32 | NumberType::F64);
    let components = match targets.shape[..] {
        [count] | [count, 1] if count == inputs.count => is_real.then_some(1),
        [count, components] if count == inputs.count && components > 0 && is_real => {
            Some(components)
        }
        _ => {
            let (found, count) = (&targets.shape, inputs.count);
            let expected = if is_real {
                format!("[{count}] or [{count}, components]")
            } else {
                format!("[{count}] of class numbers")
            };
            let problem = format!("the array `{y}`: found shape {found:?}; expected {expected}");
            return Err(wrong(path, problem));
        }
    };
    let (order, target_order) = (header.order, targets.order);
    Ok(Some(Plan { names, inputs, kind, order, components, target_order }))
}

fn same_kind(path: &Path, train: &Plan, test: &Plan) -> Result<()> {
    let kind = |plan: &Plan| {
        let InputShape { rows, cols, channels, .. } = plan.inputs;
        let rows = rows / channels;
        let channels =
            if channels > 1 { format!("{channels} channels of ") } else { String::new() };
        let targets = match plan.components {
            None => "class numbers".to_owned(),
            Some(components) => format!("{components} real targets"),
        };
        format!("inputs of {channels}{rows}x{cols} {} with {targets}", plan.kind.name())
    };
    if kind(train) == kind(test) {
        return Ok(());
    }
    Err(wrong(path, format!("test arrays: found {}; expected {}", kind(test), kind(train))))
}

/// A scalar that is a number from 1 to `most`, if it is there.
fn scalar(arrays: &mut dyn Arrays, path: &Path, name: &str, most: usize) -> Result<Option<usize>> {
    let Some((header, _)) = arrays.header(name)? else { return Ok(None) };
    let mut value = None;
    if header.count() == Some(1) && matches!(header.elements, Some(Elements::Numbers(_))) {
        arrays.each(name, &mut |number| {
            value = (number.fract() == 0.0 && number >= 1.0 && number <= most as f64)
                .then_some(number as usize);
            Ok(())
        })?;
    }
    let expected =
        || wrong(path, format!("the array `{name}`: expected a number from 1 to {most}"));
    value.map(Some).ok_or_else(expected)
}

fn read_targets(arrays: &mut dyn Arrays, path: &Path, plan: &Plan) -> Result<Targets> {
    let name = plan.names[1];
    let at = |index: usize, found: f64, expected: &str| {
        let problem =
            format!("the array `{name}`: target {index}: found {found}; expected {expected}");
        wrong(path, problem)
    };
    let Some(components) = plan.components else {
        let mut labels = Vec::new();
        arrays.each(name, &mut |number| {
            let expected = "a class number from 0 to 255";
            let class = class_number(number).ok_or_else(|| at(labels.len(), number, expected))?;
            labels.push(class);
            Ok(())
        })?;
        return Ok(Targets::Classes(labels));
    };
    let mut values = Vec::new();
    arrays.each(name, &mut |number| {
        if !number.is_finite() {
            return Err(at(values.len() / components, number, "a finite number"));
        }
        values.push(number);
        Ok(())
    })?;
    if plan.target_order == snode_numpy::Order::ColumnMajor {
        let count = values.len() / components;
        values =
            (0..values.len()).map(|k| values[k % components * count + k / components]).collect();
    }
    Ok(Targets::Vectors { components, values })
}

/// How inputs become pixels; they are looked at if that depends on them.
fn levels(
    arrays: &mut dyn Arrays,
    path: &Path,
    scaling: Option<Scaling>,
    max_value: Option<usize>,
    plans: &[Option<&Plan>],
) -> Result<Levels> {
    let kind = plans.iter().flatten().next().map(|plan| plan.kind);
    match (scaling, max_value, kind) {
        (None, Some(max_value), Some(kind))
            if !matches!(kind, NumberType::F16 | NumberType::F32 | NumberType::F64) =>
        {
            return Ok(Levels::whole(u16::try_from(max_value).unwrap_or(u16::MAX)));
        }
        (None, None, Some(NumberType::U8)) => return Ok(Levels::whole(u8::MAX.into())),
        _ => {}
    }
    let mut extent = Extent::new();
    for plan in plans.iter().flatten() {
        let name = plan.names[0];
        let mut index = 0;
        arrays.each(name, &mut |number| {
            if !number.is_finite() {
                return Err(not_a_number(path, plan, index, number, "a finite number"));
            }
            extent.add(number);
            index += 1;
            Ok(())
        })?;
    }
    Levels::of(scaling, extent, path)
}

fn not_a_number(path: &Path, plan: &Plan, index: usize, found: f64, expected: &str) -> Error {
    let input = plan.inputs.places(plan.order).nth(index).unwrap_or(0) / plan.inputs.width();
    let name = plan.names[0];
    wrong(path, format!("the array `{name}`: input {input}: found {found}; expected {expected}"))
}

/// No images, but of this shape.
fn no_images(shape: &InputShape, levels: &Levels) -> Result<Images> {
    Images::new(shape.rows, shape.cols, levels.max_value, Vec::new())?.with_channels(shape.channels)
}

fn read_images(
    arrays: &mut dyn Arrays,
    path: &Path,
    plan: &Plan,
    levels: &Levels,
) -> Result<Images> {
    let shape = &plan.inputs;
    let count = shape.count * shape.width();
    let mut pixels: Vec<u16> = Vec::new();
    let memory = |_| Error::Memory { path: path.to_owned(), bytes: 2 * count as u64 };
    let mut places = shape.places(plan.order).enumerate();
    arrays.each(plan.names[0], &mut |number| {
        let (index, place) = places.next().unwrap_or_default();
        let pixel = levels
            .pixel(number)
            .ok_or_else(|| not_a_number(path, plan, index, number, &levels.expected()))?;
        if place >= pixels.len() {
            if place >= pixels.capacity() {
                // In the file's own order as numbers arrive, in another one all at once.
                let wanted =
                    if place == index { (2 * place).clamp(place + 1, count) } else { count };
                pixels.try_reserve_exact(wanted - pixels.len()).map_err(memory)?;
            }
            pixels.resize(place + 1, 0);
        }
        pixels[place] = pixel;
        Ok(())
    })?;
    pixels.shrink_to_fit();
    Images::new(shape.rows, shape.cols, levels.max_value, pixels)?.with_channels(shape.channels)
}
