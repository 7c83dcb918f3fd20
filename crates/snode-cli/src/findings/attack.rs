//! What an attack did to the images of a run, as its file has it.

use snode_store::Appendix;

use super::run::{number, text, values};

/// How many adversarial images are kept.
const KEPT: usize = 10;

/// An attack on a run's network.
#[derive(Clone, Debug)]
pub struct Attack {
    /// What it is called in the experiment.
    pub name: String,
    /// The method, as `moving-target`.
    pub method: String,
    /// The length of a step, of methods that take any.
    pub step: Option<f64>,
    /// Whether steps are measured in the 2-norm.
    pub euclidean: bool,
    /// The most steps, of methods that are told.
    pub iterations: Option<f64>,
    /// How long it took for all images.
    pub seconds: Option<f64>,
    /// How many images were classified wrongly before, and left alone.
    pub wrong_before: usize,
    /// How many images were attacked.
    pub attacked: usize,
    /// ‖δ‖₂ of the smallest successful perturbation of every fooled image, in increasing order.
    pub norms: Vec<f64>,
    /// The same for every image in its place, NaN where it was not fooled.
    pub norm_of: Vec<f64>,
    /// The first fooled images.
    pub pictures: Vec<Picture>,
}

/// An image that fooled a network.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The number of the clean image.
    pub index: usize,
    /// The class it was taken for.
    pub class_after: usize,
    /// What the network was given.
    pub adversarial: Vec<f64>,
}

/// [`Attack`]'s array `outcome`.
const RESISTED: f64 = 1.0;
const FOOLED: f64 = 2.0;

impl Attack {
    /// Reads what stands in a group; nothing if it is not that of an attack.
    pub fn read(name: &str, found: &Appendix) -> Option<Self> {
        let outcome = values(found, "outcome")?;
        let norm2 = values(found, "norm2").filter(|norms| norms.len() == outcome.len())?;
        let fooled: Vec<usize> = (0..outcome.len()).filter(|&i| outcome[i] == FOOLED).collect();
        let resisted = outcome.iter().filter(|value| **value == RESISTED).count();
        let mut norms: Vec<f64> = fooled.iter().map(|&i| norm2[i]).collect();
        norms.sort_by(f64::total_cmp);
        let configuration = text(found, "configuration").unwrap_or_default();
        let configuration: toml::Table = toml::from_str(configuration).unwrap_or_default();
        let key = |name: &str| {
            let value = configuration.get(name)?;
            value.as_float().or_else(|| Some(value.as_integer()? as f64))
        };
        Some(Self {
            name: name.to_owned(),
            method: text(found, "method").unwrap_or(name).to_owned(),
            step: key("step"),
            euclidean: configuration.get("norm").is_none_or(|norm| norm.as_str() == Some("2")),
            iterations: key("iterations"),
            seconds: number(found, "seconds"),
            wrong_before: outcome.len() - resisted - fooled.len(),
            attacked: resisted + fooled.len(),
            norms,
            norm_of: (0..outcome.len())
                .map(|i| if outcome[i] == FOOLED { norm2[i] } else { f64::NAN })
                .collect(),
            pictures: pictures(found, &fooled, outcome.len()).unwrap_or_default(),
        })
    }

    /// The part of the attacked images that was fooled by a perturbation of at most this norm (S13).
    pub fn success(&self, norm: f64) -> f64 {
        self.norms.partition_point(|own| *own <= norm) as f64 / self.attacked as f64
    }

    /// The part of the attacked images that was fooled.
    pub fn susceptible(&self) -> f64 {
        self.norms.len() as f64 / self.attacked as f64
    }

    /// The mean norm of the perturbations; NaN if there are none.
    pub fn mean_norm(&self) -> f64 {
        self.norms.iter().sum::<f64>() / self.norms.len() as f64
    }

