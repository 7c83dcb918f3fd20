//! How numbers, times, sizes, texts and names of files are written for people.

use sha2::{Digest, Sha256};

/// Sizes that are written without a power of ten.
const WRITTEN_OUT: std::ops::Range<f64> = 1e-4..1e6;

fn is_written_out(value: f64) -> bool {
    value == 0.0 || !value.is_finite() || WRITTEN_OUT.contains(&value.abs())
}

/// A number with all of its digits, in powers of ten where it is very small or very large.
pub fn plain(value: f64) -> String {
    if is_written_out(value) { value.to_string() } else { format!("{value:e}") }
}

/// Several numbers, as [`plain`].
pub fn plain_list(values: &[f64]) -> String {
    let texts: Vec<String> = values.iter().map(|value| plain(*value)).collect();
    texts.join(", ")
}

/// A number with so many decimals, in powers of ten where they would show nothing of it, or it would
/// be very long; `–` for none.
pub fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        "–".into()
    } else if is_written_out(value) {
        format!("{value:.decimals$}")
    } else {
        format!("{value:.decimals$e}")
    }
}

/// A number with three digits; `–` for none.
pub fn short(value: f64) -> String {
    if !value.is_finite() {
        "–".into()
    } else if value == 0.0 {
        "0".into()
    } else if is_written_out(value) {
        let decimals = (2 - value.abs().log10().floor() as i32).max(0) as usize;
        format!("{value:.decimals$}")
    } else {
        format!("{value:.2e}")
    }
}

/// A number of bytes.
pub fn show_bytes(bytes: f64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut value = bytes;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    match (unit, value) {
        (_, 1e6..) => format!("{value:.1e} {}", UNITS[unit]),
        (0, _) | (_, 100.0..) => format!("{value:.0} {}", UNITS[unit]),
        _ => format!("{value:.1} {}", UNITS[unit]),
    }
}

/// A number of seconds.
pub fn show_seconds(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "unknown".into();
    }
    if seconds < 10.0 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        3600..172_800 => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
        172_800..86_400_000_000 => format!("{} days {} h", whole / 86_400, whole % 86_400 / 3600),
        _ => format!("{:.1e} days", seconds / 86_400.0),
    }
}

/// `1 image`, `2 images`.
pub fn count(number: usize, of: &str) -> String {
    if number == 1 { format!("1 {of}") } else { format!("{number} {of}s") }
}

/// How many there are of something of which several groups have counts: `1000 images`, or
/// `10 to 1000 images`; nothing if there is no group.
pub fn counts(numbers: impl IntoIterator<Item = usize>, of: &str) -> Option<String> {
    let numbers: Vec<usize> = numbers.into_iter().collect();
    let (least, most) = (*numbers.iter().min()?, *numbers.iter().max()?);
    if least == most { Some(count(most, of)) } else { Some(format!("{least} to {most} {of}s")) }
}

/// A text that cannot move a terminal's cursor, change its colours, or do anything else there:
/// control characters but tabs and ends of lines become `\u001b` and the like, which is how JSON
/// writes them too.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let ends_line = character == '\r' && characters.peek() == Some(&'\n');
        if !character.is_control() || matches!(character, '\n' | '\t') || ends_line {
            shown.push(character);
        } else {
            shown.push_str(&format!("\\u{:04x}", u32::from(character)));
        }
    }
    shown
}

/// The longest name that [`file_name`] makes.
const LONGEST_NAME: usize = 80;

/// A name that is one of files everywhere: small letters, digits, points and hyphens, not too many.
pub fn file_name(text: &str) -> String {
    let letter = |c: char| match c {
        '²' => '2',
        '.' => '.',
        c if c.is_ascii_alphanumeric() => c.to_ascii_lowercase(),
        _ => '-',
    };
    let name: String = text.chars().map(letter).collect();
    let parts: Vec<&str> = name.split('-').filter(|part| !part.is_empty()).collect();
    let name = parts.join("-").trim_matches(['.', '-']).to_owned();
    match name.len() {
        0 => "unnamed".into(),
        1..=LONGEST_NAME => name,
        // What is cut off would tell it from others.
        _ => {
            let hash = Sha256::digest(text.as_bytes());
            let number = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
            format!("{}-{number:08x}", &name[..LONGEST_NAME - 9])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_they_need() {
        assert_eq!(
            [0.0, 0.1, 1e-4, 123_456.5, 1e6, 1e-300, 5e-324, -2e9].map(plain),
            ["0", "0.1", "0.0001", "123456.5", "1e6", "1e-300", "5e-324", "-2e9"]
        );
        assert_eq!(
            [0.0, 2.5, 3.2e94, 1e-9, f64::NAN].map(|value| fixed(value, 2)),
            ["0.00", "2.50", "3.20e94", "1.00e-9", "–"]
        );
        assert_eq!(
            [1234.5, 0.0, 1e-7, 12.0, 0.012_34, 3e300].map(short),
            ["1234", "0", "1.00e-7", "12.0", "0.0123", "3.00e300"]
        );
    }

    #[test]
    fn sizes_and_times_are_shown_for_people() {
        assert_eq!([46_334_400.0, 512.0, 1e30].map(show_bytes), ["46.3 MB", "512 B", "1.0e15 PB"]);
        let times = [3.21, 75.0, 1e6, f64::INFINITY, 1e60].map(show_seconds);
        assert_eq!(times, ["3.2 s", "1 min 15 s", "11 days 13 h", "unknown", "1.2e55 days"]);
    }

    #[test]
    fn counts_are_said_once_or_as_a_range() {
        assert_eq!(counts([3, 3], "draw").unwrap(), "3 draws");
        assert_eq!(counts([10, 1000], "image").unwrap(), "10 to 1000 images");
        assert_eq!(counts([1], "seed").unwrap(), "1 seed");
        assert_eq!(counts([], "seed"), None);
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(
            printable("a\u{1b}[2J\tb\r\nc\rd\u{9b}\n"),
            "a\\u001b[2J\tb\r\nc\\u000dd\\u009b\n"
        );
        let json = serde_json::Value::from("\u{9b}31m").to_string();
        assert_eq!(serde_json::from_str::<String>(&printable(&json)).unwrap(), "\u{9b}31m");
    }

    #[test]
    fn names_are_those_of_files_everywhere() {
        assert_eq!(file_name("noise-input-0.01"), "noise-input-0.01");
        assert_eq!(file_name("ReLU, L²"), "relu-l2");
        assert_eq!(file_name("../..\u{1b}"), "unnamed");
        let (one, other) = (file_name(&"x".repeat(300)), file_name(&"x".repeat(301)));
        assert!(one.len() <= LONGEST_NAME && one != other, "{one}");
    }
}
