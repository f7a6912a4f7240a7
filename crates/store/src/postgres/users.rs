//! People in PostgreSQL. They are few: [`MAX_USERS`] bounds every query here.
//!
//! Whoever writes one holds the lock of whoever writes a key, and takes the next of the same numbers.

use llmtrace_model::{Grant, Identity, PasswordHash, TenantId, TenantScope, Timestamp, User, UserId, UserName};
use sqlx::{Connection, PgConnection, Result, Row, postgres::PgRow};

use super::{keys, row};
use crate::{
    MAX_CHANGES, Replacing, UserChanges, Written,
    users::{self, MAX_USERS},
};

/// The columns of a person, in the order of [`read`], and behind them the number of their last change.
macro_rules! user {
    ($rest:literal) => {
        concat!(
            "SELECT id, version, name, display, password, issuer, subject, is_platform, \
             (SELECT string_agg(tenant_id || ':' || role, ' ') FROM llmtrace.user_grants WHERE user_id = id), \
             created_at, disabled_at, removed_at, sessions_from, last_login_at, changed FROM llmtrace.users ",
            $rest
        )
    };
}

/// Where the number stands.
const NUMBER: usize = 14;

const ALL: &str = user!("WHERE name IS NOT NULL ORDER BY name LIMIT $1");
const OF_TENANT: &str =
    user!("WHERE id IN (SELECT user_id FROM llmtrace.user_grants WHERE tenant_id = $2) ORDER BY name LIMIT $1");
const ONE: &str = user!("WHERE id = $1");
const OF_NAME: &str = user!("WHERE name = $1");
const OF_IDENTITY: &str = user!("WHERE issuer = $1 AND subject = $2");
const CHANGED: &str = user!("WHERE changed > $2 ORDER BY changed LIMIT $1");
const ROOM: &str = "SELECT EXISTS (SELECT FROM llmtrace.users WHERE name = $2 AND id <> $1) \
    OR EXISTS (SELECT FROM llmtrace.users WHERE issuer = $3 AND subject = $4 AND id <> $1), \
    (SELECT count(*) FROM llmtrace.users WHERE name IS NOT NULL)";
const KEEP: &str = "INSERT INTO llmtrace.users (id, version, name, display, password, issuer, subject, is_platform, \
    created_at, disabled_at, removed_at, sessions_from, last_login_at, changed) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, name = excluded.name, display = excluded.display, \
    password = excluded.password, issuer = excluded.issuer, subject = excluded.subject, \
    is_platform = excluded.is_platform, disabled_at = excluded.disabled_at, removed_at = excluded.removed_at, \
    sessions_from = excluded.sessions_from, last_login_at = excluded.last_login_at, changed = excluded.changed";
const TAKE_GRANTS: &str = "DELETE FROM llmtrace.user_grants WHERE user_id = $1";
const GRANT: &str = "INSERT INTO llmtrace.user_grants (user_id, tenant_id, role) \
    SELECT $1, tenant_id, role FROM unnest($2::text[], $3::text[]) AS granted (tenant_id, role)";
const NOTE_LOGIN: &str = "UPDATE llmtrace.users SET last_login_at = $2 \
    WHERE id = $1 AND removed_at IS NULL AND (last_login_at IS NULL OR last_login_at < $2)";
/// Each row gets a number of its own, so that what has changed can be told in pieces.
const COUNT_FORGOTTEN: &str = "UPDATE llmtrace.users AS kept SET version = kept.version + 1, changed = $2 + granted.place \
    FROM (SELECT user_id, row_number() OVER (ORDER BY user_id) AS place \
    FROM llmtrace.user_grants WHERE tenant_id = $1) AS granted WHERE kept.id = granted.user_id";
const FORGET: &str = "DELETE FROM llmtrace.user_grants WHERE tenant_id = $1";

/// The people of a scope, by name.
pub(super) async fn list(connection: &mut PgConnection, scope: &TenantScope) -> Result<Vec<User>> {
    let most = row::limit(MAX_USERS);
    let question = match scope {
        TenantScope::All => sqlx::query(ALL).bind(most),
        TenantScope::One(tenant) => sqlx::query(OF_TENANT).bind(most).bind(tenant.as_str()),
    };
    question.fetch_all(connection).await?.iter().map(read).collect()
}

/// One person of a scope.
pub(super) async fn one(connection: &mut PgConnection, scope: &TenantScope, id: UserId) -> Result<Option<User>> {
    let found = stored(connection, id).await?;
    Ok(found.filter(|user| user.removed_at.is_none() && user.is_inside(scope)))
}

