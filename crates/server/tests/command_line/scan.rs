//! `scan`: texts in, findings out, through a pipe.

use std::{
    io::Write as _,
    path::Path,
    process::{Output, Stdio},
};

use serde_json::{Value, json};

use super::{command, text};

fn scan(lines: &[u8]) -> Output {
    let mut child = command(Path::new("/"), &["scan"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // What it reads no more is its answer's business.
    child.stdin.take().unwrap().write_all(lines).ok();
    child.wait_with_output().unwrap()
}

fn answers(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_line_is_answered_with_places_in_characters() {
    let key = ["AKIA", "Q2W3E4R5T6Y7UIOP"].concat();
    let lines = [
        json!({"id": 7, "text": format!("schlüssel: {key} 🔑"), "channel": "output"}),
        json!({"id": {"row": [1]}, "text": "guten Morgen", "channel": "untrusted"}),
        json!({"text": ""}),
    ];
    let input: String = lines.iter().map(|line| format!("{line}\n\n")).collect();
    let output = scan(input.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let answers = answers(&output);
    let ids: Vec<_> = answers.iter().map(|answer| &answer["id"]).collect();
    assert_eq!(ids, [&json!(7), &json!({"row": [1]}), &Value::Null]);
    let finding = &answers[0]["findings"][0];
    assert_eq!((finding["kind"].as_str(), finding["owasp"].as_str()), (Some("secret"), Some("LLM02:2025")));
    assert_eq!((finding["start"].as_u64(), finding["end"].as_u64()), (Some(11), Some(31)), "{finding}");
    assert_eq!(answers[0]["score"], finding["score"]);
    assert!(answers[0]["micros"].is_u64() && !answers[0].to_string().contains(&key));
    for clean in &answers[1..] {
        assert_eq!((&clean["score"], &clean["findings"]), (&json!(0.0), &json!([])));
    }
}

#[test]
fn half_a_surrogate_pair_is_read_as_what_it_is() {
    let output = scan(b"{\"id\": 1, \"text\": \"cut \\ud83d\", \"channel\": \"user\"}\n");
    assert_eq!(answers(&output)[0]["findings"], json!([]), "{}", text(&output.stderr));
}

#[test]
fn a_wrong_line_is_named_and_ends_it_with_an_error() {
    for (line, why) in [
        ("not json", "expected ident"),
        ("{\"text\": 3}", "invalid type: integer `3`, expected a string"),
        ("{\"id\": 1}", "missing field `text`"),
        ("{\"text\": \"a\", \"channel\": \"tool\"}", "unknown variant `tool`, expected one of `user`, `untrusted`"),
        ("{\"text\": \"a\", \"chanel\": \"user\"}", "unknown field `chanel`"),
    ] {
        let output = scan(format!("{{\"text\": \"first\"}}\n{line}\n").as_bytes());
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert_eq!(answers(&output).len(), 1, "what came before is answered");
        let said = text(&output.stderr);
        assert!(said.contains("line 2 of standard input") && said.contains(why), "{line}: {said}");
    }
}
