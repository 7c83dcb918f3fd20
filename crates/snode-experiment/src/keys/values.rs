//! What a key takes.

use std::fmt;

use crate::format::plain;

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values {
    /// A text, and in Markdown what it may be.
    Text(&'static str),
    /// One of the words that the schema has.
    Word,
    /// One of the words of another key.
    WordAs(&'static str),
    /// A list of words of another key.
    WordsAs(&'static str),
    /// True or false.
    Flag,
    /// Numbers in a range.
    Numbers(Numbers),
}

/// What numbers a key takes, and how many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Numbers {
    /// What kind of them.
    pub kind: Kind,
    /// How many.
    pub count: Count,
    /// The least one, and whether it is allowed itself.
    pub low: Option<(f64, bool)>,
    /// The largest one, and whether it is allowed itself.
    pub high: Option<(f64, bool)>,
    /// What they are numbers of; empty for plain numbers.
    pub unit: &'static str,
}

/// A kind of numbers. All are finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any.
    Real,
    /// Whole ones.
    Whole,
    /// Whole ones that are odd.
    Odd,
}

/// How many numbers a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// One.
    One,
    /// Two, as a list.
    Two,
    /// A list of any length.
    Any,
}

const fn numbers_of(kind: Kind, count: Count) -> Values {
    Values::Numbers(Numbers { kind, count, low: None, high: None, unit: "" })
}

/// A number.
pub(super) const fn number() -> Values {
    numbers_of(Kind::Real, Count::One)
}

/// A whole number.
pub(super) const fn whole() -> Values {
    numbers_of(Kind::Whole, Count::One)
}

/// An odd number.
pub(super) const fn odd() -> Values {
    numbers_of(Kind::Odd, Count::One)
}

/// A list of two numbers.
pub(super) const fn two_numbers() -> Values {
    numbers_of(Kind::Real, Count::Two)
}

/// A list of two whole numbers.
pub(super) const fn two_whole() -> Values {
    numbers_of(Kind::Whole, Count::Two)
}

/// A list of whole numbers.
pub(super) const fn whole_numbers() -> Values {
    numbers_of(Kind::Whole, Count::Any)
}

/// A list of numbers.
pub(super) const fn numbers() -> Values {
    numbers_of(Kind::Real, Count::Any)
}

impl Values {
    const fn bounded(self, low: Option<(f64, bool)>, high: Option<(f64, bool)>) -> Self {
        match self {
            Self::Numbers(mut numbers) => {
                if low.is_some() {
                    numbers.low = low;
                }
                if high.is_some() {
                    numbers.high = high;
                }
                Self::Numbers(numbers)
            }
            other => other,
        }
    }

    /// Numbers of this unit.
    pub(super) const fn in_units_of(self, unit: &'static str) -> Self {
        match self {
            Self::Numbers(mut numbers) => {
                numbers.unit = unit;
                Self::Numbers(numbers)
            }
            other => other,
        }
    }

    /// Numbers from `low` to `high`, both included.
    pub(super) const fn between(self, low: f64, high: f64) -> Self {
        self.bounded(Some((low, true)), Some((high, true)))
    }

    /// None below `low`.
    pub(super) const fn at_least(self, low: f64) -> Self {
        self.bounded(Some((low, true)), None)
    }

    /// None up to `low`.
    pub(super) const fn above(self, low: f64) -> Self {
        self.bounded(Some((low, false)), None)
    }

    /// None above `high`.
    pub(super) const fn at_most(self, high: f64) -> Self {
        self.bounded(None, Some((high, true)))
    }

    /// None from `high` on.
    pub(super) const fn below(self, high: f64) -> Self {
        self.bounded(None, Some((high, false)))
    }
}

impl Numbers {
    /// Whether a number is in the range.
    pub fn contains(&self, number: f64) -> bool {
        let is_above = |(low, itself): (f64, bool)| number > low || (itself && number == low);
        let is_below = |(high, itself): (f64, bool)| number < high || (itself && number == high);
        number.is_finite() && self.low.is_none_or(is_above) && self.high.is_none_or(is_below)
    }

    /// Whether there are numbers that are not in the range.
    pub fn has_bounds(&self) -> bool {
        self.low.is_some() || self.high.is_some()
    }

    /// What is expected, with the unit.
    pub fn expected(&self) -> String {
        if self.unit.is_empty() { self.to_string() } else { format!("{self}, in {}", self.unit) }
    }

    /// A number as it is written.
    pub fn text(&self, number: f64) -> String {
        if self.kind == Kind::Real { plain(number) } else { format!("{number:.0}") }
    }
}

/// The range alone.
impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some((low, true)), Some((high, true))) = (self.low, self.high) {
            return write!(f, "{} to {}", self.text(low), self.text(high));
        }
        let low = self.low.map(|(low, itself)| {
            let low = self.text(low);
            if itself { format!("{low} or more") } else { format!("more than {low}") }
        });
        let high = self.high.map(|(high, itself)| {
            let high = self.text(high);
            if itself { format!("at most {high}") } else { format!("less than {high}") }
        });
        let parts: Vec<String> = low.into_iter().chain(high).collect();
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_contains_what_it_says() {
        let Values::Numbers(range) = number().at_least(0.0).below(1.0).in_units_of("seconds")
        else {
            panic!("no numbers");
        };
        assert_eq!(range.to_string(), "0 or more, less than 1");
        assert_eq!(range.expected(), "0 or more, less than 1, in seconds");
        assert!(range.contains(0.0) && range.contains(0.999));
        assert!(![-1e-9, 1.0, f64::NAN, f64::INFINITY].iter().any(|x| range.contains(*x)));
    }
}
