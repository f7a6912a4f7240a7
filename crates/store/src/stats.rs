//! Adding up spans, once for all engines: what one span brings, and the groups it goes to.

use std::collections::BTreeMap;

use llmtrace_model::{Measures, Money, Span, StatsQuery, StatsRow, Status, Timestamp, Usage};

use crate::{MAX_GROUPS, MAX_SCANNED};

/// What one span brings to its group.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) started_at: Timestamp,
    pub(crate) status: Status,
    pub(crate) usage: Option<Usage>,
    /// Whether anything is billed by the piece.
    pub(crate) has_units: bool,
    pub(crate) cost: Option<Money>,
    pub(crate) duration_us: u64,
    pub(crate) first_token_us: Option<u64>,
}

impl Sample {
    /// That of a span.
    pub(crate) fn of(span: &Span) -> Self {
        Self {
            started_at: span.started_at,
            status: span.status,
            usage: span.usage,
            has_units: !span.units.is_empty(),
            cost: span.cost,
            duration_us: span.timing.duration_us,
            first_token_us: span.timing.first_token_us,
        }
    }

    /// Adds itself to what others add up to.
    pub(crate) fn add_to(&self, sum: &mut Measures) {
        let usage = self.usage.unwrap_or_default();
        let used = usage.total() > 0 || self.has_units;
        sum.requests = sum.requests.saturating_add(1);
        sum.errors = sum.errors.saturating_add(u64::from(self.status == Status::Error));
        sum.unpriced = sum.unpriced.saturating_add(u64::from(used && self.cost.is_none()));
        sum.usage = sum.usage.saturating_add(&usage);
        sum.cost = sum.cost + self.cost.unwrap_or_default();
        sum.duration.add(self.duration_us);
        if let Some(us) = self.first_token_us {
            sum.first_token.add(us);
        }
        sum.saw(self.started_at, self.started_at);
    }
}

/// The values of a query's dimensions.
pub(crate) type Key = Vec<Option<String>>;

/// Says why a query is not answered.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct TooLarge(pub(crate) String);

/// The groups of one query, bounded.
#[derive(Debug)]
pub(crate) struct Groups<'a> {
    query: &'a StatsQuery,
    rows: BTreeMap<(Option<Timestamp>, Key), Measures>,
    scanned: u64,
}

impl<'a> Groups<'a> {
    /// None yet.
    pub(crate) fn new(query: &'a StatsQuery) -> Self {
        Self { query, rows: BTreeMap::new(), scanned: 0 }
    }

    /// Adds one span that was read by itself.
    pub(crate) fn add(&mut self, key: Key, sample: &Sample) -> Result<(), TooLarge> {
        self.scanned += 1;
        if self.scanned > MAX_SCANNED {
            return Err(TooLarge(format!("it needs more than {MAX_SCANNED} spans to be read one by one")));
        }
        let step = self.query.step(sample.started_at);
        sample.add_to(self.group(step, key)?);
        Ok(())
    }

    fn group(&mut self, step: Option<Timestamp>, key: Key) -> Result<&mut Measures, TooLarge> {
        let groups = self.rows.len();
        match self.rows.entry((step, key)) {
            std::collections::btree_map::Entry::Occupied(known) => Ok(known.into_mut()),
            std::collections::btree_map::Entry::Vacant(_) if groups >= MAX_GROUPS => {
                Err(TooLarge(format!("it tells more than {MAX_GROUPS} groups apart")))
            }
            std::collections::btree_map::Entry::Vacant(new) => Ok(new.insert(Measures::default())),
        }
    }

    /// By time step, then by key.
    pub(crate) fn finish(self) -> Vec<StatsRow> {
        self.rows.into_iter().map(|((step, key), measures)| StatsRow { step, key, measures }).collect()
    }
}
