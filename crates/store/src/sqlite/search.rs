//! Finding what was said: the rows whose terms match, before a query looks at anything else of them.
//!
//! Few of them lead the query. Many are kept as bits and asked row by row, while the query walks the index it would walk
//! anyway: that ends as soon as a page is full, so the newest are read first and more only where the query asks for them.
//! `query.rs` has a form for each.

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc};

use llmtrace_model::{Cursor, SpanFilter, TenantId, TenantScope, Terms};
use parking_lot::Mutex;
use rusqlite::{Connection, Transaction, functions::FunctionFlags};

use super::text::hour;

/// The most rows that lead a query: each costs a look at a row somewhere in the file.
const FEW: i64 = 20_000;
/// Rows of one chunk of bits.
const CHUNK: i64 = 4096;
/// 64 of them each.
const WORDS: usize = 64;

/// Rows read first for a query that may end soon; each further reading covers so many times more.
const FIRST_ROWS: i64 = 1 << 16;
const MORE: i64 = 8;

/// By the text index, between two rows, at most so many. Bounded by the read timeout too; of a row one bit is kept.
const MATCHING: &str = "SELECT rowid FROM spans_text WHERE spans_text MATCH ? AND rowid BETWEEN ? AND ? LIMIT ?";
/// By the primary key; a row an hour.
const BETWEEN: &str = "SELECT min(first), max(last) FROM text_hours WHERE hour BETWEEN ? AND ?";

/// How a query finds the rows whose content holds the terms.
#[derive(Debug)]
pub(super) enum Text {
    /// No terms are asked for.
    Any,
    /// By the text index first: an expression, and the first and the last row it may find.
    Few(String, i64, i64),
    /// By the query's own index, asking `text_holds` of each row.
    Many,
}

/// How many of the rows that match a query asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// The newest that fill a page, none of them after this cursor's.
    Page(Option<Cursor>),
    /// Every one.
    All,
}

/// The rows that the last search of a connection found. The function `text_holds` asks it.
#[derive(Debug, Default)]
pub(super) struct Found {
    chunks: HashMap<i64, Box<[u64; WORDS]>>,
    /// Rows before this one were not read yet.
    from: i64,
    /// Somebody asked for one of those.
    missed: bool,
}

/// Somebody asked for a row that was not read yet.
#[derive(Debug, thiserror::Error)]
#[error("row {0} lies before what was read of the text index")]
struct Missed(i64);

impl Found {
    fn add(&mut self, row: i64) {
        let (chunk, word, bit) = place(row);
        self.chunks.entry(chunk).or_insert_with(|| Box::new([0; WORDS]))[word] |= bit;
    }

    fn holds(&mut self, row: i64) -> Result<bool, Missed> {
        if row < self.from {
            self.missed = true;
            return Err(Missed(row));
        }
        let (chunk, word, bit) = place(row);
        Ok(self.chunks.get(&chunk).is_some_and(|words| words[word] & bit != 0))
    }
}

fn place(row: i64) -> (i64, usize, u64) {
    let within = row.rem_euclid(CHUNK).unsigned_abs();
    (row.div_euclid(CHUNK), usize::try_from(within / 64).unwrap_or(0), 1 << (within % 64))
}

/// Gives a connection the function `text_holds(row)`; what it answers from a [`Search`] fills.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<Arc<Mutex<Found>>> {
    let found = Arc::<Mutex<Found>>::default();
    let asked = AssertUnwindSafe(Arc::clone(&found));
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("text_holds", 1, flags, move |context| {
        let held = asked.lock().holds(context.get(0)?);
        held.map_err(|missed| rusqlite::Error::UserFunctionError(missed.into()))
    })?;
    Ok(found)
}

/// A search under way: of the rows between two, the last ones are read.
pub(super) struct Search<'a> {
    transaction: &'a Transaction<'a>,
    found: &'a Mutex<Found>,
    /// How the query finds its rows.
    pub(super) text: Text,
    expression: String,
    first: i64,
    /// How many rows the next reading covers.
    rows: i64,
}

