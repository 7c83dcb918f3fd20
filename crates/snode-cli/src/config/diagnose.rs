//! Turns what the deserialiser complains about into what a user can act on.

use snode_ode::Activation;

/// What is wrong, the offending word, and the words allowed in its place.
struct Complaint<'a> {
    what: &'static str,
    found: &'a str,
    allowed: Vec<&'a str>,
}

/// The deserialiser's message, said in terms of the file: with all names allowed and the nearest
/// spelling for a name that is not, and with types as TOML calls them.
pub fn explain(message: &str) -> String {
    // The deserialiser may add lines on where it was; the caller says that better.
    let message = message.lines().next().unwrap_or(message).trim_end();
    if let Some(complaint) = complaint(message) {
        return with_suggestion(complaint.what, complaint.found, &complaint.allowed);
    }
    in_toml_terms(message)
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

fn complaint(message: &str) -> Option<Complaint<'_>> {
    for (start, what) in [("unknown field ", "unknown key"), ("unknown variant ", "unknown name")] {
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
    let Some((found, expected)) = message.rsplit_once(", expected ") else {
        return message.to_owned();
    };
    let expected = match expected {
        "usize" | "u64" | "u32" => "a whole number ≥ 0",
        "f64" => "a number",
        "a string" | "string" => "a text in quotes",
        "an array of length 2" => "two numbers in brackets, as [14, 14]",
        "a boolean" => "true or false",
        other if other.starts_with("struct ") => "a table",
        other => other,
    };
    let found = found
        .replace("invalid type: ", "found ")
        .replace("invalid value: ", "found ")
        .replace("invalid length", "found a list of length")
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
        let message = explain("invalid type: string \"x\", expected usize");
        assert_eq!(message, "found string \"x\"; allowed: a whole number ≥ 0");
    }
}
