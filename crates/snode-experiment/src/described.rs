//! What an experiment comes to, as text: its keys with all values, and what it is going to take.

use crate::error::{Error, Result};
use crate::estimate;
use crate::format::{fixed, show_bytes, show_seconds};
use crate::prepare::Prepared;
use crate::resolve::unset_keys;
use crate::schema::Experiment;
use crate::threads::{pool, reserved_by_a_thread};
use crate::with_precision;
use crate::written::short_numbers;

/// A resolved experiment as TOML, with its keys that have no value in comments.
///
/// # Errors
/// If a value cannot be written as TOML.
pub fn resolved_text(experiment: &Experiment) -> Result<String> {
    let plain = toml::to_string(experiment).map_err(|error| Error::Usage(error.to_string()))?;
    let plain = short_numbers(&plain);
    let unset = unset_keys(experiment);
    let mut text = String::new();
    let mut table = "";
    for line in plain.lines() {
        if line.starts_with('[') {
            // A blank line ends the table before.
            text.truncate(text.trim_end().len());
            text.push('\n');
            comment_unset(&mut text, table, &unset);
            text.push('\n');
            table = line.trim_matches(['[', ']']);
        }
        text.push_str(line);
        text.push('\n');
    }
    comment_unset(&mut text, table, &unset);
    Ok(text)
}

fn comment_unset(text: &mut String, table: &str, unset: &[(&str, &str, String)]) {
    for (_, key, meaning) in unset.iter().filter(|(of, _, _)| *of == table) {
        text.push_str(&format!("# {key}: {meaning}\n"));
    }
}

/// What training is going to take, as comments: batches, memory and time.
///
/// # Errors
/// If threads cannot be started.
pub fn estimate_text(prepared: &Prepared) -> Result<String> {
    let experiment = &prepared.experiment;
    let (sizes, keys) = (prepared.sizes(), experiment.keys());
    let training = &keys.training;
    let memory = estimate::memory(experiment, sizes);
    let rate = pool(keys.threads)?.install(|| {
        with_precision!(keys.precision, T => {
            estimate::product_rate::<T>(
                sizes.product_width(),
                training.batch_size,
                keys.network.layers,
            )
        })
    });
    let per_epoch = prepared.train.len() / training.batch_size;
    let batches = training.epochs.saturating_mul(per_epoch);
    let batches = training.batches.map_or(batches, |limit| limit.min(batches));
    let iteration = estimate::iteration_flop(experiment, sizes.map) / rate;
    let evaluation = estimate::evaluation_flop(experiment, sizes.map, sizes.evaluated) / rate;
    let iterations = experiment.plan().iterations;
    let trained = batches as f64 * iterations as f64 * iteration;
    let evaluations = (batches as f64 / training.evaluate_every as f64).ceil();
    let limited = training.time_limit.map_or(trained, |limit| trained.min(limit));
    let on_each = match iterations {
        1 => "one iteration on each".to_owned(),
        n => format!("{n} iterations on each"),
    };
    let mut text = format!("# {per_epoch} batches an epoch, {batches} in all, {on_each}\n");
    text.push_str(&format!(
        "# memory: about {}: {:.0} copies of the parameters of {}, {} of trajectories, {} of data\n",
        show_bytes(memory.total()),
        memory.copies,
        show_bytes(memory.parameters),
        show_bytes(memory.trajectories),
        show_bytes(memory.data),
    ));
    if let Some(each) = reserved_by_a_thread() {
        text.push_str(&format!(
            "#         and {} of address space in each thread, of which little is used\n",
            show_bytes(each as f64)
        ));
    }
    text.push_str(&format!(
        "# time: at least {} ms an iteration and {} an evaluation, {} in all, by the matrix \
         products alone\n#       ({:.0} GFLOP/s measured on {} threads just now){}\n",
        fixed(1e3 * iteration, 1),
        show_seconds(evaluation),
        show_seconds(limited + evaluations * evaluation),
        rate / 1e9,
        keys.threads.unwrap_or(1),
        if limited < trained { "; ended by time_limit" } else { "" },
    ));
    Ok(text)
}
