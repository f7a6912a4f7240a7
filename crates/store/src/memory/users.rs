//! People in memory.

use std::collections::{BTreeMap, HashMap};

use llmtrace_model::{Identity, TenantId, TenantScope, Timestamp, User, UserId, UserName};

use crate::{
    MAX_CHANGES, Replacing, UserChanges, Written,
    users::{self, MAX_USERS},
};

/// People by their id, each with the number of their last change.
#[derive(Debug, Default)]
pub(super) struct Users {
    of: BTreeMap<UserId, (u64, User)>,
    /// Who was not removed.
    by_name: BTreeMap<UserName, UserId>,
    by_identity: HashMap<Identity, UserId>,
}

impl Users {
    /// The people of a scope, by name.
    pub(super) fn list(&self, scope: &TenantScope) -> Vec<User> {
        let all = self.by_name.values().filter_map(|id| self.of.get(id)).map(|(_, user)| user);
        all.filter(|user| user.is_inside(scope)).take(MAX_USERS).cloned().collect()
    }

    /// One person of a scope.
    pub(super) fn one(&self, scope: &TenantScope, id: UserId) -> Option<&User> {
        let (_, user) = self.of.get(&id)?;
        Some(user).filter(|user| user.removed_at.is_none() && user.is_inside(scope))
    }

    /// Who logs in with a name.
    pub(super) fn of_name(&self, name: &UserName) -> Option<&User> {
        self.one(&TenantScope::All, *self.by_name.get(name)?)
    }

    /// Who logs in through a provider.
    pub(super) fn of_identity(&self, identity: &Identity) -> Option<&User> {
        self.one(&TenantScope::All, *self.by_identity.get(identity)?)
    }

    /// Adds a person, or changes a version of them.
    pub(super) fn put(&mut self, scope: &TenantScope, user: &User, replacing: Replacing, changes: &mut u64) -> Written {
        let stored = self.of.get(&user.id).map(|(_, stored)| stored);
        let next = match users::next(stored, scope, user, replacing) {
            Ok(next) => next,
            Err(why_not) => return why_not,
        };
        if self.is_taken(&next) {
            return Written::Taken;
        }
        if replacing == Replacing::Nothing && self.by_name.len() >= MAX_USERS {
            return Written::Full;
        }
        self.keep(next, changes);
        Written::Done
    }

    /// Notes when somebody logged in last.
    pub(super) fn note_login(&mut self, id: UserId, at: Timestamp) {
        if let Some((_, user)) = self.of.get_mut(&id)
            && user.removed_at.is_none()
        {
            user.last_login_at = user.last_login_at.max(Some(at));
        }
    }

    /// What has changed after `since`.
    pub(super) fn changed(&self, since: u64) -> UserChanges {
        let mut changed: Vec<&(u64, User)> = self.of.values().filter(|(number, _)| *number > since).collect();
        changed.sort_by_key(|(number, _)| *number);
        changed.truncate(MAX_CHANGES);
        let seen = changed.last().map_or(since, |(number, _)| *number);
        UserChanges { seen, users: changed.into_iter().map(|(_, user)| user.clone()).collect() }
    }

    /// Takes the grants in a tenant from everybody; says whether there were any.
    pub(super) fn forget(&mut self, tenant: &TenantId, changes: &mut u64) -> bool {
        let scope = TenantScope::One(tenant.clone());
        let before = *changes;
        for (number, user) in self.of.values_mut().filter(|(_, user)| user.is_inside(&scope)) {
            *changes += 1;
            *number = *changes;
            user.grants.retain(|grant| grant.tenant() != Some(tenant));
            user.version = user.version.saturating_add(1);
        }
        *changes > before
    }

    fn is_taken(&self, user: &User) -> bool {
        let of_name = user.name.as_ref().and_then(|name| self.by_name.get(name));
        let of_identity = user.identity.as_ref().and_then(|identity| self.by_identity.get(identity));
        of_name.into_iter().chain(of_identity).any(|id| *id != user.id)
    }

    fn keep(&mut self, user: User, changes: &mut u64) {
        if let Some((_, before)) = self.of.get(&user.id) {
            if let Some(name) = &before.name {
                self.by_name.remove(name);
            }
            if let Some(identity) = &before.identity {
                self.by_identity.remove(identity);
            }
        }
        if let Some(name) = &user.name {
            self.by_name.insert(name.clone(), user.id);
        }
        if let Some(identity) = &user.identity {
            self.by_identity.insert(identity.clone(), user.id);
        }
        *changes += 1;
        self.of.insert(user.id, (*changes, user));
    }
}