impl<'a> Search<'a> {
    /// Begins to find the rows of a filter's terms, those of its time at least.
    pub(super) fn begin(
        transaction: &'a Transaction<'a>,
        found: &'a Mutex<Found>,
        scope: &TenantScope,
        filter: &SpanFilter,
        extent: Extent,
    ) -> rusqlite::Result<Self> {
        *found.lock() = Found::default();
        let (after, rows) = match extent {
            Extent::Page(after) => (after, FIRST_ROWS),
            Extent::All => (None, i64::MAX),
        };
        let mut search = Self { transaction, found, text: Text::Any, expression: String::new(), first: 0, rows };
        let Some(terms) = &filter.text else { return Ok(search) };
        search.expression = expression(scope, terms);
        let (first, last) = rows_of(transaction, filter, after)?;
        search.first = first;
        if search.read(first, last, FEW + 1)? <= FEW {
            search.text = Text::Few(search.expression.clone(), first, last);
            found.lock().from = i64::MIN;
        } else {
            search.text = Text::Many;
            *found.lock() = Found { from: last.saturating_add(1), ..Found::default() };
            search.read_more()?;
        }
        Ok(search)
    }

    /// Says whether the query failed for want of rows that were not read, and reads more of them: it is to be asked again.
    pub(super) fn again(&mut self) -> rusqlite::Result<bool> {
        let missed = std::mem::take(&mut self.found.lock().missed);
        if missed {
            self.read_more()?;
        }
        Ok(missed)
    }

    fn read_more(&mut self) -> rusqlite::Result<()> {
        let before = self.found.lock().from;
        let from = before.saturating_sub(self.rows).max(self.first);
        self.rows = self.rows.saturating_mul(MORE);
        self.read(from, before.saturating_sub(1), i64::MAX)?;
        // Nothing before the first started in the time that is asked for.
        self.found.lock().from = if from == self.first { i64::MIN } else { from };
        Ok(())
    }

    /// Reads the matching rows between two, at most so many; returns their number.
    fn read(&self, first: i64, last: i64, most: i64) -> rusqlite::Result<i64> {
        let mut matching = self.transaction.prepare_cached(MATCHING)?;
        let mut rows = matching.query((&self.expression, first, last, most))?;
        let mut found = self.found.lock();
        let mut count = 0;
        while let Some(row) = rows.next()? {
            found.add(row.get(0)?);
            count += 1;
        }
        Ok(count)
    }
}

/// The first and the last row that can have started in the time asked for; the wrong way around where there is none.
fn rows_of(transaction: &Transaction<'_>, filter: &SpanFilter, after: Option<Cursor>) -> rusqlite::Result<(i64, i64)> {
    let from = filter.from.map_or(i64::MIN, hour);
    let until = filter.until.into_iter().chain(after.map(|cursor| cursor.started_at)).min().map_or(i64::MAX, hour);
    let found: (Option<i64>, Option<i64>) =
        transaction.prepare_cached(BETWEEN)?.query_row((from, until), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.0.zip(found.1).unwrap_or((0, -1)))
}

/// Every term, as an expression of the text index; a term holds no quote.
fn expression(scope: &TenantScope, terms: &Terms) -> String {
    let owner = match scope {
        TenantScope::All => None,
        TenantScope::One(tenant) => Some(owner_term(tenant)),
    };
    let all = owner.iter().chain(terms.as_slice());
    all.map(|term| format!("\"{term}\"")).collect::<Vec<_>>().join(" AND ")
}

/// The tenant as one more term, so that a search of one tenant passes by the rows of others. No content has such a term: it
/// begins with a sign, and has only letters and digits after it, whatever the tenant is called.
pub(super) fn owner_term(tenant: &TenantId) -> String {
    use std::fmt::Write as _;
    let mut term = "\u{a7}".to_owned();
    for byte in tenant.as_str().bytes() {
        // Writing into a String cannot fail.
        if write!(term, "{byte:02x}").is_err() {
            break;
        }
    }
    term
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_added_and_nothing_else_is_found(rows in proptest::collection::btree_set(-9000i64..9000, 0..60)) {
            let mut found = Found::default();
            rows.iter().for_each(|row| found.add(*row));
            found.from = -9000;
            for row in -9000..9001 {
                prop_assert_eq!(found.holds(row).ok(), Some(rows.contains(&row)));
            }
            prop_assert!(!found.missed);
            prop_assert!(found.holds(-9001).is_err());
            prop_assert!(found.missed);
        }
    }
}
