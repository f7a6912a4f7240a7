//! Finds code in an answer that is dangerous to run.
//!
//! Destructive and hostile commands, queries that change every row, input that is run as code, unsafe reading of foreign data,
//! TLS without a check, SQL built from strings; the rules are in `rules/output/code_risk.yaml`. Only in code: fences, spans
//! between backticks, lines that begin with a prompt or look like a statement; a sentence that speaks of `rm -rf /` says nothing.
//!
//! Not found: bugs, vulnerable designs, malware by what it does over many lines, and languages that the rules do not know. An
//! answer that shows bad code in order to warn of it looks the same as one that offers it.
//!
//! Severity grades what happens to whoever runs it, from low (a habit) to critical (the machine is lost).

use std::borrow::Cow;

use llmtrace_model::{Channel, FindingKind};

use crate::{
    Detector, Hit, Input,
    detectors::{
        anchored::{CODE, Rules},
        code::{fences, is_inline, looks_like_code},
    },
};

#[cfg(test)]
mod tests;

/// Finds dangerous code in answers.
#[derive(Debug, Clone, Copy)]
pub struct CodeRisk {
    rules: &'static Rules,
}

impl Default for CodeRisk {
    fn default() -> Self {
        // Built here and not when the first answer waits for it.
        Self { rules: &CODE }
    }
}

impl Detector for CodeRisk {
    fn name(&self) -> &'static str {
        "code_risk"
    }

    fn reads(&self, channel: Channel) -> bool {
        match channel {
            Channel::Output => true,
            Channel::User | Channel::Untrusted | Channel::System => false,
        }
    }

    fn scan(&self, input: &Input<'_>, hits: &mut Vec<Hit>) {
        let view = &input.views.folded;
        let matches = self.rules.matches(&view.text, input.deadline);
        if matches.is_empty() {
            return;
        }
        let fences = fences(&view.text);
        for found in matches {
            let at = found.range.start;
            let fence = fences.partition_point(|fence| fence.inside.end <= at);
            let is_code = fences.get(fence).is_some_and(|fence| fence.inside.start <= at)
                || is_inline(&view.text, at)
                || looks_like_code(&view.text, found.range.clone());
            if !is_code {
                continue;
            }
            hits.push(Hit {
                kind: FindingKind::CodeRisk,
                subtype: Cow::Borrowed(&found.rule.id),
                rule: Cow::Owned(format!("code_risk.{}", found.rule.id)),
                score: found.rule.score,
                severity: found.rule.severity,
                range: view.origin(found.range),
                quote: None,
                reason: Cow::Borrowed(&found.rule.reason),
            });
        }
    }
}
