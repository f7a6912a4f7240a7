//! The text index: puts what was said into it, a piece at a time, after the rows are written.
//!
//! Reading, unpacking and splitting into terms happen on a thread of their own; the writer only takes the terms of a piece,
//! in one short transaction with the mark up to which rows are indexed. A row that goes takes its terms along: a trigger sees
//! to that (migration 0004). Searching is done in `search.rs`.

use std::{
    collections::{BTreeMap, HashSet},
    sync::atomic::{AtomicI64, Ordering},
};

use llmtrace_model::{Content, TenantId, Timestamp};
use rusqlite::{Connection, Row, TransactionBehavior};

use super::{body, connection::Reader, row::Columns, search::owner_term};
use crate::pool::Cancel;

/// Bounds of one piece, whichever is reached first; one row is always taken. Chosen so that the writer is held up for 10 ms.
const ROWS: u32 = 1024;
const TERMS: usize = 30_000;
const CONTENT_BYTES: i64 = 1 << 20;
/// Pages of the index that one merge writes: about the time of a piece.
const MERGE_PAGES: i64 = 96;

const MARK: &str = "SELECT indexed, removed, (SELECT coalesce(max(id), 0) FROM spans) FROM text_progress WHERE id = 1";
/// By the primary keys, at most `ROWS`.
const NEXT: &str = "SELECT s.id, s.started_at, s.tenant_id, b.codec, b.size_bytes, b.content \
    FROM spans s LEFT JOIN bodies b ON b.span = s.id WHERE s.id > ? ORDER BY s.id LIMIT ?";
const PUT: &str = "INSERT INTO spans_text (rowid, terms) VALUES (?, ?)";
const WIDEN: &str = "INSERT INTO text_hours (hour, first, last) VALUES (?1, ?2, ?3) \
    ON CONFLICT (hour) DO UPDATE SET first = min(first, ?2), last = max(last, ?3)";
const ADVANCE: &str = "UPDATE text_progress SET indexed = ? WHERE id = 1 AND indexed = ? AND removed = ?";
const MERGE: &str = "INSERT INTO spans_text (spans_text, rank) VALUES ('merge', ?)";

/// The hour a span started in, as a number.
pub(super) fn hour(started_at: Timestamp) -> i64 {
    started_at.unix_us().div_euclid(3_600_000_000)
}

/// How far the index is behind the rows, as this process knows it.
#[derive(Debug, Default)]
pub(super) struct Lag {
    newest: AtomicI64,
    indexed: AtomicI64,
}

impl Lag {
    /// That of a file which was just opened.
    pub(super) fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let lag = Self::default();
        lag.saw(mark(connection)?);
        Ok(lag)
    }

    /// A row was written.
    pub(super) fn wrote(&self, row: i64) {
        self.newest.fetch_max(row, Ordering::Relaxed);
    }

    fn saw(&self, mark: Mark) {
        self.newest.store(mark.newest, Ordering::Relaxed);
        self.indexed.store(mark.indexed, Ordering::Relaxed);
    }

    /// Rows that are not indexed; where rows were removed, a little more than there are.
    pub(super) fn rows(&self) -> u64 {
        let lag = self.newest.load(Ordering::Relaxed).saturating_sub(self.indexed.load(Ordering::Relaxed));
        u64::try_from(lag).unwrap_or(0)
    }
}

/// The state of the index in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Every row up to this one is indexed.
    indexed: i64,
    /// How many rows went before they were indexed: a piece that was read before that is out of date.
    removed: i64,
    /// The last row there is.
    newest: i64,
}

/// The next rows to index.
#[derive(Debug)]
pub(super) struct Piece {
    mark: Mark,
    /// The last of its rows.
    last: i64,
    said: Vec<Said>,
}

/// The terms of one row that has content.
#[derive(Debug)]
struct Said {
    row: i64,
    hour: i64,
    /// Each once, a space between two.
    terms: String,
}

