//! MNIST at 14×14 pixels, embedded in the program.
//!
//! With the Cargo feature `mnist`, `load` gives all 60,000 training and 10,000 test images without
//! any download, 5 MB in the program. Where they come from is [`PROVENANCE`], with or without the
//! feature.

/// Where embedded data comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Provenance {
    /// The name of the data set.
    pub name: &'static str,
    /// Who made it.
    pub authors: &'static str,
    /// The terms it is commonly distributed under.
    pub licence: &'static str,
    /// How the embedded data follows from the sources.
    pub derivation: &'static str,
    /// The original files: training images, training labels, test images and test labels.
    pub sources: [SourceFile; 4],
    /// The file embedded in the program.
    pub embedded: SourceFile,
}

/// A file known by its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceFile {
    /// The usual name of the file.
    pub name: &'static str,
    /// The length of the file in bytes.
    pub bytes: u64,
    /// The SHA-256 of the file in lower-case hexadecimal.
    pub sha256: &'static str,
}

/// Where the embedded images come from.
pub const PROVENANCE: Provenance = Provenance {
    name: "MNIST",
    authors: "Yann LeCun, Corinna Cortes and Christopher J. C. Burges, from NIST Special \
              Databases 1 and 3",
    licence: "commonly distributed under CC BY-SA 3.0",
    derivation: "exact sums over blocks of 2x2 pixels: 14x14 pixels of 0 to 1020, \
                 pixel (row, column) at 14 * row + column",
    sources: [
        SourceFile {
            name: "train-images-idx3-ubyte",
            bytes: 47_040_016,
            sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        },
        SourceFile {
            name: "train-labels-idx1-ubyte",
            bytes: 60_008,
            sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        },
        SourceFile {
            name: "t10k-images-idx3-ubyte",
            bytes: 7_840_016,
            sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        },
        SourceFile {
            name: "t10k-labels-idx1-ubyte",
            bytes: 10_008,
            sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
    ],
    embedded: SourceFile {
        name: "mnist14.snodepk.gz",
        bytes: 4_986_275,
        sha256: "f62136a776dc17d3d70f4d08802215e91012fb62c62b6500d35422cbbccdb7fb",
    },
};

/// The embedded file.
#[cfg(feature = "mnist")]
pub const EMBEDDED: &[u8] = include_bytes!("../data/mnist14.snodepk.gz");

/// MNIST at 14×14 pixels: 60,000 training and 10,000 test images of 10 classes.
///
/// Pixels are exact sums over 2×2 blocks of the original pixels, 0 to 1020, where 0 is background;
/// they take 27 MB. Decoding takes less than a tenth of a second on a usual machine.
///
/// # Errors
///
/// If the embedded file is damaged: its checksum is verified.
#[cfg(feature = "mnist")]
pub fn load() -> crate::Result<crate::Dataset> {
    crate::packed::unpack(EMBEDDED, PROVENANCE.name)
}
