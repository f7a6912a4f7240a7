use proptest::prelude::*;

use super::*;

fn text_of(value: &Value) -> String {
    serde_json::to_string(value).expect("a value prints")
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1.0e9..1.0e9f64).prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[\\n\\t\"\\\\/\u{1}é😀]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z\"\\\\é]{0,5}", inner, 0..6)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn reads_what_serde_json_writes(value in any_value()) {
        for text in [text_of(&value), serde_json::to_string_pretty(&value).expect("prints")] {
            let ours = parse(&text, &Rules::default()).expect("valid JSON").into_value();
            prop_assert_eq!(&ours, &value, "{}", text);
        }
    }

    #[test]
    fn accepts_and_refuses_as_serde_json_does(text in "[\\[\\]{}:,\"a0-9.eE+ \\-tfnrulase]{0,24}") {
        let theirs = serde_json::from_str::<Value>(&text);
        let ours = parse(&text, &Rules::default());
        match theirs {
            Ok(value) => prop_assert_eq!(ours.expect("valid").into_value(), value),
            Err(e) if e.to_string().contains("number out of range") => {}
            Err(_) => prop_assert!(ours.is_err(), "{}", text),
        }
    }

    #[test]
    fn a_cut_text_gives_a_tree_or_nothing_and_never_panics(value in any_value(), at in 0.0..1.0f64) {
        let text = text_of(&value);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let mut cut = (text.len() as f64 * at) as usize;
        while !text.is_char_boundary(cut) { cut -= 1; }
        if let Err(fault) = parse_head(&text[..cut], &Rules::default()) {
            prop_assert_eq!(fault, Fault::Eof);
        }
    }
}

#[test]
fn a_cut_text_keeps_what_was_complete() {
    let text = r#"{"model":"m","max_tokens":10,"messages":[{"role":"user","content":"hello wor"#;
    let tree = parse_head(text, &Rules::default()).expect("a head");
    assert_eq!(tree.str_at("model"), Some("m"));
    assert_eq!(tree.u64_at("max_tokens"), Some(10));
    let Some(Json::Array(messages)) = tree.get("messages") else { panic!("no messages") };
    assert_eq!(messages[0].str_at("content"), Some("hello wor"));
    assert_eq!(parse_head(r#"{"max_tokens":10"#, &Rules::default()).expect("a head").u64_at("max_tokens"), None);
}

#[test]
fn bounds_are_faults_of_their_own() {
    let deep = "[".repeat(129);
    assert_eq!(parse(&deep, &Rules::default()), Err(Fault::TooDeep));
    let wide = format!("[{}0]", "0,".repeat(100));
    assert_eq!(parse(&wide, &Rules { max_values: 50, ..Rules::default() }), Err(Fault::TooMany));
}

#[test]
fn a_lone_surrogate_is_replaced() {
    assert_eq!(parse(r#""a\ud800b""#, &Rules::default()), Ok(Json::Str("a\u{fffd}b".into())));
    assert_eq!(parse(r#""\ud83d\ude00""#, &Rules::default()), Ok(Json::Str("😀".into())));
}

#[test]
fn members_that_are_skipped_cost_no_tree() {
    let rules = Rules { skip: &["embedding"], ..Rules::default() };
    let tree = parse(r#"{"embedding":[0.1,{"a":"]"}],"index":3}"#, &rules).expect("valid");
    assert_eq!(tree.get("embedding"), Some(&Json::Skipped));
    assert_eq!(tree.u64_at("index"), Some(3));
}
