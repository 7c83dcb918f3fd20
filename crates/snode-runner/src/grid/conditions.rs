//! Keys of a grid that have a meaning in some of its cells only.

use std::collections::BTreeMap;

use snode_experiment::{Dropped, ExperimentFile, Setting, has_condition};

use crate::error::Result;

/// In how many combinations keys were given, and in how many they had no meaning.
#[derive(Debug, Default)]
pub struct Conditions {
    combinations: usize,
    /// Of what varies, by place and key.
    varying: BTreeMap<(String, String), usize>,
    /// Of all keys.
    dropped: BTreeMap<(String, String), (usize, Dropped)>,
}

impl Conditions {
    /// Counts one more combination.
    pub fn count(&mut self, settings: &[Setting], dropped: &[Dropped]) {
        self.combinations += 1;
        for setting in settings.iter().filter(|setting| has_condition(&setting.key)) {
            let place = (setting.place.clone(), setting.key.clone());
            *self.varying.entry(place).or_default() += 1;
        }
        for one in dropped {
            let place = (one.place.clone(), one.key.clone());
            self.dropped.entry(place).or_insert_with(|| (0, one.clone())).0 += 1;
        }
    }

    /// What is said of the keys of the file that lost their meaning by an override.
    ///
    /// # Errors
    /// [`snode_experiment::Error::Meaningless`] of another key that has a meaning in no combination.
    pub fn left_out(&self, file: &ExperimentFile) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        for (place, (count, dropped)) in &self.dropped {
            let given = self.varying.get(place);
            if *count < *given.unwrap_or(&self.combinations) {
                continue;
            }
            if given.is_some() || !file.lost_by_override(&dropped.key) {
                let condition = format!("{}, as no cell of the grid has it", dropped.condition);
                let dropped = Dropped { condition, ..dropped.clone() };
                return Err(snode_experiment::Error::from(dropped).into());
            }
            notes.push(dropped.to_string());
        }
        Ok(notes)
    }
}
