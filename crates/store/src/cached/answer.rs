//! Answers as bytes, and back. Numbers are LEB128, texts have their length before them.
//!
//! Whoever changes what is written here raises [`super::entry::FORMAT`].

use llmtrace_model::{
    Cursor, ExchangeId, Histogram, Measures, Money, Page, SessionSummary, StatsRow, Timestamp, TraceId, TraceSummary,
    Usage,
};

use crate::ModelTraffic;

/// What a cache keeps.
pub(super) trait Answer: Sized {
    /// The letter of its kind in a key.
    const KIND: char;

    fn put(&self, to: &mut Writer);

    /// `None` where the bytes are not what was written.
    fn take(from: &mut Reader<'_>) -> Option<Self>;
}

/// Bytes being written.
#[derive(Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    #[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn maybe<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T)) {
        self.number(value.is_some().into());
        if let Some(value) = value {
            put(self, value);
        }
    }

    fn all<T>(&mut self, values: &[T], mut put: impl FnMut(&mut Self, &T)) {
        self.number(values.len() as u64);
        values.iter().for_each(|value| put(self, value));
    }

    fn time(&mut self, time: Timestamp) {
        self.signed(time.unix_us());
    }

    fn histogram(&mut self, histogram: &Histogram) {
        self.number(histogram.buckets().count() as u64);
        let mut before = 0;
        for (bucket, count) in histogram.buckets() {
            self.number((bucket - before).into());
            self.number(count);
            before = bucket;
        }
    }
}

/// Bytes that are left to be read.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let zigzag = self.number()?;
        Some((zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed()))
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<String> {
        std::str::from_utf8(self.bytes()?).ok().map(str::to_owned)
    }

    fn word<T: std::str::FromStr>(&mut self) -> Option<T> {
        std::str::from_utf8(self.bytes()?).ok()?.parse().ok()
    }

    /// The outer `None` is damage, the inner one an absent value.
    #[expect(clippy::option_option, reason = "two different things, told apart by every caller with a `?`")]
    fn maybe<T>(&mut self, take: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.number()? {
            0 => Some(None),
            1 => take(self).map(Some),
            _ => None,
        }
    }

    fn all<T>(&mut self, mut take: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let length = usize::try_from(self.number()?).ok()?;
        // More is made room for as it comes: the count may be damaged.
        let mut all = Vec::with_capacity(length.min(1024));
        for _ in 0..length {
            all.push(take(self)?);
        }
        Some(all)
    }

    fn time(&mut self) -> Option<Timestamp> {
        self.signed().map(Timestamp::from_unix_us)
    }

    fn money(&mut self) -> Option<Money> {
        self.signed().map(Money::from_nanos)
    }

    fn histogram(&mut self) -> Option<Histogram> {
        let (mut histogram, mut bucket) = (Histogram::default(), 0u16);
        for _ in 0..self.number()? {
            bucket = bucket.checked_add(u16::try_from(self.number()?).ok()?)?;
            histogram.add_bucket(bucket, self.number()?);
        }
        Some(histogram)
    }
}

impl Answer for Vec<StatsRow> {
    const KIND: char = 's';

    fn put(&self, to: &mut Writer) {
        to.all(self, |to, StatsRow { step, key, measures }| {
            to.maybe(*step, Writer::time);
            to.all(key, |to, value| to.maybe(value.as_deref(), Writer::text));
            put_measures(to, measures);
        });
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        from.all(|from| {
            Some(StatsRow {
                step: from.maybe(Reader::time)?,
                key: from.all(|from| from.maybe(Reader::text))?,
                measures: measures(from)?,
            })
        })
    }
}

fn put_measures(to: &mut Writer, measures: &Measures) {
    let Measures { requests, errors, unpriced, usage, cost, duration, first_token, first_started_at, last_started_at } =
        measures;
    for count in [requests, errors, unpriced] {
        to.number(*count);
    }
    usage.buckets().into_iter().for_each(|tokens| to.number(tokens));
    to.signed(cost.nanos());
    to.histogram(duration);
    to.histogram(first_token);
    to.maybe(*first_started_at, Writer::time);
    to.maybe(*last_started_at, Writer::time);
}

fn measures(from: &mut Reader<'_>) -> Option<Measures> {
    let (requests, errors, unpriced) = (from.number()?, from.number()?, from.number()?);
    let mut buckets = [0; Usage::BUCKETS.len()];
    for tokens in &mut buckets {
        *tokens = from.number()?;
    }
    Some(Measures {
        requests,
        errors,
        unpriced,
        usage: Usage::from_buckets(buckets),
        cost: from.money()?,
        duration: from.histogram()?,
        first_token: from.histogram()?,
        first_started_at: from.maybe(Reader::time)?,
        last_started_at: from.maybe(Reader::time)?,
    })
}

