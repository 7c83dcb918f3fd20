//! Pictures: images under noise, adversarial images and their perturbations.

use snode_data::Noise;

use super::shades::shades;
use super::side_by_side;
use crate::error::Result;
use crate::run::Run;
use crate::{Collection, Content, Figure, Section};
use snode_experiment::AttackMethod;
use snode_experiment::format::{file_name, plain_list};
use snode_figures::Sheet;
use snode_runner::analyses::attack::contact_sheet;
use snode_runner::{ImageSelection, Subject, subject};

/// How many images stand side by side.
const SHOWN: usize = 10;
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
    if let Some(run) = collection.runs().find(|run| run.robustness().is_some()) {
        match subjects.of(run).and_then(|subject| noisy(run, subject)) {
            Ok(figure) => section.figures.push(figure),
            Err(error) => section.notes.push(format!("Images under noise are not shown: {error}.")),
        }
    }
    if let Some(run) = collection.runs().find(|run| !run.attacks.is_empty()) {
        let found = subjects.of(run).and_then(|subject| side_by_side::figure(collection, subject));
        match found {
            Ok(figure) => section.figures.extend(figure),
            Err(error) => section.notes.push(format!("One image under all attacks: {error}.")),
        }
    }
    let mut of_groups = Vec::new();
    for group in &collection.groups {
        let attacked =
            |run: &&Run| run.attacks.iter().any(|attack| attack.pictures().next().is_some());
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

fn noisy(run: &Run, Subject { split, encoding, .. }: &Subject) -> Result<Figure> {
    let images = split.images();
    let indices: Vec<usize> = (0..images.len().min(SHOWN)).collect();
    let clean: Vec<f64> = encoding.encode(images, &indices)?;
    let levels: Vec<f64> =
        run.robustness().unwrap_or_default().into_iter().map(|(level, _)| level).collect();
    let mut sheet = Sheet::new(images.shape());
    for level in &levels {
        let mut values = clean.clone();
        let noise = Noise::new(run.summary.info.seed, *level)?.draw(0);
        noise.add(images.width(), &indices, &mut values)?;
        sheet.row(values.chunks_exact(images.width()).map(|image| shades(image, *encoding)));
    }
    Ok(Figure {
        name: "noisy-images".into(),
        caption: format!(
            "The first {} images with Gaussian noise of standard deviation {}, a row each (seed {}, \
             first draw).",
            indices.len(),
            plain_list(&levels),
            run.summary.info.seed
        ),
        content: Content::Sheet(sheet.png()?),
        data: None,
    })
}

/// A sheet for each attack on a run: clean images, adversarial ones, what was added.
fn adversarial(run: &Run, subject: &Subject, name: &str) -> Result<Vec<Figure>> {
    let images = subject.split.images();
    let mut figures = Vec::new();
    // The paper's own attack comes first.
    let (own, others): (Vec<_>, Vec<_>) =
        run.attacks.iter().partition(|attack| attack.keys.method == AttackMethod::MovingTarget);
    for attack in own.into_iter().chain(others) {
        let known = |picture: &(usize, usize, &[f64])| {
            picture.0 < images.len() && picture.2.len() == images.width()
        };
        let pictures: Vec<_> = attack.pictures().filter(known).take(SHOWN).collect();
        if pictures.is_empty() {
            continue;
        }
        let labels = subject.split.labels();
        let taken =
            pictures.iter().map(|(index, after, _)| format!("{} for {after}", labels[*index]));
        let taken: Vec<String> = taken.collect();
        let adversarial: Vec<_> = pictures.iter().map(|(index, _, x)| (*index, *x)).collect();
        let sheet = contact_sheet(subject, &adversarial)?;
        figures.push(Figure {
            name: format!("adversarial-{}-{}", file_name(name), file_name(&attack.name)),
            caption: format!(
                "{name}, seed {}, attacked by {}: clean images, adversarial images, and their \
                 difference (grey: unchanged; the largest change is black or white). Taken: {}.",
                run.summary.info.seed,
                attack.name,
                taken.join(", ")
            ),
            content: Content::Sheet(sheet.png()?),
            data: None,
        });
    }
    Ok(figures)
}
