//! Lists of exactly two numbers.

use serde::{Deserialize, Deserializer, de};

/// Two numbers; the deserialiser's own arrays let further ones pass.
pub(super) fn deserialize<'de, D, T>(deserializer: D) -> Result<Option<[T; 2]>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let numbers = Vec::<T>::deserialize(deserializer)?;
    let length = numbers.len();
    let pair = <[T; 2]>::try_from(numbers);
    pair.map(Some).map_err(|_| de::Error::invalid_length(length, &"a sequence"))
}
