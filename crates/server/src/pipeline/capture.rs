//! What is kept of a tenant's exchanges: what the installation keeps, or the less that the tenant wants.

use std::{sync::Arc, time::Duration};

use llmtrace_model::{TenantCapture, TenantId};

use super::{once::Stopped, options::Capture};
use crate::{tasks::Tasks, telemetry::Events};

/// What a tenant has set; `None` as long as nobody knows, because no store has answered yet.
pub type OwnCapture = Arc<dyn Fn(&TenantId) -> Option<TenantCapture> + Send + Sync>;

/// How often it is asked again what nobody knew.
const PAUSE: Duration = Duration::from_millis(50);

/// What is kept, by tenant.
pub(super) struct Captures {
    installed: Capture,
    own: OwnCapture,
    tasks: Tasks,
}

impl Captures {
    pub(super) fn new(installed: Capture, own: OwnCapture, tasks: Tasks) -> Self {
        Self { installed, own, tasks }
    }

    /// What is kept of this tenant's exchanges. Blocks as long as nobody knows: what was said must not be stored against the
    /// will of whose it is, and until then it is in the journal.
    pub(super) fn of(&self, tenant: &TenantId, events: &Events) -> Result<Capture, Stopped> {
        let Capture { content, raw } = self.installed;
        let mut is_told = false;
        loop {
            if let Some(own) = (self.own)(tenant) {
                let (content, raw) = own.within(content, raw);
                return Ok(Capture { content, raw });
            }
            if self.tasks.is_stopping() {
                return Err(Stopped);
            }
            if !std::mem::replace(&mut is_told, true) {
                events.notice("settings_awaited");
            }
            std::thread::sleep(PAUSE);
        }
    }
}
