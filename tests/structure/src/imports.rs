//! Which modules of a crate use which.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};

use syn::visit::{self, Visit};

use crate::Tree;
use crate::tree::{Module, absolute};

/// A module uses what another one of the same crate defines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// Who uses.
    pub from: Vec<String>,
    /// Who defines.
    pub to: Vec<String>,
    /// What is used, as a path from the root of the crate.
    pub what: String,
}

/// All uses between different modules of a crate; those in tests are left out.
pub fn imports(tree: &Tree) -> BTreeSet<Import> {
    let mut all = BTreeSet::new();
    for (path, module) in &tree.modules {
        let mut paths = Paths { path, module, found: module.uses.values().cloned().collect() };
        paths.found.extend(module.globs.iter().cloned());
        for item in &module.items {
            paths.visit_item(item);
        }
        for used in paths.found {
            if let Some(to) = tree.definer(&used)
                && to != path.as_slice()
            {
                all.insert(Import { from: path.clone(), to: to.to_vec(), what: used.join("::") });
            }
        }
    }
    all
}

/// Collects the paths in a module that stay in the crate.
struct Paths<'a> {
    path: &'a [String],
    module: &'a Module,
    found: Vec<Vec<String>>,
}

impl Paths<'_> {
    fn add(&mut self, segments: &[String]) {
        if segments.len() > 1 {
            self.found.extend(absolute(self.path, segments, &self.module.children));
        }
    }

    /// Paths in the arguments of a macro, which are not parsed.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut segments: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.add(&std::mem::take(&mut segments));
                    }
                    segments.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.add(&std::mem::take(&mut segments));
                    self.add_tokens(group.stream());
                }
                _ => self.add(&std::mem::take(&mut segments)),
            }
        }
        self.add(&segments);
    }
}

impl Visit<'_> for Paths<'_> {
    fn visit_path(&mut self, path: &syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.add(&segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &syn::Macro) {
        self.add_tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }
}
