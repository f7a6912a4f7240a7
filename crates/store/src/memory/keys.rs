//! API keys in memory.

use std::collections::{BTreeMap, HashMap};

use llmtrace_model::{ApiKey, Grant, KeyHash, KeyId, TenantId, TenantScope, Timestamp};

use crate::{AccessChanges, Replacing, Written, access::MAX_CHANGES, access::MAX_KEYS};

/// The keys by their id, each with the number of its last change.
#[derive(Debug, Default)]
pub(super) struct Keys {
    of: BTreeMap<KeyId, (u64, ApiKey)>,
    by_hash: HashMap<KeyHash, KeyId>,
}

impl Keys {
    /// The keys of a scope, the ones made last first.
    pub(super) fn list(&self, scope: &TenantScope) -> Vec<ApiKey> {
        let mut found: Vec<&ApiKey> =
            self.of.values().map(|(_, key)| key).filter(|key| is_inside(scope, key)).collect();
        found.sort_by(|a, b| b.created_at.cmp(&a.created_at).then(a.id.cmp(&b.id)));
        found.into_iter().take(MAX_KEYS).cloned().collect()
    }

    /// One key of a scope.
    pub(super) fn one(&self, scope: &TenantScope, id: KeyId) -> Option<&ApiKey> {
        self.of.get(&id).map(|(_, key)| key).filter(|key| is_inside(scope, key))
    }

    /// The key of a hash.
    pub(super) fn of_hash(&self, hash: &KeyHash) -> Option<&ApiKey> {
        self.of.get(self.by_hash.get(hash)?).map(|(_, key)| key)
    }

    /// Adds a key, or changes one of its versions.
    pub(super) fn put(
        &mut self,
        scope: &TenantScope,
        key: &ApiKey,
        replacing: Replacing,
        changes: &mut u64,
    ) -> Written {
        match replacing {
            Replacing::Nothing => self.add(key, changes),
            Replacing::Version(version) => self.change(scope, key, version, changes),
        }
    }

    /// Notes when keys were used last.
    pub(super) fn touch(&mut self, used: &[(KeyId, Timestamp)]) {
        for (id, at) in used {
            if let Some((_, key)) = self.of.get_mut(id) {
                key.last_used_at = key.last_used_at.max(Some(*at));
            }
        }
    }

    /// What has changed after `since`.
    pub(super) fn changed(&self, since: u64) -> AccessChanges {
        let mut changed: Vec<&(u64, ApiKey)> = self.of.values().filter(|(number, _)| *number > since).collect();
        changed.sort_by_key(|(number, _)| *number);
        changed.truncate(MAX_CHANGES);
        let seen = changed.last().map_or(since, |(number, _)| *number);
        AccessChanges { seen, keys: changed.into_iter().map(|(_, key)| key.clone()).collect() }
    }

    /// Revokes the keys of a tenant; says whether any was not yet.
    pub(super) fn revoke_all(&mut self, tenant: &TenantId, at: Timestamp, changes: &mut u64) -> bool {
        let mut any = false;
        for (number, key) in self.of.values_mut() {
            if key.grant.tenant() == Some(tenant) && key.revoked_at.is_none() {
                *changes += 1;
                *number = *changes;
                key.revoked_at = Some(at);
                key.version = key.version.saturating_add(1);
                any = true;
            }
        }
        any
    }

    fn add(&mut self, key: &ApiKey, changes: &mut u64) -> Written {
        if self.of.contains_key(&key.id) || self.by_hash.contains_key(&key.hash) {
            return Written::Changed;
        }
        if self.of.len() >= MAX_KEYS {
            return Written::Full;
        }
        *changes += 1;
        self.by_hash.insert(key.hash, key.id);
        self.of.insert(key.id, (*changes, ApiKey { version: 1, ..key.clone() }));
        Written::Done
    }

    fn change(&mut self, scope: &TenantScope, key: &ApiKey, version: u32, changes: &mut u64) -> Written {
        let Some((number, stored)) = self.of.get_mut(&key.id).filter(|(_, stored)| is_inside(scope, stored)) else {
            return Written::Absent;
        };
        if stored.version != version {
            return Written::Changed;
        }
        *changes += 1;
        *number = *changes;
        stored.version = version.saturating_add(1);
        stored.name.clone_from(&key.name);
        stored.expires_at = key.expires_at;
        stored.revoked_at = stored.revoked_at.or(key.revoked_at);
        Written::Done
    }
}

fn is_inside(scope: &TenantScope, key: &ApiKey) -> bool {
    match (scope, &key.grant) {
        (TenantScope::All, _) => true,
        (TenantScope::One(tenant), Grant::Tenant(own, _)) => tenant == own,
        (TenantScope::One(_), Grant::Platform) => false,
    }
}
