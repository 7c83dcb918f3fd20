//! What numbers are based on: how many images, draws of noise and seeds.

use std::collections::BTreeSet;

use snode_store::Appendix;

use crate::run::Run;
use crate::{Collection, Group};
use snode_experiment::format::counts;

/// Counts of what was measured, over some runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Extent {
    images: Vec<usize>,
    draws: Vec<usize>,
    /// Those of each group.
    seeds: Vec<usize>,
}

/// How many images and draws one measurement took; nothing of what it does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub images: Option<usize>,
    pub draws: Option<usize>,
}

impl Counts {
    /// Those that stand with an analysis.
    pub fn of(found: &Appendix) -> Self {
        let count = |name: &str| found.number(name).map(|count| count as usize);
        Self { images: count("images"), draws: count("draws") }
    }

    /// Of images alone.
    pub fn images(images: usize) -> Self {
        Self { images: Some(images), draws: None }
    }

    /// Those of the evaluations at the end of training: the test images, or the inputs of a regression.
    pub fn of_tests(run: &Run) -> Option<Self> {
        let images = run.test_images().or_else(|| run.errors().map(|(_, inputs)| inputs));
        images.map(Self::images)
    }

    /// In words: `1000 images, 5 draws`.
    pub fn text(self) -> String {
        let parts = [(self.images, "image"), (self.draws, "draw")];
        let parts = parts.into_iter().filter_map(|(number, of)| counts(number, of));
        parts.collect::<Vec<_>>().join(", ")
    }

    /// The two as cells of a table.
    pub fn cells(self) -> [String; 2] {
        [self.images, self.draws].map(|count| count.map_or_else(String::new, |n| n.to_string()))
    }
}

impl Extent {
    /// Of the runs that have what is shown, group by group.
    pub fn of(collection: &Collection, has: impl Fn(&Run) -> Option<Counts>) -> Self {
        Self::of_groups(collection, collection.groups.iter(), has)
    }

    /// The same for some of the groups.
    pub fn of_groups<'a>(
        collection: &'a Collection,
        groups: impl Iterator<Item = &'a Group>,
        has: impl Fn(&Run) -> Option<Counts>,
    ) -> Self {
        Self::of_sets(groups.map(|group| group.runs(collection).collect()), has)
    }

    /// The same for sets of runs that differ by nothing but their seed.
    pub fn of_sets<'a>(
        sets: impl Iterator<Item = Vec<&'a Run>>,
        has: impl Fn(&Run) -> Option<Counts>,
    ) -> Self {
        let mut extent = Self::default();
        for runs in sets {
            let mut seeds = BTreeSet::new();
            for run in runs {
                let Some(counts) = has(run) else { continue };
                extent.images.extend(counts.images);
                extent.draws.extend(counts.draws);
                seeds.insert(run.summary.info.seed);
            }
            if !seeds.is_empty() {
                extent.seeds.push(seeds.len());
            }
        }
        extent
    }

    /// In words: `1000 images, 5 draws, 2 seeds`.
    pub fn text(&self) -> String {
        let parts = [(&self.images, "image"), (&self.draws, "draw"), (&self.seeds, "seed")];
        let parts = parts.into_iter().filter_map(|(all, of)| counts(all.iter().copied(), of));
        parts.collect::<Vec<_>>().join(", ")
    }
}
