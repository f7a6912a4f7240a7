//! The export: all of it, in bounded pages, and visibly broken where it is not all.

use std::sync::{Arc, atomic::Ordering};

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use http_body_util::BodyExt;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use llmtrace_model::{Content, Part, SpanRecord};
use llmtrace_server::{api::view::SpanDetail, tasks::Tasks};
use llmtrace_store::{ErrorKind, SpanStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceExt;

use crate::world::{Answer, Fickle, Mood, app, changed, get, record, stores, stores_of};

fn lines(answer: &Answer) -> Vec<SpanDetail> {
    let text = std::str::from_utf8(&answer.body).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn five_thousand_spans_come_once_each_newest_first_with_content() {
    let (stores, _folder) = stores_of((0..5000).map(record).collect()).await;
    for store in stores {
        let fickle = Fickle::new(store, Mood::Well);
        let answer = get(&app(fickle.clone()), "/api/v1/export?format=jsonl").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/jsonl");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let expected: Vec<SpanDetail> = (0..5000).rev().map(|n| record(n).into()).collect();
        let found = lines(&answer);
        assert_eq!(found.len(), 5000);
        assert!(found == expected, "an export holds what was written, in order");
        let limits = fickle.limits.lock().clone();
        assert!(limits[0] == 32 && limits[1] > 100 && limits.len() < 30, "small rows come in large pages: {limits:?}");
    }
}

#[tokio::test]
async fn large_spans_come_in_small_pages() {
    let large = |n| {
        changed(n, |r| {
            let text = "x".repeat(300_000);
            r.content = Some(Content { system_instructions: vec![Part::Text { content: text }], ..Content::default() });
        })
    };
    let (stores, _folder) = stores_of((0..50).map(large).collect()).await;
    for store in stores {
        let fickle = Fickle::new(store, Mood::Well);
        let answer = get(&app(fickle.clone()), "/api/v1/export").await;
        assert_eq!(lines(&answer).len(), 50);
        let limits = fickle.limits.lock().clone();
        assert!(limits.iter().skip(1).all(|limit| *limit <= 3), "{limits:?}");
    }
}

#[tokio::test]
async fn an_export_is_narrowed_as_a_list_is() {
    let records: Vec<SpanRecord> = (0..100)
        .map(|n| changed(n, |r| r.span.tenant_id = if n % 10 == 0 { "b" } else { "a" }.parse().unwrap()))
        .collect();
    let (stores, _folder) = stores_of(records).await;
    for store in stores {
        let app = app(store);
        let found = lines(&get(&app, "/api/v1/export?tenant_id=b").await);
        assert!(found.len() == 10 && found.iter().all(|line| line.span.tenant_id.as_str() == "b"));
        let id = record(20).span.trace_id;
        assert_eq!(lines(&get(&app, &format!("/api/v1/export?tenant_id=b&trace_id={id}")).await).len(), 1);
        let nothing = get(&app, "/api/v1/export?model=none").await;
        assert_eq!((nothing.status, nothing.body.len()), (StatusCode::OK, 0));
    }
}

#[tokio::test]
async fn a_store_that_is_away_at_the_start_is_a_plain_503() {
    let fickle = Fickle::new(stores().await.0.swap_remove(0), Mood::Fails(ErrorKind::Unavailable));
    let answer = get(&app(fickle), "/api/v1/export").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn an_export_that_breaks_off_ends_in_an_error() {
    let (stores, _folder) = stores_of((0..200).map(record).collect()).await;
    for store in stores {
        let request = Request::get("/api/v1/export").header("host", "localhost").body(Body::empty()).unwrap();
        let response = app(Fickle::new(store, Mood::WellFor(1))).oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let error = response.into_body().collect().await.unwrap_err();
        assert_eq!(error.to_string(), "the export broke off because the span store failed");
    }
}

#[tokio::test]
async fn a_client_sees_on_the_wire_whether_an_export_is_whole() {
    let (mut stores, _folder) = stores_of((0..200).map(record).collect()).await;
    let store = stores.swap_remove(0);
    let whole = raw(Arc::clone(&store)).await;
    assert!(whole.ends_with(b"0\r\n\r\n"), "the last chunk closes a whole export");
    let broken = raw(Fickle::new(store, Mood::WellFor(1))).await;
    assert!(broken.starts_with(b"HTTP/1.1 200 OK\r\n") && broken.len() > 1000, "some rows were sent");
    assert!(!broken.ends_with(b"0\r\n\r\n"), "a part must not look whole");
}

/// The raw answer of one export over a real connection.
async fn raw(store: Arc<dyn SpanStore>) -> Vec<u8> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    let tasks = Tasks::new();
    tasks.spawn("serve", async move {
        let service = TowerToHyperService::new(app(store));
        // A broken body is an error of the connection, which is what the test is about.
        if let Err(error) =
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(server), service).await
        {
            tracing::debug!(%error, "connection ended");
        }
    });
    let head = b"GET /api/v1/export HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    client.write_all(head).await.unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_reading() {
    let (mut stores, _folder) = stores_of((0..5000).map(record).collect()).await;
    let fickle = Fickle::new(stores.swap_remove(0), Mood::Well);
    let request = Request::get("/api/v1/export").header("host", "localhost").body(Body::empty()).unwrap();
    let mut body = app(fickle.clone()).oneshot(request).await.unwrap().into_body();
    assert!(body.frame().await.unwrap().is_ok());
    drop(body);
    tokio::task::yield_now().await;
    assert_eq!(fickle.reads.load(Ordering::SeqCst), 1, "pages are read when the client takes them, not before");
}

/// The cells of an RFC 4180 text, line by line; a cell without quotes that is empty is `None`.
fn cells(csv: &[u8]) -> Vec<Vec<Option<String>>> {
    let text = std::str::from_utf8(csv).unwrap();
    let (mut rows, mut row, mut rest) = (Vec::new(), Vec::new(), text);
    while !rest.is_empty() {
        let (cell, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let mut end = 0;
                loop {
                    end += quoted[end..].find('"').unwrap();
                    if !quoted[end + 1..].starts_with('"') {
                        break;
                    }
                    end += 2;
                }
                (Some(quoted[..end].replace("\"\"", "\"")), &quoted[end + 1..])
            }
            None => {
                let end = rest.find([',', '\r']).unwrap();
                (Some(rest[..end].to_owned()).filter(|cell| !cell.is_empty()), &rest[end..])
            }
        };
        row.push(cell);
        rest = match after.strip_prefix(',') {
            Some(next) => next,
            None => {
                rows.push(std::mem::take(&mut row));
                after.strip_prefix("\r\n").unwrap()
            }
        };
    }
    rows
}

