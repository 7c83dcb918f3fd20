//! How numbers are read from options of a command line.

/// A whole number that counts something there must be.
///
/// # Errors
/// If the text is something else.
pub fn count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or("expected a whole number, 1 or more".into())
}

/// A whole number.
///
/// # Errors
/// If the text is something else.
pub fn whole(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "expected a whole number, 0 or more".into())
}

/// A number.
///
/// # Errors
/// If the text is something else.
pub fn real(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| "expected a number".into())
}
