//! Pictures: images under noise, adversarial images and their perturbations.

use super::side_by_side;
use crate::adversarial::adversarial_sheet;
use crate::error::Result;
use crate::noisy::noisy_sheet;
use crate::run::Run;
use crate::{Collection, Figure, Section};
use snode_experiment::AttackMethod;
use snode_experiment::format::{count, file_name};
use snode_runner::{ImageSelection, Subject, subject};

/// The most sheets of adversarial images.
const SHEETS: usize = 24;

/// Sheets of the first images under noise, and of the first that fooled each network.
pub(super) fn section(collection: &Collection) -> Option<Section> {
    let mut section = Section {
        id: "pictures",
        title: "Pictures".into(),
        about: "What the networks see: background black, foreground white.".into(),
        ..Section::default()
    };
    let mut subjects = Subjects::default();
    if let Some(run) = collection.runs().find(|run| is_pictured(run) && run.robustness().is_some())
    {
        match subjects.of(run).and_then(|subject| noisy(run, subject)) {
            Ok(figure) => section.figures.push(figure),
            Err(error) => section.notes.push(format!("Images under noise are not shown: {error}.")),
        }
    }
    if let Some(run) = collection.runs().find(|run| is_pictured(run) && !run.attacks.is_empty()) {
        let found = subjects.of(run).and_then(|subject| side_by_side::figure(collection, subject));
        match found {
            Ok(figure) => section.figures.extend(figure),
            Err(error) => section.notes.push(format!("One image under all attacks: {error}.")),
        }
    }
    let mut of_groups = Vec::new();
    for group in &collection.groups {
        let attacked = |run: &&Run| {
            is_pictured(run) && run.attacks.iter().any(|attack| attack.pictures().next().is_some())
        };
        let Some(run) = group.runs(collection).find(attacked) else {
            continue;
        };
        let figures = subjects.of(run).and_then(|subject| adversarial(run, subject, &group.name()));
        match figures {
            Ok(figures) => of_groups.push(figures),
            Err(error) => section.notes.push(format!("{}: not shown: {error}.", group.name())),
        }
    }
    // The first of every group, then the second of every group, as long as there is room.
    let (all, most) = (of_groups.iter().map(Vec::len), of_groups.iter().map(Vec::len).max());
    let (all, most) = (all.sum::<usize>(), most.unwrap_or(0));
    let rounds = (0..most).flat_map(|round| of_groups.iter().filter_map(move |f| f.get(round)));
    section.figures.extend(rounds.take(SHEETS).cloned());
    section.notes.append(&mut subjects.warnings);
    if all > SHEETS {
        section.notes.push(format!("{SHEETS} of {all} sheets of adversarial images."));
    }
    (!section.figures.is_empty() || !section.notes.is_empty()).then_some(section)
}

/// Whether the inputs of a run are pictures, and not a few numbers in a row.
fn is_pictured(run: &Run) -> bool {
    let input = run.summary.model.input;
    input.rows.min(input.cols) > 1
}

/// The images of runs: those of one source are read once.
#[derive(Default)]
struct Subjects {
    known: Vec<Subject>,
    /// What is not as it should be with them.
    warnings: Vec<String>,
}

impl Subjects {
    fn of(&mut self, run: &Run) -> Result<&Subject> {
        let same = |subject: &Subject| {
            let own = subject.experiment.as_ref().map(|experiment| &experiment.data);
            own == Some(&run.experiment.data)
        };
        let known = self.known.iter().position(same);
        if known.is_none() {
            let mut warn = |warning: &str| self.warnings.push(format!("{warning}."));
            self.known.push(subject(&run.path, &ImageSelection::default(), &mut warn)?);
        }
        let place = known.unwrap_or(self.known.len() - 1);
        Ok(&self.known[place])
    }
}

fn noisy(run: &Run, subject: &Subject) -> Result<Figure> {
    let levels: Vec<f64> =
        run.robustness().unwrap_or_default().into_iter().map(|(level, _)| level).collect();
    let seed = run.summary.info.seed;
    Ok(Figure {
        name: "noisy-images".into(),
        caption: format!(
            "The first test images with Gaussian noise, a row for each standard deviation, and their \
             classes (seed {seed}, first draw).",
        ),
        svg: noisy_sheet(subject, &levels, seed, None)?.svg()?,
        data: None,
    })
}

/// A sheet for each attack on a run: clean images, adversarial ones, what was added.
fn adversarial(run: &Run, subject: &Subject, name: &str) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    // The paper's own attack comes first.
    let (own, others): (Vec<_>, Vec<_>) =
        run.attacks.iter().partition(|attack| attack.keys.method == AttackMethod::MovingTarget);
    for attack in own.into_iter().chain(others) {
        let norm = attack.keys.own_norm();
        let Some((sheet, shown)) = adversarial_sheet(subject, &attack.results, norm)? else {
            continue;
        };
        figures.push(Figure {
            name: format!("adversarial-{}-{}", file_name(name), file_name(&attack.name)),
            caption: format!(
                "{name}, seed {}, attacked by {} ({}): the first {shown} of {} that were fooled.",
                run.summary.info.seed,
                attack.name,
                count(attack.summary.images, "image"),
                attack.summary.fooled,
            ),
            svg: sheet.svg()?,
            data: None,
        });
    }
    Ok(figures)
}
