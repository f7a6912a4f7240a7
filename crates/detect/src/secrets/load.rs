//! Reads the rules that are built in.

use super::rule::{Rule, Source};

/// The files, in the order in which rules win over later ones of the same exactness.
pub(super) const FILES: [(&str, &str); 10] = [
    ("cloud", include_str!("../../rules/secrets/cloud.yaml")),
    ("code", include_str!("../../rules/secrets/code.yaml")),
    ("ai", include_str!("../../rules/secrets/ai.yaml")),
    ("money_and_messages", include_str!("../../rules/secrets/money_and_messages.yaml")),
    ("operations", include_str!("../../rules/secrets/operations.yaml")),
    ("products", include_str!("../../rules/secrets/products.yaml")),
    ("more", include_str!("../../rules/secrets/more.yaml")),
    ("keys", include_str!("../../rules/secrets/keys.yaml")),
    ("identifiers", include_str!("../../rules/secrets/identifiers.yaml")),
    ("generic", include_str!("../../rules/secrets/generic.yaml")),
];

/// The rules as they stand in the files.
pub(super) fn sources() -> Vec<Source> {
    let parse = |(name, text): (&str, &str)| -> Vec<Source> {
        serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("rules/secrets/{name}.yaml: {error}"))
    };
    FILES.into_iter().flat_map(parse).collect()
}

/// The rules, ready. Built-in files are read by a test, so that a wrong one is never shipped.
pub(super) fn rules() -> Vec<Rule> {
    let ready = |source| Rule::try_from(source).expect("a test reads every built-in rule");
    sources().into_iter().map(ready).collect()
}
