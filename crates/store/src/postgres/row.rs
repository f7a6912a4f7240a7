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

/// An identity, or a hash, of so many bytes.
pub(super) fn id<const N: usize>(row: &PgRow, index: usize) -> Result<[u8; N]> {
    row.try_get::<&[u8], _>(index)?.try_into().map_err(|error| damaged(row, index, error))
}

/// A text that is stored as its bytes.
pub(super) fn text(row: &PgRow, index: usize) -> Result<String> {
    String::from_utf8(row.try_get(index)?).map_err(|error| damaged(row, index, error))
}

/// Likewise, where there may be none.
pub(super) fn optional_text(row: &PgRow, index: usize) -> Result<Option<String>> {
    let text = row.try_get::<Option<Vec<u8>>, _>(index)?.map(String::from_utf8).transpose();
    text.map_err(|error| damaged(row, index, error))
}

/// A version of a row.
pub(super) fn version(row: &PgRow, index: usize) -> Result<u32> {
    u32::try_from(row.try_get::<i64, _>(index)?).map_err(|error| damaged(row, index, error))
}

/// A time, where there may be none.
pub(super) fn optional_time(row: &PgRow, index: usize) -> Result<Option<Timestamp>> {
    Ok(row.try_get::<Option<i64>, _>(index)?.map(Timestamp::from_unix_us))
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