/// Who logs in with a name.
pub(super) async fn of_name(connection: &mut PgConnection, name: &UserName) -> Result<Option<User>> {
    let question = sqlx::query(OF_NAME).bind(name.as_str());
    question.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// Who logs in through a provider.
pub(super) async fn of_identity(connection: &mut PgConnection, identity: &Identity) -> Result<Option<User>> {
    let question = sqlx::query(OF_IDENTITY).bind(identity.issuer.as_bytes()).bind(identity.subject.as_bytes());
    question.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// Adds a person, or changes a version of them.
pub(super) async fn put(
    connection: &mut PgConnection,
    scope: &TenantScope,
    user: &User,
    replacing: Replacing,
) -> Result<Written> {
    let mut change = connection.begin().await?;
    let number = keys::last(&mut change).await? + 1;
    let stored = stored(&mut change, user.id).await?;
    let next = match users::next(stored.as_ref(), scope, user, replacing) {
        Ok(next) => next,
        Err(why_not) => return change.rollback().await.map(|()| why_not),
    };
    let (issuer, subject) = halves(&next);
    let room = sqlx::query(ROOM).bind(&next.id.as_bytes()[..]).bind(next.name.as_ref().map(UserName::as_str));
    let room = room.bind(issuer).bind(subject).fetch_one(&mut *change).await?;
    if room.try_get(0)? {
        return change.rollback().await.map(|()| Written::Taken);
    }
    if stored.is_none() && room.try_get::<i64, _>(1)? >= row::limit(MAX_USERS) {
        return change.rollback().await.map(|()| Written::Full);
    }
    keep(&mut change, &next, number).await?;
    keys::advance(&mut change, 1).await?;
    change.commit().await?;
    Ok(Written::Done)
}

/// Notes when somebody logged in last.
pub(super) async fn note_login(connection: &mut PgConnection, id: UserId, at: Timestamp) -> Result<()> {
    let mut change = connection.begin().await?;
    // Whoever changes the person meanwhile would put back what was there before.
    keys::lock(&mut change).await?;
    sqlx::query(NOTE_LOGIN).bind(&id.as_bytes()[..]).bind(at.unix_us()).execute(&mut *change).await?;
    change.commit().await
}

/// What has changed after `since`.
pub(super) async fn changed(connection: &mut PgConnection, since: u64) -> Result<UserChanges> {
    let behind = i64::try_from(since).unwrap_or(i64::MAX);
    let rows = sqlx::query(CHANGED).bind(row::limit(MAX_CHANGES)).bind(behind).fetch_all(connection).await?;
    let seen = rows.last().map_or(Ok(since), |last| row::count(last, NUMBER))?;
    Ok(UserChanges { seen, users: rows.iter().map(read).collect::<Result<_>>()? })
}

/// Takes the grants in a tenant from everybody, inside a transaction; says how many there were.
pub(super) async fn forget(change: &mut PgConnection, tenant: &TenantId) -> Result<u64> {
    let last = keys::last(&mut *change).await?;
    let count = sqlx::query(COUNT_FORGOTTEN).bind(tenant.as_str()).bind(last);
    let rows = count.execute(&mut *change).await?.rows_affected();
    keys::advance(&mut *change, rows.cast_signed()).await?;
    Ok(sqlx::query(FORGET).bind(tenant.as_str()).execute(change).await?.rows_affected())
}

/// One person, also one who was removed.
async fn stored(connection: &mut PgConnection, id: UserId) -> Result<Option<User>> {
    let question = sqlx::query(ONE).bind(&id.as_bytes()[..]);
    question.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

fn halves(user: &User) -> (Option<&[u8]>, Option<&[u8]>) {
    user.identity.as_ref().map(|identity| (identity.issuer.as_bytes(), identity.subject.as_bytes())).unzip()
}

async fn keep(change: &mut PgConnection, user: &User, number: i64) -> Result<()> {
    let (issuer, subject) = halves(user);
    let id = &user.id.as_bytes()[..];
    sqlx::query(KEEP)
        .bind(id)
        .bind(i64::from(user.version))
        .bind(user.name.as_ref().map(UserName::as_str))
        .bind(user.display.as_bytes())
        .bind(user.password.as_ref().map(PasswordHash::as_str))
        .bind(issuer)
        .bind(subject)
        .bind(user.grants.contains(&Grant::Platform))
        .bind(user.created_at.unix_us())
        .bind(user.disabled_at.map(Timestamp::unix_us))
        .bind(user.removed_at.map(Timestamp::unix_us))
        .bind(user.sessions_from.unix_us())
        .bind(user.last_login_at.map(Timestamp::unix_us))
        .bind(number)
        .execute(&mut *change)
        .await?;
    sqlx::query(TAKE_GRANTS).bind(id).execute(&mut *change).await?;
    let in_tenants = user.grants.iter().filter_map(|grant| match grant {
        Grant::Tenant(tenant, role) => Some((tenant.as_str(), role.as_str())),
        Grant::Platform => None,
    });
    let (tenants, roles): (Vec<&str>, Vec<&str>) = in_tenants.unzip();
    sqlx::query(GRANT).bind(id).bind(tenants).bind(roles).execute(change).await.map(drop)
}

fn read(row: &PgRow) -> Result<User> {
    Ok(User {
        id: UserId::from_bytes(row::id(row, 0)?),
        version: row::version(row, 1)?,
        name: row::optional_word(row, 2)?,
        display: row::text(row, 3)?,
        password: row::optional_word(row, 4)?,
        identity: match (row::optional_text(row, 5)?, row::optional_text(row, 6)?) {
            (Some(issuer), Some(subject)) => Some(Identity { issuer, subject }),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                return Err(row::damaged(row, 6, "an issuer and a subject go together"));
            }
        },
        grants: if row.try_get(7)? {
            vec![Grant::Platform]
        } else {
            let words: Option<&str> = row.try_get(8)?;
            users::grants(words.unwrap_or_default()).map_err(|why| row::damaged(row, 8, why))?
        },
        created_at: row::time(row, 9)?,
        disabled_at: row::optional_time(row, 10)?,
        removed_at: row::optional_time(row, 11)?,
        sessions_from: row::time(row, 12)?,
        last_login_at: row::optional_time(row, 13)?,
    })
}
