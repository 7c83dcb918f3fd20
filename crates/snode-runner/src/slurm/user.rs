//! What a user of a cluster wants of every submission.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Result};

/// The options of `[submit]` in the user's own file, which an experiment must not know: they say who
/// trains it where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UserOptions {
    /// The account that pays.
    pub account: Option<String>,
    /// The partition of the cluster.
    pub partition: Option<String>,
    /// The quality of service.
    pub qos: Option<String>,
}

/// All of the user's file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct UserFile {
    submit: UserOptions,
}

impl UserOptions {
    /// Where the user's file is: `snode/config.toml` in `$XDG_CONFIG_HOME`, or else in `~/.config`.
    pub fn path() -> Option<PathBuf> {
        let folder = |variable: &str| {
            std::env::var_os(variable).map(PathBuf::from).filter(|folder| folder.is_absolute())
        };
        let config = folder("XDG_CONFIG_HOME");
        let config = config.or_else(|| folder("HOME").map(|home| home.join(".config")));
        config.map(|config| config.join("snode").join("config.toml"))
    }

    /// Reads the user's file; no options if there is none.
    ///
    /// # Errors
    /// If it cannot be read or says something else.
    pub fn read(path: &Path) -> Result<Self> {
        const LIMIT: u64 = 1 << 20;
        let text = match snode_files::read_text(path, LIMIT) {
            Err(snode_files::FileError::NotFound { .. }) => return Ok(Self::default()),
            text => text?,
        };
        let refused = |error: toml::de::Error| {
            let problem = error.message().to_owned();
            let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
            Error::Refused(format!(
                "{}:{line}: {problem}; expected [submit] with account, partition or qos",
                path.display()
            ))
        };
        Ok(toml::from_str::<UserFile>(&text).map_err(refused)?.submit)
    }

    /// As options of `sbatch`.
    pub fn options(&self) -> Vec<String> {
        let named =
            [("account", &self.account), ("partition", &self.partition), ("qos", &self.qos)];
        let option = |(name, value): (&str, &Option<String>)| {
            value.as_ref().map(|value| format!("--{name}={value}"))
        };
        named.into_iter().filter_map(option).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_file_names_account_partition_and_qos() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        assert_eq!(UserOptions::read(&path).unwrap(), UserOptions::default());
        std::fs::write(&path, "[submit]\naccount = \"a1\"\nqos = \"low\"\n").unwrap();
        let options = UserOptions::read(&path).unwrap().options();
        assert_eq!(options, ["--account=a1", "--qos=low"]);
        std::fs::write(&path, "[submit]\npartitions = \"a\"\n").unwrap();
        let error = UserOptions::read(&path).unwrap_err().to_string();
        assert!(error.contains("config.toml:2") && error.contains("partitions"), "{error}");
    }
}
