//! What was refused, added up, so that a flood is a few lines of the audit log.

use std::{collections::HashMap, net::IpAddr, sync::Mutex};

use llmtrace_model::{Actor, AuditEntry, Outcome};

use super::trail::entry;
use crate::clock::Clock;

/// The most addresses that are told apart between two times of writing down.
const MAX_ADDRESSES: usize = 50;

/// Refusals by address and reason.
#[derive(Debug, Default)]
pub(super) struct Refused {
    of: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    by_address: HashMap<(IpAddr, &'static str), u64>,
    of_others: u64,
}

impl Refused {
    /// Notes one.
    pub(super) fn note(&self, address: IpAddr, reason: &'static str) {
        let mut counts = self.of.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let has_room = counts.by_address.len() < MAX_ADDRESSES;
        if has_room || counts.by_address.contains_key(&(address, reason)) {
            *counts.by_address.entry((address, reason)).or_default() += 1;
        } else {
            counts.of_others += 1;
        }
    }

    /// Takes what was noted, as entries for the log of the installation.
    pub(super) fn take(&self, clock: &Clock) -> Vec<AuditEntry> {
        let Counts { by_address, of_others } =
            std::mem::take(&mut *self.of.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        let line = |address: Option<IpAddr>, reason: &str, times: u64| AuditEntry {
            client_address: address.map(|address| address.to_string()),
            after: Some(serde_json::json!({ "reason": reason, "times": times }).to_string()),
            outcome: Outcome::Refused,
            ..entry(clock, Actor::Anonymous, None, "access.refuse")
        };
        let mut lines: Vec<AuditEntry> =
            by_address.into_iter().map(|((address, reason), times)| line(Some(address), reason, times)).collect();
        if of_others > 0 {
            lines.push(line(None, "any", of_others));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_few_lines() {
        let refused = Refused::default();
        for n in 0..1_000u32 {
            refused.note(IpAddr::V4((n % 100).into()), "key_unknown");
        }
        let lines = refused.take(&Clock::system());
        assert_eq!(lines.len(), MAX_ADDRESSES + 1);
        assert_eq!(lines.iter().filter(|line| line.client_address.is_none()).count(), 1);
        assert!(refused.take(&Clock::system()).is_empty(), "each is told once");
    }
}
