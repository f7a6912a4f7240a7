//! Values from the columns of a row of PostgreSQL.

use std::{error::Error, str::FromStr};

use llmtrace_model::{TenantScope, Timestamp};
use serde::de::DeserializeOwned;
use sqlx::{Column, Result, Row, postgres::PgRow};

/// A bound on rows, as the engine takes it.
pub(super) fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

/// The tenant of a scope; none where it is everybody's.
pub(super) fn tenant(scope: &TenantScope) -> Option<&str> {
    match scope {
        TenantScope::One(tenant) => Some(tenant.as_str()),
        TenantScope::All => None,
    }
}

pub(super) fn time(row: &PgRow, index: usize) -> Result<Timestamp> {
    row.try_get(index).map(Timestamp::from_unix_us)
}

/// An identity of 16 bytes.
pub(super) fn id(row: &PgRow, index: usize) -> Result<[u8; 16]> {
    row.try_get::<&[u8], _>(index)?.try_into().map_err(|error| damaged(row, index, error))
}

/// A number that was written as a signed one.
pub(super) fn count(row: &PgRow, index: usize) -> Result<u64> {
    row.try_get::<i64, _>(index).map(i64::cast_unsigned)
}

/// A text that only a closed set of words, or a narrow form, may hold.
pub(super) fn word<T>(row: &PgRow, index: usize) -> Result<T>
where
    T: FromStr,
    T::Err: Error + Send + Sync + 'static,
{
    row.try_get::<&str, _>(index)?.parse().map_err(|error| damaged(row, index, error))
}

/// Likewise, where there may be none.
pub(super) fn optional_word<T>(row: &PgRow, index: usize) -> Result<Option<T>>
where
    T: FromStr,
    T::Err: Error + Send + Sync + 'static,
{
    let word = row.try_get::<Option<&str>, _>(index)?.map(str::parse).transpose();
    word.map_err(|error| damaged(row, index, error))
}

pub(super) fn json<T: DeserializeOwned>(row: &PgRow, index: usize) -> Result<T> {
    serde_json::from_str(row.try_get(index)?).map_err(|error| damaged(row, index, error))
}

/// Says which column of a stored row is not what was written.
pub(super) fn damaged(row: &PgRow, index: usize, why: impl Into<Box<dyn Error + Send + Sync>>) -> sqlx::Error {
    let index = row.columns().get(index).map_or_else(|| index.to_string(), |column| column.name().to_owned());
    sqlx::Error::ColumnDecode { index, source: why.into() }
}
