//! Tables of text: a header, then a line for each input.

use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::Path;

use snode_files::Links;

use super::fields::{Lines, fields, separator};
use super::level::{Extent, Levels};
use super::{ArraySet, ArraySplit, Scaling, Targets, class_number, wrong};
use crate::limits::{MAX_PIXELS, MAX_SIDE};
use crate::{Images, Result};

/// The names of a column of class numbers.
const CLASS: [&str; 2] = ["label", "class"];
/// The beginning of the names of columns of real targets.
const TARGET: &str = "target";
/// The name of a column that says in which split a line is.
const SPLIT: &str = "split";

/// Reads a table whose first line names the columns: comma, semicolon or tab between them.
///
/// One column is called `label` or `class` and has class numbers from 0; or one or several have names
/// that begin with `target`, and are the components of a real vector. A column `split` has `train` or
/// `test` in each line; without it all lines are to train on. All other columns are inputs, in their
/// order. Case does not matter in these names.
///
/// Inputs are scaled as given; if nothing is given, the smallest and largest of all stand for background
/// and foreground.
///
/// # Errors
///
/// If the file cannot be read, a column is missing or named twice, a line has another number of fields, a
/// field is not what its column holds, or an input is not within the scaling that is given.
pub fn load_csv(path: &Path, scaling: Option<Scaling>) -> Result<ArraySet> {
    let mut table = Table::open(path)?;
    let mut extent = Extent::new();
    table.measure(&mut extent)?;
    let levels = Levels::of(scaling, extent, path)?;
    let [mut train, mut test] = [(); 2].map(|()| Rows::default());
    read(&mut table, &levels, &mut train, &mut test)?;
    set(path, &table.columns, levels, train, test)
}

/// Reads a folder with the tables `train.csv` and `test.csv`, as [`load_csv`] reads a table; both have the
/// same columns.
///
/// # Errors
///
/// As [`load_csv`], and if the columns differ.
pub fn load_csv_folder(folder: &Path, scaling: Option<Scaling>) -> Result<ArraySet> {
    let (train_path, test_path) = (folder.join("train.csv"), folder.join("test.csv"));
    let (mut first, mut second) = (Table::open(&train_path)?, Table::open(&test_path)?);
    if first.columns != second.columns {
        let problem = format!("found other columns than in {}; expected the same", "train.csv");
        return Err(wrong(&test_path, problem));
    }
    let mut extent = Extent::new();
    for table in [&mut first, &mut second] {
        if table.columns.split.is_some() {
            let problem = "found a column `split`; expected none beside train.csv and test.csv";
            return Err(wrong(table.path, problem));
        }
        table.measure(&mut extent)?;
    }
    let levels = Levels::of(scaling, extent, folder)?;
    let [mut train, mut test, mut none] = [(); 3].map(|()| Rows::default());
    read(&mut first, &levels, &mut train, &mut none)?;
    read(&mut second, &levels, &mut test, &mut none)?;
    set(folder, &first.columns, levels, train, test)
}

/// What the columns of a table hold.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Columns {
    kinds: Vec<Column>,
    inputs: usize,
    /// The number of components of a real target; none for class numbers.
    components: Option<usize>,
    split: Option<usize>,
    names: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Input,
    Class,
    Target,
    Split,
}

/// A table whose header has been read.
struct Table<'a> {
    path: &'a Path,
    file: File,
    separator: char,
    columns: Columns,
}

/// What a line says.
#[derive(Default)]
struct Line {
    inputs: Vec<f64>,
    targets: Vec<f64>,
    class: u8,
    is_test: bool,
}

