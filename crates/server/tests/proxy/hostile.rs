//! Bad input from clients: forwarded unchanged or refused with a clear status; never a panic, never a hang.

use std::{io::Write, time::Duration};

use llmtrace_model::{BodyCoverage, EndReason};
use llmtrace_testkit::Answer;

use crate::app::{TestApp, post};

const CHAT: &str = "/v1/chat/completions";

/// So many spaces, compressed.
pub(crate) fn gzip(spaces: usize) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..spaces >> 20 {
        gzip.write_all(&[b' '; 1 << 20]).unwrap();
    }
    gzip.finish().unwrap()
}

/// The proxy still serves.
pub(crate) async fn is_well(app: &TestApp) {
    let health = app.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(health.status, 200);
}

async fn metric(app: &TestApp, start: &str) -> String {
    let metrics = app.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let text = String::from_utf8_lossy(&metrics.body).into_owned();
    text.lines().find(|l| l.starts_with(start)).map(str::to_owned).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_bodies_are_forwarded_as_they_are_and_become_opaque_spans() {
    let app = TestApp::start().await;
    let deep = "[".repeat(100_000);
    let long_line = format!("{{\"model\":\"gpt-4o\",\"messages\":[],\"x\":\"{}\"}}", "y".repeat(10 << 20));
    let bodies: [Vec<u8>; 6] = [
        b"{\"model\":".to_vec(),
        b"\xff\xfe\x00\x01".to_vec(),
        deep.into_bytes(),
        br#"{"model":"a","model":"b","stream":true,"stream":false}"#.to_vec(),
        long_line.into_bytes(),
        b"null".to_vec(),
    ];
    for body in &bodies {
        let head = format!(
            "POST {CHAT} HTTP/1.1\r\nHost: p\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        app.provider.script(Answer::json(serde_json::json!({"id": "x", "choices": [], "model": "gpt-4o"})));
        let got = app.send([head.as_bytes(), body].concat()).await;
        assert_eq!(got.status, 200);
        assert_eq!(app.provider.next_received().await.body, body);
    }
    let spans = app.spans(bodies.len()).await;
    for record in [&spans[0], &spans[1], &spans[2], &spans[5]] {
        assert!(matches!(record.span.coverage.request, BodyCoverage::Opaque(_)), "{:?}", record.span.coverage);
    }
    assert_eq!(spans[4].span.coverage.request, BodyCoverage::Truncated);
    assert_eq!(spans[4].span.request_bytes, bodies[4].len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_heads_are_refused_and_counted() {
    let app = TestApp::start().await;
    let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    let heads = [
        "NOT HTTP AT ALL\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello".to_owned(),
        "POST / HTTP/1.1\r\nHost: p\r\nContent-Length: -1\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked, gzip\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: p\r\nbad header\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\nHost: p\r\n{many}\r\n"),
        format!("GET /{} HTTP/1.1\r\nHost: p\r\n\r\n", "a".repeat(100_000)),
    ];
    for head in &heads {
        let mut client = app.client().await;
        client.send(head).await.unwrap();
        let got = client.head().await.map_or(0, |a| a.status);
        assert!((400..500).contains(&got) || got == 0, "{got} for {}", &head[..head.len().min(60)]);
    }
    assert!(app.provider.received().is_empty(), "nothing of it may reach the provider");
    is_well(&app).await;
    assert_eq!(
        metric(&app, "llmtrace_connection_rejected_total{reason=\"bad_head\"").await.rsplit(' ').next(),
        Some("7")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_request_cannot_be_smuggled_in_a_body() {
    let app = TestApp::start().await;
    // Both lengths: RFC 9112 lets a server refuse, or drop Content-Length; what it may not do is forward both.
    let smuggled = "GET /admin HTTP/1.1\r\nHost: p\r\n\r\n";
    let request = format!(
        "POST {CHAT} HTTP/1.1\r\nHost: p\r\nContent-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: \
         chunked\r\n\r\n{:x}\r\n{smuggled}\r\n0\r\n\r\n",
        smuggled.len()
    );
    let mut client = app.client().await;
    client.send(request).await.unwrap();
    let status = client.answer().await.map_or(0, |a| a.status);
    for received in app.provider.received() {
        assert_eq!(received.method, "POST");
        assert_eq!(received.body, smuggled.as_bytes());
        assert!(received.header("transfer-encoding").is_none() || received.header("content-length").is_none());
    }
    assert!(status == 0 || status < 500, "{status}");
    is_well(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_head_costs_a_connection_and_nothing_else() {
    let app = TestApp::start().await;
    let mut slow = app.client().await;
    slow.send("GET / HTTP/1.1\r\nHost: p\r\nX-").await.unwrap();
    let mut slow_body = app.client().await;
    let head =
        format!("POST {CHAT} HTTP/1.1\r\nHost: p\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{");
    slow_body.send(head).await.unwrap();
    slow_body.drip(b"\"a\"", Duration::from_millis(1)).await.unwrap();
    is_well(&app).await;
    drop((slow, slow_body));
    let span = app.span().await.span;
    assert_eq!(span.end_reason, EndReason::ClientGone);
    assert!(app.provider.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_stands_still_is_given_up_and_gives_its_memory_back() {
    let app = TestApp::with(&[("IDLE_TIMEOUT_MS", "200")]).await;
    let mut client = app.client().await;
    let head =
        format!("POST {CHAT} HTTP/1.1\r\nHost: p\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n{{");
    client.send(head).await.unwrap();
    let got = client.answer().await.unwrap();
    assert_eq!(got.status, 408);
    assert!(String::from_utf8_lossy(&got.body).contains("200 ms (idle_timeout_ms)"));
    let span = app.span().await.span;
    assert_eq!((span.end_reason, span.http_status), (EndReason::TimedOut, Some(408)));
    assert!(metric(&app, "llmtrace_buffered_bytes").await.ends_with(" 0"));
    assert!(app.provider.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn framing_that_two_readers_could_read_differently_goes_nowhere() {
    let app = TestApp::start().await;
    let head =
        |fields: &str| format!("POST {CHAT} HTTP/1.1\r\nHost: p\r\nContent-Type: application/json\r\n{fields}\r\n");
    let chunked = |body: &str| head("Transfer-Encoding: chunked\r\n") + body;
    let requests = [
        head("Transfer-Encoding: xchunked\r\n") + "0\r\n\r\n",
        head("Transfer-Encoding : chunked\r\n") + "0\r\n\r\n",
        head("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n") + "0\r\n\r\n",
        head("Content-Length: +2\r\n") + "{}",
        head("Content-Length: 2, 3\r\n") + "{}x",
        head("Content-Length: 99999999999999999999999\r\n") + "{}",
        head("X-Folded: a\r\n b\r\nContent-Length: 2\r\n") + "{}",
        head("X-Nul: a\0b\r\nContent-Length: 2\r\n") + "{}",
        chunked("zz\r\n{}\r\n0\r\n\r\n"),
        chunked("-2\r\n{}\r\n0\r\n\r\n"),
        chunked("0x2\r\n{}\r\n0\r\n\r\n"),
        chunked("fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        chunked("2\r\n{}XX0\r\n\r\n"),
        chunked("2 2\r\n{}\r\n0\r\n\r\n"),
    ];
    for request in &requests {
        let mut client = app.client().await;
        client.send(request).await.unwrap();
        client.finish().await.unwrap();
        // Refused, or hung up on; what may not be is an answer of the provider's.
        let got = client.answer().await.map_or(0, |a| a.status);
        assert!((400..500).contains(&got) || got == 0, "{got} for {request:?}");
        is_well(&app).await;
    }
    assert!(app.provider.received().is_empty(), "{:?}", app.provider.received());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_fields_over_http2_costs_its_stream_and_nothing_else() {
    let app = TestApp::start().await;
    let stream = tokio::net::TcpStream::connect(app.running.addr).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    tokio::spawn(connection);
    let request = |fields: usize| {
        let url = format!("http://{}{CHAT}", app.running.addr);
        let request = (0..fields).fold(http::Request::get(url), |r, n| r.header(format!("x-{n}"), "v".repeat(1000)));
        request.body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap()
    };
    let flooded = sender.send_request(request(300)).await.map_or(431, |a| a.status().as_u16());
    assert_eq!(flooded, 431);
    assert!(app.provider.received().is_empty());
    is_well(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_and_mislabelled_requests_pass_as_they_are() {
    let app = TestApp::start().await;
    app.provider.on(CHAT, Answer::json(serde_json::json!({})));
    let bomb = gzip(64 << 20);
    let plain = br#"{"model":"gpt-4o","messages":[]}"#.to_vec();
    let cases = [
        ("application/json", "Content-Encoding: gzip\r\n", bomb),
        ("application/json", "Content-Encoding: gzip\r\n", plain.clone()),
        ("application/json", "Content-Encoding: nonsense\r\n", plain.clone()),
        ("text/plain", "", plain.clone()),
        ("multipart/form-data", "", plain.clone()),
        ("application/json; charset=utf-16", "", vec![0xfe, 0xff, 0, b'{', 0, b'}']),
    ];
    for (media, coding, body) in &cases {
        let length = body.len();
        let head = format!(
            "POST {CHAT} HTTP/1.1\r\nHost: p\r\nContent-Type: {media}\r\n{coding}Content-Length: {length}\r\n\r\n"
        );
        assert_eq!(app.send([head.as_bytes(), body].concat()).await.status, 200, "{media} {coding}");
        assert_eq!(app.provider.next_received().await.body, body, "{media} {coding}");
    }
    for (record, (media, coding, body)) in app.spans(cases.len()).await.iter().zip(&cases) {
        let said = &record.span.coverage.request;
        let opaque = matches!(said, BodyCoverage::Opaque(why) if !why.is_empty());
        // What is JSON under another name passed as a stream; its copy is read all the same.
        let readable = coding.is_empty() && *body == plain;
        assert_ne!(opaque, readable, "{said:?} for {media} {coding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_tenants_are_refused_and_counted_and_become_no_span() {
    let app = TestApp::start().await;
    app.provider.on(CHAT, Answer::json(serde_json::json!({})));
    let long = "t".repeat(65);
    let tenants = ["a b", "../x", "", "-a", "a,b", "t\u{e9}am", long.as_str(), "a\r\nX-LLMTrace-Tenant-ID: b"];
    for tenant in tenants {
        let refused = app.send(post(CHAT, "{}", &format!("X-LLMTrace-Tenant-ID: {tenant}\r\n"))).await;
        assert_eq!(refused.status, 400, "{tenant:?}");
        let text = String::from_utf8_lossy(&refused.body).into_owned();
        assert!(text.contains("X-LLMTrace-Tenant-ID") && text.contains("expected"), "{text}");
    }
    let counted = metric(&app, "llmtrace_notices_total{event=\"invalid_tenant\"}").await;
    assert!(counted.ends_with(&format!(" {}", tenants.len())), "{counted}");
    // The one that names its tenant twice, but the same, is the only one that is identified.
    let twice = "X-LLMTrace-Tenant-ID: a\r\nX-LLMTrace-Tenant-ID: a\r\n";
    assert_eq!(app.send(post(CHAT, "{}", twice)).await.status, 200);
    assert_eq!(app.span().await.span.tenant_id.as_str(), "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_labels_are_cut_or_dropped_and_never_travel_on() {
    let app = TestApp::start().await;
    app.provider.on(CHAT, Answer::json(serde_json::json!({})));
    let (long, many) = ("v".repeat(20_000), "t,".repeat(1000));
    let mut request = format!(
        "POST {CHAT} HTTP/1.1\r\nHost: p\r\nContent-Type: application/json\r\nContent-Length: 2\r\nX-LLMTrace-Session-ID: \
         {long}\r\nX-LLMTrace-Nonsense: \u{1F600}\r\nX-LLMTrace-Tags: ,,,{many}\r\nX-LLMTrace-User-ID: "
    )
    .into_bytes();
    request.extend_from_slice(b"\xff\xfe\r\nX-LLMTrace-Environment: \t \r\nX-LLMTrace-Release: caf\xc3\xa9\r\n\r\n{}");
    assert_eq!(app.send(request).await.status, 200);
    let span = app.span().await.span;
    assert_eq!(span.session_id.map(|s| s.len()), Some(256));
    assert_eq!((span.user_id, span.environment, span.release.as_deref()), (None, None, Some("caf\u{e9}")));
    assert_eq!(span.tags.len(), 32);
    let received = app.provider.next_received().await;
    let ours = received.headers.iter().find(|(name, _)| name.to_ascii_lowercase().starts_with("x-llmtrace-"));
    assert_eq!(ours, None);
}
