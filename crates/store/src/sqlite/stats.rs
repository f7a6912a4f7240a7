//! What spans add up to, read span by span.

use llmtrace_model::{Dimension, StatsQuery, StatsRow, TenantScope};
use rusqlite::{Row, params_from_iter};

use super::{failure::failed, query, read::View, row::Columns};
use crate::{
    Backend, Error,
    stats::{Groups, Sample, TooLarge},
};

/// The rows of a query.
pub(super) fn rows(view: &View<'_>, scope: &TenantScope, wanted: &StatsQuery) -> Result<Vec<StatsRow>, Error> {
    let failed = failed("stats");
    let query = query::stats(scope, wanted);
    let mut statement = view.transaction.prepare_cached(&query.sql).map_err(&failed)?;
    let mut found = statement.query(params_from_iter(&query.values)).map_err(&failed)?;
    let mut groups = Groups::new(wanted);
    while let Some(row) = found.next().map_err(&failed)? {
        let (key, sample) = sample(row, &wanted.group_by).map_err(&failed)?;
        groups.add(key, &sample).map_err(|TooLarge(why)| Error::too_large(Backend::Sqlite, "stats", why))?;
    }
    Ok(groups.finish())
}

fn sample(row: &Row<'_>, group_by: &[Dimension]) -> rusqlite::Result<(Vec<Option<String>>, Sample)> {
    let mut from = Columns::of(row);
    let sample = from.sample()?;
    let key = group_by.iter().map(|_| from.take()).collect::<Result<_, _>>()?;
    Ok((key, sample))
}
