//! Axes, and the range of values they show.

use std::ops::Range;

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it measures, with the unit.
    pub label: String,
    /// Whether equal distances are equal factors.
    pub logarithmic: bool,
    /// Whether values are counts: labels are whole numbers.
    pub whole: bool,
    /// The least and the largest value shown; those of the data, with some room, if not given.
    pub range: Option<(f64, f64)>,
}

impl Axis {
    /// A linear axis.
    pub fn linear(label: impl Into<String>) -> Self {
        Self { label: label.into(), logarithmic: false, whole: false, range: None }
    }

    /// A logarithmic axis.
    pub fn logarithmic(label: impl Into<String>) -> Self {
        Self { label: label.into(), logarithmic: true, whole: false, range: None }
    }

    /// A linear axis of counts.
    pub fn counts(label: impl Into<String>) -> Self {
        Self { whole: true, ..Self::linear(label) }
    }

    /// The same with these values at its ends.
    #[must_use]
    pub fn between(self, from: f64, to: f64) -> Self {
        Self { range: Some((from, to)), ..self }
    }

    /// Whether a value can be shown.
    pub(crate) fn shows(&self, value: f64) -> bool {
        value.is_finite() && (!self.logarithmic || value > 0.0)
    }

    /// A value's place: itself, or its logarithm to base 10.
    pub(crate) fn place(&self, value: f64) -> f64 {
        if self.logarithmic { value.log10() } else { value }
    }

    /// The places between which `values` lie, with some room around them.
    pub(crate) fn fit(&self, values: impl Iterator<Item = f64>) -> Range<f64> {
        if let Some((from, to)) = self.range
            && self.shows(from)
            && self.shows(to)
            && from < to
        {
            return self.place(from)..self.place(to);
        }
        let (least, most) = values
            .filter(|value| self.shows(*value))
            .map(|value| self.place(value))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        if least > most {
            return 0.0..1.0;
        }
        let room = if most > least { 0.05 * (most - least) } else { 0.5 };
        least - room..most + room
    }

    /// A place as a label.
    pub(crate) fn tick(&self, place: f64, span: f64) -> String {
        if self.logarithmic {
            // Whole powers of ten; what lies between is written out.
            let rounded = place.round();
            if (place - rounded).abs() < 1e-9 {
                return power_of_ten(rounded as i32);
            }
            return short(10_f64.powf(place));
        }
        // What the axis spans decides, so that all labels of an axis are written in one way.
        let size = place.abs().max(span.abs());
        if size >= 1e6 || span.abs() < 1e-4 {
            return power(place);
        }
        let decimals = (2.0 - span.abs().max(1e-300).log10().floor()).clamp(0.0, 9.0) as usize;
        let text = format!("{place:.decimals$}");
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        if text == "-0" { "0".into() } else { text.replace('-', "−") }
    }
}

/// A number with a power of ten: `2.5·10⁶`.
fn power(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let text = format!("{value:.2e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = digits.trim_end_matches('0').trim_end_matches('.').replace('-', "−");
    format!("{digits}·{}", raised(exponent.parse().unwrap_or(0)))
}

/// 10 with an exponent.
fn raised(exponent: i32) -> String {
    let digits = exponent.to_string();
    let digits = digits.chars().map(|c| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32('⁰' as u32 + digit.to_digit(10).unwrap_or(0)).unwrap_or(digit),
    });
    format!("10{}", digits.collect::<String>())
}

fn power_of_ten(exponent: i32) -> String {
    match exponent {
        0 => "1".into(),
        1..=3 => format!("{}", 10_i32.pow(exponent.unsigned_abs())),
        -3..=-1 => format!("{}", 10_f64.powi(exponent)),
        _ => raised(exponent),
    }
}

fn short(value: f64) -> String {
    if (0.001..1e4).contains(&value) {
        let text = format!("{value:.6}");
        text.trim_end_matches('0').trim_end_matches('.').into()
    } else {
        power(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_fits_what_can_be_shown() {
        let values = [0.0, 1.0, 100.0, f64::NAN, f64::INFINITY];
        let range = Axis::logarithmic("x").fit(values.into_iter());
        assert!((range.start + 0.1).abs() < 1e-12 && (range.end - 2.1).abs() < 1e-12);
        assert_eq!(Axis::linear("x").fit([3.0].into_iter()), 2.5..3.5);
        assert_eq!(Axis::linear("x").fit(std::iter::empty()), 0.0..1.0);
        assert_eq!(Axis::logarithmic("x").between(1.0, 10.0).fit([5.0].into_iter()), 0.0..1.0);
    }

    #[test]
    fn ticks_are_short() {
        let (linear, logarithmic) = (Axis::linear(""), Axis::logarithmic(""));
        assert_eq!(linear.tick(-0.5, 1.0), "−0.5");
        assert_eq!(linear.tick(90.0, 10.0), "90");
        assert_eq!(linear.tick(2.5e6, 5e6), "2.5·10⁶");
        assert_eq!(linear.tick(-2e-300, 1e-299), "−2·10⁻³⁰⁰");
        assert_eq!(linear.tick(0.0, 1e9), "0");
        assert_eq!(logarithmic.tick(-6.0, 8.0), "10⁻⁶");
        assert_eq!(logarithmic.tick(-2.0, 8.0), "0.01");
        assert_eq!(logarithmic.tick(2.0, 8.0), "100");
        assert_eq!(logarithmic.tick(0.0025_f64.log10(), 1.0), "0.0025");
        assert_eq!(logarithmic.tick(-3.0, 1.0), "0.001");
        assert_eq!(logarithmic.tick(std::f64::consts::LOG10_2, 1.0), "2");
    }
}
