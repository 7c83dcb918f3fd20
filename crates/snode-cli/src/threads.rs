//! How many threads compute: one rule for all commands.

use crate::error::{Error, Result};

/// The most threads that can be asked for.
pub const MOST_THREADS: usize = 1024;

/// Variables of the environment that say how many threads there may be; the first one that is set
/// counts. A job scheduler's stands before the user's general wish.
const VARIABLES: [&str; 2] = ["SLURM_CPUS_PER_TASK", "RAYON_NUM_THREADS"];

/// How many threads compute when neither an option nor an experiment says it: what the environment
/// says, or else as many as this process may run at the same time; [`MOST_THREADS`] at most.
///
/// # Errors
/// If a variable holds no number.
pub fn default_threads() -> Result<usize> {
    for variable in VARIABLES {
        let Some(text) = std::env::var_os(variable) else { continue };
        let text = text.to_string_lossy();
        if let Some(threads) = parse(variable, &text)? {
            return Ok(threads);
        }
    }
    let available = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(available.min(MOST_THREADS))
}

/// Starts a pool of threads for the computation: of this many, or [`default_threads`].
///
/// # Errors
/// If the threads cannot be had.
pub fn pool(threads: Option<usize>) -> Result<rayon::ThreadPool> {
    let threads = threads.map_or_else(default_threads, Ok)?;
    Ok(rayon::ThreadPoolBuilder::new().num_threads(threads.min(MOST_THREADS)).build()?)
}

/// What a variable says; nothing if it is empty or 0, which stands for "as many as there are".
fn parse(variable: &str, text: &str) -> Result<Option<usize>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse::<usize>() {
        Ok(0) => Ok(None),
        Ok(threads) => Ok(Some(threads.min(MOST_THREADS))),
        Err(_) => Err(Error::Usage(format!(
            "the environment variable {variable}: found {text:?}; expected a whole number, 0 or more"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_numbers_up_to_a_bound() {
        let parse = |text| parse("N", text);
        assert_eq!(parse("3").unwrap(), Some(3));
        assert_eq!(parse(" 100000 ").unwrap(), Some(MOST_THREADS));
        assert_eq!((parse("").unwrap(), parse("0").unwrap()), (None, None));
        for text in ["x", "-1", "1.5", "99999999999999999999999"] {
            assert!(parse(text).unwrap_err().to_string().contains(text), "{text}");
        }
    }
}
