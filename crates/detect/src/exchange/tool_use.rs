//! Which tools an agent is offered and calls, against what the operator lets it use.

use std::borrow::Cow;

use llmtrace_model::{Channel, Content, FindingKind, Part, Role, Segment, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Pattern, Permit, ToolRules, tool_set::shortened};
use crate::{Found, Hit, detectors::sure};

/// What agents of these names may use.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AgentTools {
    /// The agents, by the id they send, with `*` and `?`; where there is none, everybody, those without an id too.
    #[schemars(with = "Vec<String>")]
    pub agents: Vec<Pattern>,
    /// Only these tools, where there is a list.
    #[schemars(with = "Option<Vec<String>>")]
    pub allow: Option<Vec<Pattern>>,
    /// None of these, whatever else is said.
    #[schemars(with = "Vec<String>")]
    pub deny: Vec<Pattern>,
}

impl AgentTools {
    fn is_for(&self, agent: Option<&str>) -> bool {
        self.agents.is_empty() || agent.is_some_and(|agent| self.agents.iter().any(|pattern| pattern.matches(agent)))
    }
}

/// The tools that are offered to an agent, or that it calls in an answer, and that it may not use. Every list that is for the agent
/// has to let a tool pass.
///
/// `offered` are the tools of the request, each with the number of its definition.
pub fn forbidden_tools<'c>(
    content: &'c Content,
    offered: impl IntoIterator<Item = (usize, &'c str)>,
    agent: Option<&str>,
    lists: &[AgentTools],
) -> Vec<Found<'c>> {
    let rules: Vec<ToolRules> = lists
        .iter()
        .filter(|list| list.is_for(agent))
        .map(|list| ToolRules { allow: list.allow.clone(), deny: list.deny.clone() })
        .collect();
    if rules.is_empty() {
        return Vec::new();
    }
    let offered = offered.into_iter().map(|(n, name)| Segment {
        role: Role::System,
        channel: Channel::Untrusted,
        path: format!("/tool_definitions/{n}"),
        text: name,
    });
    let called = content.output_messages.iter().enumerate().flat_map(|(n, message)| {
        message.parts.iter().enumerate().filter_map(move |(m, part)| match part {
            Part::ToolCall { id: _, name, arguments: _ } => Some(Segment {
                role: Role::Assistant,
                channel: Channel::Output,
                path: format!("/output_messages/{n}/parts/{m}/name"),
                text: name,
            }),
            Part::Text { .. }
            | Part::ToolCallResponse { .. }
            | Part::Reasoning { .. }
            | Part::Refusal { .. }
            | Part::Blob { .. }
            | Part::Uri { .. }
            | Part::File { .. }
            | Part::Raw { .. } => None,
        })
    });
    let used: Vec<_> = offered.chain(called).collect();
    used.into_iter()
        .filter_map(|segment| {
            let permit =
                rules.iter().map(|rules| rules.permit(segment.text)).find(|permit| *permit != Permit::Allowed)?;
            let (subtype, why) = match permit {
                Permit::Allowed => return None,
                Permit::Denied(pattern) => ("tool_denied", format!("is denied by \"{}\"", pattern.as_str())),
                Permit::NotListed => ("tool_not_listed", "is not on the list of what it may use".to_owned()),
            };
            let is_called = segment.channel == Channel::Output;
            let what = if is_called { "the agent called" } else { "the agent is offered" };
            let hit = Hit {
                kind: FindingKind::ToolMisuse,
                subtype: Cow::Borrowed(subtype),
                rule: Cow::Owned(format!("tool_rules.{subtype}")),
                score: sure(1.0),
                severity: if is_called { Severity::High } else { Severity::Medium },
                range: 0..segment.text.len(),
                quote: None,
                reason: Cow::Owned(format!("{what} \"{}\", which {why}", shortened(segment.text))),
            };
            Some(Found { segment, hit })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use llmtrace_model::Message;
    use serde_json::json;

    use super::*;

    fn lists(yaml: &str) -> Vec<AgentTools> {
        serde_saphyr::from_str(yaml).unwrap()
    }

    fn used(agent: Option<&str>, lists: &[AgentTools]) -> Vec<(String, String)> {
        let call = Part::ToolCall { id: None, name: "shell".into(), arguments: json!({}) };
        let message = Message { role: Role::Assistant, name: None, parts: vec![call], finish_reason: None };
        let content = Content { output_messages: vec![message], ..Content::default() };
        let offered = [(0, "search"), (1, "shell"), (1, "fs.delete")];
        let found = forbidden_tools(&content, offered, agent, lists);
        assert!(found.iter().all(|found| found.text() == found.segment.text), "the whole name is what was found");
        found.into_iter().map(|found| (found.hit.rule.into_owned(), found.segment.path)).collect()
    }

    #[test]
    fn what_is_offered_or_called_and_may_not_be_used_is_found() {
        let denied = |path: &str| ("tool_rules.tool_denied".to_owned(), path.to_owned());
        let unlisted = |path: &str| ("tool_rules.tool_not_listed".to_owned(), path.to_owned());
        let call = "/output_messages/0/parts/0/name";
        assert_eq!(used(None, &lists("[{deny: [fs.*]}]")), [denied("/tool_definitions/1")]);
        let only = lists("[{agents: [billing-*], allow: [search, fs.*], deny: ['*delete*']}]");
        let expected = [unlisted("/tool_definitions/1"), denied("/tool_definitions/1"), unlisted(call)];
        assert_eq!(used(Some("billing-7"), &only), expected);
        assert_eq!(used(Some("support"), &only), [], "it is another agent's list");
        assert_eq!(used(None, &only), []);
    }

    #[test]
    fn every_list_of_an_agent_counts() {
        let both = lists("[{allow: ['*']}, {agents: ['*'], deny: [shell]}]");
        assert_eq!(used(Some("a"), &both).len(), 2);
        assert_eq!(used(None, &both), []);
    }

    #[test]
    fn a_list_that_cannot_be_is_refused() {
        for bad in ["[{deny: ['']}]", "[{denied: [shell]}]"] {
            assert!(serde_saphyr::from_str::<Vec<AgentTools>>(bad).is_err(), "{bad}");
        }
    }
}
