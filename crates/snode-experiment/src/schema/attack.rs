//! `[[attack]]`: attacks on the trained network. The keys are the options of `snode attack` too.

#[cfg(feature = "clap")]
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::{Deserialize, Serialize};
use snode_attack::{
    Attack, AttackOptions, AutoPgd, Bounds, CarliniWagner, DeepFool, FastGradient, Loss, Margin,
    MovingTarget, Norm, ProjectedGradient, Target, Targeted,
};

use super::list::Element;
use super::scheme::SchemeName;
use crate::number::Number;
#[cfg(feature = "clap")]
use crate::numbers::{count, real, whole};

/// An item of `[[attack]]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[serde(deny_unknown_fields, default)]
pub struct AttackConfig {
    /// What its results are called; the method if not given.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The method.
    #[cfg_attr(feature = "clap", arg(long, value_enum, value_name = "METHOD", default_value_t))]
    pub method: AttackMethod,
    /// How many of the images, from the first on; all if not given.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", value_parser = count))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<usize>,
    /// How many steps at most (with targeted for each target, with pgd from each start, with
    /// carlini-wagner for each constant, with apgd from each start).
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", value_parser = whole))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iterations: Option<usize>,
    /// Length of a step, in the 2-norm or, for pgd, in its norm.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", value_parser = real))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
    /// Multiplicative margin κ: κ times the target's output must reach the class's own.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", conflicts_with = "margin", value_parser = real))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kappa: Option<f64>,
    /// Additive margin, in place of κ: the target's output must exceed the class's own by it.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", value_parser = real))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Targeted: the class to lead images to; every other class in turn if not given.
    #[cfg_attr(feature = "clap", arg(long, value_name = "CLASS", value_parser = whole))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<usize>,
    /// Fgsm, pgd, apgd: the norm of steps and perturbations.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NORM", value_parser = norm_values()))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub norm: Option<Norm>,
    /// Fgsm, pgd, apgd: ε, the largest perturbation.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", value_parser = real))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radius: Option<f64>,
    /// Pgd, apgd: begin at a random point within the radius; apgd on its surface.
    #[cfg_attr(feature = "clap", arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random_start: Option<bool>,
    /// Pgd, apgd: how often to begin anew, keeping the best.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", value_parser = whole))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restarts: Option<usize>,
    /// Pgd, apgd: the loss that is made larger.
    #[cfg_attr(feature = "clap", arg(long, value_name = "LOSS", value_parser = loss_values()))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<Loss>,
    /// Deepfool: by how much it goes too far, as a part of the way.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", value_parser = real))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overshoot: Option<f64>,
    /// Carlini-wagner: how many constants c are searched through.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", value_parser = whole))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searches: Option<usize>,
    /// Carlini-wagner: the learning rate of Adam.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", value_parser = real))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Carlini-wagner: the first constant c.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", value_parser = real))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constant: Option<f64>,
    /// Carlini-wagner: by how much the other class must win.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", value_parser = real))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// Be done with an image at its first success; else the attack goes on to its limit and the
    /// smallest perturbation is kept.
    #[cfg_attr(feature = "clap", arg(long))]
    pub stop_on_success: bool,
    /// How often the way to an adversarial image is halved afterwards, for a smaller perturbation.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", default_value_t = 0, value_parser = whole))]
    pub refinements: usize,
    /// At which ε, in the attack's own norm, the accuracy that is left is told; not beyond the
    /// radius, if there is one. If not given: the radius, or 0.25 and 0.5 in the 2-norm, 0.1 and 0.3
    /// in the ∞-norm.
    #[cfg_attr(feature = "clap", arg(long, value_delimiter = ',', value_name = "NUMBERS", value_parser = real))]
    #[serde(deserialize_with = "super::list::some_list", skip_serializing_if = "Option::is_none")]
    pub epsilons: Option<Vec<f64>>,
    /// How many images are attacked at once.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", value_parser = count))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<usize>,
    /// The scheme that solves the network; the one it was trained under if not given.
    #[cfg_attr(feature = "clap", arg(long, value_enum, value_name = "SCHEME"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<SchemeName>,
    /// Relative and absolute tolerance of an adaptive scheme, in place of the run's.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", value_parser = real))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
}

/// The values of an option that is a norm.
#[cfg(feature = "clap")]
fn norm_values() -> impl TypedValueParser<Value = Norm> {
    let named = |text: String| Norm::ALL.into_iter().find(|norm| norm.name() == text);
    PossibleValuesParser::new(Norm::ALL.map(Norm::name)).map(move |t| named(t).unwrap_or_default())
}