/// Records whose text is as odd as clients send it.
fn odd(n: u16) -> SpanRecord {
    let texts =
        ["=1+1", "+x", "-x", "@x", "\tx", "\rx", "\nx", "'x", "a,b", "say \"x\"", "two\r\nlines", " x ", "", "ü🦀"];
    changed(n, |r| {
        r.span.user_id = Some(texts[usize::from(n) % texts.len()].to_owned());
        r.span.tags = texts.iter().map(|text| (*text).to_owned()).collect();
        r.span.session_id = n.is_multiple_of(2).then(|| "s".to_owned());
        r.span.usage = r.span.usage.filter(|_| n.is_multiple_of(3));
        r.span.cost = r.span.cost.filter(|_| n.is_multiple_of(5));
        r.content = r.content.take().filter(|_| n.is_multiple_of(7));
    })
}

#[tokio::test]
async fn csv_says_what_json_says_under_the_same_names() {
    let (stores, _folder) = stores_of((0..60).map(odd).collect()).await;
    for store in stores {
        let app = app(store);
        let answer = get(&app, "/api/v1/export?format=csv").await;
        assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
        assert_eq!(answer.header("content-disposition"), "attachment; filename=\"llmtrace-spans.csv\"");
        let mut rows = cells(&answer.body).into_iter();
        let header: Vec<String> = rows.next().unwrap().into_iter().flatten().collect();
        let json: Vec<serde_json::Value> = get(&app, "/api/v1/export")
            .await
            .body
            .split(|b| *b == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        assert_eq!(names_of(&json[0]), header.iter().cloned().collect());
        assert_eq!(rows.len(), json.len());
        for (row, span) in rows.zip(json) {
            assert_eq!(row.len(), header.len());
            for (name, cell) in header.iter().zip(row) {
                let expected = match name.strip_prefix("usage_").filter(|bucket| *bucket != "source") {
                    Some(bucket) => span["usage"][bucket].clone(),
                    None => span[name.as_str()].clone(),
                };
                assert!(says(cell.as_deref(), &expected), "{name}: {cell:?} is not {expected}");
            }
        }
    }
}

/// The columns that the members of a span in JSON become.
fn names_of(span: &serde_json::Value) -> std::collections::BTreeSet<String> {
    let members = span.as_object().unwrap().keys().filter(|name| *name != "usage").cloned();
    let buckets =
        serde_json::to_value(llmtrace_server::api::view::UsageView::from(llmtrace_model::Usage::default())).unwrap();
    members.chain(buckets.as_object().unwrap().keys().map(|bucket| format!("usage_{bucket}"))).collect()
}

/// Whether a cell says the same as a value of JSON.
fn says(cell: Option<&str>, value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match (cell, value) {
        (None, Value::Null) => true,
        (Some(cell), Value::String(text)) => {
            let guarded = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'']);
            if guarded { cell.strip_prefix('\'') == Some(text) } else { cell == text }
        }
        (Some(cell), Value::Number(number)) => cell.parse::<f64>().ok() == number.as_f64(),
        (Some(cell), Value::Bool(flag)) => cell == flag.to_string(),
        (Some(cell), Value::Array(_) | Value::Object(_)) => serde_json::from_str::<Value>(cell).unwrap() == *value,
        (None, _) | (Some(_), Value::Null) => false,
    }
}

