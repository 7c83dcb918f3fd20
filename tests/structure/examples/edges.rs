//! Prints which folders and files at the top of a crate use which, and what: `edges CRATE [FROM]`.

use std::collections::BTreeMap;

use snode_structure::{Tree, imports, workspace};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let tree = Tree::of_crate(&workspace().join("crates").join(&arguments[0]));
    let mut edges: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for import in imports(&tree) {
        let (Some(from), Some(to)) = (import.from.first(), import.to.first()) else { continue };
        if from != to && arguments.get(1).is_none_or(|wanted| wanted == from) {
            let line = format!("{}: {}", import.from.join("::"), import.what);
            edges.entry((from.clone(), to.clone())).or_default().push(line);
        }
    }
    for ((from, to), lines) in edges {
        println!("{from} -> {to} ({})", lines.len());
        if arguments.len() > 1 {
            println!("    {}", lines.join("\n    "));
        }
    }
}
