//! snode's side of `scripts/peers.sh`, which does the same work in snode and in other programs.
//!
//! `peers write FILE.npz` writes the weights and images that all of them start from. `peers work FILE.npz THREADS`
//! obeys lines on standard input, and answers each by a line of JSON:
//!
//! * `prepare SECTION CASE PEER`: what the work computes, as numbers by name, for comparison;
//! * `run SECONDS`: milliseconds of each piece of work, of which as many are done as fit;
//! * `products`: milliseconds of the bare products of such a piece, or `null` where their number depends on the data.

mod attacks;
mod convolution;
mod data;
mod solves;
mod training;

use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use snode_benches::median;
use snode_ode::Real;

use data::Data;

/// Failures are the developer's to read.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A piece of work that is done again and again.
pub trait Work {
    /// What it computes, by name.
    ///
    /// # Errors
    /// If something is not finite.
    fn check(&mut self) -> Result<Vec<(&'static str, f64)>>;

    /// Back to where it began; not timed.
    ///
    /// # Errors
    /// If something is not finite.
    fn reset(&mut self) -> Result<()> {
        Ok(())
    }

    /// The piece of work itself.
    ///
    /// # Errors
    /// If something is not finite.
    fn run(&mut self) -> Result<()>;

    /// Seconds of its bare products, with weights that stream from memory; nothing where their number depends on
    /// the data.
    fn products(&mut self) -> Option<f64>;
}

/// Pieces of work between two resets: the iterations of a batch.
const CYCLE: usize = 6;
/// Measurements of the products of which the median is taken.
const PRODUCTS: usize = 5;

fn prepare<T: Real>(
    data: &Data,
    section: &str,
    case: &str,
    peer: &str,
    threads: usize,
) -> Result<Box<dyn Work>> {
    match section {
        "ncg" => training::iteration::<T>(data, case, threads),
        "rmsprop" => training::step::<T>(data, threads),
        "solve" => solves::solve::<T>(data, case, peer),
        "attack" => attacks::attack::<T>(data, case, threads),
        "convolution" => convolution::iteration::<T>(data, case),
        _ => Err(format!("no section is called {section:?}").into()),
    }
}

/// Milliseconds of as many pieces of work as fit into so many seconds, at least one.
fn run(work: &mut dyn Work, seconds: f64) -> Result<String> {
    let (begin, mut times) = (Instant::now(), Vec::new());
    while times.is_empty() || begin.elapsed().as_secs_f64() < seconds {
        if times.len() % CYCLE == 0 {
            work.reset()?;
        }
        let begin = Instant::now();
        work.run()?;
        times.push((1e3 * begin.elapsed().as_secs_f64()).to_string());
    }
    Ok(format!("[{}]", times.join(", ")))
}

fn products(work: &mut dyn Work) -> String {
    let seconds: Option<Vec<f64>> = (0..PRODUCTS).map(|_| work.products()).collect();
    seconds.map_or_else(|| "null".into(), |seconds| (1e3 * median(&seconds)).to_string())
}

fn obey(data: &Data, threads: usize) -> Result<()> {
    let mut work: Option<Box<dyn Work>> = None;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split('\t').collect();
        let answer = match (words.as_slice(), &mut work) {
            (["prepare", section, case, peer], _) => {
                // The memory of the last one first.
                drop(work.take());
                let (case, precision) =
                    case.rsplit_once('-').ok_or("a case without a precision")?;
                let new = if precision == "f32" { prepare::<f32> } else { prepare::<f64> };
                let mut new = new(data, section, case, peer, threads)?;
                let numbers = new.check()?;
                work = Some(new);
                let numbers = numbers.iter().map(|(name, value)| format!("\"{name}\": {value:e}"));
                format!("{{{}}}", numbers.collect::<Vec<_>>().join(", "))
            }
            (["run", seconds], Some(work)) => run(work.as_mut(), seconds.parse()?)?,
            (["products"], Some(work)) => products(work.as_mut()),
            _ => return Err(format!("not understood: {line:?}").into()),
        };
        println!("{answer}");
        std::io::stdout().flush()?;
    }
    Ok(())
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (threads, file) = match words.as_slice() {
        ["write", file] => (2, file),
        ["work", file, threads] => (threads.parse()?, file),
        _ => return Err("usage: peers write FILE.npz, or peers work FILE.npz THREADS".into()),
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let outcome = pool.install(|| {
        let done = if words[0] == "write" {
            data::write(Path::new(file))
        } else {
            Data::read(Path::new(file)).and_then(|data| obey(&data, threads))
        };
        // Other errors do not travel from thread to thread.
        done.map_err(|error| error.to_string())
    });
    Ok(outcome?)
}
