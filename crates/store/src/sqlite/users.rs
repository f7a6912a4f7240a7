//! People in SQLite. They are few: [`MAX_USERS`] bounds every query here.
//!
//! Whoever changes one holds the immediate transaction, as whoever changes a key does, and takes the next of the same numbers.

use llmtrace_model::{Grant, Identity, TenantId, TenantScope, Timestamp, User, UserId, UserName};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::{keys, row::Columns};
use crate::{
    MAX_CHANGES, Replacing, UserChanges, Written,
    users::{self, MAX_USERS},
};

/// The columns of a person, in the order of [`read`], and behind them the number of their last change.
macro_rules! user {
    ($rest:literal) => {
        concat!(
            "SELECT id, version, name, display, password, issuer, subject, is_platform, \
             (SELECT group_concat(tenant_id || ':' || role, ' ') FROM user_grants WHERE user_id = id), \
             created_at, disabled_at, removed_at, sessions_from, last_login_at, changed FROM users ",
            $rest
        )
    };
}

/// How many columns [`read`] takes.
const WIDTH: usize = 14;

/// Every name is behind the empty one, and whoever was removed has none.
pub(super) const ALL: &str = user!("INDEXED BY users_name WHERE name > '' ORDER BY name LIMIT ?");
pub(super) const OF_TENANT: &str = user!(
    "WHERE id IN (SELECT user_id FROM user_grants INDEXED BY user_grants_tenant WHERE tenant_id = ?2) \
     ORDER BY name LIMIT ?1"
);
/// By the primary key, as are the statements that change somebody.
const ONE: &str = user!("WHERE id = ?");
pub(super) const OF_NAME: &str = user!("INDEXED BY users_name WHERE name = ?");
pub(super) const OF_IDENTITY: &str = user!("INDEXED BY users_identity WHERE issuer = ? AND subject = ?");
pub(super) const CHANGED: &str = user!("INDEXED BY users_changed WHERE changed > ?2 ORDER BY changed LIMIT ?1");
const IS_TAKEN: &str = "SELECT EXISTS (SELECT 1 FROM users INDEXED BY users_name WHERE name = ?2 AND id <> ?1) \
    OR EXISTS (SELECT 1 FROM users INDEXED BY users_identity WHERE issuer = ?3 AND subject = ?4 AND id <> ?1)";
const IS_FULL: &str = "SELECT count(*) >= ? FROM users INDEXED BY users_name WHERE name > ''";
const KEEP: &str = "INSERT INTO users (id, version, name, display, password, issuer, subject, is_platform, created_at, \
    disabled_at, removed_at, sessions_from, last_login_at, changed) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, name = excluded.name, display = excluded.display, \
    password = excluded.password, issuer = excluded.issuer, subject = excluded.subject, \
    is_platform = excluded.is_platform, disabled_at = excluded.disabled_at, removed_at = excluded.removed_at, \
    sessions_from = excluded.sessions_from, last_login_at = excluded.last_login_at, changed = excluded.changed";
const TAKE_GRANTS: &str = "DELETE FROM user_grants WHERE user_id = ?";
const GRANT: &str = "INSERT INTO user_grants (user_id, tenant_id, role) VALUES (?1, ?2, ?3)";
const NOTE_LOGIN: &str = "UPDATE users SET last_login_at = ?2 \
    WHERE id = ?1 AND removed_at IS NULL AND (last_login_at IS NULL OR last_login_at < ?2)";
/// Each row gets a number of its own, so that what has changed can be told in pieces.
const COUNT_FORGOTTEN: &str = "UPDATE users SET version = version + 1, changed = ?2 + granted.place \
    FROM (SELECT user_id, row_number() OVER (ORDER BY user_id) AS place \
    FROM user_grants INDEXED BY user_grants_tenant WHERE tenant_id = ?1) AS granted WHERE id = granted.user_id";
const FORGET: &str = "DELETE FROM user_grants WHERE tenant_id = ?";

/// The people of a scope, by name.
pub(super) fn list(connection: &Connection, scope: &TenantScope) -> rusqlite::Result<Vec<User>> {
    let most = MAX_USERS.cast_signed();
    match scope {
        TenantScope::All => connection.prepare_cached(ALL)?.query_map([most], read)?.collect(),
        TenantScope::One(tenant) => {
            connection.prepare_cached(OF_TENANT)?.query_map((most, tenant.as_str()), read)?.collect()
        }
    }
}

/// One person of a scope.
pub(super) fn one(connection: &Connection, scope: &TenantScope, id: UserId) -> rusqlite::Result<Option<User>> {
    Ok(stored(connection, id)?.filter(|user| user.removed_at.is_none() && user.is_inside(scope)))
}

/// Who logs in with a name.
pub(super) fn of_name(connection: &Connection, name: &UserName) -> rusqlite::Result<Option<User>> {
    connection.prepare_cached(OF_NAME)?.query_row([name.as_str()], read).optional()
}

