//! What only boot knows of the process's state, for the probes.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Instant,
};

use crate::{
    api::{Condition, Dependency, HealthReport, JournalHealth, Phase},
    journal::{self, Journal},
    tenancy::{Knows, Mode, Tenancy},
};

pub(super) struct Health {
    phase: Arc<AtomicU8>,
    journal: Option<Journal>,
    tenancy: Arc<Tenancy>,
    started: Instant,
}

impl Health {
    pub(super) fn new(phase: Arc<AtomicU8>, journal: Option<Journal>, tenancy: Arc<Tenancy>) -> Self {
        Self { phase, journal, tenancy, started: Instant::now() }
    }

    pub(super) fn report(&self) -> HealthReport {
        let mut other = BTreeMap::new();
        if self.journal.is_none() {
            let storage = Dependency {
                status: Condition::Ok,
                backend: Some("off (enable_trace_storage)".to_owned()),
                error: None,
                backlog: None,
            };
            other.insert("trace_storage", storage);
        }
        if self.tenancy.mode() == Mode::Required {
            other.insert("keys", of_keys(self.tenancy.knows()));
        }
        let unread = self.tenancy.unread_policies();
        if unread > 0 {
            other.insert("policies", of_policies(unread));
        }
        HealthReport {
            phase: phase(self.phase.load(Ordering::Acquire)),
            uptime: self.started.elapsed(),
            journal: self.journal.as_ref().map(|j| of_journal(&j.status())),
            other,
        }
    }
}

fn of_keys(knows: Knows) -> Dependency {
    let error = match knows {
        Knows::All => None,
        Knows::Before => {
            Some("what changed of keys cannot be read: those that are known go on, new ones do not open yet")
        }
        Knows::Nothing => Some("keys could not be read yet: none opens anything"),
    };
    let status = if error.is_none() { Condition::Ok } else { Condition::Degraded };
    Dependency { status, backend: None, error: error.map(str::to_owned), backlog: None }
}

fn of_policies(unread: usize) -> Dependency {
    let error = format!(
        "the policies of {unread} tenants cannot be read, since a newer version has set them: those before them are in force, \
         or the installation's; update this process"
    );
    Dependency { status: Condition::Degraded, backend: None, error: Some(error), backlog: None }
}

fn phase(n: u8) -> Phase {
    match n {
        n if n == Phase::Starting as u8 => Phase::Starting,
        n if n == Phase::Serving as u8 => Phase::Serving,
        _ => Phase::Stopping,
    }
}

fn of_journal(status: &journal::Status) -> JournalHealth {
    JournalHealth {
        status: if status.degraded.is_none() { Condition::Ok } else { Condition::Degraded },
        mode: status.mode.as_str().to_owned(),
        error: status.degraded.clone(),
        records: status.records,
        bytes: status.bytes,
        scanning: status.scanning,
        oldest_seconds: status.oldest_age.map(|age| age.as_secs()),
        shed: BTreeMap::new(),
    }
}
