//! What a grid's manifest says of a cell that is not there.

use serde_json::Value;

use crate::config::{Experiment, GRID_KEYS, merge};
use crate::grid::CASE;
use crate::grid::manifest::{Manifest, value_text};

/// The experiment of the cell with this label, without the values that follow from others; nothing if
/// the texts of the manifest are not those of this version.
pub(super) fn experiment(manifest: &Manifest, label: &[(String, Value)]) -> Option<Experiment> {
    let mut table = toml::Table::new();
    // From the farthest base to the file itself.
    for file in manifest.files.iter().rev() {
        merge(&mut table, toml::from_str(&file.text).ok()?);
    }
    let case = label.iter().find(|(key, _)| key == CASE).map(|(_, value)| value_text(value));
    let cases = table.get("cases").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    table.retain(|key, _| key != "base" && !GRID_KEYS.contains(&key));
    let name =
        |case: &toml::Table| case.get("name").and_then(|name| name.as_str().map(str::to_owned));
    let keys = cases
        .into_iter()
        .filter_map(|case| case.as_table().cloned())
        .find(|keys| case.is_some() && name(keys) == case);
    if let Some(mut keys) = keys {
        keys.remove("name");
        merge(&mut table, keys);
    }
    for text in &manifest.overrides {
        if let Some((key, value)) = text.split_once('=')
            && key.trim() != "seeds"
        {
            let value = toml::from_str::<toml::Table>(&format!("value = {value}"));
            let value = value.ok().and_then(|mut table| table.remove("value"));
            let value = value.unwrap_or_else(|| toml::Value::String(value_of(text)));
            merge(&mut table, nested(key.trim(), value));
        }
    }
    for (key, value) in label.iter().filter(|(key, _)| key != CASE) {
        merge(&mut table, nested(key, toml::Value::try_from(value).ok()?));
    }
    toml::Value::Table(table).try_into().ok()
}

fn value_of(text: &str) -> String {
    text.split_once('=').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

/// A table with one key, `outer.inner`.
fn nested(key: &str, value: toml::Value) -> toml::Table {
    let mut parts = key.rsplit('.');
    let last = parts.next().unwrap_or(key).to_owned();
    let innermost = toml::Table::from_iter([(last, value)]);
    parts.fold(innermost, |table, part| {
        toml::Table::from_iter([(part.to_owned(), toml::Value::Table(table))])
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{Method, SpaceName};
    use crate::grid::manifest::SourceFile;

    #[test]
    fn a_cell_is_what_its_grid_says() {
        let file = |text: &str| SourceFile { path: "x.toml".into(), text: text.into() };
        let base = "seeds = 5\ntraining.epochs = 10\n[[cases]]\nname = \"A\"\n\
                    [[cases]]\nname = \"B\"\ntraining.space = \"h1\"\ncost.mu4 = 0.5\n\
                    [grid]\nnetwork.layers = [10, 20]\n";
        let own = "base = \"b.toml\"\n[analysis.noise]\nimages = 7\n";
        let overrides = vec!["training.epochs=2".to_owned(), "seeds=3".into(), "name=n".into()];
        let manifest = Manifest::new("g", vec![file(own), file(base)], overrides, vec![]);
        let label = [
            ("case".to_owned(), json!("B")),
            ("network.layers".into(), json!(20)),
            ("seed".into(), json!(3)),
        ];
        let found = experiment(&manifest, &label).unwrap();
        assert_eq!((found.seed, found.network.layers, found.training.epochs), (3, 20, 2));
        assert_eq!(
            (found.training.method, found.training.space),
            (Method::Ncg, Some(SpaceName::H1))
        );
        assert_eq!((found.cost.mu4, found.name.as_deref()), (Some(0.5), Some("n")));
        assert_eq!(found.analysis.noise.unwrap().images, 7);
    }
}
