//! A policy of a tenant's own, as it stands in its settings, in drafts and in requests; read strictly, in one way everywhere.

use std::sync::LazyLock;

use llmtrace_detect::{
    PolicyError,
    exchange::AgentTools,
    policy::{Allow, Answers, Mode, Policy, Preset, Rule},
};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    guard::{OnFailure, OnOpaque},
    schema,
};

/// What of the `guard` section a tenant may say for itself; `None` is as the installation has it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OwnGuard {
    /// The rules behind those of `rules`.
    pub preset: Option<Preset>,
    /// Whether what the rules say is done.
    pub mode: Option<Mode>,
    /// Rules, in order; the first that matches a finding decides.
    pub rules: Option<Vec<Rule>>,
    /// What is no finding to this tenant.
    pub allow: Option<Vec<Allow>>,
    /// Whether answers are looked at before they leave.
    pub answers: Option<Answers>,
    /// Whether placeholders of what was redacted from a request become the original text again in its answer.
    pub restore: Option<bool>,
    /// Which tools agents may use.
    pub tools: Option<Vec<AgentTools>>,
    /// What happens with a request without a verdict in time.
    pub on_timeout: Option<OnFailure>,
    /// What happens with a request whose body cannot be read.
    pub opaque: Option<OnOpaque>,
}

impl OwnGuard {
    /// Reads a policy strictly. `place` is what the document is called; an error names the place in it, `guard.rules[2].action`.
    pub fn read(document: &Value, place: &str) -> Result<Self, PolicyError> {
        static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
            let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
            settings.into_generator().into_root_schema_for::<OwnGuard>().to_value()
        });
        let mut first = None;
        schema::check(&mut document.clone(), &SCHEMA, place, &mut |place, fault| {
            first.get_or_insert_with(|| PolicyError { place: place.to_owned(), why: fault.to_string() });
        });
        if let Some(error) = first {
            return Err(error);
        }
        // What the schema lets pass and the types do not.
        let own: Self = serde_path_to_error::deserialize(document).map_err(|error| {
            let at = error.path().to_string();
            let place = if at == "." { place.to_owned() } else { schema::join(place, &at) };
            PolicyError { place, why: error.inner().to_string() }
        })?;
        match own.policy_over(&Policy::default()).check() {
            Ok(()) => Ok(own),
            Err(error) => Err(PolicyError { place: schema::join(place, &error.place), ..error }),
        }
    }

    /// The policy, with what it leaves out taken from another.
    pub fn policy_over(&self, other: &Policy) -> Policy {
        let Self { preset, mode, rules, allow, answers, restore, tools, on_timeout: _, opaque: _ } = self;
        Policy {
            preset: preset.unwrap_or(other.preset),
            mode: mode.unwrap_or(other.mode),
            rules: rules.clone().unwrap_or_else(|| other.rules.clone()),
            allow: allow.clone().unwrap_or_else(|| other.allow.clone()),
            answers: answers.unwrap_or(other.answers),
            restore: restore.unwrap_or(other.restore),
            tools: tools.clone().unwrap_or_else(|| other.tools.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_tenant_may_say_is_read_and_the_rest_is_the_others() {
        let own = OwnGuard::read(
            &json!({"rules": [{"kinds": ["secret"], "min_score": 1, "action": "redact"}], "opaque": "block"}),
            "guard",
        );
        let own = own.unwrap();
        let strict = Policy { preset: Preset::Strict, mode: Mode::Shadow, ..Policy::default() };
        let policy = own.policy_over(&strict);
        assert_eq!((policy.preset, policy.mode, policy.rules.len()), (Preset::Strict, Mode::Shadow, 1));
        assert_eq!((own.on_timeout, own.opaque), (None, Some(OnOpaque::Block)));
        let every = json!({
            "preset": "quiet", "mode": "shadow", "rules": [], "allow": [{"rule": "pii.*"}], "answers": "hold", "restore": false,
            "tools": [{"agents": ["a*"], "deny": ["shell"]}], "on_timeout": "deny", "opaque": null,
        });
        let every = OwnGuard::read(&every, "guard").unwrap();
        let policy = every.policy_over(&strict);
        assert_eq!((policy.preset, policy.answers, policy.restore), (Preset::Quiet, Answers::Hold, false));
        assert_eq!(every.on_timeout, Some(OnFailure::Deny));
        assert_eq!(OwnGuard::read(&json!({}), "guard").unwrap(), OwnGuard::default());
    }

    #[test]
    fn what_is_no_policy_is_refused_with_its_place() {
        let flag = || json!({"action": "flag"});
        for (document, place, why) in [
            (json!({"rules": [flag(), flag(), {"action": "explode"}]}), "guard.rules[2].action", "found \"explode\""),
            (
                json!({"rules": [flag(), {"kinds": ["leak"], "action": "flag"}]}),
                "guard.rules[1].kinds[0]",
                "found \"leak\"",
            ),
            (json!({"rules": [{}]}), "guard.rules[0].action", "found nothing"),
            (json!({"rules": [{"min_score": 2, "action": "flag"}]}), "guard.rules[0].min_score", "from 0 to 1"),
            (json!({"rules": [[[], [], [], null, null, "flag"]]}), "guard.rules[0]", "found a list of 6"),
            (json!({"rules": {}}), "guard.rules", "found a section"),
            (json!({"rule": []}), "guard.rule", "did you mean guard.rules?"),
            (json!({"timeout_ms": 5}), "guard.timeout_ms", "there is no such key"),
            (json!({"tenant_policies": "own"}), "guard.tenant_policies", "there is no such key"),
            (json!({"answers": true}), "guard.answers", "one of pass, hold"),
            (json!({"tools": [{"deny": [""]}]}), "guard.tools[0].deny[0]", ""),
            (json!({"on_timeout": "maybe"}), "guard.on_timeout", "one of allow, deny"),
            (json!({"allow": [{}]}), "guard.allow[0]", "expected rule, text or sha256"),
            (json!({"allow": [["a"]]}), "guard.allow[0]", "found a list of 1"),
            (
                json!({"rules": [{"subtypes": ["a*b"], "action": "flag"}]}),
                "guard.rules[0].subtypes[0]",
                "found \"a*b\"",
            ),
            (json!([]), "guard", "found a list of 0"),
            (json!("strict"), "guard", "found \"strict\""),
        ] {
            let error = OwnGuard::read(&document, "guard").unwrap_err();
            assert_eq!(error.place, place, "{document}: {error}");
            assert!(error.why.contains(why), "{document}: {error}");
        }
    }
}