impl<'a> Table<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let file = snode_files::open(path, Links::Follow)?;
        let mut lines = Lines::new(BufReader::new(&file), path);
        let (separator, columns) = match lines.next()? {
            Some(header) => (separator(header), columns(header, path)?),
            None => return Err(wrong(path, "the file is empty; expected names of columns")),
        };
        Ok(Self { path, file, separator, columns })
    }

    /// Looks at all inputs.
    fn measure(&mut self, extent: &mut Extent) -> Result<()> {
        self.each_line(|line| {
            line.inputs.iter().for_each(|&input| extent.add(input));
            Ok(())
        })
    }

    /// Gives each line to `each`, which may say what is wrong with it.
    fn each_line(
        &mut self,
        mut each: impl FnMut(&Line) -> std::result::Result<(), String>,
    ) -> Result<()> {
        let io = |source| crate::Error::Io { path: self.path.into(), action: "reading", source };
        self.file.rewind().map_err(io)?;
        let mut lines = Lines::new(BufReader::new(&self.file), self.path);
        lines.next()?;
        let most = MAX_PIXELS / self.columns.inputs;
        let mut line = Line::default();
        let mut count = 0;
        while let Some(text) = lines.next()? {
            count += 1;
            let outcome = self.read_line(text, &mut line).and_then(|()| each(&line));
            outcome.map_err(|problem| lines.wrong(&problem))?;
            if count > most {
                return Err(lines.wrong(&format!("found more than {most} lines")));
            }
        }
        Ok(())
    }

    fn read_line(&self, text: &str, line: &mut Line) -> std::result::Result<(), String> {
        let columns = &self.columns;
        line.inputs.clear();
        line.targets.clear();
        let mut count = 0;
        for field in fields(text, self.separator) {
            let wrong = |expected: &str| {
                let name = columns.names.get(count).map_or("", String::as_str);
                let field: String = field.chars().take(40).collect();
                format!("`{name}`: found {field:?}; expected {expected}")
            };
            let number = || {
                let number = field.parse().ok().filter(|value: &f64| value.is_finite());
                number.ok_or_else(|| wrong("a finite number"))
            };
            match columns.kinds.get(count) {
                None => {}
                Some(Column::Input) => line.inputs.push(number()?),
                Some(Column::Target) => line.targets.push(number()?),
                Some(Column::Class) => {
                    let class = number().ok().and_then(class_number);
                    line.class = class.ok_or_else(|| wrong("a class number from 0 to 255"))?;
                }
                Some(Column::Split) => {
                    line.is_test = match field.to_lowercase().as_str() {
                        "train" => false,
                        "test" => true,
                        _ => return Err(wrong("train or test")),
                    };
                }
            }
            count += 1;
        }
        if count == columns.kinds.len() {
            return Ok(());
        }
        Err(format!("found {count} fields; expected {}, as the header has", columns.kinds.len()))
    }
}

fn columns(header: &str, path: &Path) -> Result<Columns> {
    let names: Vec<String> = fields(header, separator(header)).map(str::to_owned).collect();
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort_unstable();
    if let Some([twice, ..]) = sorted.windows(2).find(|pair| pair.first() == pair.last()) {
        return Err(wrong(path, format!("two columns are called `{twice}`")));
    }
    if names.iter().all(|name| name.parse::<f64>().is_ok()) {
        return Err(wrong(path, "the first line has numbers; expected names of columns"));
    }
    let kind = |name: &String| match name.to_lowercase().as_str() {
        name if CLASS.contains(&name) => Column::Class,
        name if name.starts_with(TARGET) => Column::Target,
        SPLIT => Column::Split,
        _ => Column::Input,
    };
    let kinds: Vec<Column> = names.iter().map(kind).collect();
    let count = |kind: Column| kinds.iter().filter(|&&other| other == kind).count();
    let (classes, targets) = (count(Column::Class), count(Column::Target));
    if (classes, targets.min(1)) != (1, 0) && (classes, targets.min(1)) != (0, 1) {
        let problem = format!(
            "found {classes} columns of class numbers and {targets} of real targets; expected one \
             called `label`, or some whose names begin with `target`"
        );
        return Err(wrong(path, problem));
    }
    let inputs = count(Column::Input);
    if !(1..=MAX_SIDE).contains(&inputs) {
        let problem = format!("found {inputs} columns of inputs; expected 1 to {MAX_SIDE}");
        return Err(wrong(path, problem));
    }
    let split = kinds.iter().position(|&kind| kind == Column::Split);
    let components = (targets > 0).then_some(targets);
    Ok(Columns { kinds, inputs, components, split, names })
}

/// The lines of a split.
#[derive(Default)]
struct Rows {
    pixels: Vec<u16>,
    labels: Vec<u8>,
    targets: Vec<f64>,
}

fn read(table: &mut Table<'_>, levels: &Levels, train: &mut Rows, test: &mut Rows) -> Result<()> {
    let components = table.columns.components;
    table.each_line(|line| {
        let rows = if line.is_test { &mut *test } else { &mut *train };
        for &input in &line.inputs {
            let outside = || format!("found the input {input}; expected {}", levels.expected());
            rows.pixels.push(levels.pixel(input).ok_or_else(outside)?);
        }
        match components {
            Some(_) => rows.targets.extend(&line.targets),
            None => rows.labels.push(line.class),
        }
        Ok(())
    })?;
    for rows in [train, test] {
        rows.pixels.shrink_to_fit();
    }
    Ok(())
}

fn set(
    path: &Path,
    columns: &Columns,
    levels: Levels,
    train: Rows,
    test: Rows,
) -> Result<ArraySet> {
    if train.pixels.is_empty() {
        return Err(wrong(path, "found no lines to train on"));
    }
    let split = |rows: Rows| -> Result<ArraySplit> {
        let images = Images::new(1, columns.inputs, levels.max_value, rows.pixels)?;
        let targets = match columns.components {
            Some(components) => Targets::Vectors { components, values: rows.targets },
            None => Targets::Classes(rows.labels),
        };
        Ok(ArraySplit { images, targets })
    };
    let (train, test, scaling) = (split(train)?, split(test)?, levels.scaling);
    Ok(ArraySet { path: path.to_owned(), train, test, scaling, classes: None })
}
