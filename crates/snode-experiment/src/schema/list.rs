//! Lists, which say what they are lists of when something else is found.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// What stands in a list of a configuration.
pub(super) trait Element<'de>: Deserialize<'de> {
    /// What is expected of the list.
    const LIST: &'static str;
    /// What is expected of a list of two.
    const PAIR: &'static str = Self::LIST;
}

impl Element<'_> for f64 {
    const LIST: &'static str = "a list of numbers in brackets, e.g. [0.1, 0.2]";
    const PAIR: &'static str = "two numbers in brackets, e.g. [0.5, 1.0]";
}

impl Element<'_> for usize {
    const LIST: &'static str = "a list of whole numbers in brackets, e.g. [14, 28]";
    const PAIR: &'static str = "two whole numbers in brackets, e.g. [14, 14]";
}

/// A list.
pub(super) fn list<'de, D: Deserializer<'de>, T: Element<'de>>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    from.deserialize_seq(List { expected: T::LIST, of: PhantomData })
}

/// A list, where the key is given.
pub(super) fn some_list<'de, D, T>(from: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Element<'de>,
{
    list(from).map(Some)
}

/// Two of a kind, where the key is given; the deserialiser's own arrays let further ones pass.
pub(super) fn pair<'de, D, T>(from: D) -> Result<Option<[T; 2]>, D::Error>
where
    D: Deserializer<'de>,
    T: Element<'de>,
{
    let items = from.deserialize_seq(List { expected: T::PAIR, of: PhantomData })?;
    let length = items.len();
    let pair = <[T; 2]>::try_from(items);
    pair.map(Some).map_err(|_| de::Error::invalid_length(length, &T::PAIR))
}

struct List<T> {
    expected: &'static str,
    of: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(list)
    }
}
