//! The keys of `[data]`.

use crate::keys::key::{Key, key};
use crate::keys::values::{Values, number, two_whole, whole};

/// `[data]`.
pub(super) const DATA: &[Key] = &[
    key("source", Values::Text("`mnist14`, which is built in, or the path of a folder or file, from the folder of the TOML file; `~/` is the user's own folder"), r#"`"mnist14"`"#)
        .means("the data: [IDX files, CIFAR-10, .npz, .npy or .csv](#data-of-your-own)"),
    key("offset", number().between(-1e12, 1e12), "measured")
        .means("of arrays: what stands for a pixel without foreground; 0 if only `scale` is given"),
    key("scale", number().above(0.0).at_most(1e12), "measured")
        .means("of arrays: the distance from there to full foreground; 1 if only `offset` is given. Of images that are bytes, the byte of full foreground"),
    key("size", two_whole().between(1.0, 4096.0), "those of the source")
        .means("rows and columns that images are resampled to; their product is the width $n$ of a dense network, and at least the number of classes $C$ or of components of a target"),
    key("background", number().between(-1e6, 1e6), "`0.0`")
        .means("what a pixel without foreground is as an input; linear between the two"),
    key("foreground", number().between(-1e6, 1e6), "`-1.0`")
        .means("what a pixel of full foreground is; not the same as `background`"),
    key("train", whole().at_least(1.0), "all")
        .means("how many training images are used, the first ones"),
    key("test", whole().at_least(0.0), "all")
        .means("on how many test images training is evaluated, the first ones; what is measured afterwards has an `images` of its own"),
    key("validation", whole().at_least(0.0), "`0`")
        .means("how many of the training images are held out for validation, chosen by the seed; fewer than there are"),
];
