//! Prints which modules beside each other use which, and what: `edges CRATE [PARENT [FROM]]`, the parent
//! being the path of the module they lie in, as `scheme::euler`, or nothing for the root of the crate.

use std::collections::BTreeMap;

use snode_structure::{Tree, imports, workspace};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let parent = arguments.get(1).map_or("", String::as_str);
    let parent: Vec<&str> = parent.split("::").filter(|name| !name.is_empty()).collect();
    let tree = Tree::of_crate(&workspace().join("crates").join(&arguments[0]));
    let mut edges: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for import in imports(&tree) {
        let below = |path: &[String]| -> Option<String> {
            let inside = path.len() > parent.len() && path.iter().zip(&parent).all(|(a, b)| a == b);
            inside.then(|| path[parent.len()].clone())
        };
        let (Some(from), Some(to)) = (below(&import.from), below(&import.to)) else { continue };
        if from != to && arguments.get(2).is_none_or(|wanted| *wanted == from) {
            let line = format!("{}: {}", import.from.join("::"), import.what);
            edges.entry((from, to)).or_default().push(line);
        }
    }
    for ((from, to), lines) in edges {
        println!("{from} -> {to} ({})\n    {}", lines.len(), lines.join("\n    "));
    }
}
