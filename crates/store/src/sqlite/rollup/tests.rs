//! That roll-ups are used, are never stale, and give way where they cannot answer.

use std::sync::Arc;

use llmtrace_model::{Money, SpanFilter, SpanRecord, StatsQuery, StatsRow, TenantScope, Timestamp};
use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;

use super::{
    blob::{self, Blob, Sink},
    build::Sums,
    family::{FAMILIES, Ids, WIDEST, WIDTH},
    plan::{HOUR_US, start_of},
    *,
};
use crate::{
    Options, SpanStore,
    conformance::builders::{START, numbered},
    open_spans,
    stats::{Names, Sum},
};

const ALL: TenantScope = TenantScope::All;

/// A store, and a second connection to its file that changes rows behind its back.
struct World {
    store: Arc<dyn SpanStore>,
    other: Connection,
    _folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spans.db");
        let store = open_spans("test", &format!("sqlite:{}", path.display()), &Options::default()).await.unwrap();
        Self { store, other: Connection::open(path).unwrap(), _folder: folder }
    }

    /// Three days of spans, one every quarter of an hour, of two tenants in turn.
    async fn with_three_days() -> Self {
        let world = Self::new().await;
        let batch: Vec<_> = (0..3 * 96).map(|n| record(n, 1)).collect();
        world.store.write(&batch).await.unwrap();
        world
    }

    async fn roll_up(&self) {
        while self.store.tend(after(4 * 24)).await.unwrap().rollup_hours > 0 {}
    }

    /// Changes the spans in such a way that only who reads them sees it.
    fn change_spans(&self) {
        self.other.execute_batch("UPDATE spans SET cost = 1000000").unwrap();
    }

    async fn stats(&self, query: &StatsQuery) -> Vec<StatsRow> {
        self.store.stats(&ALL, query).await.unwrap()
    }

    /// What the spans of a time cost.
    async fn cost(&self, from: Timestamp, until: Timestamp, filter: SpanFilter) -> i64 {
        let filter = SpanFilter { from: Some(from), until: Some(until), ..filter };
        let rows = self.stats(&StatsQuery { filter, ..StatsQuery::default() }).await;
        rows.first().map_or(0, |row| row.measures.cost.nanos())
    }
}

fn after(hours: i64) -> Timestamp {
    Timestamp::from_unix_us(START.unix_us() + hours * HOUR_US)
}

fn minutes_after(minutes: i64) -> Timestamp {
    Timestamp::from_unix_us(START.unix_us() + minutes * 60_000_000)
}

fn record(n: u64, nanos: i64) -> Arc<SpanRecord> {
    let owner = if n.is_multiple_of(2) { "x" } else { "y" };
    numbered(n).tenant(owner).at(minutes_after(15 * n.cast_signed())).user("u").cost_nanos(nanos).record()
}

#[tokio::test]
async fn whole_hours_and_days_come_from_roll_ups_and_the_ends_from_spans() {
    let world = World::with_three_days().await;
    world.roll_up().await;
    world.change_spans();
    let none = SpanFilter::default;
    assert_eq!(world.cost(after(0), after(72), none()).await, 3 * 96, "three days");
    assert_eq!(world.cost(after(5), after(50), none()).await, 45 * 4, "hours, a day, hours");
    assert_eq!(world.cost(minutes_after(30), minutes_after(90), none()).await, 4_000_000, "no whole hour");
    assert_eq!(world.cost(minutes_after(45), minutes_after(135), none()).await, 4 + 2_000_000, "an hour and two ends");
    let user = SpanFilter { user_id: Some("u".to_owned()), ..none() };
    assert_eq!(world.cost(after(0), after(72), user).await, 3 * 96, "a family tells users");
    let session = SpanFilter { session_id: Some("s".to_owned()), ..none() };
    assert_eq!(world.cost(after(0), after(72), session).await, 0, "no family tells sessions");
    let lasting = llmtrace_model::Between { min: Some(1), max: None };
    let lasting = SpanFilter { duration_us: lasting, ..none() };
    assert_eq!(world.cost(after(0), after(72), lasting).await, 3 * 96 * 1_000_000, "nor how long a span took");
    let dear = llmtrace_model::Between { min: Some(Money::from_nanos(2)), max: None };
    let dear = SpanFilter { cost: dear, ..none() };
    assert_eq!(world.cost(after(0), after(72), dear).await, 0, "hours in which nothing was as dear are not read");
}

