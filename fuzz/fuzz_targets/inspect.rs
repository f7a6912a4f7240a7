//! A request is read or opaque; a splice into valid JSON adds the usage option and nothing else.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmtrace_wire::{Head, Signed, View, inspect};
use serde_json::{Value, json};

fuzz_target!(|body: &[u8]| {
    let head = Head {
        method: "POST",
        provider: None,
        host: "api.openai.com",
        path: "/v1/chat/completions",
        query: None,
        content_type: Some("application/json"),
        content_encoding: None,
        signed: Signed::No,
    };
    let view = inspect(&head, body);
    let before = serde_json::from_slice::<Value>(body).ok().filter(Value::is_object);
    let View::Parsed(request) = view else {
        assert!(before.is_none(), "a valid object is read");
        return;
    };
    let (Some(splice), Some(mut expected)) = (request.usage_option, before) else { return };
    let mut spliced = body.to_vec();
    spliced.splice(splice.range, splice.text.bytes());
    let after: Value = serde_json::from_slice(&spliced).expect("a splice leaves valid JSON");
    if !expected["stream_options"].is_object() {
        expected["stream_options"] = json!({});
    }
    expected["stream_options"]["include_usage"] = json!(true);
    assert_eq!(after, expected);
});
