//! One image under all models and attacks side by side: the paper's Fig. 13.

use std::collections::BTreeMap;

use snode_figures::Sheet;
use snode_runner::Subject;

use super::shades::shades;
use crate::error::Result;
use crate::run::Run;
use crate::{Collection, Content, Figure};

/// The most models that are shown.
const MODELS: usize = 20;

/// The adversarial images of a run that are kept, by the name of the attack.
fn of_image(run: &Run, image: usize) -> BTreeMap<&str, &[f64]> {
    let pictures = |attack: &'_ crate::Attack| attack.pictures().any(|(index, ..)| index == image);
    let attacks = run.attacks.iter().filter(|attack| pictures(attack));
    let pixels = attacks.filter_map(|attack| {
        let mut own = attack.pictures().filter(|(index, ..)| *index == image);
        own.next().map(|(_, _, pixels)| (attack.name.as_str(), pixels))
    });
    pixels.collect()
}

/// The image of which the most adversarial ones are kept, the first of equals.
fn most_fooled(runs: &[&Run]) -> Option<usize> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for attack in runs.iter().flat_map(|run| &run.attacks) {
        for (index, ..) in attack.pictures() {
            *counts.entry(index).or_default() += 1;
        }
    }
    counts
        .into_iter()
        .reduce(|most, other| if other.1 > most.1 { other } else { most })
        .map(|c| c.0)
}

/// A row for the first attacked run of each group, a column for each attack, after the clean image.
///
/// # Errors
/// If the sheet cannot be drawn.
pub(super) fn figure(collection: &Collection, subject: &Subject) -> Result<Option<Figure>> {
    let attacked = |run: &&Run| run.attacks.iter().any(|attack| attack.pictures().next().is_some());
    let own = |run: &&Run| {
        let data = subject.experiment.as_ref().map(|experiment| &experiment.data);
        data == Some(&run.experiment.data)
    };
    let groups = collection.groups.iter().filter_map(|group| {
        Some((group.name(), group.runs(collection).filter(own).find(attacked)?))
    });
    let (names, runs): (Vec<String>, Vec<&Run>) = groups.take(MODELS).unzip();
    let images = subject.split.images();
    let Some(image) = most_fooled(&runs).filter(|image| *image < images.len()) else {
        return Ok(None);
    };
    let all = runs.iter().flat_map(|run| run.attacks.iter().map(|attack| attack.name.as_str()));
    let mut attacks: Vec<&str> = Vec::new();
    all.for_each(|name| {
        if !attacks.contains(&name) {
            attacks.push(name);
        }
    });
    if attacks.len() < 2 && runs.len() < 2 {
        return Ok(None);
    }
    let clean: Vec<f64> = subject.encoding.encode(images, &[image])?;
    let mut sheet = Sheet::new(images.shape());
    for run in &runs {
        let found = of_image(run, image);
        let picture = |name: &&str| match found.get(name) {
            Some(pixels) if pixels.len() == clean.len() => shades(pixels, subject.encoding),
            // Nothing: as the paper around it.
            _ => vec![1.0; clean.len()],
        };
        let clean = std::iter::once(shades(&clean, subject.encoding));
        sheet.row(clean.chain(attacks.iter().map(picture)));
    }
    Ok(Some(Figure {
        name: "one-image-all-attacks".into(),
        caption: format!(
            "Test image {image}, a {}: clean, and attacked by {} (nothing: not fooled, or not kept). Rows: \
             {}.",
            subject.split.labels()[image],
            attacks.join(", "),
            names.join("; ")
        ),
        content: Content::Sheet(sheet.png()?),
        data: None,
    }))
}
