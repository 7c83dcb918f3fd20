//! Reads an experiment from TOML that has been parsed. Every refusal is a type that knows its key:
//! nothing is read back from messages.

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use toml::{Table, Value};

use super::refusal::{A_TABLE, Problem, Refusal, Step};

/// Reads a `T` from a table.
///
/// # Errors
/// The first key that is unknown, or has a value that it does not take.
pub(crate) fn read<T: DeserializeOwned>(table: &Table) -> Result<T, Refusal> {
    T::deserialize(TableReader(table))
}

struct TableReader<'a>(&'a Table);

impl<'de> Deserializer<'de> for TableReader<'de> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_map(Keys { entries: self.0.iter(), value: None })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Reader<'a>(&'a Value);

impl Reader<'_> {
    fn unexpected<T>(&self, expected: &str) -> Result<T, Refusal> {
        Err(Refusal::unexpected(self.0, expected))
    }
}

/// Numbers that are whole, by the widest type that there is in TOML.
macro_rules! whole_numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            match self.0.as_integer().map(u64::try_from) {
                Some(Ok(number)) => visitor.visit_u64(number),
                _ => self.unexpected("a whole number, 0 or more"),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Refusal;

    whole_numbers! { deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Integer(number) => visitor.visit_i64(*number),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Boolean(value) => visitor.visit_bool(*value),
            Value::Array(items) => {
                visitor.visit_seq(Items { items: items.iter().enumerate(), length: items.len() })
            }
            Value::Table(table) => TableReader(table).deserialize_any(visitor),
            Value::Datetime(date) => {
                let problem = Problem::Unexpected {
                    found: format!("the date {date}"),
                    expected: "a number, a text or a list".into(),
                };
                Err(problem.into())
            }
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Integer(number) => visitor.visit_f64(*number as f64),
            _ => self.unexpected("a number"),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::Boolean(value) => visitor.visit_bool(*value),
            _ => self.unexpected("true or false"),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::String(text) => visitor.visit_borrowed_str(text),
            _ => self.unexpected("a text in quotes"),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::Table(table) => TableReader(table).deserialize_any(visitor),
            _ => self.unexpected(A_TABLE),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(Name(text)),
            _ => self.unexpected("a name in quotes"),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::Array(_) => self.deserialize_any(visitor),
            _ => self.unexpected(&(&visitor as &dyn Expected).to_string()),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct map
        identifier ignored_any
    }
}

/// The keys of a table with their values.
struct Keys<'a> {
    entries: toml::map::Iter<'a, String, Value>,
    /// The value of the key that was read last.
    value: Option<(&'a str, &'a Value)>,
}

impl<'de> MapAccess<'de> for Keys<'de> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refusal> {
        self.value = self.entries.next().map(|(key, value)| (key.as_str(), value));
        let key = self.value.map(|(key, _)| BorrowedStrDeserializer::new(key));
        key.map(|key| seed.deserialize(key)).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        match self.value.take() {
            Some((key, value)) => seed
                .deserialize(Reader(value))
                .map_err(|refusal| refusal.within(Step::Key(key.to_owned()))),
            None => Err(Problem::Other("a value without a key".into()).into()),
        }
    }
}

/// The elements of a list.
struct Items<'a> {
    items: std::iter::Enumerate<std::slice::Iter<'a, Value>>,
    length: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refusal> {
        let Some((index, value)) = self.items.next() else { return Ok(None) };
        let read = seed.deserialize(Reader(value));
        read.map(Some).map_err(|refusal| refusal.within(Step::Item(index)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.length)
    }
}

/// A name that stands for a choice without data of its own.
struct Name<'a>(&'a str);

impl<'de> EnumAccess<'de> for Name<'de> {
    type Error = Refusal;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Refusal> {
        Ok((seed.deserialize(StrDeserializer::<Refusal>::new(self.0))?, self))
    }
}

impl<'de> VariantAccess<'de> for Name<'de> {
    type Error = Refusal;

    fn unit_variant(self) -> Result<(), Refusal> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Refusal> {
        self.has_data()
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Refusal> {
        self.has_data()
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Refusal> {
        self.has_data()
    }
}

impl Name<'_> {
    fn has_data<T>(&self) -> Result<T, Refusal> {
        Err(serde::de::Error::invalid_type(Unexpected::Str(self.0), &"a name with data"))
    }
}
