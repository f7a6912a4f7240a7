use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn head<'a>(host: &'a str, path: &'a str, query: Option<&'a str>) -> Head<'a> {
    let content_type = Some("application/json");
    Head { method: "POST", provider: None, host, path, query, content_type, content_encoding: None, signed: Signed::No }
}

fn openai() -> Head<'static> {
    head("api.openai.com", "/v1/chat/completions", None)
}

fn parsed(head: &Head<'_>, body: &str) -> Request {
    match inspect(head, body.as_bytes()) {
        View::Parsed(request) => request,
        View::Opaque(reason) => panic!("opaque: {}", reason.as_str()),
    }
}

/// The body with the usage option in it, or `None` where it is not asked for.
fn spliced(head: &Head<'_>, body: &str) -> Option<String> {
    let splice = parsed(head, body).usage_option?;
    let mut out = body.to_owned();
    out.replace_range(splice.range, splice.text);
    Some(out)
}

#[test]
fn model_and_stream_are_read_wherever_they_stand() {
    let request = parsed(
        &openai(),
        r#" {"messages":[{"content":"{\"model\":\"no\"}"}], "stream" : true ,"mod\u0065l":"gpt\u002d4o" } "#,
    );
    assert_eq!(request.model.as_deref(), Some("gpt-4o"));
    assert_eq!(request.stream, Streaming::Yes);
    assert_eq!(request.dialect, Dialect::OpenaiChat);
    let none = parsed(&openai(), r#"{"model":7,"stream":"true"}"#);
    assert_eq!((none.model, none.stream), (None, Streaming::No));
}

#[test]
fn what_is_not_read_has_a_reason() {
    let opaque = |head: &Head<'_>, body: &[u8]| match inspect(head, body) {
        View::Opaque(reason) => reason,
        View::Parsed(request) => panic!("parsed: {request:?}"),
    };
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    let cases: [(&[u8], OpaqueReason); 9] = [
        (b"", OpaqueReason::Empty),
        (b"[]", OpaqueReason::MalformedJson),
        (b"{\"a\":1", OpaqueReason::MalformedJson),
        (b"{\"a\":[}]}", OpaqueReason::MalformedJson),
        (b"{\"a\":1}{}", OpaqueReason::MalformedJson),
        (b"hello", OpaqueReason::MalformedJson),
        (b"{\"a\":\"\\", OpaqueReason::MalformedJson),
        (b"{\"a\":\"\xff\"}", OpaqueReason::InvalidUtf8),
        (deep.as_bytes(), OpaqueReason::TooDeep),
    ];
    for (body, reason) in cases {
        assert_eq!(opaque(&openai(), body), reason, "{}", String::from_utf8_lossy(body));
    }
    let form = Head { content_type: Some("multipart/form-data; boundary=x"), ..openai() };
    assert_eq!(opaque(&form, b"{}"), OpaqueReason::NotJson);
    let packed = Head { content_encoding: Some("gzip"), ..openai() };
    assert_eq!(opaque(&packed, b"{}"), OpaqueReason::Compressed);
    assert_eq!(opaque(&head("h", "/v1/assistants", None), b"{}"), OpaqueReason::UnknownPath);
    assert!(matches!(inspect(&Head { method: "GET", ..head("h", "/v1/models", None) }, b""), View::Parsed(_)));
}

