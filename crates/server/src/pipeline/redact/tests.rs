use llmtrace_model::{Message, Part, Role};
use serde_json::json;

use super::*;

const EMAIL: &str = "jane@mail.example";

fn content() -> Content {
    let say = |text: &str| Part::Text { content: text.to_owned() };
    let call = Part::ToolCall { id: None, name: "mail".into(), arguments: json!({"to": EMAIL, EMAIL: ["x", 1]}) };
    let message = |role, parts| Message { role, name: None, parts, finish_reason: None };
    Content {
        system_instructions: vec![say(&format!("You are {EMAIL}"))],
        input_messages: vec![message(Role::User, vec![say("hi"), say(&format!("{{\"a\": \"{EMAIL}\"}}"))])],
        output_messages: vec![message(Role::Assistant, vec![call])],
        ..Content::default()
    }
}

fn replacer() -> Replacer {
    Replacer::new(&[(EMAIL.to_owned(), "[EMAIL]".to_owned())])
}

#[test]
fn every_string_and_every_name_is_looked_at() {
    let replacer = replacer();
    let redacted = edited(&content(), &mut |_, text| replacer.replaced(text)).unwrap();
    let said = serde_json::to_string(&redacted).unwrap();
    assert!(!said.contains(EMAIL));
    assert_eq!(said.matches("[EMAIL]").count(), 4, "{said}");
    let Part::ToolCall { arguments, .. } = &redacted.output_messages[0].parts[0] else { panic!("{redacted:?}") };
    assert_eq!(*arguments, json!({"to": "[EMAIL]", "[EMAIL]": ["x", 1]}));
    // A second time changes nothing.
    assert_eq!(edited(&redacted, &mut |_, text| replacer.replaced(text)).unwrap(), redacted);
}

#[test]
fn paths_are_read_through_their_percent_signs() {
    for (path, kept) in [
        ("/v1/chat?to=jane%40mail.example&n=1", "/v1/chat?[redacted]"),
        ("/v1/chat?to=jane@mail.example", "/v1/chat?[redacted]"),
        ("/v1/jane%40mail%2eexample/x?n=1", "/[redacted]"),
        ("/v1/chat?n=1", "/v1/chat?n=1"),
    ] {
        let mut path = path.to_owned();
        of_path(&mut path, &replacer());
        assert_eq!(path, kept);
    }
}
