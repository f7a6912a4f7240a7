use std::io::Write;

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};

use super::*;

const STREAM: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}],\"usage\":null}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}],\"usage\":null}\n\n\
    data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1,\"total_tokens\":6}}\n\ndata: [DONE]\n\n";

fn events(dialect: Dialect) -> Scanner {
    Scanner::new(Some(dialect), Some("text/event-stream"), None)
}

fn document(dialect: Dialect) -> Scanner {
    Scanner::new(Some(dialect), Some("application/json"), None)
}

fn packed(coding: &str, text: &[u8]) -> Vec<u8> {
    let fast = Compression::fast();
    match coding {
        "gzip" => {
            let mut e = GzEncoder::new(Vec::new(), fast);
            e.write_all(text).and_then(|()| e.finish())
        }
        "zlib" => {
            let mut e = ZlibEncoder::new(Vec::new(), fast);
            e.write_all(text).and_then(|()| e.finish())
        }
        "raw" => {
            let mut e = DeflateEncoder::new(Vec::new(), fast);
            e.write_all(text).and_then(|()| e.finish())
        }
        "zstd" => zstd::encode_all(text, 1),
        "br" => {
            let mut out = Vec::new();
            let mut e = brotli::CompressorWriter::new(&mut out, 4096, 4, 20);
            let written = e.write_all(text);
            drop(e);
            written.map(|()| out)
        }
        other => panic!("{other}"),
    }
    .expect("compresses")
}

#[test]
fn the_first_token_is_the_first_thing_the_model_says() {
    let mut scanner = events(Dialect::OpenaiChat);
    let events: Vec<&str> = STREAM.split_inclusive("\n\n").collect();
    scanner.feed(events[0].as_bytes());
    assert!(!scanner.first_token(), "a role is no token");
    scanner.feed(events[1].as_bytes());
    assert!(scanner.first_token() && !scanner.finished() && scanner.usage().is_none());
    scanner.feed(events[2].as_bytes());
    assert_eq!(scanner.usage().map(|u| u.total()), Some(6));
    scanner.feed(events[3].as_bytes());
    assert!(scanner.finished() && scanner.error().is_none());
}

#[test]
fn compressed_streams_are_read_in_every_coding_and_any_pieces() {
    for (header, coding) in [("gzip", "gzip"), ("deflate", "zlib"), ("deflate", "raw"), ("br", "br"), ("zstd", "zstd")]
    {
        let body = packed(coding, STREAM.as_bytes());
        for size in [1, 7, body.len()] {
            let mut scanner = Scanner::new(Some(Dialect::OpenaiChat), Some("text/event-stream"), Some(header));
            body.chunks(size).for_each(|piece| scanner.feed(piece));
            assert_eq!(scanner.usage().map(|u| u.total()), Some(6), "{coding} in pieces of {size}");
            assert!(scanner.finished() && scanner.first_token(), "{coding} in pieces of {size}");
        }
    }
}

#[test]
fn broken_compression_keeps_what_was_read_and_says_no_more() {
    let mut scanner = Scanner::new(Some(Dialect::OpenaiChat), Some("text/event-stream"), Some("gzip"));
    let mut body = packed("gzip", STREAM.as_bytes());
    let end = body.len() - 4;
    body[end] ^= 0xff;
    body.extend_from_slice(&[0; 100]);
    scanner.feed(&body);
    scanner.feed(STREAM.as_bytes());
    assert_eq!(scanner.usage().map(|u| u.total()), Some(6));
}

#[test]
fn a_large_document_passes_through_little_state() {
    let mut scanner = document(Dialect::OpenaiEmbeddings);
    scanner.feed(br#"{"object":"list","data":[{"embedding":["#);
    for _ in 0..2000 {
        scanner.feed(br#"0.123,{"usage":{"prompt_tokens":99}},"\"usage\":","error","#);
    }
    scanner.feed(br#"0]}],"note":"}","usage":{"prompt_tok"#);
    assert!(scanner.usage().is_none() && !scanner.finished());
    scanner.feed(br#"ens":8,"total_tokens":8}}"#);
    assert_eq!(scanner.usage().map(|u| u.input), Some(8));
    assert!(scanner.finished() && scanner.error().is_none());
}

#[test]
fn what_is_counted_beside_a_long_text_is_found_however_the_bytes_were_cut() {
    for text in ["words and words, ", "\\u00e9\\ud83d\\ude00", "\\\\\\\"\\n", "é€🎉"] {
        let text = text.repeat(4000);
        let body = format!(
            r#"{{"output":[{{"type":"message","content":[{{"type":"output_text","{text}":"{text}"}}]}},{{"type":"web_search_call","status":"completed"}}],"error":{{"code":"x","message":"{text}"}}}}"#
        );
        for size in [1, 7, 1024, body.len()] {
            let mut scanner = document(Dialect::OpenaiResponses);
            body.as_bytes().chunks(size).for_each(|chunk| scanner.feed(chunk));
            assert!(scanner.finished(), "{size}");
            assert_eq!(scanner.meter().units.get(llmtrace_model::Unit::WebSearches), 1, "{size}");
            assert_eq!(scanner.error().map(|e| e.kind.as_str()), Some("x"), "{size}");
        }
    }
}

#[test]
fn an_error_document_is_an_error() {
    let mut scanner = document(Dialect::AnthropicMessages);
    scanner.feed(br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#);
    assert_eq!(scanner.error().map(|e| e.kind.as_str()), Some("overloaded_error"));
}

#[test]
fn an_error_event_without_an_error_member_counts() {
    let mut scanner = events(Dialect::OpenaiChat);
    scanner.feed(b"event: error\ndata: {\"message\":\"boom\",\"code\":500}\n\n");
    assert_eq!(scanner.error().map(|e| (e.kind.as_str(), e.message.as_str())), Some(("500", "boom")));
}

#[test]
fn what_we_do_not_read_says_nothing() {
    for (dialect, media) in [
        (None, Some("text/event-stream")),
        (Some(Dialect::OpenaiChat), Some("audio/mpeg")),
        (Some(Dialect::OpenaiChat), None),
    ] {
        let mut scanner = Scanner::new(dialect, media, None);
        scanner.feed(STREAM.as_bytes());
        assert!(
            !scanner.first_token() && !scanner.finished() && scanner.usage().is_none() && scanner.error().is_none()
        );
    }
}

#[test]
fn an_event_over_the_bound_is_skipped_and_the_next_is_read() {
    let mut scanner = events(Dialect::OpenaiChat);
    scanner.feed(b"data: {\"choices\":[{\"delta\":{\"content\":\"");
    for _ in 0..20 {
        scanner.feed(&[b'x'; 1 << 16]);
    }
    scanner.feed(b"\"}}]}\n\n");
    scanner.feed(STREAM.as_bytes());
    assert_eq!(scanner.usage().map(|u| u.total()), Some(6));
}
