//! One image under all models and attacks side by side: the paper's Fig. 13.

use std::collections::BTreeMap;

use snode_attack::Attacked;
use snode_figures::{Picture, Sheet};
use snode_runner::Subject;

use crate::adversarial::label_picture;
use crate::error::Result;
use crate::run::Run;
use crate::shades::shades;
use crate::{Attack, Collection, Figure};

/// The most models that are shown.
const MODELS: usize = 20;

/// What an attack did to an image, if it fooled it and its pixels are kept.
fn of_image(attack: &Attack, image: usize) -> Option<(&Attacked<f64>, &[f64])> {
    let found = attack.results.images.get(image)?;
    Some((found, found.adversarial.as_deref()?))
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
    let label = subject.split.labels()[image];
    let mut sheet = Sheet::new(images.shape());
    sheet.name_columns(std::iter::once("clean").chain(attacks.iter().copied()));
    for (name, run) in names.iter().zip(&runs) {
        let picture = |wanted: &&str| {
            let attack = run.attacks.iter().find(|attack| attack.name == **wanted)?;
            let (found, pixels) = of_image(attack, image)?;
            let picture = Picture::new(shades(pixels, subject.encoding));
            (pixels.len() == clean.len())
                .then(|| label_picture(picture, found, attack.keys.own_norm()))
        };
        let clean = Picture::new(shades(&clean, subject.encoding)).with_label(label.to_string());
        let attacked = attacks.iter().map(|name| picture(name).unwrap_or_default());
        sheet.row(name, std::iter::once(clean).chain(attacked));
    }
    Ok(Some(Figure {
        name: "one-image-all-attacks".into(),
        caption: format!(
            "Test image {image} of class {label}: clean, and attacked, with the class it is taken for \
             and the norm of the perturbation. The first attacked run of each; grey: not fooled, or \
             the image is not kept."
        ),
        svg: sheet.svg()?,
        data: None,
    }))
}
