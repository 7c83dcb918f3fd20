//! No files or folders of a crate use each other in a cycle.

use snode_structure::{Cycle, Tree, crates, cycles, imports};

#[test]
fn no_crate_has_an_import_cycle() {
    let mut found = String::new();
    for folder in crates() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        for cycle in cycles(&imports(&Tree::of_crate(&folder))) {
            found += &format!("{name}:\n  {}\n", cycle.uses.join("\n  "));
        }
    }
    assert!(found.is_empty(), "import cycles:\n{found}");
}

/// What the test above rests on: a cycle by re-exports, from inside a folder, is found.
#[test]
fn a_cycle_is_found_through_re_exports() {
    let folder = std::env::temp_dir().join(format!("snode-structure-{}", std::process::id()));
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("src/lib.rs", "mod a;\nmod b;\nmod c;\npub use b::B;");
    write("src/a/mod.rs", "mod inner;\npub use inner::A;");
    write("src/a/inner.rs", "pub struct A(crate::B);");
    write("src/b.rs", "pub struct B;\npub fn f() { println!(\"{}\", crate::c::X); }");
    write("src/c.rs", "pub const X: usize = 1;\n#[cfg(test)]\nmod tests { use crate::a::A; }");
    let none = cycles(&imports(&Tree::of_crate(&folder)));
    write("src/c.rs", "use crate::a::A;\npub const X: usize = 1;");
    let one = cycles(&imports(&Tree::of_crate(&folder)));
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(none, []);
    let expected = ["a::inner uses B, of b", "b uses c::X, of c", "c uses a::A, of a::inner"];
    let uses = expected.map(String::from).to_vec();
    assert_eq!(one, [Cycle { parent: String::new(), uses }]);
}