/// The values of an option that is a loss.
#[cfg(feature = "clap")]
fn loss_values() -> impl TypedValueParser<Value = Loss> {
    let named = |text: String| Loss::ALL.into_iter().find(|loss| loss.name() == text);
    PossibleValuesParser::new(Loss::ALL.map(Loss::name)).map(move |t| named(t).unwrap_or_default())
}

impl Element<'_> for AttackConfig {
    const LIST: &'static str = "a list of tables, each with double brackets: [[attack]]";
}

/// A method of attack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum AttackMethod {
    /// Steps towards whichever class is closest, chosen anew at every step.
    #[default]
    MovingTarget,
    /// Steps towards one class.
    Targeted,
    /// One step along the gradient of the cross-entropy.
    Fgsm,
    /// Steps along the gradient of the cross-entropy, projected onto a ball.
    Pgd,
    /// The same with momentum and step lengths of their own: that of AutoAttack.
    Apgd,
    /// Least perturbation plus a penalty, by Adam, with a search over the penalty.
    CarliniWagner,
    /// Newton-like steps onto the closest boundary.
    Deepfool,
}

impl AttackMethod {
    /// All methods.
    pub const ALL: [Self; 7] = [
        Self::MovingTarget,
        Self::Targeted,
        Self::Fgsm,
        Self::Pgd,
        Self::Apgd,
        Self::CarliniWagner,
        Self::Deepfool,
    ];

    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::MovingTarget => "moving-target",
            Self::Targeted => "targeted",
            Self::Fgsm => "fgsm",
            Self::Pgd => "pgd",
            Self::Apgd => "apgd",
            Self::CarliniWagner => "carlini-wagner",
            Self::Deepfool => "deepfool",
        }
    }
}

