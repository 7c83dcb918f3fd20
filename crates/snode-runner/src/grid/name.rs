//! How a command line names a cell.

use std::str::FromStr;

/// The fewest digits of an identity that name a cell.
const FEWEST_DIGITS: usize = 4;
/// The digits of a whole identity.
const MOST_DIGITS: usize = 64;
/// What stands before the digits of an identity, so that they are no number.
const PREFIX: &str = "id:";

/// How a command line names a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CellName {
    /// By its number, from 1.
    Number(usize),
    /// By the first digits of its identity.
    Identity(String),
}

impl FromStr for CellName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            let mut problem = format!(
                "expected a number from 1, or `{PREFIX}` and at least {FEWEST_DIGITS} hexadecimal \
                 digits of an identity"
            );
            if is_beginning(text) {
                problem.push_str(&format!("; did you mean `{PREFIX}{text}`?"));
            }
            problem
        };
        match text.strip_prefix(PREFIX) {
            Some(digits) if is_beginning(digits) => Ok(Self::Identity(digits.to_lowercase())),
            Some(_) => Err(expected()),
            None => match text.parse() {
                Ok(number) if number > 0 => Ok(Self::Number(number)),
                _ => Err(expected()),
            },
        }
    }
}

impl std::fmt::Display for CellName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Identity(digits) => write!(f, "{PREFIX}{digits}"),
        }
    }
}

fn is_beginning(digits: &str) -> bool {
    (FEWEST_DIGITS..=MOST_DIGITS).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_identities_are_told_apart() {
        let name = |text: &str| text.parse::<CellName>();
        assert_eq!(name("1102"), Ok(CellName::Number(1102)));
        assert_eq!(name("id:11DC"), Ok(CellName::Identity("11dc".into())));
        assert_eq!(name("id:1102").unwrap().to_string(), "id:1102");
        for text in ["0", "-1", "", "id:", "id:11d", "id:11dg", "x", &format!("id:{:065}", 0)] {
            assert!(name(text).is_err(), "{text}");
        }
        assert!(name("11dc").unwrap_err().contains("did you mean `id:11dc`?"));
    }
}