#[tokio::test]
async fn steps_of_hours_and_days_come_from_roll_ups_and_shorter_ones_from_spans() {
    let world = World::with_three_days().await;
    world.roll_up().await;
    world.change_spans();
    for (minutes, steps, nanos) in [(15, 288, 1_000_000), (60, 72, 4), (360, 12, 24), (1440, 3, 96)] {
        let query = StatsQuery { interval_us: Some(minutes * 60_000_000), ..StatsQuery::default() };
        let rows = world.stats(&query).await;
        assert_eq!(rows.len(), steps, "{minutes} minutes");
        assert!(rows.iter().all(|row| row.measures.cost.nanos() == nanos), "{minutes} minutes");
    }
}

#[tokio::test]
async fn an_hour_that_is_written_to_is_read_from_its_spans_until_it_is_rolled_up_again() {
    let world = World::with_three_days().await;
    world.roll_up().await;
    world.change_spans();
    // One more of tenant y, in hour 30; tenant x has two of the hour's four spans.
    let late = numbered(1000).tenant("y").at(minutes_after(30 * 60 + 1)).cost_nanos(1).record();
    world.store.write(std::slice::from_ref(&late)).await.unwrap();
    let read = 2 * 1_000_000 + 1;
    assert_eq!(world.cost(after(0), after(72), SpanFilter::default()).await, 3 * 96 - 2 + read);
    assert_eq!(world.store.tend(after(4 * 24)).await.unwrap().rollup_hours, 1, "its day is left");
    assert_eq!(world.cost(after(0), after(72), SpanFilter::default()).await, 3 * 96 - 2 + read);
    assert_eq!(world.store.tend(after(4 * 24)).await.unwrap().rollup_hours, 0);
    world.other.execute_batch("UPDATE spans SET cost = 0").unwrap();
    assert_eq!(world.cost(after(0), after(72), SpanFilter::default()).await, 3 * 96 - 2 + read);
}

#[tokio::test]
async fn an_hour_is_rolled_up_when_it_has_ended() {
    let world = World::with_three_days().await;
    assert_eq!(world.store.tend(START).await.unwrap().rollup_hours, 0, "none has");
    while world.store.tend(minutes_after(61)).await.unwrap().rollup_hours > 0 {}
    world.change_spans();
    assert_eq!(
        world.cost(after(0), after(1), SpanFilter::default()).await,
        4_000_000,
        "its last spans may be on the way"
    );
    let world = World::with_three_days().await;
    while world.store.tend(minutes_after(62)).await.unwrap().rollup_hours > 0 {}
    world.change_spans();
    assert_eq!(world.cost(after(0), after(1), SpanFilter::default()).await, 4);
    assert_eq!(world.cost(after(1), after(2), SpanFilter::default()).await, 4_000_000);
}

#[tokio::test]
async fn a_roll_up_that_was_overtaken_by_a_write_is_not_put_in_place() {
    let mut world = World::with_three_days().await;
    let built = {
        let view = world.other.transaction().unwrap();
        build(&view, after(4 * 24)).unwrap()
    };
    let late = numbered(1000).tenant("x").at(after(71)).cost_nanos(50).record();
    world.store.write(&[late]).await.unwrap();
    store(&mut world.other, &built).unwrap();
    world.change_spans();
    let hour = world.cost(after(71), after(72), SpanFilter::default()).await;
    assert_eq!(hour, 3 * 1_000_000 + 2, "tenant x from its three spans, tenant y from its roll-up");
}

