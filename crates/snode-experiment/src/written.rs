//! How a configuration is written.

use crate::format::plain;

/// The same TOML with very small and very large numbers in powers of ten, which read back as the same
/// numbers: the serialiser writes out all of their zeros.
pub fn short_numbers(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    let mut quote = None;
    let mut previous = ' ';
    while let Some(character) = rest.chars().next() {
        let starts_number = character.is_ascii_digit() || character == '-';
        let mut length = character.len_utf8();
        match quote {
            // What is escaped ends no text.
            Some('"') if character == '\\' => {
                length += rest[length..].chars().next().map_or(0, char::len_utf8);
            }
            Some(open) if character == open => quote = None,
            None if matches!(character, '"' | '\'') => quote = Some(character),
            None if starts_number && !previous.is_alphanumeric() && previous != '_' => {
                let of_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.');
                length = rest.find(|c| !of_number(c)).unwrap_or(rest.len());
                if let Some(number) = shorter(&rest[..length]) {
                    short.push_str(&number);
                    (rest, previous) = (&rest[length..], '0');
                    continue;
                }
            }
            _ => {}
        }
        short.push_str(&rest[..length]);
        previous = rest[..length].chars().next_back().unwrap_or(character);
        rest = &rest[length..];
    }
    short
}

/// A number with a point in fewer characters, where powers of ten make it so.
fn shorter(text: &str) -> Option<String> {
    let number: f64 = text.parse().ok().filter(|_| text.contains('.'))?;
    let short = plain(number);
    (short.contains('e') && short.len() < text.len()).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::short_numbers;

    #[test]
    fn numbers_far_from_one_are_short_and_the_same() {
        let text = format!(
            "a = {:?}\nb = [0.25, {}, -{}.0]\nname = \"0.0000000001 \\\" 0.0000000001\"\nd = 1979-05-27\n",
            3.0,
            "0.".to_owned() + &"0".repeat(299) + "1",
            "1".to_owned() + &"0".repeat(300),
        );
        let short = short_numbers(&text);
        assert_eq!(
            short,
            "a = 3.0\nb = [0.25, 1e-300, -1e300]\nname = \"0.0000000001 \\\" 0.0000000001\"\nd = 1979-05-27\n"
        );
        let read = |text: &str| text.parse::<toml::Table>().unwrap();
        assert_eq!(read(&short), read(&text));
    }
}
