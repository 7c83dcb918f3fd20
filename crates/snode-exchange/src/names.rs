//! How the tensors of single layers are called.

use std::str::FromStr;

/// The names of tensors that hold one layer each: a pattern with `{}` for the layer's number.
/// `layers.{}` means `layers.0.weight`, `layers.0.bias`, `layers.1.weight` and so on, as in a
/// PyTorch `ModuleList` of `Linear` modules.
///
/// ```
/// use snode_exchange::LayerNames;
/// let names: LayerNames = "blocks.{}.linear".parse()?;
/// assert_eq!(names.weight(3), "blocks.3.linear.weight");
/// assert_eq!(names.layer_of_weight("blocks.12.linear.weight"), Some(12));
/// # Ok::<(), snode_exchange::NoPattern>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerNames {
    before: String,
    after: String,
}

/// A text that is no pattern of names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no pattern of names; it must have {{}} once, in the place of the number")]
#[non_exhaustive]
pub struct NoPattern {
    /// The text.
    pub found: String,
}

impl FromStr for LayerNames {
    type Err = NoPattern;

    fn from_str(text: &str) -> Result<Self, NoPattern> {
        match text.split_once("{}") {
            Some((before, after)) if !after.contains("{}") => {
                Ok(Self { before: before.into(), after: after.into() })
            }
            _ => Err(NoPattern { found: text.into() }),
        }
    }
}

impl LayerNames {
    /// What the weights of a layer are called.
    pub fn weight(&self, layer: usize) -> String {
        format!("{}{layer}{}.weight", self.before, self.after)
    }

    /// What the biases of a layer are called.
    pub fn bias(&self, layer: usize) -> String {
        format!("{}{layer}{}.bias", self.before, self.after)
    }

    /// The layer whose weights are called so.
    pub fn layer_of_weight(&self, name: &str) -> Option<usize> {
        let number = name.strip_prefix(self.before.as_str())?;
        let number = number.strip_suffix(".weight")?.strip_suffix(self.after.as_str())?;
        let layer = number.parse().ok()?;
        // Neither "01" nor "+1" is a name we would give.
        (self.weight(layer) == name).then_some(layer)
    }
}
