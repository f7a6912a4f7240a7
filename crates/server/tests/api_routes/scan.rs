//! A text that is sent to be looked at.

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::{Value, json};

use crate::world::{Answer, answer_to, app, stores};

async fn scan(app: &Router, body: &Value) -> Answer {
    let request = Request::post("/api/v1/scan").header("host", "localhost").header("content-type", "application/json");
    answer_to(app, request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn a_text_is_looked_at_and_what_is_wrong_is_named() {
    let app = app(stores().await.0.swap_remove(0));
    let key = ["AKIA", "Q2W3E4R5T6Y7UIOP"].concat();
    let long = "good morning ".repeat(4_000);
    for text in [format!("it opens with {key}"), format!("{long}{key}")] {
        let answer = scan(&app, &json!({"id": "1", "text": text})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
        let body = answer.json();
        assert_eq!((&body["id"], &body["findings"][0]["kind"]), (&json!("1"), &json!("secret")), "{body}");
        assert!(!body.to_string().contains(&key));
    }
    for (body, detail) in [
        (json!({"id": 1}), "text"),
        (json!({"text": "a", "channel": "tool"}), "channel"),
        (json!({"text": "a", "x": 1}), "x"),
    ] {
        let answer = scan(&app, &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.json().to_string().contains(detail), "{}", answer.json());
    }
    let huge = json!({"text": "a".repeat(1 << 20)});
    assert_eq!(scan(&app, &huge).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}
