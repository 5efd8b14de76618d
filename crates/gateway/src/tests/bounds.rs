//! ARCHITECTURE.md's table of bounds names constants and tests that are there.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::layout::{crates, sources};

/// The names in backquotes of a cell, each with the file named before it, if one was.
fn named(cell: &str) -> Vec<(Option<&str>, &str)> {
    let (mut file, mut names) = (None, Vec::new());
    for word in cell.split('`').skip(1).step_by(2) {
        if word.contains(".rs") {
            file = Some(word);
        } else {
            names.push((file, word));
        }
    }
    names
}

fn text_of(all: &BTreeSet<PathBuf>, file: &str) -> String {
    let found: Vec<_> = all.iter().filter(|path| path.ends_with(file)).collect();
    assert_eq!(found.len(), 1, "{file} is to name one file: {found:?}");
    fs::read_to_string(found[0]).unwrap()
}

#[test]
fn every_bound_and_its_test_are_where_the_table_says() {
    // Some are there twice, by links.
    let all: BTreeSet<_> = sources(&crates()).iter().map(|path| path.canonicalize().unwrap()).collect();
    let text = fs::read_to_string(crates().join("../ARCHITECTURE.md")).unwrap();
    let table = text.split("\n## Bounds\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<Vec<_>> =
        table.lines().filter(|line| line.starts_with("| ")).map(|line| line.split(" | ").collect()).collect();
    for row in rows.iter().skip(1) {
        let [what, bound, _, tests] = row[..] else { panic!("{row:?} has not four cells") };
        for (file, name) in named(bound) {
            let Some(file) = file else { continue };
            assert!(text_of(&all, file).contains(&format!("{name}: ")), "{what}: {file} has no {name}");
        }
        let tests = named(tests);
        assert!(!tests.is_empty(), "{what} is driven by no test");
        for (file, name) in tests {
            let file = file.unwrap_or_else(|| panic!("{what}: where is {name}?"));
            assert!(text_of(&all, file).contains(&format!("fn {name}(")), "{what}: {file} has no test {name}");
        }
    }
    assert!(rows.len() > 30, "the table has been found");
}

#[test]
fn no_queue_is_without_a_bound() {
    let unbounded = ["unbounded_channel", "mpsc::unbounded", "std::sync::mpsc::channel", "crossbeam"];
    for path in sources(&crates()) {
        let is_test = path.components().any(|part| part.as_os_str().to_str().is_some_and(|part| part.contains("test")));
        let text = fs::read_to_string(&path).unwrap();
        assert!(is_test || !unbounded.iter().any(|word| text.contains(word)), "{}", path.display());
    }
}
