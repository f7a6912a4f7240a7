//! The documented shapes are what the model really writes.

use std::collections::BTreeMap;

use llmtrace_model::{
    Action, CaptureContent, CaptureRaw, Channel, Confidence, Dimension, EndReason, ErrorInfo, ExchangeId, Finding,
    FindingKind, Message, Outcome, Part, Place, Role, Severity, Source, Status, UsageSource, ViewPage,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{FindingView, Interval, TopMeasure, shapes};

/// What the model writes is read by the shape, and the shape writes it again: no name more, none less.
fn agrees<S: Serialize + DeserializeOwned>(written: impl Serialize) {
    let written = serde_json::to_value(written).unwrap();
    let read: S = serde_json::from_value(written.clone()).unwrap_or_else(|error| panic!("{written}: {error}"));
    assert_eq!(serde_json::to_value(read).unwrap(), written);
}

#[test]
fn every_part_has_its_documented_shape() {
    let (modality, text) = ("image".to_owned(), "text".to_owned());
    let parts = vec![
        Part::Text { content: text.clone() },
        Part::ToolCall { id: Some("1".into()), name: "f".into(), arguments: json!({ "a": [1] }) },
        Part::ToolCall { id: None, name: "f".into(), arguments: Value::Null },
        Part::ToolCallResponse { id: Some("1".into()), result: json!("ok") },
        Part::ToolCallResponse { id: None, result: json!([]) },
        Part::Reasoning { content: text.clone() },
        Part::Refusal { content: text.clone() },
        Part::Blob { modality: modality.clone(), mime_type: Some("image/png".into()), size_bytes: 5 },
        Part::Blob { modality: modality.clone(), mime_type: None, size_bytes: 0 },
        Part::Uri { modality: modality.clone(), uri: "https://example.org/a.png".into() },
        Part::File { modality, file_id: "file-1".into() },
        Part::Raw { value: json!({ "type": "new" }) },
    ];
    let roles = [Role::System, Role::Developer, Role::User, Role::Assistant, Role::Tool, Role::Unknown];
    for role in roles {
        let parts = parts.clone();
        agrees::<shapes::Message>(Message { role, name: Some("n".into()), parts, finish_reason: Some("stop".into()) });
        agrees::<shapes::Message>(Message { role, name: None, parts: Vec::new(), finish_reason: None });
    }
}

#[test]
fn every_word_and_finding_has_its_documented_shape() {
    ViewPage::ALL.iter().for_each(agrees::<shapes::ViewPage>);
    CaptureContent::ALL.iter().for_each(agrees::<shapes::CaptureContent>);
    CaptureRaw::ALL.iter().for_each(agrees::<shapes::CaptureRaw>);
    Source::ALL.iter().for_each(agrees::<shapes::Source>);
    Outcome::ALL.iter().for_each(agrees::<shapes::Outcome>);
    Status::ALL.iter().for_each(agrees::<shapes::Status>);
    Dimension::ALL.iter().for_each(agrees::<shapes::Dimension>);
    let key: BTreeMap<Dimension, &str> = Dimension::ALL.iter().map(|dimension| (*dimension, "x")).collect();
    agrees::<shapes::GroupKey>(key);
    EndReason::ALL.iter().for_each(agrees::<shapes::EndReason>);
    for word in [UsageSource::Provider, UsageSource::Estimated, UsageSource::None] {
        agrees::<shapes::UsageSource>(word);
    }
    agrees::<shapes::ErrorInfo>(ErrorInfo { kind: "rate_limit_error".into(), message: "slow down".into() });
    let severities = [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    for &kind in FindingKind::ALL {
        for severity in severities {
            let confidence = Confidence::new(0.5).unwrap();
            let (subtype, rule, reason) = ("s".to_owned(), "r".to_owned(), "why".to_owned());
            let place = Place { channel: Channel::User, path: "/input_messages/0".into(), start: 1, end: 2 };
            let finding =
                Finding { kind, subtype, severity, confidence, rule, reason, place: Some(place), action: Action::Flag };
            let view = |finding| FindingView::of(ExchangeId::mint(1, [7; 10]), finding);
            agrees::<shapes::Finding>(view(Finding { place: None, subtype: String::new(), ..finding.clone() }));
            agrees::<shapes::Finding>(view(finding));
        }
    }
}

#[test]
fn the_words_of_sums_are_read_as_they_are_written() {
    for interval in Interval::ALL {
        assert_eq!(serde_json::to_value(interval).unwrap(), interval.as_str());
        assert_eq!(Interval::of(interval.as_str()), Some(interval));
    }
    for measure in TopMeasure::ALL {
        assert_eq!(serde_json::to_value(measure).unwrap(), measure.as_str());
        assert_eq!(TopMeasure::of(measure.as_str()), Some(measure));
    }
}
