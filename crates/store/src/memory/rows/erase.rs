//! Rows that go before the bounds push them out.

use std::{collections::BTreeSet, sync::Arc};

use llmtrace_model::{Erased, ExchangeId, SpanRecord, Subject, TenantScope, Timestamp};

use super::{FIRST, Key, LAST, Rows, record_bytes};
use crate::removing::{Cause, Fate, Traits};

impl Rows {
    /// Removes at most `most` of the rows, or of their contents, for which there is a cause; returns what it removed.
    pub(in crate::memory) fn take_away(&mut self, cause: &Cause, most: usize) -> Erased {
        let fate = |key: &Key| self.rows.get(key).map_or(Fate::Stays, |row| cause.fate(&Traits::of(&row.record.span)));
        let has_content = |key: &Key| self.rows.get(key).is_some_and(|row| row.has_content());
        let keys = self.concerned(cause).map(|key| (key, fate(&key)));
        let due = keys.filter(|(key, fate)| match fate {
            Fate::Stays => false,
            Fate::LosesContent => has_content(key),
            Fate::Goes => true,
        });
        let due: Vec<(Key, Fate)> = due.take(most).collect();
        let mut erased = Erased::default();
        for (key, fate) in due {
            erased.contents += u64::from(self.rows.get(&key).is_some_and(|row| row.has_content()));
            if fate == Fate::Goes {
                self.remove(key);
                erased.spans += 1;
            } else {
                self.silence(key);
            }
        }
        erased
    }

    /// The rows that a cause may be about, by the narrowest index.
    fn concerned<'a>(&'a self, cause: &'a Cause) -> Box<dyn Iterator<Item = Key> + 'a> {
        let Cause::Asked { scope, subject, until } = cause else { return Box::new(self.rows.keys().copied()) };
        let last = (*until, ExchangeId::MAX);
        match (subject, scope) {
            (Subject::Trace(id), _) => among(&self.by_trace, *id, last),
            (Subject::Span(id), _) => among(&self.by_span, *id, last),
            (Subject::Session(id), _) => among(&self.by_session, id.clone(), last),
            (Subject::User(_) | Subject::Everything, TenantScope::One(tenant)) => {
                among(&self.by_tenant, tenant.clone(), last)
            }
            (Subject::User(_) | Subject::Everything, TenantScope::All) => {
                Box::new(self.rows.range(FIRST..=last.min(LAST)).map(|(key, _)| *key))
            }
        }
    }

    /// Takes content and bytes out of a row.
    fn silence(&mut self, key: Key) {
        let Some(row) = self.rows.get_mut(&key) else { return };
        let record = SpanRecord { span: row.record.span.clone(), content: None, raw: None };
        self.bytes -= row.bytes;
        row.bytes = record_bytes(&record);
        self.bytes += row.bytes;
        row.record = Arc::new(record);
    }
}

impl super::Row {
    fn has_content(&self) -> bool {
        self.record.content.is_some() || self.record.raw.is_some()
    }
}

fn among<N: Ord + Clone>(index: &BTreeSet<(N, Key)>, name: N, last: Key) -> Box<dyn Iterator<Item = Key> + '_> {
    let first: (Timestamp, ExchangeId) = FIRST;
    Box::new(index.range((name.clone(), first)..=(name, last)).map(|(_, key)| *key))
}