#[tokio::test]
async fn two_processes_may_roll_up_the_same_hours() {
    let mut world = World::with_three_days().await;
    let built = build(&world.other.transaction().unwrap(), after(4 * 24)).unwrap();
    world.roll_up().await;
    store(&mut world.other, &built).unwrap();
    assert_eq!(world.store.tend(after(4 * 24)).await.unwrap().rollup_hours, 0, "nothing is due again");
    assert_eq!(world.cost(after(0), after(72), SpanFilter::default()).await, 3 * 96);
}

#[tokio::test]
async fn what_is_stored_before_the_migration_is_marked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spans.db");
    let url = format!("sqlite:{}", path.display());
    let store = open_spans("test", &url, &Options::default()).await.unwrap();
    let odd = [i64::MIN, -1, 0, i64::MAX].map(Timestamp::from_unix_us);
    let batch: Vec<_> = (0..).zip(odd).map(|(n, at)| numbered(n).at(at).record()).collect();
    store.write(&batch).await.unwrap();
    store.close().await.unwrap();
    let other = Connection::open(&path).unwrap();
    let marks = |other: &Connection| -> Vec<(i64, i64)> {
        let mut all = other.prepare("SELECT start, marks - rolled FROM rollup_marks ORDER BY start").unwrap();
        all.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let written = marks(&other);
    assert_eq!(written.len(), 4);
    other.execute_batch("DROP TABLE rollup_marks; DROP TABLE rollups").unwrap();
    other.execute_batch(crate::sqlite::migrate::MIGRATIONS[4]).unwrap();
    assert_eq!(marks(&other), written);
}

