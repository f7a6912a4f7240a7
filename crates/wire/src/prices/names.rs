//! Under which names a model is looked up. For prices only: spans keep the name as it was said.

use crate::dialects::bedrock::price_names;

/// On Bedrock the model asked for decides, since an answer does not say whether it came from a region or from the cheaper
/// global profile.
const BEDROCK: &str = "aws.bedrock";

/// The names to try, in order: the model that answered, then the one asked for; each as it was said, then without what a
/// platform puts around it.
pub(super) fn to_look_up(provider: &str, [answered, asked]: [Option<&str>; 2]) -> Vec<String> {
    let models = if provider == BEDROCK { [asked, answered] } else { [answered, asked] };
    let mut names: Vec<String> = Vec::new();
    let mut put = |name: &str| {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    };
    for model in models.into_iter().flatten().filter(|model| !model.is_empty()) {
        put(model);
        if provider == BEDROCK {
            price_names(model).for_each(&mut put);
            // Without its version, too, as a person writes it. `global.` stays: its price is not that of a region.
            price_names(model).map(without_version).for_each(&mut put);
        } else if provider.starts_with("gcp.") {
            put(without_path(model));
            // After the whole name, where the number may belong to it (`gemini-embedding-001`).
            put(without_stable(without_path(model)));
        }
    }
    names
}

/// `projects/p/locations/l/publishers/google/models/gemini-x-001`, `models/gemini-x-001` → `gemini-x-001`.
fn without_path(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

/// `gemini-x-001` → `gemini-x`: a stable version is the model under a fixed name (Gemini API, "Model version name patterns").
fn without_stable(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((bare, version))
            if name.starts_with("gemini-") && version.len() == 3 && version.bytes().all(|b| b.is_ascii_digit()) =>
        {
            bare
        }
        Some(_) | None => name,
    }
}

/// Cuts Bedrock's `-v1:0` or `:0`.
fn without_version(name: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let name = match name.rsplit_once(':') {
        Some((bare, version)) if is_number(version) => bare,
        Some(_) | None => return name,
    };
    match name.rsplit_once("-v") {
        Some((bare, version)) if is_number(version) => bare,
        Some(_) | None => name,
    }
}
