//! Pictures: images under noise, adversarial images and their perturbations.

use snode_data::{Encoding, Noise};

use super::super::attack::Picture;
use super::super::run::Run;
use super::super::{Collection, Content, Figure, Section};
use super::attacks::file_name;
use crate::commands::images::{ImageArgs, Subject, subject};
use crate::error::Result;
use crate::pictures::Sheet;

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
    for group in &collection.groups {
        let attacked = |run: &&Run| run.attacks.iter().any(|attack| !attack.pictures.is_empty());
        let Some(run) = group.runs(collection).find(attacked) else {
            continue;
        };
        let figures = subjects.of(run).and_then(|subject| adversarial(run, subject, &group.name()));
        match figures {
            Ok(figures) => section.figures.extend(figures),
            Err(error) => section.notes.push(format!("{}: not shown: {error}.", group.name())),
        }
    }
    if section.figures.len() > SHEETS {
        section.notes.push(format!("The first {SHEETS} of {} sheets.", section.figures.len()));
        section.figures.truncate(SHEETS);
    }
    (!section.figures.is_empty() || !section.notes.is_empty()).then_some(section)
}

/// The images of runs: those of one source are read once.
#[derive(Default)]
struct Subjects(Vec<Subject>);

impl Subjects {
    fn of(&mut self, run: &Run) -> Result<&Subject> {
        let same = |subject: &Subject| {
            let own = subject.experiment.as_ref().map(|experiment| &experiment.data);
            own == Some(&run.experiment.data)
        };
        let known = self.0.iter().position(same);
        if known.is_none() {
            self.0.push(subject(&run.path, &ImageArgs::default())?);
        }
        let place = known.unwrap_or(self.0.len() - 1);
        Ok(&self.0[place])
    }
}

/// Values of the encoding as 0 (background) to 1 (foreground).
fn shades(values: &[f64], encoding: Encoding) -> Vec<f64> {
    let (background, foreground) = (encoding.background(), encoding.foreground());
    values.iter().map(|value| (value - background) / (foreground - background)).collect()
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
    let levels: Vec<String> = levels.iter().map(ToString::to_string).collect();
    Ok(Figure {
        name: "noisy-images".into(),
        caption: format!(
            "The first test images with Gaussian noise of standard deviation {}, a row each.",
            levels.join(", ")
        ),
        content: Content::Sheet(sheet.png()?),
        data: None,
    })
}

/// A sheet for each attack on a run: clean images, adversarial ones, what was added.
fn adversarial(run: &Run, subject: &Subject, name: &str) -> Result<Vec<Figure>> {
    let Subject { split, encoding, .. } = subject;
    let (images, width) = (split.images(), split.images().width());
    let mut figures = Vec::new();
    for attack in &run.attacks {
        let known =
            |picture: &&Picture| picture.index < images.len() && picture.adversarial.len() == width;
        let pictures: Vec<_> = attack.pictures.iter().filter(known).take(SHOWN).collect();
        if pictures.is_empty() {
            continue;
        }
        let indices: Vec<usize> = pictures.iter().map(|picture| picture.index).collect();
        let clean: Vec<f64> = encoding.encode(images, &indices)?;
        let mut sheet = Sheet::new(images.shape());
        sheet.row(clean.chunks_exact(width).map(|image| shades(image, *encoding)));
        sheet.row(pictures.iter().map(|picture| shades(&picture.adversarial, *encoding)));
        let scale = encoding.foreground() - encoding.background();
        sheet.row(clean.chunks_exact(width).zip(&pictures).map(|(clean, picture)| {
            let changes = picture.adversarial.iter().zip(clean);
            // Grey where nothing changed; towards the foreground is brighter.
            changes.map(|(new, old)| 0.5 + 0.5 * (new - old) / scale).collect()
        }));
        let taken = |picture: &&Picture| {
            let label = split.labels()[picture.index];
            format!("{label} for {}", picture.class_after)
        };
        let taken: Vec<String> = pictures.iter().map(taken).collect();
        figures.push(Figure {
            name: format!("adversarial-{}-{}", file_name(name), file_name(&attack.name)),
            caption: format!(
                "{name}, seed {}, attacked by {}: clean images, adversarial images, and their \
                 difference (grey: unchanged). Taken: {}.",
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
