//! A crate's tests are one program: a file that its `main.rs` does not name would not run.

use snode_structure::workspace;

#[test]
fn every_file_of_tests_is_in_its_program() {
    for entry in std::fs::read_dir(workspace().join("crates")).unwrap() {
        let folder = entry.unwrap().path().join("tests/it");
        let Ok(main) = std::fs::read_to_string(folder.join("main.rs")) else { continue };
        for file in std::fs::read_dir(&folder).unwrap() {
            let path = file.unwrap().path();
            let module = path.file_stem().unwrap().to_str().unwrap();
            let rust = path.is_dir() || path.extension().is_some_and(|ending| ending == "rs");
            let named = module == "main" || main.contains(&format!("\nmod {module};"));
            assert!(!rust || named, "{} is not in main.rs", path.display());
        }
    }
}
