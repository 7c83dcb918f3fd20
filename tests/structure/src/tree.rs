//! The modules of a crate.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::{Attribute, Item, UseTree};

/// A module that has a file of its own.
#[derive(Default)]
pub struct Module {
    /// Its file.
    pub file: PathBuf,
    /// The syntax of the file, without the modules that are tests.
    pub items: Vec<Item>,
    /// The names it imports or re-exports, each with the path it stands for.
    pub uses: BTreeMap<String, Vec<String>>,
    /// The paths of which it imports everything.
    pub globs: Vec<Vec<String>>,
    /// The modules in it that have a file of their own.
    pub children: BTreeSet<String>,
}

/// The modules of a crate by their paths; the root has the empty one.
#[derive(Default)]
pub struct Tree {
    /// The modules.
    pub modules: BTreeMap<Vec<String>, Module>,
}

impl Tree {
    /// Reads the crate whose root is `src/lib.rs` in `folder`.
    ///
    /// # Panics
    /// If a file is missing or is not Rust.
    pub fn of_crate(folder: &Path) -> Self {
        let mut tree = Self::default();
        tree.read(folder.join("src/lib.rs"), &folder.join("src"), Vec::new());
        tree
    }

    /// Reads a module's `file`, and those of its children, which lie in `folder`.
    fn read(&mut self, file: PathBuf, folder: &Path, path: Vec<String>) {
        let text =
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
        let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{file:?}: {error}"));
        let mut module = Module { file, ..Module::default() };
        for item in syntax.items {
            match item {
                Item::Mod(ref inner) if is_test(&inner.attrs) => {}
                Item::Mod(ref inner) if inner.content.is_none() => {
                    let name = inner.ident.to_string();
                    let mut child = path.clone();
                    child.push(name.clone());
                    let alone = folder.join(format!("{name}.rs"));
                    let inside = folder.join(&name);
                    let file = if alone.exists() { alone } else { inside.join("mod.rs") };
                    module.children.insert(name);
                    self.read(file, &inside, child);
                }
                Item::Use(ref item) => {
                    module.add_use(&path, &item.tree, &mut Vec::new());
                    module.items.push(Item::Use(item.clone()));
                }
                other => module.items.push(other),
            }
        }
        self.modules.insert(path, module);
    }

    /// The module that defines what `path`, from the root of the crate, names.
    pub fn definer(&self, path: &[String]) -> Option<&[String]> {
        self.follow(path, 0)
    }

    fn follow(&self, path: &[String], depth: usize) -> Option<&[String]> {
        if depth > 16 {
            return None;
        }
        let mut at = 0;
        while at < path.len() && self.modules.contains_key(&path[..=at]) {
            at += 1;
        }
        let (found, module) = self.modules.get_key_value(&path[..at])?;
        let Some(name) = path.get(at) else { return Some(found) };
        if let Some(target) = module.uses.get(name) {
            let whole: Vec<String> = target.iter().chain(&path[at + 1..]).cloned().collect();
            return self.follow(&whole, depth + 1);
        }
        if module.defines(name) {
            return Some(found);
        }
        let through = |glob: &Vec<String>| {
            let whole: Vec<String> = glob.iter().chain(&path[at..]).cloned().collect();
            self.follow(&whole, depth + 1)
        };
        module.globs.iter().find_map(through).or(Some(found))
    }
}

impl Module {
    fn add_use(&mut self, path: &[String], tree: &UseTree, prefix: &mut Vec<String>) {
        match tree {
            UseTree::Path(inner) => {
                prefix.push(inner.ident.to_string());
                self.add_use(path, &inner.tree, prefix);
                prefix.pop();
            }
            UseTree::Group(group) => {
                for inner in &group.items {
                    self.add_use(path, inner, prefix);
                }
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                self.add_name(path, prefix, &name, &name);
            }
            UseTree::Rename(name) => {
                let (from, to) = (name.ident.to_string(), name.rename.to_string());
                self.add_name(path, prefix, &from, &to);
            }
            UseTree::Glob(_) => self.globs.extend(absolute(path, prefix, &self.children)),
        }
    }

    fn add_name(&mut self, path: &[String], prefix: &[String], from: &str, to: &str) {
        let mut whole = prefix.to_vec();
        if from != "self" {
            whole.push(from.to_owned());
        }
        let name = if to == "self" { prefix.last().map_or("", String::as_str) } else { to };
        if let Some(target) = absolute(path, &whole, &self.children) {
            self.uses.insert(name.to_owned(), target);
        }
    }

    fn defines(&self, name: &str) -> bool {
        self.items.iter().any(|item| {
            let ident = match item {
                Item::Const(item) => &item.ident,
                Item::Enum(item) => &item.ident,
                Item::Fn(item) => &item.sig.ident,
                Item::Mod(item) => &item.ident,
                Item::Static(item) => &item.ident,
                Item::Struct(item) => &item.ident,
                Item::Trait(item) => &item.ident,
                Item::Type(item) => &item.ident,
                Item::Macro(item) => return item.ident.as_ref().is_some_and(|ident| ident == name),
                _ => return false,
            };
            ident == name
        })
    }
}

/// A path in the module at `path` as one from the root of the crate, if it stays in the crate.
pub(crate) fn absolute(
    path: &[String],
    segments: &[String],
    children: &BTreeSet<String>,
) -> Option<Vec<String>> {
    let mut base = path.to_vec();
    let mut rest = segments;
    match segments.first()?.as_str() {
        "crate" => {
            base.clear();
            rest = &rest[1..];
        }
        "self" => rest = &rest[1..],
        "super" => {}
        first if children.contains(first) => {}
        _ => return None,
    }
    while rest.first().is_some_and(|segment| segment == "super") {
        base.pop()?;
        rest = &rest[1..];
    }
    base.extend_from_slice(rest);
    Some(base)
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}
