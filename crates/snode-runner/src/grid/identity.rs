//! What a cell trains, as a number: cells of one identity have one network.

use sha2::{Digest, Sha256};

use snode_experiment::images::KNOWN;
use snode_experiment::{Experiment, computation};

/// How many digits of an identity name the files of a cell.
pub const SHORT: usize = 12;

/// The identity of a resolved experiment on images of this fingerprint, as 64 hexadecimal digits.
///
/// It is a hash of every key that determines the trained network: its extent too, but neither name,
/// threads and output, nor what is measured afterwards. The images are known by their fingerprint, and
/// not by the folder they are in, which may be moved.
pub fn identity(experiment: &Experiment, fingerprint: &str) -> String {
    let mut table = computation(experiment);
    if !KNOWN.iter().any(|known| known.name == experiment.data.source)
        && let Some(data) = table.get_mut("data").and_then(toml::Value::as_table_mut)
    {
        data.remove("source");
    }
    // Keys in the order of the alphabet; what is resolved always can be serialised.
    let keys = serde_json::to_string(&table).unwrap_or_default();
    let mut hash = Sha256::new();
    hash.update(b"snode cell 1\n");
    hash.update(keys.as_bytes());
    hash.update(b"\n");
    hash.update(fingerprint.as_bytes());
    let digits = hash.finalize();
    digits.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_the_network_changes_the_identity() {
        let first = Experiment::default();
        let base = identity(&first, "images");
        assert_eq!(base.len(), 64);
        assert_eq!(base, identity(&first, "images"));
        assert_ne!(base, identity(&first, "other images"));
        let mut same = first.clone();
        same.name = Some("other".into());
        same.threads = Some(3);
        same.output.directory = "elsewhere".into();
        same.training.checkpoint_every = 1.0;
        same.analysis.noise = Some(snode_experiment::NoiseConfig::default());
        assert_eq!(base, identity(&same, "images"));
        let mut folder = first.clone();
        folder.data.source = "/somewhere/digits".into();
        let in_a_folder = identity(&folder, "images");
        folder.data.source = "/moved/to/digits".into();
        assert_eq!(in_a_folder, identity(&folder, "images"));
        assert_ne!(in_a_folder, identity(&folder, "other images"));
        let mut longer = first.clone();
        longer.training.epochs = 2;
        assert_ne!(base, identity(&longer, "images"));
        let mut other = first;
        other.seed = 2;
        assert_ne!(base, identity(&other, "images"));
    }
}