#[tokio::test]
async fn a_parquet_file_is_read_back_by_its_reader() {
    use parquet::{
        file::reader::{FileReader, SerializedFileReader},
        record::Field,
    };
    let (stores, _folder) = stores_of((0..60).map(odd).collect()).await;
    for store in stores {
        let app = app(store);
        let answer = get(&app, "/api/v1/export?format=parquet").await;
        assert_eq!(answer.header("content-type"), "application/vnd.apache.parquet");
        let expected = lines(&get(&app, "/api/v1/export").await);
        let reader = SerializedFileReader::new(answer.body).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), expected.len());
        for (row, span) in rows.iter().zip(&expected) {
            let json = serde_json::to_value(span).unwrap();
            let found: std::collections::BTreeMap<&str, &Field> =
                row.get_column_iter().map(|(name, field)| (name.as_str(), field)).collect();
            assert_eq!(
                found.keys().map(|name| (*name).to_owned()).collect::<std::collections::BTreeSet<_>>(),
                names_of(&json)
            );
            assert_eq!(*found["exchange_id"], Field::Str(span.span.exchange_id.to_string()));
            assert_eq!(*found["started_at"], Field::TimestampMicros(span.span.started_at.unix_us()));
            assert_eq!(*found["stream"], Field::Bool(span.span.stream));
            assert_eq!(*found["duration_ms"], Field::Double(span.span.duration_ms));
            assert_eq!(*found["user_id"], Field::Str(span.span.user_id.clone().unwrap()));
            assert_eq!(*found["session_id"], span.span.session_id.clone().map_or(Field::Null, Field::Str));
            let tokens = span.span.usage.map_or(Field::Null, |usage| Field::Long(usage.total.cast_signed()));
            assert_eq!(*found["usage_total"], tokens);
            assert_eq!(*found["tags"], Field::Str(serde_json::to_string(&span.span.tags).unwrap()));
            let said = span.output_messages.as_ref().map(|said| serde_json::to_string(said).unwrap());
            assert_eq!(*found["output_messages"], said.map_or(Field::Null, Field::Str));
            match (found["cost_usd"], span.span.cost_usd) {
                (Field::Null, None) => {}
                (Field::Decimal(dollars), Some(cost)) => {
                    assert_eq!((dollars.precision(), dollars.scale()), (19, 9));
                    let (pad, low) = dollars.data().split_first_chunk::<1>().unwrap();
                    assert_eq!((pad, i64::from_be_bytes(low.try_into().unwrap())), (&[0], cost.nanos()));
                }
                (found, cost) => panic!("{found:?} is not {cost:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_parquet_file_has_row_groups_of_bounded_size_and_may_be_empty() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let large = |n| {
        changed(n, |r| {
            let text = "x".repeat(1 << 20);
            r.content = Some(Content { system_instructions: vec![Part::Text { content: text }], ..Content::default() });
        })
    };
    let (mut stores, _folder) = stores_of((0..40).map(large).collect()).await;
    let app = app(stores.swap_remove(0));
    let reader = SerializedFileReader::new(get(&app, "/api/v1/export?format=parquet").await.body).unwrap();
    let groups = reader.metadata().row_groups();
    assert_eq!(groups.iter().map(|group| group.num_rows()).sum::<i64>(), 40);
    assert!(groups.len() == 3 && groups.iter().all(|group| group.num_rows() <= 16), "{}", groups.len());
    let reader = SerializedFileReader::new(get(&app, "/api/v1/export?format=parquet&model=none").await.body).unwrap();
    assert_eq!((reader.metadata().file_metadata().num_rows(), reader.num_row_groups()), (0, 0));
}

#[tokio::test]
async fn parts_join_to_the_whole_while_rows_are_added() {
    for format in ["jsonl", "csv"] {
        let (stores, _folder) = stores_of((0..300).map(odd).collect()).await;
        for store in stores {
            let app = app(Arc::clone(&store));
            let whole = get(&app, &format!("/api/v1/export?format={format}")).await.body;
            let (mut joined, mut after, mut newer) = (Vec::new(), String::new(), 300);
            loop {
                let part = get(&app, &format!("/api/v1/export?format={format}&limit=70{after}")).await;
                assert_eq!(part.status, 200);
                let header = if after.is_empty() { "present" } else { "absent" };
                assert!(format == "jsonl" || part.header("content-type").ends_with(header));
                if part.body.is_empty() {
                    break;
                }
                joined.extend_from_slice(&part.body);
                let last = if format == "csv" {
                    cells(&part.body).last().unwrap()[0].clone().unwrap()
                } else {
                    lines(&part).last().unwrap().span.exchange_id.to_string()
                };
                after = format!("&after={last}");
                store.write(&[Arc::new(odd(newer))]).await.unwrap();
                newer += 1;
            }
            assert!(newer > 303 && joined == whole, "{format}");
        }
    }
}

#[tokio::test]
async fn an_export_that_was_cut_goes_on_after_its_last_whole_line() {
    let (stores, _folder) = stores_of((0..100).map(odd).collect()).await;
    for store in stores {
        let app = app(store);
        let whole = get(&app, "/api/v1/export").await.body;
        for cut in [whole.len() / 7, whole.len() / 2, whole.len() - 1] {
            let kept = whole[..cut].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let last = whole[..kept].trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap();
            let last: SpanDetail = serde_json::from_slice(last).unwrap();
            let rest = get(&app, &format!("/api/v1/export?after={}", last.span.exchange_id)).await.body;
            assert!([&whole[..kept], &rest].concat() == whole, "cut at {cut}");
        }
    }
}

#[tokio::test]
async fn an_export_resumes_only_after_a_span_the_caller_may_see() {
    let records = (0..3).map(|n| changed(n, |r| r.span.tenant_id = if n == 0 { "b" } else { "a" }.parse().unwrap()));
    let (stores, _folder) = stores_of(records.collect()).await;
    for store in stores {
        let app = app(store);
        let foreign = record(0).span.exchange_id;
        for uri in [
            format!("/api/v1/export?tenant_id=a&after={foreign}"),
            format!("/api/v1/export?format=parquet&after={}", record(9).span.exchange_id),
            "/api/v1/export?after=7".to_owned(),
        ] {
            let answer = get(&app, &uri).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["parameter"]), (400, &"after".into()), "{uri}");
        }
        for (limit, rows) in [("1", 1), ("2", 2), ("3", 3), ("4294967295", 3)] {
            let answer = get(&app, &format!("/api/v1/export?limit={limit}")).await;
            assert_eq!(lines(&answer).len(), rows, "{limit}");
        }
        for limit in ["0", "-1", "+1", "1.5", "4294967296"] {
            let answer = get(&app, &format!("/api/v1/export?limit={limit}")).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["parameter"]), (400, &"limit".into()), "{limit}");
        }
    }
}

#[tokio::test]
async fn a_slow_client_holds_nothing_of_the_store_between_pages() {
    for format in ["jsonl", "csv"] {
        let (mut stores, _folder) = stores_of((0..5000).map(record).collect()).await;
        // The one with connections; more exports stand still here than it has.
        let store = stores.swap_remove(1);
        let app = app(Arc::clone(&store));
        let mut slow = Vec::new();
        for _ in 0..32 {
            let uri = format!("/api/v1/export?format={format}");
            let request = Request::get(uri).header("host", "localhost").body(Body::empty()).unwrap();
            let mut body = app.clone().oneshot(request).await.unwrap().into_body();
            assert!(body.frame().await.unwrap().is_ok());
            slow.push(body);
        }
        assert_eq!(get(&app, "/api/v1/spans?limit=1").await.status, 200);
        store.write(&[Arc::new(record(5001))]).await.unwrap();
    }
}
