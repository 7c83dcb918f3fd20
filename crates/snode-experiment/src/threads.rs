//! How many threads compute: one rule for all commands.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Error, Result};
use crate::format::show_bytes;

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
/// If the threads cannot be had, or the address space that they reserve.
pub fn pool(threads: Option<usize>) -> Result<rayon::ThreadPool> {
    let threads = threads.map_or_else(default_threads, Ok)?.min(MOST_THREADS);
    check_address_space(threads)?;
    Ok(rayon::ThreadPoolBuilder::new().num_threads(threads).build()?)
}

/// Address space in bytes that matrix products reserve in each thread that computes: twice the
/// third-level caches of the computer, of which little is ever used. Nothing where the system does
/// not tell.
pub fn reserved_by_a_thread() -> Option<usize> {
    let mut caches = BTreeMap::new();
    for processor in std::fs::read_dir("/sys/devices/system/cpu").ok()?.flatten() {
        for cache in
            std::fs::read_dir(processor.path().join("cache")).into_iter().flatten().flatten()
        {
            let text = |name| read_line(&cache.path().join(name));
            if text("level").as_deref() == Some("3") {
                // Processors that share a cache tell of the same one.
                caches.insert(text("shared_cpu_list"), parse_size(&text("size")?)?);
            }
        }
    }
    Some(2 * caches.values().sum::<usize>())
}

/// Refuses threads whose address space is not to be had: products that cannot reserve it would end
/// the program without a word.
fn check_address_space(threads: usize) -> Result<()> {
    let Some(each) = reserved_by_a_thread() else { return Ok(()) };
    // Reserved and given back: no page of it is touched.
    if Vec::<u8>::new().try_reserve_exact(threads.saturating_mul(each)).is_ok() {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "--threads: matrix products reserve {} of address space in each of {threads} threads, which \
         is not to be had (see `ulimit -v`); use fewer threads",
        show_bytes(each as f64)
    )))
}

fn read_line(path: &Path) -> Option<String> {
    Some(std::fs::read_to_string(path).ok()?.trim().to_owned())
}

/// A size as the system writes it: `32768K`.
fn parse_size(text: &str) -> Option<usize> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return None,
    };
    digits.parse::<usize>().ok()?.checked_mul(unit)
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
    fn sizes_have_units() {
        let sizes = ["32768K", "480M", "1G", "512", "K", "1T"].map(parse_size);
        let kilobyte = 1 << 10;
        let expected =
            [Some(32768 * kilobyte), Some(480 << 20), Some(1 << 30), Some(512), None, None];
        assert_eq!(sizes, expected);
    }

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
