//! The keys before the first table, and those of `[output]`.

use crate::keys::key::{Key, key};
use crate::keys::values::{Values, whole};

/// Before the first table.
pub(super) const GENERAL: &[Key] = &[
    key("name", Values::Text("1 to 128 letters, digits, spaces and `-` `_` `.` `+` `=`; neither a space at its ends nor `.` first"), "the name of the file without its ending")
        .means("names the files of results, `NAME.h5`"),
    key("seed", whole().at_least(0.0), "`1`")
        .means("determines everything random: initial parameters, the order of mini-batches, the validation split, noise"),
    key("precision", Values::Word, r#"`"f64"`"#)
        .means("the number type of everything; single precision takes half the time"),
    key("threads", whole().between(1.0, 1024.0), "all there are")
        .means("how many threads compute, if `--threads` does not say it; results have the same bits for any number. [The environment](#threads) may limit what there is"),
    key("device", Values::Word, "the CPU")
        .means("what computes under Euler's scheme, if `--device` does not say it; results have the same bits on each. [gpu.md](gpu.md) tells what each needs"),
];

/// `[output]`.
pub(super) const OUTPUT: &[Key] = &[key("directory", Values::Text(""), r#"`"results"`"#).means(
    "the folder for results, from the folder that snode is run in; `--output` says it otherwise",
)];