#[tokio::test]
async fn a_damaged_roll_up_is_named_and_one_of_another_version_is_not_used() {
    let world = World::with_three_days().await;
    world.roll_up().await;
    world.other.execute_batch("UPDATE rollups SET content = x'01ff' WHERE family > 0").unwrap();
    let error = world.store.stats(&ALL, &StatsQuery::default()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    assert!(error.source.to_string().contains("rollups"), "{}", error.source);
    world.other.execute_batch("UPDATE rollups SET content = x'02ff'").unwrap();
    assert_eq!(world.cost(after(0), after(72), SpanFilter::default()).await, 3 * 96);
    let user = SpanFilter { user_id: Some("u".to_owned()), ..SpanFilter::default() };
    assert_eq!(
        world.store.list(&ALL, &user, &llmtrace_model::PageRequest::first(1000)).await.unwrap().items.len(),
        288
    );
}

#[tokio::test]
async fn a_family_with_too_many_groups_is_read_from_the_spans() {
    let world = World::new().await;
    let busy = i64::try_from(build::GROUPS_MAX).unwrap() + 10;
    let record = |n: i64| {
        let at = Timestamp::from_unix_us(START.unix_us() + n * 1000);
        numbered(n.cast_unsigned()).at(at).user(&format!("user {n}")).cost_nanos(1).record()
    };
    for batch in (0..busy).map(record).collect::<Vec<_>>().chunks(5000) {
        world.store.write(batch).await.unwrap();
    }
    world.roll_up().await;
    world.change_spans();
    assert_eq!(world.cost(after(0), after(24), SpanFilter::default()).await, busy, "models are few");
    let user = SpanFilter { user_id: Some("user 7".to_owned()), ..SpanFilter::default() };
    assert_eq!(world.cost(after(0), after(24), user).await, 1_000_000, "users are too many");
}

#[tokio::test]
async fn lists_pass_over_hours_in_which_nothing_can_match() {
    let world = World::with_three_days().await;
    world.roll_up().await;
    // The sieves of all hours still say that nobody but u was there.
    world.other.execute_batch("UPDATE spans SET user_id = 'hidden' WHERE id % 10 = 0").unwrap();
    let page = llmtrace_model::PageRequest::first(1000);
    let of = |user: &str| SpanFilter { user_id: Some(user.to_owned()), ..SpanFilter::default() };
    assert_eq!(world.store.list(&ALL, &of("hidden"), &page).await.unwrap().items, []);
    world.store.write(&[numbered(1000).at(minutes_after(61)).tenant("x").user("other").record()]).await.unwrap();
    let found = world.store.list(&ALL, &of("hidden"), &page).await.unwrap().items;
    assert!(found.iter().all(|span| (after(1)..after(2)).contains(&span.started_at)), "{found:?}");
    assert_eq!(world.store.list(&ALL, &of("other"), &page).await.unwrap().items.len(), 1);
}

/// Takes everything, as it stands in the roll-up.
#[derive(Default)]
struct Everything(Sums);

impl Sink for Everything {
    fn sum(&mut self, ids: &Ids, _: Timestamp) -> Result<Option<&mut Sum>, Stop> {
        Ok(Some(self.0.entry(*ids).or_default()))
    }
}

fn sum() -> impl Strategy<Value = Sum> {
    let number = || prop_oneof![0u64..3, any::<u64>()];
    let numbers = proptest::collection::vec(number(), 16);
    let durations = || proptest::collection::vec((number(), 1u64..400), 0..20);
    (numbers, any::<i64>(), 0i64..1000, durations(), durations(), 0..HOUR_US).prop_map(
        |(numbers, cost, many, lasting, first_token, first)| {
            let mut sum = Sum { cost_nanos: i128::from(cost) * i128::from(many), ..Sum::default() };
            let buckets = std::array::from_fn(|at| numbers[at]);
            sum.measures.usage = llmtrace_model::Usage::from_buckets(buckets);
            (sum.measures.requests, sum.measures.errors, sum.measures.unpriced) =
                (numbers[12], numbers[13], numbers[14]);
            let count = |histogram: &mut llmtrace_model::Histogram, durations: Vec<(u64, u64)>| {
                durations
                    .into_iter()
                    .for_each(|(us, count)| histogram.add_bucket(llmtrace_model::Histogram::bucket(us), count));
            };
            count(&mut sum.measures.duration, lasting);
            count(&mut sum.measures.first_token, first_token);
            let first = START.unix_us() + first;
            sum.measures.saw(Timestamp::from_unix_us(first), Timestamp::from_unix_us(first + many));
            sum
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        values in proptest::collection::vec(proptest::collection::vec(0u32..4, WIDTH), 1..10),
        sums in proptest::collection::vec(sum(), 10),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut names = Names::default();
        for name in ["", "a\0", "é"] {
            names.number(Some(name));
        }
        let groups: Sums = values.iter().map(|ids| std::array::from_fn(|at| ids[at])).zip(sums).collect();
        let family = &FAMILIES[WIDEST];
        let bytes = blob::write(family, START, &names, &groups);
        let blob = Blob::open(&bytes, family, START).unwrap().unwrap();
        // Its numbers are those of each column by itself.
        let values: Vec<Vec<String>> =
            blob.columns.iter().map(|(_, values)| values.iter().map(|value| (*value).to_owned()).collect()).collect();
        let mut found = Everything::default();
        blob.read(&mut found).unwrap();
        let name = |column: usize, id: u32| id.checked_sub(1).map(|at| values[column][at as usize].clone());
        let named = |ids: &Ids| -> Vec<Option<String>> { (0..).zip(ids).map(|(column, id)| name(column, *id)).collect() };
        let mut found: Vec<_> = found.0.iter().map(|(ids, sum)| (named(ids), sum.clone())).collect();
        let own = |ids: &Ids| -> Vec<Option<String>> { ids.iter().map(|id| names.name(*id).map(str::to_owned)).collect() };
        let mut expected: Vec<_> = groups.iter().map(|(ids, sum)| (own(ids), sum.clone())).collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        expected.sort_by(|a, b| a.0.cmp(&b.0));
        prop_assert_eq!(found, expected);
        // A part of it is damaged, and no reason to panic.
        let part = &bytes[..cut.index(bytes.len())];
        let read = Blob::open(part, family, start_of(0)).and_then(|blob| match blob {
            Some(blob) => blob.read(&mut Everything::default()),
            None => Ok(()),
        });
        prop_assert!(matches!(read, Err(Stop::Damaged)));
    }
}
