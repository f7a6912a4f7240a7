//! Credentials in a text: keys, tokens, passwords, private keys.
//!
//! What they look like is data: `rules/secrets/*.yaml`, a rule for each format that a provider documents. One pass over the
//! text finds the literals of all rules at once; only where one stands, the rule's expression looks at a bounded stretch
//! around it, then come checksum, entropy and the question whether it is a placeholder. Long runs of base64 are decoded once
//! (a Kubernetes Secret, a key in an environment variable) and looked at in the same way.
//!
//! A hit's range is the value alone, never the name before it, so that it can be masked; its rule and reason are constants
//! and hold nothing of the text. Hits do not overlap: of two rules for the same place the more exact one is kept.
//!
//! It works on the text as it was sent, since keys tell upper from lower case. Keys with invisible characters inside are
//! not found. Rules of severity `info` name identifiers that are no credential by themselves (an ARN, a bucket, an OAuth
//! client id), for those who want to see or mask them.

mod base64;
mod checksum;
mod load;
mod placeholder;
mod rule;
mod scan;
#[cfg(test)]
pub(crate) mod tests;

use llmtrace_model::{Channel, Confidence, FindingKind};

use crate::{Detector, Hit, Input};
use scan::{Found, Proof};

/// Finds credentials, in all channels.
pub(crate) struct Secrets {
    scanner: scan::Scanner,
}

impl Secrets {
    /// Reads the rules of this version, once.
    pub(crate) fn new() -> Self {
        Self { scanner: scan::Scanner::new(load::rules()) }
    }

    fn hit(&self, found: Found) -> Hit {
        let rule = self.scanner.rule(found.rule);
        let (score, severity) = match found.proof {
            Proof::Checksum => (0.99, rule.severity),
            Proof::Format => (if rule.is_generic() { 0.75 } else { 0.95 }, rule.severity),
            Proof::BadChecksum => (0.6, rule.severity.min(llmtrace_model::Severity::Medium)),
        };
        Hit {
            kind: FindingKind::Secret,
            subtype: rule.id.clone(),
            rule: rule.full_id.clone(),
            score: Confidence::new(score).expect("constants between 0 and 1"),
            severity,
            range: found.range,
            quote: None,
            reason: match found.proof {
                Proof::Checksum => rule.reason_checked.clone(),
                Proof::Format => rule.reason.clone(),
                Proof::BadChecksum => rule.reason_unchecked.clone(),
            },
        }
    }
}

impl Detector for Secrets {
    fn name(&self) -> &'static str {
        "secrets"
    }

    fn reads(&self, channel: Channel) -> bool {
        match channel {
            Channel::User | Channel::Untrusted | Channel::Output | Channel::System => true,
        }
    }

    fn prepare(&self) {
        self.scanner.prepare();
    }

    fn scan(&self, input: &Input<'_>, hits: &mut Vec<Hit>) {
        let found = self.scanner.scan(input.views.original, input.deadline);
        hits.extend(found.into_iter().map(|found| self.hit(found)));
    }
}
