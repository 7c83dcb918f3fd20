//! How a refused value of a configuration is said to the user.

use super::locator::Locator;
use super::refusal::{A_TABLE, Problem, Refusal};
use super::schema_keys::unknown_key;
use crate::error::Error;
use crate::suggest::with_suggestion;

/// What a file may say beside the keys of an experiment.
pub(crate) const FILE_KEYS: [&str; 5] = ["base", "cases", "grid", "seeds", "exclude"];

/// The error, at the place where the key stands.
pub(super) fn located(refusal: &Refusal, locator: &Locator) -> Error {
    let path = refusal.path();
    let place = match refusal.item() {
        Some(item) => locator.place_in(&path, item),
        None => locator.place_of(&path),
    };
    let key = Some(refusal.name()).filter(|name| !name.is_empty());
    Error::Config { place, key, problem: message(refusal) }
}

/// What is wrong, in words.
pub(super) fn message(refusal: &Refusal) -> String {
    match &refusal.problem {
        Problem::UnknownKey { found, expected } => {
            let mut expected = expected.to_vec();
            if refusal.is_at_root() {
                expected.extend(FILE_KEYS);
            }
            unknown_key(found, &expected)
        }
        Problem::UnknownName { found, expected } => {
            with_suggestion("unknown name", found, expected)
        }
        Problem::Unexpected { found, expected } if expected == A_TABLE => {
            format!("found {found}; expected a table, [{}]", refusal.path())
        }
        Problem::Unexpected { found, expected } => format!("found {found}; expected {expected}"),
        Problem::Other(text) => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::read;
    use crate::schema::Experiment;

    fn message(text: &str) -> String {
        {
            let refusal = read::<Experiment>(&toml::from_str(text).unwrap()).unwrap_err();
            format!("{}: {}", refusal.name(), super::message(&refusal))
        }
    }

    #[test]
    fn unknown_keys_are_told_where_they_belong() {
        let message = |text: &str| message(text);
        assert!(message("[training]\nepoch = 1").starts_with(
            "training.epoch: unknown key `epoch`; did you mean `epochs`? Expected one of: method, "
        ));
        assert!(message("epochs = 1").starts_with(
            "epochs: unknown key `epochs`; it belongs to [training]. Here: name, seed, "
        ));
        assert!(
            message("[data]\nseed = 1").contains("it belongs before the first [table]. Here: ")
        );
        assert!(message("solve = 1").contains("to [analysis.schemes]"));
        assert!(message("overshoot = 1").contains("to [[attack]]"));
        assert!(message("zzz = 1").contains("base, cases, grid, seeds, exclude"));
    }

    #[test]
    fn values_are_told_what_their_key_takes() {
        for (text, expected) in [
            ("seed = \"x\"", "seed: found \"x\"; expected a whole number, 0 or more"),
            ("[network]\nhorizon = true", "network.horizon: found true; expected a number"),
            ("data = 3", "data: found 3; expected a table, [data]"),
            (
                "[analysis.robustness]\nclip = 1",
                "analysis.robustness.clip: found 1; expected true or false",
            ),
            ("name = [1, 2]", "name: found [1, 2]; expected a text in quotes"),
            (
                "[data]\nsize = []",
                "data.size: found an empty list; expected two whole numbers in brackets, e.g. [14, 14]",
            ),
        ] {
            assert_eq!(message(text), expected);
        }
        let long = format!("seed = {:?}", "x".repeat(500));
        assert!(message(&long).len() < 150);
    }

    #[test]
    fn what_is_sound_is_read_as_toml_reads_it() {
        let texts = [
            "",
            "seed = 3\n[network]\nhorizon = 2\nactivation = \"elu(0.2)\"",
            "[[attack]]\nmethod = \"pgd\"\nnorm = \"inf\"\n[[attack]]\nepsilons = [0, 0.5]",
            "[analysis.schemes]\nsolve = [\"euler\", \"tr-bdf2\"]\n[training]\nbetas = [0.9, 0.99]",
        ];
        for text in texts {
            let own = read::<Experiment>(&toml::from_str(text).unwrap()).unwrap();
            assert_eq!(own, toml::from_str::<Experiment>(text).unwrap());
        }
    }
}
