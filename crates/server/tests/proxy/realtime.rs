//! Sessions on a WebSocket: bytes pass as they are, and each turn becomes a span below the session's.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, LazyLock},
    time::Duration,
};

use llmtrace_model::{EndReason, Message, Part, Role, SpanRecord, Status, Unit, Usage};
use llmtrace_server::boot;
use llmtrace_testkit::{
    FakeProvider,
    tcp::RawClient,
    websocket::{self, Socket, frame},
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::app::{TestApp, config, stored};

const OPENAI: &str = "/v1/realtime?model=gpt-realtime";
const GEMINI: &str = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent";
const DEFLATE: &str = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

async fn socket(app: &TestApp, target: &str, headers: &str) -> Socket {
    Socket::connect(app.running.addr, target, headers).await.unwrap()
}

fn item(text: &str) -> Value {
    let content = json!([{"type": "input_text", "text": text}]);
    json!({"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}})
}

/// One turn: says something and waits for the answer's last event.
async fn turn(socket: &mut Socket, text: &str) -> Value {
    socket.say(&item(text)).await.unwrap();
    socket.say(&json!({"type": "response.create"})).await.unwrap();
    socket.hear_until("response.done").await.unwrap()
}

async fn close(mut socket: Socket) {
    socket.send(&websocket::Message::Close(Some(1000), "done".to_owned())).await.unwrap();
    while socket.next().await.is_ok_and(|message| message.is_some()) {}
}

/// The session's span and those of its turns, oldest first.
fn split(spans: Vec<SpanRecord>) -> (SpanRecord, Vec<SpanRecord>) {
    let (mut sessions, turns): (Vec<_>, Vec<_>) = spans.into_iter().partition(|r| r.span.parent_span_id.is_none());
    assert_eq!(sessions.len(), 1);
    let session = sessions.remove(0);
    for turn in &turns {
        assert_eq!(turn.span.parent_span_id, Some(session.span.span_id));
        assert_eq!(turn.span.trace_id, session.span.trace_id);
    }
    (session, turns)
}

fn texts(messages: &[Message]) -> Vec<(Role, String)> {
    let text = |part: &Part| match part {
        Part::Text { content } => content.clone(),
        Part::ToolCall { name, .. } => format!("calls {name}"),
        Part::ToolCallResponse { result, .. } => format!("answers {result}"),
        Part::Blob { modality, size_bytes, .. } => format!("{size_bytes} of {modality}"),
        other => format!("{other:?}"),
    };
    messages.iter().flat_map(|m| m.parts.iter().map(|part| (m.role, text(part)))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_of_a_session_is_a_span_with_its_usage_and_words() {
    let app = TestApp::start().await;
    let labels = "X-LLMTrace-Tenant-ID: team-1\r\nX-LLMTrace-Session-ID: s1\r\nX-LLMTrace-Tags: a,b\r\n";
    let mut socket = socket(&app, OPENAI, labels).await;
    assert!(!socket.head.to_ascii_lowercase().contains("sec-websocket-extensions"));
    assert_eq!(socket.hear().await.unwrap()["type"], "session.created");
    let update = json!({"type": "session.update", "session": {"instructions": "be kind",
        "audio": {"input": {"transcription": {"model": "whisper-1"}}}}});
    socket.say(&update).await.unwrap();
    turn(&mut socket, "hello there").await;
    let tools = json!([{"type": "function", "name": "get_weather", "parameters": {}}]);
    socket.say(&json!({"type": "session.update", "session": {"tools": tools}})).await.unwrap();
    turn(&mut socket, "weather?").await;
    let output = json!({"type": "function_call_output", "call_id": "call_1", "output": "{\"degrees\":4}"});
    socket.say(&json!({"type": "conversation.item.create", "item": output})).await.unwrap();
    socket.say(&json!({"type": "response.create"})).await.unwrap();
    socket.hear_until("response.done").await.unwrap();
    for _ in 0..4 {
        let append = json!({"type": "input_audio_buffer.append", "audio": "QUJD".repeat(1600)});
        socket.say(&append).await.unwrap();
    }
    socket.say(&json!({"type": "input_audio_buffer.commit"})).await.unwrap();
    let create = json!({"type": "response.create", "response": {"output_modalities": ["audio"]}});
    socket.say(&create).await.unwrap();
    socket.hear_until("response.done").await.unwrap();
    close(socket).await;

    let (session, turns) = split(app.spans(6).await);
    let bill = app.provider.bill();
    assert_eq!((bill.len(), turns.len()), (5, 5));
    assert_eq!((session.span.http_status, session.span.end_reason), (Some(101), EndReason::Complete));
    assert_eq!((session.span.usage, session.span.cost), (None, None));
    assert_eq!(session.span.params["websocket.close_code"], 1000);
    assert_eq!(session.span.params["realtime.turns"], 5);
    assert!(session.span.request_bytes > 25_600 && session.span.response_bytes > 4_000, "{session:?}");
    let mut by_id: BTreeMap<String, &SpanRecord> = BTreeMap::new();
    for turn in &turns {
        let span = &turn.span;
        assert_eq!((span.tenant_id.as_str(), span.session_id.as_deref()), ("team-1", Some("s1")));
        assert_eq!((&span.tags[..], span.dialect.as_str()), (&["a".to_owned(), "b".to_owned()][..], "openai_realtime"));
        assert_eq!((span.status, span.end_reason, span.stream), (Status::Ok, EndReason::Complete, true));
        assert_eq!((span.path.as_str(), span.http_status), (OPENAI, Some(101)));
        by_id.insert(span.response_id.clone().unwrap(), turn);
    }
    for line in &bill {
        let span = &by_id[&line.request_id].span;
        assert_eq!(span.response_model.as_deref(), Some(line.model.as_str()));
        match line.usage["total_tokens"].as_u64() {
            Some(total) => {
                let usage = span.usage.unwrap();
                assert_eq!(usage.total(), total, "{line:?}");
                assert!(span.cost.is_some_and(|cost| cost.nanos() > 0));
                let details = &line.usage["input_token_details"]["cached_tokens_details"];
                assert_eq!(usage.audio_cache_read, details["audio_tokens"].as_u64().unwrap_or(0));
            }
            // Whisper is billed by the length of the audio: 25,600 bytes of base64 at 64,000 a second.
            None => assert_eq!((span.units.get(Unit::AudioInMs), span.usage), (400, None)),
        }
        if !line.request_id.starts_with("item") {
            let (first, all) = (span.timing.first_byte_us.unwrap(), span.timing.duration_us);
            assert!(first <= span.timing.first_token_us.unwrap() && first <= all, "{:?}", span.timing);
        }
    }
    let said = |n: usize| {
        let content = by_id[&bill[n].request_id].content.clone().unwrap();
        let system: Vec<_> = content.system_instructions;
        (system, texts(&content.input_messages), texts(&content.output_messages))
    };
    let kind = vec![Part::Text { content: "be kind".to_owned() }];
    let own = |role, text: &str| (role, text.to_owned());
    let first =
        (kind.clone(), vec![own(Role::User, "hello there")], vec![own(Role::Assistant, "You said: hello there")]);
    assert_eq!(said(0), first);
    assert_eq!(said(1).2, [own(Role::Assistant, "calls get_weather")]);
    assert_eq!(said(2).1, [own(Role::Tool, r#"answers "{\"degrees\":4}""#)]);
    assert_eq!(said(3).2, [own(Role::Assistant, "what you heard")]);
    let heard = [own(Role::User, "25600 of audio"), own(Role::User, "what you heard")];
    assert_eq!(said(4).1, heard);
    let spoken = [own(Role::Assistant, "6000 of audio"), own(Role::Assistant, "You said: what you heard")];
    assert_eq!(said(4).2, spoken);
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_sessions_are_read_and_geminis_too() {
    let app = TestApp::start().await;
    let mut socket = socket(&app, OPENAI, DEFLATE).await;
    assert!(socket.head.to_ascii_lowercase().contains("permessage-deflate"), "{}", socket.head);
    for text in ["one", "two"] {
        turn(&mut socket, text).await;
    }
    close(socket).await;
    let mut live =
        Socket::connect(app.running.addr, &format!("{GEMINI}?key=AIzaSecretOfATest"), DEFLATE).await.unwrap();
    live.say(&json!({"setup": {"model": "models/gemini-live-2.5-flash"}})).await.unwrap();
    live.hear_until("setupComplete").await.unwrap();
    let content = json!({"turns": [{"role": "user", "parts": [{"text": "three"}]}], "turnComplete": true});
    live.say(&json!({"clientContent": content})).await.unwrap();
    live.hear_until("usageMetadata").await.unwrap();
    close(live).await;
    let spans = app.spans(5).await;
    let mut words: Vec<String> = spans
        .iter()
        .filter(|r| r.span.parent_span_id.is_some())
        .flat_map(|r| texts(&r.content.as_ref().unwrap().output_messages))
        .map(|(_, text)| text)
        .collect();
    words.sort();
    assert_eq!(words, ["You said: one", "You said: three", "You said: two"]);
    let gemini = spans.iter().find(|r| r.span.dialect == "gemini_live" && r.span.usage.is_some()).unwrap();
    assert_eq!(gemini.span.path, format!("{GEMINI}?key=REDACTED"));
    assert_eq!(gemini.span.request_model.as_deref(), Some("gemini-live-2.5-flash"));
    let bill = app.provider.bill();
    assert_eq!(gemini.span.usage.unwrap().total(), bill[2].usage["totalTokenCount"].as_u64().unwrap());
    assert!(gemini.span.cost.is_some());
}

/// A peer that answers the switch, then shows what it gets and sends what it is told.
async fn raw_upstream(answer: Vec<u8>, expects: usize) -> (String, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        stream.write_all(switch.as_bytes()).await.unwrap();
        let (mut from, mut to) = stream.split();
        let mut got = vec![0; expects];
        let write = async {
            for piece in answer.chunks(777) {
                to.write_all(piece).await.unwrap();
                to.flush().await.unwrap();
            }
            to.shutdown().await.unwrap();
        };
        let (read, ()) = tokio::join!(from.read_exact(&mut got), write);
        read.unwrap();
        got
    });
    (url, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_pass_both_ways_as_they_are_however_they_are_cut() {
    let mut state = 7_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(state >> 40).unwrap()
    };
    let mut frames = |mask: Option<[u8; 4]>| {
        let mut bytes = Vec::new();
        for n in 0..200 {
            let event = json!({"type": "x", "n": n, "text": "é".repeat(random() % 3000)}).to_string();
            let (one, two) = event.as_bytes().split_at(random() % event.len());
            bytes.extend(frame(0x01, one, mask));
            bytes.extend(frame(0x89, b"ping", mask));
            bytes.extend(frame(0x80, two, mask));
        }
        // No WebSocket from here on, and still every byte passes.
        bytes.extend((0..10_000).map(|_| u8::try_from(random() % 256).unwrap()));
        bytes
    };
    let (sent, answered) = (frames(Some([1, 2, 3, 4])), frames(None));
    let (url, upstream) = raw_upstream(answered.clone(), sent.len()).await;
    let app = TestApp::in_front_of(FakeProvider::start().await, &url, &[]).await;
    let mut client = RawClient::connect(app.running.addr).await.unwrap();
    let ask = format!("GET {OPENAI} HTTP/1.1\r\nHost: p\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    client.send(ask).await.unwrap();
    assert_eq!(client.head().await.unwrap().status, 101);
    let mut rest = &sent[..];
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.len().min(1 + random() % 5000));
        client.send(piece).await.unwrap();
        rest = after;
    }
    client.finish().await.unwrap();
    assert!(client.rest().await.unwrap() == answered, "the answer is as it was sent");
    assert!(upstream.await.unwrap() == sent, "the request is as it was sent");
    let span = app.span().await.span;
    assert_eq!((span.request_bytes, span.response_bytes), (sent.len() as u64, answered.len() as u64));
    assert!(span.coverage.unknown.iter().any(|name| name.starts_with("session.")), "{:?}", span.coverage);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hangs_up_inside_an_answer_is_named_and_what_was_said_is_kept() {
    let cases = [
        ("gpt-realtime+cut", EndReason::UpstreamFailed, EndReason::UpstreamFailed, "upstream_closed"),
        ("gpt-realtime+close-1011", EndReason::UpstreamFailed, EndReason::UpstreamFailed, "websocket_close_1011"),
        ("gpt-realtime+slow", EndReason::ClientGone, EndReason::ClientGone, ""),
    ];
    for (model, session_end, turn_end, kind) in cases {
        let app = TestApp::start().await;
        let mut socket = socket(&app, &format!("/v1/realtime?model={model}"), "").await;
        socket.say(&item("tell me a long story")).await.unwrap();
        socket.say(&json!({"type": "response.create"})).await.unwrap();
        socket.hear_until("response.output_text.delta").await.unwrap();
        if kind.is_empty() {
            drop(socket);
        } else {
            while socket.next().await.is_ok_and(|message| message.is_some()) {}
            drop(socket);
        }
        let (session, turns) = split(app.spans(2).await);
        assert_eq!(session.span.end_reason, session_end, "{model}");
        assert_eq!(session.span.error.map(|e| e.kind).unwrap_or_default(), kind, "{model}");
        let turn = &turns[0];
        assert_eq!((turn.span.end_reason, turn.span.usage), (turn_end, None), "{model}");
        let said = texts(&turn.content.as_ref().unwrap().output_messages);
        assert!(said.iter().any(|(_, text)| text.starts_with("You ")), "{model}: {said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_fails_fails_its_span_and_not_the_session() {
    let app = TestApp::start().await;
    let mut socket = socket(&app, "/v1/realtime?model=gpt-realtime+fail", "").await;
    socket.say(&json!({"type": "nonsense"})).await.unwrap();
    turn(&mut socket, "hi").await;
    close(socket).await;
    let (session, turns) = split(app.spans(2).await);
    assert_eq!((session.span.status, session.span.end_reason), (Status::Ok, EndReason::Complete));
    let error = turns[0].span.error.clone().unwrap();
    assert_eq!((turns[0].span.status, error.kind.as_str()), (Status::Error, "server_error"));
    assert!(turns[0].span.usage.is_some_and(|usage: Usage| usage.total() > 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_keeps_the_turn_that_was_open() {
    let app = TestApp::start().await;
    let mut socket = socket(&app, "/v1/realtime?model=gpt-realtime+slow", "").await;
    socket.say(&item(&"a long story ".repeat(200))).await.unwrap();
    socket.say(&json!({"type": "response.create"})).await.unwrap();
    socket.hear_until("response.output_text.delta").await.unwrap();
    let url = app.provider.url();
    tokio::time::timeout(Duration::from_secs(15), app.running.shutdown()).await.unwrap();
    let next = boot::start(&config(&app.folder, &url, &[])).await.unwrap();
    let (session, turns) = split(stored(&next.spans, 2).await);
    assert_eq!(session.span.end_reason, EndReason::Interrupted);
    assert_eq!((turns[0].span.end_reason, turns[0].span.status), (EndReason::Interrupted, Status::Error));
    assert!(!turns[0].content.as_ref().unwrap().output_messages.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_in_which_nothing_passes_is_ended_and_pings_count() {
    let app = TestApp::with(&[("IDLE_TIMEOUT_MS", "400")]).await;
    let mut socket = socket(&app, OPENAI, "").await;
    socket.hear_until("session.created").await.unwrap();
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    for _ in 0..9 {
        tick.tick().await;
        socket.send(&websocket::Message::Ping(b"still here".to_vec())).await.unwrap();
        assert!(matches!(socket.next().await.unwrap(), Some(websocket::Message::Pong(_))));
    }
    // From here on both sides are silent.
    assert!(socket.next().await.is_ok_and(|message| message.is_none()));
    let span = app.span().await.span;
    assert_eq!((span.end_reason, span.error.unwrap().kind.as_str()), (EndReason::TimedOut, "idle_timeout"));
    assert!(span.timing.duration_us >= 1_200_000, "{:?}", span.timing);
}

/// Everything that was logged while the tests of this process ran.
static LOGGED: LazyLock<Arc<Mutex<Vec<u8>>>> = LazyLock::new(Arc::default);

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_in_the_protocol_header_and_the_query_go_upstream_and_nowhere_else() {
    let logging = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(|| Log).try_init();
    const KEY: &str = "realtime-test-key-4711";
    let app = TestApp::start().await;
    let protocol = format!("Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.{KEY}\r\n");
    let mut socket = socket(&app, OPENAI, &protocol).await;
    assert!(socket.head.to_ascii_lowercase().contains("sec-websocket-protocol: realtime"), "{}", socket.head);
    turn(&mut socket, "hi").await;
    close(socket).await;
    let live = Socket::connect(app.running.addr, &format!("{GEMINI}?access_token={KEY}"), "").await.unwrap();
    close(live).await;
    let spans = format!("{:?}", app.spans(3).await);
    assert!(!spans.contains(KEY), "what the journal delivered holds no key: {spans}");
    let received = app.provider.received();
    assert!(received[0].header("sec-websocket-protocol").is_some_and(|value| value.contains(KEY)), "it goes upstream");
    assert!(received[1].target.contains(KEY), "so does the query");
    app.running.shutdown().await;
    let mut folders = vec![app.folder.path().to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            assert!(memchr::memmem::find(&bytes, KEY.as_bytes()).is_none(), "{} holds the key", path.display());
        }
    }
    assert!(files > 0, "there are files to look into");
    if logging.is_ok() {
        let logged = LOGGED.lock();
        assert!(memchr::memmem::find(&logged, b"tunnel").is_some(), "something was logged");
        assert!(memchr::memmem::find(&logged, KEY.as_bytes()).is_none(), "the log holds the key");
    }
}