impl Answer for Vec<ModelTraffic> {
    const KIND: char = 'm';

    fn put(&self, to: &mut Writer) {
        to.all(self, |to, traffic| {
            let ModelTraffic { provider, model, requests, unpriced_requests, total_tokens, cost, last_seen } = traffic;
            to.text(provider);
            to.text(model);
            [requests, unpriced_requests, total_tokens].into_iter().for_each(|count| to.number(*count));
            to.signed(cost.nanos());
            to.time(*last_seen);
        });
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        from.all(|from| {
            Some(ModelTraffic {
                provider: from.text()?,
                model: from.text()?,
                requests: from.number()?,
                unpriced_requests: from.number()?,
                total_tokens: from.number()?,
                cost: from.money()?,
                last_seen: from.time()?,
            })
        })
    }
}

impl Answer for Page<TraceSummary> {
    const KIND: char = 't';

    fn put(&self, to: &mut Writer) {
        to.all(&self.items, |to, trace| {
            let TraceSummary { trace_id, tenant_id, started_at, duration_us, spans, errors, .. } = trace;
            let TraceSummary { models, total_tokens, cost, session_id, .. } = trace;
            to.bytes(trace_id.as_bytes());
            to.text(tenant_id.as_str());
            to.time(*started_at);
            [duration_us, spans, errors, total_tokens].into_iter().for_each(|count| to.number(*count));
            to.all(models, |to, model| to.text(model));
            to.signed(cost.nanos());
            to.maybe(session_id.as_deref(), Writer::text);
        });
        put_next(to, self.next);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        let items = from.all(|from| {
            let trace_id = TraceId::new(from.bytes()?.try_into().ok()?)?;
            let (tenant_id, started_at) = (from.word()?, from.time()?);
            let (duration_us, spans, errors) = (from.number()?, from.number()?, from.number()?);
            let (total_tokens, models) = (from.number()?, from.all(Reader::text)?);
            let (cost, session_id) = (from.money()?, from.maybe(Reader::text)?);
            Some(TraceSummary {
                trace_id,
                tenant_id,
                started_at,
                duration_us,
                spans,
                errors,
                models,
                total_tokens,
                cost,
                session_id,
            })
        })?;
        Some(Self { items, next: next(from)? })
    }
}

impl Answer for Page<SessionSummary> {
    const KIND: char = 'u';

    fn put(&self, to: &mut Writer) {
        to.all(&self.items, |to, session| {
            let SessionSummary { session_id, tenant_id, started_at, last_started_at, duration_us, spans, .. } = session;
            let SessionSummary { traces, errors, models, agent_ids, user_ids, total_tokens, cost, .. } = session;
            to.text(session_id);
            to.text(tenant_id.as_str());
            to.time(*started_at);
            to.time(*last_started_at);
            [duration_us, spans, traces, errors, total_tokens].into_iter().for_each(|count| to.number(*count));
            for names in [models, agent_ids, user_ids] {
                to.all(names, |to, name| to.text(name));
            }
            to.signed(cost.nanos());
        });
        put_next(to, self.next);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        let items = from.all(|from| {
            let (session_id, tenant_id) = (from.text()?, from.word()?);
            let (started_at, last_started_at) = (from.time()?, from.time()?);
            let (duration_us, spans, traces) = (from.number()?, from.number()?, from.number()?);
            let (errors, total_tokens) = (from.number()?, from.number()?);
            let mut names = || from.all(Reader::text);
            let (models, agent_ids, user_ids) = (names()?, names()?, names()?);
            Some(SessionSummary {
                session_id,
                tenant_id,
                started_at,
                last_started_at,
                duration_us,
                spans,
                traces,
                errors,
                models,
                agent_ids,
                user_ids,
                total_tokens,
                cost: from.money()?,
            })
        })?;
        Some(Self { items, next: next(from)? })
    }
}

fn put_next(to: &mut Writer, next: Option<Cursor>) {
    to.maybe(next, |to, next| {
        to.time(next.started_at);
        to.bytes(next.id.as_bytes());
    });
}

#[expect(clippy::option_option, reason = "see Reader::maybe")]
fn next(from: &mut Reader<'_>) -> Option<Option<Cursor>> {
    from.maybe(|from| {
        let started_at = from.time()?;
        let id = ExchangeId::from_bytes(from.bytes()?.try_into().ok()?);
        Some(Cursor { started_at, id })
    })
}