impl Piece {
    /// Reads the next piece on a reading connection; empty where everything is indexed.
    pub(super) fn read(reader: &mut Reader, lag: &Lag, cancel: &Cancel) -> rusqlite::Result<Self> {
        reader.bound(cancel)?;
        let view = reader.connection.transaction()?;
        let mark = mark(&view)?;
        lag.saw(mark);
        let mut piece = Self { mark, last: mark.indexed, said: Vec::new() };
        let (mut terms, mut bytes) = (0, 0);
        let mut next = view.prepare_cached(NEXT)?;
        let mut rows = next.query((mark.indexed, ROWS))?;
        let mut seen = HashSet::new();
        while let Some(row) = rows.next()? {
            bytes += row.get::<_, Option<i64>>("size_bytes")?.unwrap_or(0);
            terms += piece.add(row, &mut seen)?;
            if terms >= TERMS || bytes >= CONTENT_BYTES {
                break;
            }
        }
        Ok(piece)
    }

    /// True where there was nothing to index.
    pub(super) fn is_empty(&self) -> bool {
        self.last == self.mark.indexed
    }

    /// Takes one row; returns how many different terms it has.
    fn add(&mut self, row: &Row<'_>, seen: &mut HashSet<String>) -> rusqlite::Result<usize> {
        let mut from = Columns::of(row);
        let (id, started_at) = (from.take()?, Timestamp::from_unix_us(from.take()?));
        self.last = id;
        let (tenant, content) = match said(row) {
            Ok(Some(said)) => said,
            Ok(None) => return Ok(0),
            Err(error) => {
                // One damaged row must not keep all later ones out of the index.
                tracing::warn!(store.row = id, %error, "a span is damaged, no search will find it");
                return Ok(0);
            }
        };
        let mut terms = owner_term(&tenant);
        seen.clear();
        content.each_text(&mut |text| {
            llmtrace_model::terms(text, &mut |term| {
                if !seen.contains(term) {
                    seen.insert(term.to_owned());
                    terms.push(' ');
                    terms.push_str(term);
                }
            });
        });
        self.said.push(Said { row: id, hour: hour(started_at), terms });
        Ok(seen.len())
    }

    /// Puts the piece into the index, together with the mark; does nothing where somebody else was there first, or where a row
    /// went since it was read: the next piece sees it as it is.
    pub(super) fn put(&self, connection: &mut Connection, lag: &Lag) -> rusqlite::Result<()> {
        let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if change.prepare_cached(ADVANCE)?.execute((self.last, self.mark.indexed, self.mark.removed))? == 0 {
            return Ok(());
        }
        {
            let mut put = change.prepare_cached(PUT)?;
            let mut hours: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
            for Said { row, hour, terms } in &self.said {
                put.execute((row, terms))?;
                hours.entry(*hour).and_modify(|(_, last)| *last = *row).or_insert((*row, *row));
            }
            let mut widen = change.prepare_cached(WIDEN)?;
            for (hour, (first, last)) in hours {
                widen.execute((hour, first, last))?;
            }
        }
        change.commit()?;
        lag.indexed.store(self.last, Ordering::Relaxed);
        Ok(())
    }
}

/// Joins parts of the index, a bounded piece: without it a search would look into one part per piece ever put.
pub(super) fn merge(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached(MERGE)?.execute([MERGE_PAGES]).map(|_| ())
}

fn mark(view: &Connection) -> rusqlite::Result<Mark> {
    view.prepare_cached(MARK)?
        .query_row([], |row| Ok(Mark { indexed: row.get(0)?, removed: row.get(1)?, newest: row.get(2)? }))
}

/// Who said what in a row; `None` where nothing was recorded.
fn said(row: &Row<'_>) -> Result<Option<(TenantId, Content)>, body::BoxError> {
    let Some(codec) = row.get("codec")? else { return Ok(None) };
    let content = body::unpack(codec, row.get("size_bytes")?, row.get_ref("content")?.as_blob()?)?;
    Ok(Some((Columns::after(row, 2).word()?, content)))
}
