//! What a user may have meant: a word of similar letters, or another word for the same.

/// Words of other programs and papers, with the keys and values that mean the same here. The first one
/// that is expected where the word stands is suggested.
const SYNONYMS: &[(&[&str], &[&str])] = &[
    (&["lr", "alpha", "step-size", "rate"], &["learning_rate", "step", "largest_step"]),
    (&["optimizer", "optimiser", "algorithm", "attack"], &["method"]),
    (&["weight-regularization", "l2-reg", "regularization", "reg"], &["weight_decay", "mu4"]),
    (&["wd"], &["weight_decay", "mu4"]),
    (&["bs", "batch", "minibatch"], &["batch_size"]),
    (&["num-epochs", "nepochs", "n-epochs", "passes"], &["epochs"]),
    (&["scheduler", "lr-schedule"], &["schedule"]),
    (&["patience"], &["early_stop"]),
    (&["beta", "beta1", "beta2"], &["betas"]),
    (&["rms-decay"], &["rho"]),
    (&["centered"], &["centred"]),
    (&["objective", "criterion", "cost-function"], &["loss"]),
    (&["depth", "num-layers", "blocks"], &["layers"]),
    (&["t", "t-end", "final-time"], &["horizon"]),
    (&["hidden", "hidden-size", "neurons", "units", "features"], &["width", "channels"]),
    (&["filters"], &["channels"]),
    (&["nonlinearity", "act", "sigma"], &["activation"]),
    (&["solver", "integrator", "ode-solver"], &["scheme"]),
    (&["tol"], &["tolerance", "rtol"]),
    (&["max-steps"], &["budget"]),
    (&["dataset", "path", "images"], &["source"]),
    (&["init", "initialization"], &["initialisation"]),
    (&["dtype", "float"], &["precision"]),
    (&["random-seed", "random-state"], &["seed"]),
    (&["train", "trainer", "fit"], &["training"]),
    (&["model", "net"], &["network"]),
    (&["eps"], &["radius", "epsilon", "epsilons"]),
    (&["epsilon"], &["radius", "epsilons"]),
    (&["sobolev"], &["h1", "space = \"h1\""]),
    (&["mse", "squared", "quadratic", "euclidean"], &["l2"]),
    (&["ce", "xent", "nll", "softmax", "logistic"], &["cross-entropy"]),
    (&["cw", "c&w", "carlini"], &["carlini-wagner"]),
    (&["bim", "ifgsm", "i-fgsm", "projected-gradient-descent"], &["pgd"]),
    (&["autoattack", "auto-attack", "auto-pgd"], &["apgd"]),
    (&["float32", "single", "fp32"], &["f32"]),
    (&["float64", "double", "fp64"], &["f64"]),
    (&["rk45", "ode45"], &["dopri5"]),
];

/// The key or value that `found` is another word for, if it is `expected` here.
pub fn synonym(found: &str, expected: &[&str]) -> Option<&'static str> {
    let found = found.to_lowercase().replace([' ', '_'], "-");
    let meant = SYNONYMS.iter().filter(|(words, _)| words.contains(&found.as_str()));
    let key = |meant: &str| meant.split(" = ").next().unwrap_or(meant).to_owned();
    let mut here = meant.flat_map(|(_, meant)| meant.iter().copied());
    here.find(|meant| expected.contains(&key(meant).as_str()))
}

/// `what` about `found`, the nearest of `expected`, and all of them.
pub fn with_suggestion(what: &str, found: &str, expected: &[&str]) -> String {
    let mut text = format!("{what} `{found}`");
    if let Some(nearest) = synonym(found, expected).or_else(|| nearest(found, expected)) {
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
    fn other_words_for_the_same_are_recognised_where_they_are_expected() {
        assert_eq!(synonym("lr", &["rho", "learning_rate"]), Some("learning_rate"));
        assert_eq!(synonym("EPS", &["rho", "epsilon"]), Some("epsilon"));
        assert_eq!(synonym("eps", &["radius", "epsilons"]), Some("radius"));
        assert_eq!(synonym("sobolev", &["l2", "h1"]), Some("h1"));
        assert_eq!(synonym("sobolev", &["space", "length"]), Some("space = \"h1\""));
        assert_eq!(synonym("sobolev", &["loss"]), None);
        assert_eq!(synonym("float32", &["f32", "f64"]), Some("f32"));
    }

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
