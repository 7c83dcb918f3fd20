//! The group of an attack in a run's file: what is written into it, and read back.

use snode_attack::{AttackResults, Attacked, Outcome};
use snode_store::Appendix;

use crate::error::{Error, Result};
use snode_experiment::AttackConfig;

/// What the group of an attack says.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The method and its options, as they were resolved.
    pub keys: AttackConfig,
    /// Image by image.
    pub results: AttackResults<f64>,
}

/// The group's attributes and arrays that say what was asked for, and what came out of it.
///
/// # Errors
/// If the keys cannot be written as TOML.
pub(super) fn group(
    keys: &AttackConfig,
    results: &AttackResults<f64>,
    width: usize,
) -> Result<Appendix> {
    let configuration = toml::to_string(keys).map_err(|error| Error::Results(error.to_string()))?;
    let (images, summary) = (&results.images, results.summary());
    let count = images.len();
    let each = |value: &dyn Fn(&Attacked<f64>) -> f64| images.iter().map(value).collect();
    let first = |i: &Attacked<f64>| i.first_success.map_or(f64::NAN, |steps| steps as f64);
    let adversarial =
        || images.iter().enumerate().filter_map(|(j, i)| Some((j, i.adversarial.as_ref()?)));
    let number = adversarial().count();
    let rows = adversarial().map(|(j, _)| j as f64).collect();
    let pixels = adversarial().flat_map(|(_, image)| image.iter().copied()).collect();
    Ok(Appendix::default()
        .with_attribute("method", keys.method.text())
        .with_attribute("configuration", configuration.as_str())
        .with_attribute("images", summary.attacked())
        .with_attribute("wrong_before", summary.wrong_before)
        .with_attribute("fooled", summary.fooled)
        .with_attribute("seconds", results.seconds)
        .with_array("index", &[count], (0..count).map(|j| j as f64).collect())
        .with_array("outcome", &[count], each(&|i| code(i.outcome)))
        .with_array("label", &[count], each(&|i| i.label as f64))
        .with_array("class_before", &[count], each(&|i| i.class_before as f64))
        .with_array("class_after", &[count], each(&|i| i.class_after as f64))
        .with_array("norm2", &[count], each(&|i| i.norm2))
        .with_array("norm_inf", &[count], each(&|i| i.norm_infinity))
        .with_array("iterations", &[count], each(&|i| i.iterations as f64))
        .with_array("first_success", &[count], each(&first))
        .with_array("adversarial_index", &[number], rows)
        .with_array("adversarial", &[number, width], pixels))
}

impl Recorded {
    /// Reads what such a group holds, with no more than the first `pictures` adversarial images, as they
    /// are most of it. Nothing if it is not the group of an attack that this version understands.
    pub fn read(found: &Appendix, pictures: usize) -> Option<Self> {
        let keys = toml::from_str(found.text("configuration")?).ok()?;
        let seconds = found.number("seconds")?;
        let outcomes = found.values("outcome")?;
        let each = |name: &str| found.values(name).filter(|values| values.len() == outcomes.len());
        let (label, before, after) = (each("label")?, each("class_before")?, each("class_after")?);
        let (norm2, norm_infinity) = (each("norm2")?, each("norm_inf")?);
        let (iterations, first) = (each("iterations")?, each("first_success")?);
        let image = |j: usize| {
            Some(Attacked {
                outcome: outcome(outcomes[j])?,
                label: label[j] as usize,
                class_before: before[j] as usize,
                class_after: after[j] as usize,
                norm2: norm2[j],
                norm_infinity: norm_infinity[j],
                iterations: iterations[j] as usize,
                first_success: first[j].is_finite().then_some(first[j] as usize),
                adversarial: None,
            })
        };
        let mut images = (0..outcomes.len()).map(image).collect::<Option<Vec<_>>>()?;
        let rows = found.values("adversarial_index")?;
        let adversarial = found.arrays.get("adversarial")?;
        let width = *adversarial.shape.get(1)?;
        if adversarial.shape[0] != rows.len() {
            return None;
        }
        for (row, j) in rows.iter().enumerate().take(pictures) {
            let pixels = adversarial.values.get(row * width..(row + 1) * width)?;
            images.get_mut(*j as usize)?.adversarial = Some(pixels.to_vec());
        }
        Some(Self { keys, results: AttackResults { images, seconds } })
    }
}

/// An outcome as the array `outcome` has it.
fn code(outcome: Outcome) -> f64 {
    match outcome {
        Outcome::WrongBefore => 0.0,
        Outcome::Resisted => 1.0,
        Outcome::Fooled => 2.0,
    }
}

fn outcome(code_of: f64) -> Option<Outcome> {
    [Outcome::WrongBefore, Outcome::Resisted, Outcome::Fooled]
        .into_iter()
        .find(|outcome| code(*outcome) == code_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> AttackResults<f64> {
        let image = |outcome, class_after, norm2, adversarial: Option<Vec<f64>>| Attacked {
            outcome,
            label: 3,
            class_before: if outcome == Outcome::WrongBefore { 1 } else { 3 },
            class_after,
            norm2,
            norm_infinity: norm2,
            iterations: 30,
            first_success: adversarial.is_some().then_some(7),
            adversarial,
        };
        AttackResults {
            images: vec![
                image(Outcome::WrongBefore, 1, f64::NAN, None),
                image(Outcome::Fooled, 7, 0.5, Some(vec![-0.1, -0.2])),
                image(Outcome::Resisted, 3, f64::NAN, None),
                image(Outcome::Fooled, 4, 0.25, Some(vec![-0.3, -0.4])),
            ],
            seconds: 6.0,
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let keys = AttackConfig { step: Some(0.3), ..AttackConfig::default() }.resolved();
        let written = group(&keys, &results(), 2).unwrap();
        let read = Recorded::read(&written, 10).unwrap();
        assert_eq!(read.keys, keys);
        // As text, in which NaN is NaN.
        assert_eq!(format!("{:?}", read.results), format!("{:?}", results()));
        let first = Recorded::read(&written, 1).unwrap().results.images;
        let kept: Vec<bool> = first.iter().map(|image| image.adversarial.is_some()).collect();
        assert_eq!(kept, [false, true, false, false]);
    }

    #[test]
    fn other_groups_and_damaged_ones_are_nothing() {
        assert!(Recorded::read(&Appendix::default(), 10).is_none());
        let written = || group(&AttackConfig::default(), &results(), 2).unwrap();
        let damaged = [
            written().with_array("outcome", &[4], vec![0.0, 2.0, 5.0, 2.0]),
            written().with_array("norm2", &[3], vec![0.5; 3]),
            written().with_array("adversarial_index", &[2], vec![1.0, 9.0]),
            written().with_array("adversarial_index", &[1], vec![1.0]),
            written().with_attribute("configuration", "method = \"none\"\n"),
        ];
        for found in &damaged {
            assert!(Recorded::read(found, 10).is_none());
        }
    }
}