/// Who logs in through a provider.
pub(super) fn of_identity(connection: &Connection, identity: &Identity) -> rusqlite::Result<Option<User>> {
    let key = (identity.issuer.as_str(), identity.subject.as_str());
    connection.prepare_cached(OF_IDENTITY)?.query_row(key, read).optional()
}

/// Adds a person, or changes a version of them.
pub(super) fn put(
    connection: &mut Connection,
    scope: &TenantScope,
    user: &User,
    replacing: Replacing,
) -> rusqlite::Result<Written> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let stored = stored(&change, user.id)?;
    let next = match users::next(stored.as_ref(), scope, user, replacing) {
        Ok(next) => next,
        Err(why_not) => return Ok(why_not),
    };
    let says = |row: &Row<'_>| row.get::<_, bool>(0);
    let (issuer, subject) = halves(&next);
    let names = params![next.id.as_bytes(), next.name.as_ref().map(UserName::as_str), issuer, subject];
    if change.prepare_cached(IS_TAKEN)?.query_row(names, says)? {
        return Ok(Written::Taken);
    }
    if stored.is_none() && change.prepare_cached(IS_FULL)?.query_row([MAX_USERS.cast_signed()], says)? {
        return Ok(Written::Full);
    }
    keep(&change, &next, keys::last(&change)? + 1)?;
    keys::advance(&change, 1)?;
    change.commit()?;
    Ok(Written::Done)
}

/// Notes when somebody logged in last.
pub(super) fn note_login(connection: &Connection, id: UserId, at: Timestamp) -> rusqlite::Result<()> {
    connection.prepare_cached(NOTE_LOGIN)?.execute((id.as_bytes(), at.unix_us())).map(drop)
}

/// What has changed after `since`.
pub(super) fn changed(connection: &Connection, since: u64) -> rusqlite::Result<UserChanges> {
    let mut told = UserChanges { seen: since, users: Vec::new() };
    let since = i64::try_from(since).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(CHANGED)?;
    let mut rows = statement.query((MAX_CHANGES.cast_signed(), since))?;
    while let Some(row) = rows.next()? {
        told.users.push(read(row)?);
        told.seen = Columns::after(row, WIDTH).number()?;
    }
    Ok(told)
}

/// Takes the grants in a tenant from everybody, inside a transaction that writes; says how many there were.
pub(super) fn forget(change: &Connection, tenant: &TenantId) -> rusqlite::Result<usize> {
    let last = keys::last(change)?;
    let rows = change.prepare_cached(COUNT_FORGOTTEN)?.execute((tenant.as_str(), last))?;
    keys::advance(change, rows)?;
    change.prepare_cached(FORGET)?.execute([tenant.as_str()])
}

/// One person, also one who was removed.
fn stored(connection: &Connection, id: UserId) -> rusqlite::Result<Option<User>> {
    connection.prepare_cached(ONE)?.query_row([id.as_bytes()], read).optional()
}

fn halves(user: &User) -> (Option<&str>, Option<&str>) {
    user.identity.as_ref().map(|identity| (identity.issuer.as_str(), identity.subject.as_str())).unzip()
}

fn keep(change: &Connection, user: &User, number: i64) -> rusqlite::Result<()> {
    let (issuer, subject) = halves(user);
    change.prepare_cached(KEEP)?.execute(params![
        user.id.as_bytes(),
        user.version,
        user.name.as_ref().map(UserName::as_str),
        user.display,
        user.password.as_ref().map(llmtrace_model::PasswordHash::as_str),
        issuer,
        subject,
        user.grants.contains(&Grant::Platform),
        user.created_at.unix_us(),
        user.disabled_at.map(Timestamp::unix_us),
        user.removed_at.map(Timestamp::unix_us),
        user.sessions_from.unix_us(),
        user.last_login_at.map(Timestamp::unix_us),
        number,
    ])?;
    change.prepare_cached(TAKE_GRANTS)?.execute([user.id.as_bytes()])?;
    for grant in &user.grants {
        if let Grant::Tenant(tenant, role) = grant {
            change.prepare_cached(GRANT)?.execute((user.id.as_bytes(), tenant.as_str(), role.as_str()))?;
        }
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<User> {
    let mut from = Columns::of(row);
    let time = |us: Option<i64>| us.map(Timestamp::from_unix_us);
    Ok(User {
        id: UserId::from_bytes(from.take()?),
        version: from.take()?,
        name: from.optional_word()?,
        display: from.take()?,
        password: from.optional_word()?,
        identity: match (from.take()?, from.take()?) {
            (Some(issuer), Some(subject)) => Some(Identity { issuer, subject }),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return Err(from.damaged(6, "an issuer and a subject go together")),
        },
        grants: if from.take()? {
            from.text()?;
            vec![Grant::Platform]
        } else {
            users::grants(from.text()?.unwrap_or_default()).map_err(|why| from.damaged(8, why))?
        },
        created_at: Timestamp::from_unix_us(from.take()?),
        disabled_at: time(from.take()?),
        removed_at: time(from.take()?),
        sessions_from: Timestamp::from_unix_us(from.take()?),
        last_login_at: time(from.take()?),
    })
}
