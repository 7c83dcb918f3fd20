//! An attack: the table, the success curve, and adversarial images.

use serde_json::{Value, json};
use snode_attack::{AttackResults, Norm, Outcome};
use snode_experiment::AttackConfig;
use snode_experiment::format::{count, fixed, plain};
use snode_figures::{Axis, Line, Panel, svg};
use snode_runner::Subject;
use snode_runner::analyses::attack::{Attack, Found};

use crate::adversarial::{adversarial_sheet, size};
use crate::csv_table::Csv;
use crate::error::Result;

/// The files of [`attack_files`].
#[derive(Debug)]
pub struct AttackFiles {
    /// A row for each image.
    pub csv: Vec<u8>,
    /// Success against the size of perturbations, if there was any.
    pub svg: Option<String>,
    /// The first adversarial images as the text of an SVG file, if there are any.
    pub pictures: Option<String>,
}

/// The table and the figures of an attack on the network of the run that is called `run`.
///
/// # Errors
/// If a figure cannot be drawn.
pub fn attack_files(
    run: &str,
    subject: &Subject,
    attack: &Attack,
    found: &Found,
) -> Result<AttackFiles> {
    let name = attack.keys.name();
    let images = &found.results.images;
    let mut csv = Csv::new([
        "image",
        "label",
        "outcome",
        "class_before",
        "class_after",
        "norm2",
        "norm_inf",
        "iterations",
    ]);
    for (index, image) in images.iter().enumerate() {
        let outcome = match image.outcome {
            Outcome::WrongBefore => "wrong before",
            Outcome::Resisted => "resisted",
            Outcome::Fooled => "fooled",
        };
        csv.row(&[
            index.to_string(),
            image.label.to_string(),
            outcome.into(),
            image.class_before.to_string(),
            image.class_after.to_string(),
            image.norm2.to_string(),
            image.norm_infinity.to_string(),
            image.iterations.to_string(),
        ]);
    }
    let norm = attack.keys.own_norm();
    let curve = found.results.success_curve(norm);
    let mut drawn = None;
    if !curve.is_empty() {
        let mut panel = Panel::new(
            format!("Success of {name} on {}", count(images.len(), "image")),
            Axis::linear(format!("ε, largest {} of the perturbation", size(norm))),
            Axis::linear("fooled within ε [%]"),
        );
        panel.lines.push(Line::new(run, steps(&curve)).plain());
        drawn = Some(svg(&[panel], 1)?);
    }
    let pictures = attack_sheet(subject, attack, found)?;
    Ok(AttackFiles { csv: csv.bytes()?, svg: drawn, pictures })
}

/// The first adversarial images beside the clean ones and their differences, as the text of an SVG file;
/// nothing if no image was fooled.
///
/// # Errors
/// If the sheet cannot be drawn.
pub fn attack_sheet(subject: &Subject, attack: &Attack, found: &Found) -> Result<Option<String>> {
    let sheet = adversarial_sheet(subject, &found.results, attack.keys.own_norm())?;
    Ok(sheet.map(|(sheet, _)| sheet.svg()).transpose()?)
}

/// A success curve as the corners of its steps, in per cent.
fn steps(curve: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut points = vec![(0.0, 0.0)];
    for (epsilon, part) in curve {
        let before = points.last().map_or(0.0, |point| point.1);
        points.extend([(*epsilon, before), (*epsilon, 100.0 * part)]);
    }
    points
}

/// What an attack did in a few numbers: what each is called, and its value.
pub fn attack_rows(keys: &AttackConfig, results: &AttackResults<f64>) -> Vec<[String; 2]> {
    let (summary, norm) = (results.summary(), keys.own_norm());
    let percent = |part: f64| format!("{} %", fixed(100.0 * part, 2));
    let accuracy = summary.attacked() as f64 / summary.images as f64;
    let norms = |mean, most| format!("{}, at most {}", fixed(mean, 4), fixed(most, 4));
    let mut rows = vec![
        ["accuracy before".to_owned(), percent(accuracy)],
        ["susceptible".into(), percent(summary.susceptible())],
        [size(Norm::Two).into(), norms(summary.mean_norm2, summary.most_norm2)],
        [
            size(Norm::Infinity).into(),
            norms(summary.mean_norm_infinity, summary.most_norm_infinity),
        ],
    ];
    rows.extend(keys.epsilons().into_iter().map(|epsilon| {
        let within = percent(results.robust_accuracy(norm, epsilon));
        [format!("accuracy within {} ≤ {}", size(norm), plain(epsilon)), within]
    }));
    rows.push(["steps an image".into(), fixed(summary.mean_iterations, 1)]);
    rows.push(["ms an image".into(), fixed(1e3 * summary.seconds_per_image, 2)]);
    rows
}

/// What `snode attack --json` prints.
///
/// # Errors
/// If a key has no form in JSON.
pub fn attack_json(subject: &Subject, attack: &Attack, found: &Found) -> Result<Value> {
    let summary = found.results.summary();
    let keys = serde_json::to_value(&attack.keys)?;
    let norm = attack.keys.own_norm();
    let curve = found.results.success_curve(norm);
    let robust: Vec<_> = attack
        .keys
        .epsilons()
        .into_iter()
        .map(|epsilon| {
            let accuracy = found.results.robust_accuracy(norm, epsilon);
            json!({ "epsilon": epsilon, "accuracy": accuracy })
        })
        .collect();
    Ok(json!({
        "run": subject.run.display().to_string(),
        "data": subject.source,
        "split": subject.split_name.text(),
        "scheme": found.scheme.name(),
        "attack": keys,
        "images": summary.images,
        "wrong_before": summary.wrong_before,
        "resisted": summary.resisted,
        "fooled": summary.fooled,
        "susceptible": summary.susceptible(),
        "norm2": {"mean": summary.mean_norm2, "largest": summary.most_norm2},
        "norm_inf": {"mean": summary.mean_norm_infinity, "largest": summary.most_norm_infinity},
        "iterations": summary.mean_iterations,
        "seconds": found.results.seconds,
        "seed": subject.seed,
        "norm": norm.name(),
        "robust_accuracy": robust,
        "success_curve": curve,
    }))
}
