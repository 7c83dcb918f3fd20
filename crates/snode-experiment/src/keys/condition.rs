//! What must be chosen elsewhere for a key to have a meaning.

use std::fmt;

/// What must be chosen elsewhere for a key to have a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The other key; without the name of a table it stands in the same one.
    pub key: &'static str,
    /// The words this is about.
    pub words: &'static [&'static str],
    /// What must hold of the key.
    pub kind: ConditionKind,
}

/// What must hold of another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionKind {
    /// It is one of the words.
    Is,
    /// It is one of the words, or is left out.
    IsByDefault,
    /// It is one of the words, unless other keys say the same in another way.
    Usually,
    /// It is none of the words.
    AnyBut,
    /// It is the name of a scheme that chooses its steps by a tolerance.
    Adaptive,
    /// It is there.
    Given,
}

type Words = &'static [&'static str];

const fn condition(key: &'static str, words: Words, kind: ConditionKind) -> Condition {
    Condition { key, words, kind }
}

/// The key is one of the words.
pub(super) const fn is(key: &'static str, words: Words) -> Condition {
    condition(key, words, ConditionKind::Is)
}

/// The key is one of the words, or is left out.
pub(super) const fn is_by_default(key: &'static str, words: Words) -> Condition {
    condition(key, words, ConditionKind::IsByDefault)
}

/// The key is one of the words, unless other keys say the same in another way.
pub(super) const fn usually(key: &'static str, words: Words) -> Condition {
    condition(key, words, ConditionKind::Usually)
}

/// The key is none of the words.
pub(super) const fn any_but(key: &'static str, words: Words) -> Condition {
    condition(key, words, ConditionKind::AnyBut)
}

/// The key is the name of an adaptive scheme.
pub(super) const fn adaptive(key: &'static str) -> Condition {
    condition(key, &[], ConditionKind::Adaptive)
}

/// The key is given.
pub(super) const fn given(key: &'static str) -> Condition {
    condition(key, &[], ConditionKind::Given)
}

/// As in "only valid with …", in Markdown.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, words, kind } = self;
        let value = |word: &str| match word {
            "true" | "false" => word.to_owned(),
            word => format!("\"{word}\""),
        };
        match kind {
            ConditionKind::Given => write!(f, "`{key}`"),
            ConditionKind::Adaptive => write!(f, "an adaptive `{key}`"),
            ConditionKind::AnyBut => {
                write!(
                    f,
                    "any `{key}` but `{}`",
                    words.first().map_or_else(String::new, |w| value(w))
                )
            }
            ConditionKind::Is | ConditionKind::IsByDefault | ConditionKind::Usually => {
                for (i, word) in words.iter().enumerate() {
                    match i {
                        0 => write!(f, "`{key} = {}`", value(word))?,
                        i if i + 1 == words.len() => write!(f, " or `{}`", value(word))?,
                        _ => write!(f, ", `{}`", value(word))?,
                    }
                }
                Ok(())
            }
        }
    }
}
