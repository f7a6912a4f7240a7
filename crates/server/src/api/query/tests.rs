//! Every parameter reaches what is asked of the store.

use llmtrace_model::{
    Between, Cursor, Dimension, EndReason, ExchangeId, FindingKind, Found, Money, Source, SpanFilter, Status,
    TenantScope, Terms, Timestamp,
};

use super::{
    Compare, DAY_US, ExportParams, ListParams, Order, Params, PeopleParams, Query, Question, Range, StatsParams,
    TopParams, decode,
};
use crate::api::view::{Interval, TopMeasure};

fn list(raw: &str) -> Query {
    Query::parse(raw, ListParams::TABLES).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

#[test]
fn escapes_are_decoded_or_refused_whole() {
    assert_eq!(decode("a+b%20c%C3%BC%2b").as_deref(), Some("a b cü+"));
    for bad in ["%", "%2", "%zz", "%+1", "%ff", "%C3", "a%C3%28"] {
        assert_eq!(decode(bad), None, "{bad}");
    }
}

#[test]
fn every_filter_reaches_the_store() {
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let raw = format!(
        "from=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00%2B01:00&trace_id={trace}&session_id=s&agent_id=a&user_id=u%26v\
         &tag=x&tag=y%3Az&environment=e&release=r&provider=p&dialect=d&operation=o&model=m&source=otlp&status=error\
         &http_status=429&end_reason=cut&finding=pii&min_cost_usd=0.000000001&max_cost_usd=1.5&min_duration_ms=0.001\
         &max_duration_ms=2&min_time_to_first_token_ms=30.25&max_time_to_first_token_ms=30.25&min_tokens=0&max_tokens=7\
         &text=Refund+order"
    );
    let expected = SpanFilter {
        from: Some(at("2026-01-01T00:00:00Z")),
        until: Some(at("2026-01-01T23:00:00Z")),
        trace_id: trace.parse().ok(),
        session_id: Some("s".into()),
        agent_id: Some("a".into()),
        user_id: Some("u&v".into()),
        tags: vec!["x".into(), "y:z".into()],
        environment: Some("e".into()),
        release: Some("r".into()),
        source: Some(Source::Otlp),
        provider: Some("p".into()),
        dialect: Some("d".into()),
        operation: Some("o".into()),
        model: Some("m".into()),
        status: Some(Status::Error),
        http_status: Some(429),
        end_reason: Some(EndReason::Cut),
        finding: Some(Found::Kind(FindingKind::Pii)),
        cost: Between { min: Some(Money::from_nanos(1)), max: Some(Money::from_nanos(1_500_000_000)) },
        duration_us: Between { min: Some(1), max: Some(2000) },
        first_token_us: Between { min: Some(30_250), max: Some(30_250) },
        tokens: Between { min: Some(0), max: Some(7) },
        text: Terms::parse("order refund"),
    };
    for tables in
        [ListParams::TABLES, ExportParams::TABLES, StatsParams::TABLES, TopParams::TABLES, PeopleParams::TABLES]
    {
        assert_eq!(Query::parse(&raw, tables).unwrap().filter(), Ok(expected.clone()));
    }
    assert_eq!(list("finding=any").filter().unwrap().finding, Some(Found::Any));
    assert_eq!(list("tenant_id=t").tenant(), Ok("t".parse().ok()));
}

#[test]
fn sums_are_asked_for_as_written() {
    let query =
        Query::parse("group_by=model,user_id&interval=15m&order=tokens&compare=previous&limit=7", StatsParams::TABLES)
            .unwrap();
    let range = Range { from: at("2026-01-01T00:00:00Z"), until: at("2026-01-02T00:00:00Z") };
    assert_eq!(query.dimensions(), Ok(vec![Dimension::Model, Dimension::User]));
    assert_eq!(query.interval(range), Ok(Some(Interval::QuarterHour)));
    assert_eq!(query.order(Order::Requests), Ok(Order::Tokens));
    assert_eq!(query.compare(), Ok(Compare::Previous));
    assert_eq!(query.limit(), Ok(Some(7)));
    let query = Query::parse("by=agent_id&measure=duration_p95", TopParams::TABLES).unwrap();
    assert_eq!((query.by(), query.measure()), (Ok(Dimension::Agent), Ok(TopMeasure::DurationP95)));
    assert_eq!(query.limit(), Ok(Some(10)));
}

#[test]
fn a_range_that_is_not_given_is_the_day_before_now_or_until() {
    let now = at("2026-01-10T12:00:00Z");
    let range = |raw: &str| Range::of(&list(raw).filter().unwrap(), now, DAY_US);
    let between = |from: &str, until: &str| Ok(Range { from: at(from), until: at(until) });
    assert_eq!(range(""), between("2026-01-09T12:00:00Z", "2026-01-10T12:00:00Z"));
    assert_eq!(range("from=2026-01-01T00:00:00Z"), between("2026-01-01T00:00:00Z", "2026-01-10T12:00:00Z"));
    assert_eq!(range("until=2026-01-01T00:00:00Z"), between("2025-12-31T00:00:00Z", "2026-01-01T00:00:00Z"));
    assert_eq!(range("until=0000-01-01T00:00:00Z"), between("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"));
    assert!(range("from=2026-01-10T12:00:01Z").is_err(), "after now");
}

#[test]
fn the_period_before_has_the_same_length_and_ends_where_this_one_begins() {
    let range = Range { from: at("2026-01-08T00:00:00Z"), until: at("2026-01-10T12:00:00Z") };
    assert_eq!(range.before(), Ok(Range { from: at("2026-01-05T12:00:00Z"), until: at("2026-01-08T00:00:00Z") }));
    let all = Range { from: at("0000-01-01T00:00:00Z"), until: at("9999-01-01T00:00:00Z") };
    assert!(all.before().is_err(), "there is no time before");
}

#[test]
fn steps_are_counted_as_they_are_aligned() {
    let query = |interval: &str| Query::parse(&format!("interval={interval}"), StatsParams::TABLES).unwrap();
    let from = at("2026-01-01T00:00:30Z");
    let range = |us: i64| Range { from, until: Timestamp::from_unix_us(from.unix_us() + us) };
    // 999 whole minutes from the middle of one touch 1000; half a minute more still does, then there are 1001.
    assert_eq!(query("1m").interval(range(999 * 60_000_000 + 30_000_000)), Ok(Some(Interval::Minute)));
    let refused = query("1m").interval(range(999 * 60_000_000 + 30_000_001)).unwrap_err();
    assert!(format!("{refused:?}").contains("or 5m or longer"), "{refused:?}");
    let all = Range { from: at("0000-01-01T00:00:00Z"), until: at("9999-12-30T00:00:00Z") };
    assert!(query("1d").interval(all).is_err());
    assert_eq!(query("1m").interval(range(0)), Ok(Some(Interval::Minute)), "no time has no steps");
}

fn place() -> Cursor {
    Cursor { started_at: Timestamp::from_unix_us(-5), id: ExchangeId::mint(1_760_000_000_000, [7; 10]) }
}

#[test]
fn a_cursor_opens_for_its_own_question_only() {
    let all = TenantScope::All;
    let one = TenantScope::One("a".parse().unwrap());
    let own = Question::new("spans", &all, &list("model=m&status=ok"));
    let next = own.next(Some(place())).unwrap();
    let opens = |list_name: &str, scope: &TenantScope, raw: &str| {
        let query = list(&format!("{raw}&after={next}"));
        query.page(&Question::new(list_name, scope, &query)).map(|page| page.after)
    };
    for same in ["model=m&status=ok", "status=ok&model=m", "limit=3&model=m&status=ok", "model=%6d&status=ok"] {
        assert_eq!(opens("spans", &all, same), Ok(Some(place())), "{same}");
    }
    for (list_name, scope, raw) in [
        ("traces", &all, "model=m&status=ok"),
        ("spans", &one, "model=m&status=ok"),
        ("spans", &all, "model=m"),
        ("spans", &all, "model=m&status=error"),
        ("spans", &all, "model=ok&status=ok"),
        ("spans", &all, ""),
    ] {
        let problem = opens(list_name, scope, raw).unwrap_err();
        assert!(format!("{problem:?}").contains("from another query"), "{problem:?}");
    }
}

#[test]
fn a_cursor_is_the_same_on_every_replica_and_after_a_restart() {
    let next = Question::new("spans", &TenantScope::All, &list("model=m")).next(Some(place())).unwrap();
    // Worked out apart from the code: the place, and the first 8 bytes of the SHA-256 of each text with its length, and the place.
    assert_eq!(next, "__________sBmcgswAB3B4cHBwcHBwcHFVc8vpQvj-E");
}

#[test]
fn no_changed_bit_of_a_cursor_goes_unseen() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let question = Question::new("spans", &TenantScope::All, &list(""));
    let bytes = URL_SAFE_NO_PAD.decode(question.next(Some(place())).unwrap()).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut forged = bytes.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        let query = list(&format!("after={}", URL_SAFE_NO_PAD.encode(forged)));
        assert!(query.page(&question).is_err(), "bit {bit}");
    }
}