    /// The mean norms of this attack and of another on the images that both fooled; NaN if there are
    /// none.
    pub fn mean_norms_in_common(&self, other: &Self) -> (f64, f64) {
        let both = self.norm_of.iter().zip(&other.norm_of);
        let both = both.filter(|(own, other)| own.is_finite() && other.is_finite());
        let (mut count, mut sums) = (0.0, (0.0, 0.0));
        for (own, other) in both {
            count += 1.0;
            sums = (sums.0 + own, sums.1 + other);
        }
        (sums.0 / count, sums.1 / count)
    }

    /// The largest norm of the perturbations; NaN if there are none.
    pub fn most_norm(&self) -> f64 {
        self.norms.last().copied().unwrap_or(f64::NAN)
    }

    /// Seconds for each attacked image.
    pub fn seconds_per_image(&self) -> Option<f64> {
        self.seconds.map(|seconds| seconds / self.attacked as f64)
    }
}

/// The first fooled images. Rows are those that `adversarial_index` says, or one for every image, or
/// one for every fooled image.
fn pictures(found: &Appendix, fooled: &[usize], images: usize) -> Option<Vec<Picture>> {
    let array = found.arrays.get("adversarial")?;
    let [rows, width] = array.shape[..] else {
        return None;
    };
    if rows == 0 || rows != images && rows != fooled.len() {
        return None;
    }
    let index = values(found, "index").unwrap_or_default();
    let of_row = values(found, "adversarial_index").unwrap_or_default();
    let class_after = values(found, "class_after").filter(|classes| classes.len() == images)?;
    let picture = |(number, &image): (usize, &usize)| {
        let in_place = of_row.iter().position(|of| *of == image as f64);
        let row = in_place.unwrap_or(if rows == images { image } else { number }).min(rows - 1);
        Picture {
            index: index.get(image).map_or(image, |index| *index as usize),
            class_after: class_after[image] as usize,
            adversarial: array.values[row * width..(row + 1) * width].to_vec(),
        }
    };
    Some(fooled.iter().enumerate().take(KEPT).map(picture).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_leave_out_what_was_wrong_before() {
        let found = Appendix::default()
            .with_attribute("method", "pgd")
            .with_attribute("seconds", 6.0)
            .with_attribute("configuration", "step = 0.3\niterations = 30\n")
            .with_array("outcome", &[4], vec![0.0, 2.0, 1.0, 2.0])
            .with_array("norm2", &[4], vec![f64::NAN, 0.5, f64::NAN, 0.25])
            .with_array("class_after", &[4], vec![1.0, 7.0, 3.0, 4.0])
            .with_array("adversarial", &[2, 1], vec![-0.1, -0.2]);
        let attack = Attack::read("pgd-large", &found).unwrap();
        assert_eq!((attack.wrong_before, attack.attacked), (1, 3));
        assert_eq!(attack.seconds_per_image(), Some(2.0));
        assert_eq!((attack.step, attack.iterations), (Some(0.3), Some(30.0)));
        let at = [0.1, 0.25, 0.4, 1.0].map(|norm| attack.success(norm) * 3.0);
        assert_eq!(at, [0.0, 1.0, 1.0, 2.0]);
        assert_eq!((attack.mean_norm(), attack.most_norm()), (0.375, 0.5));
        let pictures = |found: &Appendix| {
            let attack = Attack::read("a", found).unwrap();
            let of = |p: &Picture| (p.index, p.class_after, p.adversarial[0]);
            attack.pictures.iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!(pictures(&found), [(1, 7, -0.1), (3, 4, -0.2)]);
        let all = found.with_array("adversarial", &[4, 1], vec![0.0, -0.1, 0.0, -0.2]).with_array(
            "index",
            &[4],
            vec![10.0, 11.0, 12.0, 13.0],
        );
        assert_eq!(pictures(&all), [(11, 7, -0.1), (13, 4, -0.2)]);
        let turned = all.with_array("adversarial", &[2, 1], vec![-0.2, -0.1]).with_array(
            "adversarial_index",
            &[2],
            vec![3.0, 1.0],
        );
        assert_eq!(pictures(&turned), [(11, 7, -0.1), (13, 4, -0.2)]);
        assert!(Attack::read("none", &Appendix::default()).is_none());
    }
}
