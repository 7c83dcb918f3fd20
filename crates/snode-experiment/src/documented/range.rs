//! Ranges as the document says them: "0 or more, less than 1", "1 to 60".

use toml::Value;

/// A bound, and whether it is allowed itself.
type Bound = Option<(f64, bool)>;

/// What a key with a number, or with numbers, takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    is_whole: bool,
    /// How many numbers: one, two in a list, or a list of any length.
    shape: Shape,
    low: Bound,
    high: Bound,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    One,
    Pair,
    List,
}

/// The beginnings of what is said of numbers.
const KINDS: [(&str, bool, Shape); 6] = [
    ("two whole numbers", true, Shape::Pair),
    ("two numbers", false, Shape::Pair),
    ("list of whole numbers", true, Shape::List),
    ("list of numbers", false, Shape::List),
    ("whole number", true, Shape::One),
    ("number", false, Shape::One),
];

impl Range {
    /// Reads it, if it is about numbers.
    ///
    /// # Errors
    /// The part that cannot be read.
    pub fn read(text: &str) -> Result<Option<Self>, String> {
        let Some((start, is_whole, shape)) =
            KINDS.into_iter().find(|(start, ..)| text.starts_with(start))
        else {
            return Ok(None);
        };
        let mut range = Self { is_whole, shape, low: None, high: None };
        for part in text[start.len()..].split(", ").filter(|part| !part.is_empty()) {
            let number = |text: &str| text.parse::<f64>().map_err(|_| part.to_owned());
            if let Some((low, high)) = part.split_once(" to ") {
                (range.low, range.high) = (Some((number(low)?, true)), Some((number(high)?, true)));
            } else if let Some(low) = part.strip_suffix(" or more") {
                range.low = Some((number(low)?, true));
            } else if let Some(low) = part.strip_prefix("more than ") {
                range.low = Some((number(low)?, false));
            } else if let Some(high) = part.strip_prefix("at most ") {
                range.high = Some((number(high)?, true));
            } else if let Some(high) = part.strip_prefix("less than ") {
                range.high = Some((number(high)?, false));
            } else {
                return Err(part.to_owned());
            }
        }
        Ok(Some(range))
    }

    /// Whether the numbers are whole.
    pub fn is_whole(self) -> bool {
        self.is_whole
    }

    /// Whether it is one number and not a list.
    pub fn is_one(self) -> bool {
        self.shape == Shape::One
    }

    /// Something well inside.
    pub fn inside(self) -> Value {
        let low = self.low.map_or(0.0, |(low, _)| low);
        let high = self.high.map_or(low + 1.0, |(high, _)| high);
        self.value(if self.is_whole { low + 1.0 } else { low + 0.375 * (high - low) })
    }

    /// Values at the bounds that are still allowed.
    pub fn allowed(self) -> Vec<Value> {
        let near = |bound: Bound, way: f64| {
            bound.map(|(at, itself)| if itself { at } else { at + way * self.little(at) })
        };
        let ends = [near(self.low, 1.0), near(self.high, -1.0)];
        ends.into_iter().flatten().map(|number| self.value(number)).collect()
    }

    /// Values just beyond the bounds, and what is no number.
    pub fn refused(self) -> Vec<Value> {
        let beyond = |bound: Bound, way: f64| {
            bound.map(|(at, itself)| if itself { at + way * self.little(at) } else { at })
        };
        let ends = [beyond(self.low, -1.0), beyond(self.high, 1.0)];
        let strange = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let strange = strange.into_iter().filter(|_| !self.is_whole);
        ends.into_iter().flatten().chain(strange).map(|number| self.value(number)).collect()
    }

    fn little(self, at: f64) -> f64 {
        match at {
            _ if self.is_whole => 1.0,
            0.0 => 1e-6,
            at => 0.1 * at.abs(),
        }
    }

    fn value(self, number: f64) -> Value {
        let number =
            if self.is_whole { Value::Integer(number as i64) } else { Value::Float(number) };
        match self.shape {
            Shape::One => number,
            Shape::Pair => Value::Array(vec![number.clone(), number]),
            Shape::List => Value::Array(vec![number]),
        }
    }
}
