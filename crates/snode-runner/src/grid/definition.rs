//! What the file of a grid says: `[[cases]]`, `[grid]`, `seeds` and `[[exclude]]`.

use std::collections::HashSet;

use toml::{Table, Value};

use snode_experiment::{
    Error, ExperimentFile, Locator, Result, Setting, describe, has_condition, is_computation,
    with_suggestion,
};

/// The key of labels and of `[[exclude]]` that names a case.
pub const CASE: &str = "case";
/// The key that `seeds` varies.
pub const SEED: &str = "seed";
/// A grid of more cells is hardly meant.
const MOST_CELLS: usize = 100_000;

/// What varies in a grid.
#[derive(Debug)]
pub struct Definition {
    /// `[[cases]]`.
    pub cases: Vec<Case>,
    /// `[grid]`, and behind it `seeds`.
    pub axes: Vec<Axis>,
    /// `[[exclude]]`.
    pub excludes: Vec<Exclude>,
}

/// A named combination of keys.
#[derive(Debug)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// Its keys.
    pub settings: Vec<Setting>,
}

/// A key with the values it takes.
#[derive(Debug)]
pub struct Axis {
    /// The key.
    pub key: String,
    /// Its values.
    pub values: Vec<Setting>,
    /// Whether it is that of `seeds`.
    is_seeds: bool,
}

/// Keys that together take cells out.
#[derive(Debug)]
pub struct Exclude {
    /// The case, if it names one.
    pub case: Option<String>,
    /// The keys, with their values as a resolved experiment has them.
    pub keys: Vec<(String, Value)>,
}

impl Definition {
    /// Reads it, and tries every value by itself.
    ///
    /// # Errors
    /// If something in it is wrong, with the place.
    pub fn read(file: &ExperimentFile) -> Result<Self> {
        let cases = cases(file)?;
        let mut axes = grid_axes(file)?;
        let vary = |key: &str, axes: &[Axis]| {
            axes.iter().any(|axis| axis.key == key)
                || cases.iter().any(|case| case.settings.iter().any(|s| s.key == key))
        };
        if let Some(axis) = seeds(file)? {
            if vary(SEED, &axes) {
                let problem = "the seed varies already; expected either `seeds`, or `seed` in \
                               [grid] or [[cases]]";
                return Err(file.grid_locator("seeds").error("seeds", problem));
            }
            axes.push(axis);
        }
        for axis in &axes {
            if let Some(case) =
                cases.iter().find(|case| case.settings.iter().any(|s| s.key == axis.key))
            {
                let problem = format!("the case `{}` gives this key too", case.name);
                return Err(axis.values[0].error(problem));
            }
        }
        // Counted before any of them is tried: a small file can name very many.
        let mut definition = Self { cases, axes, excludes: Vec::new() };
        definition.check_count(file)?;
        for axis in &definition.axes {
            // Those of `seeds` are whole numbers already.
            let values: &[Setting] = if axis.is_seeds { &[] } else { &axis.values };
            for setting in values {
                file.with(std::slice::from_ref(setting))?;
            }
        }
        for case in &definition.cases {
            file.with(&case.settings)?;
        }
        definition.excludes = excludes(file, &definition.cases)?;
        Ok(definition)
    }

    fn check_count(&self, file: &ExperimentFile) -> Result<()> {
        match self.combinations() {
            Some(count) if count <= MOST_CELLS => Ok(()),
            count => {
                let key = if self.axes.is_empty() { "cases" } else { "grid" };
                let found = count.map_or_else(|| "too many to count".into(), |n| n.to_string());
                let problem = format!("makes {found} cells; expected at most {MOST_CELLS}");
                Err(file.grid_locator(key).error(key, problem))
            }
        }
    }

    /// How many combinations there are, if they can be counted.
    pub fn combinations(&self) -> Option<usize> {
        let lengths = self.axes.iter().map(|axis| axis.values.len());
        lengths.chain([self.cases.len().max(1)]).try_fold(1_usize, usize::checked_mul)
    }

    /// Whether combinations may be one cell, as keys that vary have no meaning in some of them.
    pub fn may_merge(&self) -> bool {
        self.axes.iter().any(|axis| has_condition(&axis.key))
    }

    /// The keys of labels.
    pub fn varying(&self) -> Vec<String> {
        let case = (!self.cases.is_empty()).then(|| CASE.to_owned());
        case.into_iter().chain(self.axes.iter().map(|axis| axis.key.clone())).collect()
    }
}

