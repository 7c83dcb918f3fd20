//! What a user may have meant.

/// `what` about `found`, the nearest of `expected`, and all of them.
pub fn with_suggestion(what: &str, found: &str, expected: &[&str]) -> String {
    let mut text = format!("{what} `{found}`");
    if let Some(nearest) = nearest(found, expected) {
        text.push_str(&format!("; did you mean `{nearest}`? Expected one of: "));
    } else {
        text.push_str("; expected one of: ");
    }
    text.push_str(&expected.join(", "));
    text
}

/// The word closest to `found`, if any is close.
pub fn nearest<'a>(found: &str, expected: &[&'a str]) -> Option<&'a str> {
    let bare = |word: &str| word.split('(').next().unwrap_or(word).to_lowercase();
    let found = bare(found).replace([' ', '_'], "-");
    let score = |word: &&str| strsim::jaro_winkler(&found, &bare(word).replace('_', "-"));
    let best = expected.iter().copied().max_by(|a, b| score(a).total_cmp(&score(b)))?;
    (score(&best) > 0.75).then_some(best)
}

#[cfg(test)]
mod tests {
    use snode_ode::Activation;

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
}
