//! Turns what the deserialiser complains about into what a user can act on.

use snode_ode::Activation;

use super::Experiment;

/// What is wrong, the offending word, and the words allowed in its place.
pub(super) struct Complaint<'a> {
    what: &'static str,
    found: &'a str,
    pub allowed: Vec<&'a str>,
}

/// The deserialiser's message, said in terms of the file: with all names allowed and the nearest
/// spelling for a name that is not, and with types as TOML calls them.
pub fn explain(message: &str) -> String {
    // The deserialiser may add lines on where it was; the caller says that better.
    let message = message.lines().next().unwrap_or(message).trim_end();
    let Some(Complaint { what, found, mut allowed }) = complaint(message) else {
        return in_toml_terms(message);
    };
    // Keys of a file that are none of the experiment's.
    if what == UNKNOWN_KEY && allowed.contains(&"network") {
        allowed.extend(FILE_KEYS);
    }
    if what == UNKNOWN_KEY
        && let Some(table) = home_of(found)
    {
        return format!(
            "{what} `{found}`; it belongs {table}. Allowed here: {}",
            allowed.join(", ")
        );
    }
    with_suggestion(what, found, &allowed)
}

const UNKNOWN_KEY: &str = "unknown key";
/// What a file may say beside the keys of an experiment.
pub(super) const FILE_KEYS: [&str; 5] = ["base", "cases", "grid", "seeds", "exclude"];

/// Where a key would have been right: the schema knows.
fn home_of(key: &str) -> Option<String> {
    // Names that would need quotes are no keys of the schema.
    if !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return None;
    }
    let is_known = |text: String| match toml::from_str::<Experiment>(&text) {
        Ok(_) => true,
        Err(error) => !error.message().starts_with("unknown field"),
    };
    if is_known(format!("{key} = 0")) {
        return Some("before the first [table]".into());
    }
    let tables = toml::Table::try_from(Experiment::default()).unwrap_or_default();
    tables
        .iter()
        .filter(|(_, value)| value.is_table())
        .find(|(table, _)| is_known(format!("[{table}]\n{key} = 0")))
        .map(|(table, _)| format!("to [{table}]"))
}

/// `what` about `found`, the nearest of `allowed`, and all of them.
pub fn with_suggestion(what: &str, found: &str, allowed: &[&str]) -> String {
    let mut text = format!("{what} `{found}`");
    if let Some(nearest) = nearest(found, allowed) {
        text.push_str(&format!("; did you mean `{nearest}`?"));
        text.push_str(" Allowed: ");
    } else {
        text.push_str("; allowed: ");
    }
    text.push_str(&allowed.join(", "));
    text
}

/// The word closest to `found`, if any is close.
pub fn nearest<'a>(found: &str, allowed: &[&'a str]) -> Option<&'a str> {
    let bare = |word: &str| word.split('(').next().unwrap_or(word).to_lowercase();
    let found = bare(found).replace([' ', '_'], "-");
    let score = |word: &&str| strsim::jaro_winkler(&found, &bare(word).replace('_', "-"));
    let best = allowed.iter().copied().max_by(|a, b| score(a).total_cmp(&score(b)))?;
    (score(&best) > 0.75).then_some(best)
}

pub(super) fn complaint(message: &str) -> Option<Complaint<'_>> {
    for (start, what) in [("unknown field ", UNKNOWN_KEY), ("unknown variant ", "unknown name")] {
        if let Some(rest) = message.strip_prefix(start) {
            // `found`, expected one of `a`, `b`
            let mut words = rest.split('`').skip(1).step_by(2);
            let found = words.next()?;
            return Some(Complaint { what, found, allowed: words.collect() });
        }
    }
    let rest = message.strip_prefix("no activation is called `")?;
    let found = rest.split('`').next()?;
    Some(Complaint { what: "unknown activation", found, allowed: Activation::NAMES.to_vec() })
}

/// Types by the names a user of TOML knows.
fn in_toml_terms(message: &str) -> String {
    if message == "wanted string or table" {
        return "found something else than a text; allowed: a name in quotes".into();
    }
    let Some((found, expected)) = message.rsplit_once(", expected ") else {
        return message.to_owned();
    };
    let expected = match expected {
        "usize" | "u64" | "u32" => "a whole number ≥ 0",
        "f64" => "a number",
        "a string" | "string" => "a text in quotes",
        "an array of length 2" | "a sequence" => "two numbers in brackets, as [14, 14]",
        "a boolean" => "true or false",
        other if other.starts_with("struct ") => "a table",
        other => other,
    };
    let found = found
        .replace("invalid type: ", "found ")
        .replace("invalid value: ", "found ")
        .replace("invalid length", "found a list of length")
        .replace(" as i128", "")
        .replace("floating point", "number");
    format!("{found}; allowed: {expected}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_recognised_and_nonsense_is_not() {
        let keys = ["epochs", "batch_size", "iterations"];
        assert_eq!(nearest("epoch", &keys), Some("epochs"));
        assert_eq!(nearest("batchsize", &keys), Some("batch_size"));
        assert_eq!(nearest("zzz", &keys), None);
        assert_eq!(nearest("elu(", &Activation::NAMES), Some("elu(1)"));
        assert_eq!(nearest("Fletcher Reeves", &["fletcher-reeves"]), Some("fletcher-reeves"));
    }

    #[test]
    fn messages_speak_of_toml() {
        let message = explain("unknown field `epoch`, expected one of `epochs`, `method`");
        assert_eq!(message, "unknown key `epoch`; did you mean `epochs`? Allowed: epochs, method");
        let message = explain("unknown field `epochs`, expected one of `seed`, `name`");
        assert_eq!(
            message,
            "unknown key `epochs`; it belongs to [training]. Allowed here: seed, name"
        );
        let message = explain("unknown field `seed`, expected one of `size`, `source`");
        assert_eq!(
            message,
            "unknown key `seed`; it belongs before the first [table]. Allowed here: size, source"
        );
        let message = explain("invalid type: string \"x\", expected usize");
        assert_eq!(message, "found string \"x\"; allowed: a whole number ≥ 0");
    }
}