/// Refuses keys that cannot vary from cell to cell.
fn check_key(setting: &Setting, file: &ExperimentFile) -> Result<()> {
    if !is_computation(&setting.key) {
        return Err(setting.error(
            "does not change what is trained, so cells cannot differ in it; give it once, outside \
             of [grid] and [[cases]]",
        ));
    }
    if file.locator.is_overridden(&setting.key) {
        let given = file.locator.place_of(&setting.key);
        let problem = format!("varies in this grid, at {}; --only takes part of it", setting.place);
        return Err(Error::Config { place: given, key: Some(setting.key.clone()), problem });
    }
    Ok(())
}

/// A list of tables under a key of the file.
fn tables<'a>(
    file: &'a ExperimentFile,
    key: &str,
    expected: &str,
) -> Result<(Vec<&'a Table>, &'a Locator)> {
    let locator = file.grid_locator(key);
    let refused = |found: &Value| {
        let found = describe(found);
        Err(locator.error(key, format!("found {found}; expected {expected}")))
    };
    let mut tables = Vec::new();
    match file.grid_value(key) {
        None => {}
        Some(Value::Array(items)) => {
            for item in items {
                match item {
                    Value::Table(table) => tables.push(table),
                    other => return refused(other),
                }
            }
        }
        Some(other) => return refused(other),
    }
    Ok((tables, locator))
}

fn cases(file: &ExperimentFile) -> Result<Vec<Case>> {
    let (tables, locator) = tables(file, "cases", "tables [[cases]], each with a name and keys")?;
    let mut cases: Vec<Case> = Vec::new();
    let mut names = HashSet::new();
    for (index, table) in tables.into_iter().enumerate() {
        let refused = |problem: String| {
            let (place, key) = (locator.place_in("cases.name", index), Some("cases.name".into()));
            Error::Config { place, key, problem }
        };
        let name = match table.get("name") {
            Some(Value::String(name)) if !name.trim().is_empty() => name.clone(),
            Some(other) => {
                return Err(refused(format!("found {other}; expected a text in quotes")));
            }
            None => {
                let number = index + 1;
                return Err(refused(format!("number {number} of [[cases]] has no name")));
            }
        };
        if !names.insert(name.clone()) {
            return Err(refused(format!("a second case is called `{name}`")));
        }
        let place = |key: &str| locator.place_in(&format!("cases.{key}"), index);
        let mut settings = Vec::new();
        for (key, value) in leaves(table) {
            if key != "name" {
                let (place, folder) = (place(&key), locator.folder_of("cases"));
                let setting = Setting { key, value, place, folder };
                check_key(&setting, file)?;
                settings.push(setting);
            }
        }
        cases.push(Case { name, settings });
    }
    Ok(cases)
}

/// The keys of `[grid]` in the order of the file, those of bases before.
fn grid_axes(file: &ExperimentFile) -> Result<Vec<Axis>> {
    let mut axes: Vec<Axis> = Vec::new();
    for (value, locator) in file.grids() {
        let Value::Table(table) = value else {
            let problem = format!("found {}; expected a table of lists", describe(value));
            return Err(locator.error("grid", problem));
        };
        let mut keys = leaves(table);
        let path = |key: &str| format!("grid.{key}");
        keys.sort_by_cached_key(|(key, _)| locator.position(&path(key)));
        for (key, value) in keys {
            let (place, folder) = (locator.place_of(&path(&key)), locator.folder_of(&path(&key)));
            let setting = |value| Setting {
                key: key.clone(),
                value,
                place: place.clone(),
                folder: folder.clone(),
            };
            let values: Vec<Setting> = match value {
                Value::Array(values) if !values.is_empty() => {
                    values.into_iter().map(setting).collect()
                }
                other => {
                    let found = describe(&other);
                    let problem = format!("found {found}; expected a list of values, [ … ]");
                    return Err(locator.error(&path(&key), problem));
                }
            };
            check_key(&values[0], file)?;
            // An unknown key is refused here, so that there are never more axes than keys.
            file.with(&values[..1])?;
            let axis = Axis { key, values, is_seeds: false };
            match axes.iter_mut().find(|known| known.key == axis.key) {
                Some(known) => *known = axis,
                None => axes.push(axis),
            }
        }
    }
    Ok(axes)
}

