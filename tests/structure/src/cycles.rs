//! Modules that use each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::Import;

/// The cycles among files and folders: modules side by side in one parent, of which each uses the
/// next and the last one the first, themselves or by what lies in them.
///
/// A parent hands on what its children have and gives them what they share, so that between the two
/// both directions are right.
pub fn cycles(imports: &BTreeSet<Import>) -> Vec<Cycle> {
    let mut parents: BTreeMap<&[String], Edges<'_>> = BTreeMap::new();
    for import in imports {
        let shared = import.from.iter().zip(&import.to).take_while(|(a, b)| a == b).count();
        // One of them lies in the other.
        let (Some(from), Some(to)) = (import.from.get(shared), import.to.get(shared)) else {
            continue;
        };
        let edges = parents.entry(&import.from[..shared]).or_default();
        edges.entry(from).or_default().entry(to).or_insert(import);
    }
    let found = parents.iter().filter_map(|(parent, edges)| {
        Some(Cycle { parent: parent.join("::"), uses: cycle(edges)? })
    });
    found.collect()
}

/// Modules side by side that use each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// The module they lie in; empty for the root of the crate.
    pub parent: String,
    /// A line for each that says who uses what of whom.
    pub uses: Vec<String>,
}

/// For each module, the modules beside it that it uses, with one use as evidence.
type Edges<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a Import>>;

/// A shortest cycle, if there is any.
fn cycle(edges: &Edges<'_>) -> Option<Vec<String>> {
    let shortest = edges.keys().filter_map(|start| path_back(edges, start)).min_by_key(Vec::len)?;
    let next = shortest.iter().cycle().skip(1);
    let line = |(from, to): (&&str, &&str)| {
        let import = edges[from][to];
        format!("{} uses {}, of {}", import.from.join("::"), import.what, import.to.join("::"))
    };
    Some(shortest.iter().zip(next).map(line).collect())
}

/// The modules on a shortest way from one back to itself.
fn path_back<'a>(edges: &Edges<'a>, start: &'a str) -> Option<Vec<&'a str>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut front = vec![start];
    while !front.is_empty() {
        let mut next = Vec::new();
        for from in front {
            for &to in edges.get(from).into_iter().flat_map(BTreeMap::keys) {
                if to == start {
                    let mut path = vec![from];
                    while path.last() != Some(&start) {
                        path.push(before[path[path.len() - 1]]);
                    }
                    path.reverse();
                    return Some(path);
                }
                if !before.contains_key(to) {
                    before.insert(to, from);
                    next.push(to);
                }
            }
        }
        front = next;
    }
    None
}
