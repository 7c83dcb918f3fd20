//! Names in the order of an experiment's file.

use std::collections::BTreeSet;

/// The names that are there: first those that were asked for, in that order, then the others by name.
pub(super) fn arrange<'a>(
    asked: impl Iterator<Item = &'a str>,
    there: &BTreeSet<&'a str>,
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in asked.filter(|name| there.contains(name)).chain(there.iter().copied()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_comes_first() {
        let there = BTreeSet::from(["a", "b", "c", "d"]);
        let asked = ["d", "x", "b", "d"].into_iter();
        assert_eq!(arrange(asked, &there), ["d", "b", "a", "c"]);
    }
}