impl AttackConfig {
    /// What its results are called.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.method.text())
    }

    /// The norm in which its perturbations are bounded, or kept small.
    pub fn own_norm(&self) -> Norm {
        self.method::<f64>().norm()
    }

    /// The radius that its perturbations never exceed, if there is one.
    pub(crate) fn bound(&self) -> Option<f64> {
        match self.method {
            AttackMethod::Fgsm => Some(self.fast_gradient().radius),
            AttackMethod::Pgd => self.projected_gradient().radius,
            AttackMethod::Apgd => Some(self.auto_pgd().radius),
            _ => None,
        }
    }

    /// At which ε of its own norm the accuracy that is left is told.
    pub fn epsilons(&self) -> Vec<f64> {
        match (&self.epsilons, self.bound(), self.own_norm()) {
            (Some(epsilons), ..) => epsilons.clone(),
            (None, Some(radius), _) => vec![radius],
            (None, None, Norm::Two) => vec![0.25, 0.5],
            (None, None, Norm::Infinity) => vec![0.1, 0.3],
        }
    }

    /// The method with its options.
    pub fn method<T: Number>(&self) -> Box<dyn Attack<T>> {
        match self.method {
            AttackMethod::MovingTarget => Box::new(self.moving_target()),
            AttackMethod::Targeted => Box::new(self.targeted()),
            AttackMethod::Fgsm => Box::new(self.fast_gradient()),
            AttackMethod::Pgd => Box::new(self.projected_gradient()),
            AttackMethod::Apgd => Box::new(self.auto_pgd()),
            AttackMethod::CarliniWagner => Box::new(self.carlini_wagner()),
            AttackMethod::Deepfool => Box::new(self.deepfool()),
        }
    }

    /// What does not depend on the method.
    pub fn options(&self, bounds: Bounds, seed: u64) -> AttackOptions {
        let default = AttackOptions::default();
        AttackOptions {
            bounds,
            batch: self.batch.unwrap_or(default.batch),
            stop_on_success: self.stop_on_success,
            refinements: self.refinements,
            seed,
        }
    }

    fn margin(&self) -> Margin {
        match (self.kappa, self.margin) {
            (_, Some(m)) => Margin::Additive(m),
            (Some(kappa), None) => Margin::Multiplicative(kappa),
            (None, None) => Margin::default(),
        }
    }

    fn moving_target(&self) -> MovingTarget {
        let default = MovingTarget::default();
        MovingTarget {
            step: self.step.unwrap_or(default.step),
            iterations: self.iterations.unwrap_or(default.iterations),
            margin: self.margin(),
        }
    }

    fn targeted(&self) -> Targeted {
        let default = Targeted::default();
        Targeted {
            target: self.target.map_or(Target::Every, Target::Class),
            step: self.step.unwrap_or(default.step),
            iterations: self.iterations.unwrap_or(default.iterations),
            margin: self.margin(),
        }
    }

    fn fast_gradient(&self) -> FastGradient {
        let default = FastGradient::default();
        FastGradient {
            norm: self.norm.unwrap_or(default.norm),
            radius: self.radius.unwrap_or(default.radius),
        }
    }

    fn projected_gradient(&self) -> ProjectedGradient {
        let default = ProjectedGradient::default();
        ProjectedGradient {
            norm: self.norm.unwrap_or(default.norm),
            radius: self.radius.or(default.radius),
            step: self.step.unwrap_or(default.step),
            iterations: self.iterations.unwrap_or(default.iterations),
            random_start: self.random_start.unwrap_or(default.random_start),
            restarts: self.restarts.unwrap_or(default.restarts),
            loss: self.loss.unwrap_or(default.loss),
        }
    }

    fn auto_pgd(&self) -> AutoPgd {
        let default = AutoPgd::default();
        AutoPgd {
            norm: self.norm.unwrap_or(default.norm),
            radius: self.radius.unwrap_or(default.radius),
            iterations: self.iterations.unwrap_or(default.iterations),
            loss: self.loss.unwrap_or(default.loss),
            random_start: self.random_start.unwrap_or(default.random_start),
            restarts: self.restarts.unwrap_or(default.restarts),
        }
    }

    fn carlini_wagner(&self) -> CarliniWagner {
        let default = CarliniWagner::default();
        CarliniWagner {
            searches: self.searches.unwrap_or(default.searches),
            iterations: self.iterations.unwrap_or(default.iterations),
            learning_rate: self.learning_rate.unwrap_or(default.learning_rate),
            constant: self.constant.unwrap_or(default.constant),
            confidence: self.confidence.unwrap_or(default.confidence),
        }
    }

    fn deepfool(&self) -> DeepFool {
        let default = DeepFool::default();
        DeepFool {
            overshoot: self.overshoot.unwrap_or(default.overshoot),
            iterations: self.iterations.unwrap_or(default.iterations),
        }
    }

    /// The same with every default in place, but for those that follow from the run.
    #[must_use]
    pub fn resolved(&self) -> Self {
        let mut keys = self.clone();
        keys.name = Some(self.name().to_owned());
        keys.batch = Some(self.batch.unwrap_or(AttackOptions::default().batch));
        let margin = |keys: &mut Self| match self.margin() {
            Margin::Multiplicative(kappa) => keys.kappa = Some(kappa),
            Margin::Additive(m) => keys.margin = Some(m),
        };
        match self.method {
            AttackMethod::MovingTarget => {
                let MovingTarget { step, iterations, .. } = self.moving_target();
                (keys.step, keys.iterations) = (Some(step), Some(iterations));
                margin(&mut keys);
            }
            AttackMethod::Targeted => {
                let Targeted { step, iterations, .. } = self.targeted();
                (keys.step, keys.iterations) = (Some(step), Some(iterations));
                margin(&mut keys);
            }
            AttackMethod::Fgsm => {
                let FastGradient { norm, radius } = self.fast_gradient();
                (keys.norm, keys.radius) = (Some(norm), Some(radius));
            }
            AttackMethod::Pgd => {
                let options = self.projected_gradient();
                keys.norm = Some(options.norm);
                (keys.step, keys.iterations) = (Some(options.step), Some(options.iterations));
                keys.random_start = Some(options.random_start);
                keys.restarts = Some(options.restarts);
                keys.loss = Some(options.loss);
            }
            AttackMethod::Apgd => {
                let options = self.auto_pgd();
                keys.norm = Some(options.norm);
                (keys.radius, keys.iterations) = (Some(options.radius), Some(options.iterations));
                keys.random_start = Some(options.random_start);
                keys.restarts = Some(options.restarts);
                keys.loss = Some(options.loss);
            }
            AttackMethod::CarliniWagner => {
                let options = self.carlini_wagner();
                keys.searches = Some(options.searches);
                keys.iterations = Some(options.iterations);
                keys.learning_rate = Some(options.learning_rate);
                keys.constant = Some(options.constant);
                keys.confidence = Some(options.confidence);
            }
            AttackMethod::Deepfool => {
                let DeepFool { overshoot, iterations } = self.deepfool();
                (keys.overshoot, keys.iterations) = (Some(overshoot), Some(iterations));
            }
        }
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolving_changes_nothing_in_what_is_done() {
        for method in AttackMethod::ALL {
            let keys = AttackConfig { method, ..Default::default() };
            let resolved = keys.resolved();
            assert_eq!(resolved.check(Some(10)), Ok(()));
            assert_eq!(resolved.resolved(), resolved);
            assert_eq!(resolved.method::<f64>().name(), method.text());
            assert_eq!(resolved.name(), method.text());
        }
    }
}
