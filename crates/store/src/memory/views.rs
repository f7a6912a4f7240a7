//! Saved views in memory.

use std::collections::BTreeMap;

use llmtrace_model::{SavedView, TenantId, TenantScope, ViewId};

use crate::meta::{MAX_VIEWS, MAX_VIEWS_OF_TENANT, Replacing, Written};

/// The views by their id.
#[derive(Debug, Default)]
pub(super) struct Views(BTreeMap<ViewId, SavedView>);

impl Views {
    /// The views of a scope, by name.
    pub(super) fn list(&self, scope: &TenantScope) -> Vec<SavedView> {
        let mut found: Vec<SavedView> = self.0.values().filter(|view| is_inside(scope, view)).cloned().collect();
        found.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        found
    }

    /// One view of a scope.
    pub(super) fn one(&self, scope: &TenantScope, id: ViewId) -> Option<&SavedView> {
        self.0.get(&id).filter(|view| is_inside(scope, view))
    }

    /// Adds a view, or puts it in the place of one of its versions.
    pub(super) fn put(&mut self, scope: &TenantScope, view: &SavedView, replacing: Replacing) -> Written {
        match replacing {
            Replacing::Nothing => self.add(view),
            Replacing::Version(version) => match self.fitting(scope, view.id, version) {
                Ok(stored) => {
                    stored.version = version.saturating_add(1);
                    stored.name.clone_from(&view.name);
                    stored.page = view.page;
                    stored.query.clone_from(&view.query);
                    stored.updated_at = view.updated_at;
                    Written::Done
                }
                Err(why_not) => why_not,
            },
        }
    }

    /// Deletes one version of a view.
    pub(super) fn delete(&mut self, scope: &TenantScope, id: ViewId, version: u32) -> Written {
        match self.fitting(scope, id, version) {
            Ok(_) => {
                self.0.remove(&id);
                Written::Done
            }
            Err(why_not) => why_not,
        }
    }

    /// Forgets the views of a tenant; says whether there were any.
    pub(super) fn forget(&mut self, tenant: &TenantId) -> bool {
        let before = self.0.len();
        self.0.retain(|_, view| view.tenant.as_ref() != Some(tenant));
        self.0.len() < before
    }

    fn add(&mut self, view: &SavedView) -> Written {
        let own = self.0.values().filter(|other| other.tenant == view.tenant).count();
        if self.0.len() >= MAX_VIEWS || own >= MAX_VIEWS_OF_TENANT {
            return Written::Full;
        }
        if self.0.contains_key(&view.id) {
            return Written::Changed;
        }
        self.0.insert(view.id, SavedView { version: 1, ..view.clone() });
        Written::Done
    }

    fn fitting(&mut self, scope: &TenantScope, id: ViewId, version: u32) -> Result<&mut SavedView, Written> {
        match self.0.get_mut(&id).filter(|view| is_inside(scope, view)) {
            Some(stored) if stored.version == version => Ok(stored),
            Some(_) => Err(Written::Changed),
            None => Err(Written::Absent),
        }
    }
}

fn is_inside(scope: &TenantScope, view: &SavedView) -> bool {
    match scope {
        TenantScope::All => true,
        TenantScope::One(tenant) => view.tenant.as_ref() == Some(tenant),
    }
}