#[test]
fn the_usage_option_is_the_smallest_change() {
    let cases = [
        (r#"{"stream":true}"#, r#"{"stream":true,"stream_options":{"include_usage":true}}"#),
        (r#"{"stream": true , "n":1}"#, r#"{"stream": true,"stream_options":{"include_usage":true} , "n":1}"#),
        (r#"{"stream":true,"stream_options":null}"#, r#"{"stream":true,"stream_options":{"include_usage":true}}"#),
        (r#"{"stream":true,"stream_options":{ }}"#, r#"{"stream":true,"stream_options":{"include_usage":true }}"#),
        (
            r#"{"stream_options":{"include_obfuscation":false},"stream":true}"#,
            r#"{"stream_options":{"include_usage":true,"include_obfuscation":false},"stream":true}"#,
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(spliced(&openai(), body).as_deref(), Some(expected), "{body}");
    }
}

#[test]
fn a_stream_is_not_asked_where_that_is_not_allowed() {
    for body in [
        r#"{"stream":false}"#,
        r#"{"model":"m"}"#,
        r#"{"stream":true,"stream_options":{"include_usage":false}}"#,
        r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
        r#"{"stream":true,"stream_options":{"include_usage":null}}"#,
        r#"{"stream":true,"stream_options":7}"#,
        r#"{"stream":true,"stream_options":[]}"#,
        r#"{"stream":true,"stream":true}"#,
        r#"{"stream":true,"stream_options":null,"stream\u005foptions":null}"#,
    ] {
        assert_eq!(spliced(&openai(), body), None, "{body}");
    }
    let body = r#"{"stream":true}"#;
    let never = [
        Head { signed: Signed::Yes, ..openai() },
        head("api.openai.com", "/v1/embeddings", None),
        head("api.anthropic.com", "/v1/messages", None),
        head("api.mistral.ai", "/v1/chat/completions", None),
    ];
    for head in never {
        assert_eq!(spliced(&head, body), None, "{head:?}");
    }
    for (host, path) in [("gateway.internal", "/v1/completions"), ("openrouter.ai", "/api/v1/chat/completions")] {
        assert!(spliced(&head(host, path, None), body).is_some(), "{host}");
    }
}

#[test]
fn the_provider_that_the_operator_names_decides_and_not_the_host() {
    let asked = |provider, host, path| {
        let head = Head { provider: Some(provider), ..head(host, path, None) };
        spliced(&head, r#"{"stream":true}"#).is_some()
    };
    let chat = "/v1/chat/completions";
    assert!(
        !asked("mistral_ai", "gateway.internal", chat),
        "it sends usage unasked, and refuses what it does not know"
    );
    assert!(asked("vllm", "api.mistral.ai", chat));
    assert!(!asked("azure.ai.openai", "gateway.internal", chat), "no api-version, no option");
    assert!(!asked("openai", "gateway.internal", "/v1/messages"), "the format has no such event, whoever speaks it");
}

#[test]
fn azure_is_asked_from_the_version_on_that_accepts_it() {
    let dated = "/openai/deployments/d/chat/completions";
    let cases = [
        (dated, Some("api-version=2024-09-01-preview"), true),
        (dated, Some("x=1&api-version=2024-10-21"), true),
        (dated, Some("api-version=2024-08-01-preview"), false),
        (dated, Some("api-version=2"), false),
        (dated, None, false),
        ("/openai/v1/chat/completions", None, true),
        ("/openai/v1/chat/completions", Some("api-version=preview"), true),
        ("/models/chat/completions", Some("api-version=2024-05-01-preview"), false),
    ];
    for (path, query, asked) in cases {
        for host in ["me.openai.azure.com", "me.services.ai.azure.com"] {
            let found = spliced(&head(host, path, query), r#"{"stream":true}"#).is_some();
            assert_eq!(found, asked, "{host}{path} {query:?}");
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z\"\\\\{}\\[\\]:,é ]{0,10}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z\"\\\\]{0,4}", inner, 0..4)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_splice_adds_the_option_and_nothing_else(
        before in any_json(),
        after in any_json(),
        options in prop_oneof![
            Just(None),
            Just(Some(Value::Null)),
            prop::collection::btree_map("[a-z]{1,4}", any_json(), 0..3)
                .prop_map(|m| Some(Value::Object(m.into_iter().collect()))),
        ],
        pretty in any::<bool>(),
    ) {
        let mut body = json!({"a": before, "model": "m", "stream": true, "z": after});
        if let Some(options) = options {
            body["stream_options"] = options;
        }
        let text = if pretty { serde_json::to_string_pretty(&body) } else { serde_json::to_string(&body) };
        let out = spliced(&openai(), &text.expect("prints")).expect("asked");
        let mut expected = body;
        if !expected["stream_options"].is_object() {
            expected["stream_options"] = json!({});
        }
        expected["stream_options"]["include_usage"] = json!(true);
        prop_assert_eq!(serde_json::from_str::<Value>(&out).expect("valid JSON"), expected);
    }

    #[test]
    fn every_valid_object_is_read(body in any_json()) {
        let text = body.to_string();
        prop_assert_eq!(matches!(inspect(&openai(), text.as_bytes()), View::Parsed(_)), body.is_object());
    }

    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..64), text in "[{}\\[\\]\",:\\\\a-z0-9 ]{0,40}") {
        inspect(&openai(), &body);
        inspect(&openai(), text.as_bytes());
    }
}