fn seeds(file: &ExperimentFile) -> Result<Option<Axis>> {
    let Some(value) = file.grid_value("seeds") else { return Ok(None) };
    let locator = file.grid_locator("seeds");
    let refused = |found: String| {
        let expected = "expected how many (1 to 100000), or a list of whole numbers, 0 or more";
        locator.error("seeds", format!("found {found}; {expected}"))
    };
    let first = file.experiment.seed;
    let values: Vec<Value> = match value {
        Value::Integer(count) => {
            let count = usize::try_from(*count).ok().filter(|n| (1..=MOST_CELLS).contains(n));
            let count = count.ok_or_else(|| refused(value.to_string()))? as u64;
            let last = first.checked_add(count - 1).filter(|last| i64::try_from(*last).is_ok());
            let last = last.ok_or_else(|| refused(format!("{value} from {first} on")))?;
            (first..=last).map(|seed| Value::Integer(seed.cast_signed())).collect()
        }
        Value::Array(list) if !list.is_empty() => list.clone(),
        other => return Err(refused(describe(other))),
    };
    if let Some(other) = values.iter().find(|v| v.as_integer().is_none_or(|n| n < 0)) {
        return Err(refused(format!("{} in the list", describe(other))));
    }
    let (place, folder) = (locator.place_of("seeds"), locator.folder_of("seeds"));
    let setting =
        |value| Setting { key: SEED.into(), value, place: place.clone(), folder: folder.clone() };
    let values = values.into_iter().map(setting).collect();
    Ok(Some(Axis { key: SEED.into(), values, is_seeds: true }))
}

fn excludes(file: &ExperimentFile, cases: &[Case]) -> Result<Vec<Exclude>> {
    let (tables, locator) = tables(file, "exclude", "tables [[exclude]], each with keys")?;
    let mut excludes = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let mut exclude = Exclude { case: None, keys: Vec::new() };
        for (key, value) in leaves(table) {
            let place = locator.place_in(&format!("exclude.{key}"), index);
            let setting = Setting { key, value, place, folder: locator.folder_of("exclude") };
            if setting.key == CASE {
                exclude.case = Some(known_case(&setting, cases)?);
            } else {
                let value = canonical(file, &setting)?;
                exclude.keys.push((setting.key, value));
            }
        }
        if exclude.case.is_none() && exclude.keys.is_empty() {
            let problem = "a table without keys would take every cell out";
            return Err(locator.error("exclude", problem));
        }
        excludes.push(exclude);
    }
    Ok(excludes)
}

fn known_case(setting: &Setting, cases: &[Case]) -> Result<String> {
    let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    match &setting.value {
        Value::String(name) if names.contains(&name.as_str()) => Ok(name.clone()),
        Value::String(name) => Err(setting.error(with_suggestion("unknown case", name, &names))),
        other => Err(setting.error(format!("found {other}; expected {}", names.join(", ")))),
    }
}

/// A value as a resolved experiment has it: by its first name, a whole number as one.
///
/// # Errors
/// If the key is unknown or the value of a wrong type.
pub fn canonical(file: &ExperimentFile, setting: &Setting) -> Result<Value> {
    let experiment = file.with(std::slice::from_ref(setting))?.experiment;
    let table = Table::try_from(&experiment).unwrap_or_default();
    Ok(lookup(&table, &setting.key).cloned().unwrap_or_else(|| setting.value.clone()))
}

/// The value of a key, as `table.key`.
pub fn lookup<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        None => table.get(key),
        Some((first, rest)) => lookup(table.get(first)?.as_table()?, rest),
    }
}

/// The keys of nested tables with their values.
fn leaves(table: &Table) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) => {
                let inner = leaves(inner).into_iter();
                found.extend(inner.map(|(rest, value)| (format!("{key}.{rest}"), value)));
            }
            value => found.push((key.clone(), value.clone())),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Definition> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grid.toml");
        std::fs::write(&path, text).unwrap();
        Definition::read(&ExperimentFile::read_any(&path, &[])?)
    }

    /// Files of the largest size there may be, each of which asked for work that grows with its square.
    #[test]
    fn a_large_file_is_answered_at_once() {
        let keys: Vec<String> = (0..80_000).map(|i| format!("a{i} = [1]\n")).collect();
        let error = read(&format!("[grid]\n{}", keys.concat())).unwrap_err().to_string();
        assert!(error.contains("a0") && error.contains("unknown key"), "{error}");
        let values = vec!["1"; 500_000].join(",");
        let error = read(&format!("grid.seed = [{values}]")).unwrap_err().to_string();
        assert!(error.contains("500000 cells"), "{error}");
        assert_eq!(read("seeds = 100000").unwrap().combinations(), Some(100_000));
        let case = |i| format!("[[cases]]\nname='{i}'\n");
        let cases: Vec<String> = (0..40_000).map(case).collect();
        assert_eq!(read(&cases.concat()).unwrap().cases.len(), 40_000);
    }

    /// Nesting is refused or read, whatever its depth.
    #[test]
    fn depth_does_no_harm() {
        let deep = vec!["a"; 200_000].join(".");
        for text in [
            format!("{deep} = 1"),
            format!("[grid]\n{deep} = [1]"),
            format!("grid.seed = {}", "[".repeat(400_000)),
            format!("a = {}", "{a=".repeat(200_000)),
        ] {
            assert!(read(&text).is_err());
        }
    }
}
