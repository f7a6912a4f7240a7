//! The port for people who log in: what is known of them, and what they were granted.
//!
//! Whoever is removed leaves a row without a name, so that other processes hear of it, and their id is never another's. Nothing
//! but [`UserStore::user_changes`] tells of it.

use async_trait::async_trait;
use llmtrace_model::{Grant, Identity, TenantScope, Timestamp, User, UserId, UserName};

use crate::{Backend, Error, ErrorKind, Replacing, Written};

/// Why stored grants are none.
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Where people are kept.
#[async_trait]
pub trait UserStore: Send + Sync {
    /// The people of a scope, by name, at most [`MAX_USERS`]: those with a grant in the tenant, or all. They come whole, with
    /// their grants elsewhere: what of that is shown to whom is the caller's to decide, for this call and for the next.
    async fn users(&self, scope: &TenantScope) -> Result<Vec<User>, Error>;

    /// One person; somebody outside the scope does not exist.
    async fn user(&self, scope: &TenantScope, id: UserId) -> Result<Option<User>, Error>;

    /// Who logs in with a name, whether or not they may.
    async fn user_by_name(&self, name: &UserName) -> Result<Option<User>, Error>;

    /// Who logs in through an OpenID provider, whether or not they may.
    async fn user_by_identity(&self, identity: &Identity) -> Result<Option<User>, Error>;

    /// Adds a person, who gets version 1 whatever it says, or changes all but the id and the times of adding and of the last
    /// login of one version of them, which gets the next version. `sessions_from` only rises.
    ///
    /// With `removed_at` they are removed: all that says who they were is blanked, and they are nobody in any scope from then
    /// on. Of two changes of one version the first counts, the second is told that it came late. A name or an identity that is
    /// somebody else's is `Taken`, a new one whose id was ever there `Changed`. At most [`MAX_USERS`] are kept, beside those who
    /// were removed.
    ///
    /// In the scope of one tenant nothing outside it changes: neither a grant elsewhere, nor anything else of somebody who has
    /// one, else it is `Outside`. So nobody who administers one tenant takes somebody of another over.
    async fn put_user(&self, scope: &TenantScope, user: &User, replacing: Replacing) -> Result<Written, Error>;

    /// Notes when somebody logged in last. It only rises, counts as no change, and whoever is gone is passed over.
    async fn note_login(&self, id: UserId, at: Timestamp) -> Result<(), Error>;

    /// What has changed after `since`, as far as one answer goes: ask again with its `seen` until nothing comes. 0 is before
    /// everything. The numbers are those of [`AccessStore::access_changes`](crate::AccessStore::access_changes), too.
    async fn user_changes(&self, since: u64) -> Result<UserChanges, Error>;
}

/// Which people have changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserChanges {
    /// The number of the last change that this answer knows; what is asked next goes on behind it.
    pub seen: u64,
    /// Who was added, changed or removed, as they are now, by their last change; at most [`MAX_CHANGES`](crate::MAX_CHANGES).
    pub users: Vec<User>,
}

/// The most people of an installation.
pub const MAX_USERS: usize = 10_000;

/// Refuses what is no user, before an engine is asked.
pub(crate) fn check(backend: Backend, user: &User, replacing: Replacing) -> Result<(), Error> {
    let rejected = |why: String| Error::new(ErrorKind::Rejected, backend, "put user", why);
    match (replacing, user.removed_at) {
        (Replacing::Nothing, Some(_)) => Err(rejected("a new user is not removed".to_owned())),
        // Nothing is kept of what it says.
        (Replacing::Version(_), Some(_)) => Ok(()),
        (_, None) => user.check().map_err(|why| rejected(why.to_string())),
    }
}

/// What a put makes of who is there, whoever was removed included; or why it makes nothing, as far as this one person goes.
pub(crate) fn next(
    stored: Option<&User>,
    scope: &TenantScope,
    wanted: &User,
    replacing: Replacing,
) -> Result<User, Written> {
    match (replacing, stored) {
        (Replacing::Nothing, Some(_)) => Err(Written::Changed),
        (Replacing::Nothing, None) if elsewhere(scope, wanted).next().is_some() => Err(Written::Outside),
        (Replacing::Nothing, None) => Ok(User { version: 1, grants: in_order(wanted), ..wanted.clone() }),
        (Replacing::Version(version), Some(stored)) => changed(stored, scope, wanted, version),
        (Replacing::Version(_), None) => Err(Written::Absent),
    }
}

/// Grants to tenants from a text of `TENANT:ROLE` with a space between them, in any order.
pub(crate) fn grants(words: &str) -> Result<Vec<Grant>, BoxError> {
    let grant = |word: &str| -> Result<Grant, BoxError> {
        let (tenant, role) = word.split_once(':').ok_or("a grant without a role")?;
        Ok(Grant::Tenant(tenant.parse()?, role.parse()?))
    };
    let mut grants: Vec<Grant> = words.split_terminator(' ').map(grant).collect::<Result<_, _>>()?;
    sort(&mut grants);
    Ok(grants)
}

fn changed(stored: &User, scope: &TenantScope, wanted: &User, version: u32) -> Result<User, Written> {
    if stored.removed_at.is_some() || !stored.is_inside(scope) {
        return Err(Written::Absent);
    }
    if stored.version != version {
        return Err(Written::Changed);
    }
    let next = User {
        id: stored.id,
        version,
        created_at: stored.created_at,
        last_login_at: stored.last_login_at,
        sessions_from: wanted.sessions_from.max(stored.sessions_from),
        grants: in_order(wanted),
        ..wanted.clone()
    };
    if !elsewhere(scope, stored).eq(elsewhere(scope, &next)) {
        return Err(Written::Outside);
    }
    let is_shared = elsewhere(scope, stored).next().is_some();
    if is_shared && next != (User { grants: next.grants.clone(), ..stored.clone() }) {
        return Err(Written::Outside);
    }
    let next = User { version: version.saturating_add(1), ..next };
    Ok(match next.removed_at {
        Some(at) => next.removed(at),
        None => next,
    })
}

/// The grants that a scope does not reach.
fn elsewhere<'a>(scope: &'a TenantScope, user: &'a User) -> impl Iterator<Item = &'a Grant> {
    user.grants.iter().filter(move |grant| match scope {
        TenantScope::All => false,
        TenantScope::One(tenant) => grant.tenant() != Some(tenant),
    })
}

/// The grants by tenant, as every engine gives them.
fn in_order(user: &User) -> Vec<Grant> {
    let mut grants = user.grants.clone();
    sort(&mut grants);
    grants
}

fn sort(grants: &mut [Grant]) {
    grants.sort_by(|a, b| a.tenant().cmp(&b.tenant()));
}
