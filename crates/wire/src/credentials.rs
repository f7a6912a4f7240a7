//! Credentials that stand in bodies: they are overwritten in what is kept, byte for byte, so that every other byte stays in
//! its place. The back lane asks; what is forwarded is never touched.
//!
//! Only what protocols define as a credential: keys of hosted tools and of servers they call, and keys that an answer hands
//! out. What somebody types into a prompt is content.

use std::{borrow::Cow, ops::Range, sync::LazyLock};

use memchr::memmem::{self, Finder};

use crate::{
    BodyCopy,
    inflate::{Bounded, Coding, Inflate},
    skim,
};

/// Members whose value is a credential, or holds some: OpenAI's hosted tools and realtime sessions, Anthropic's MCP servers.
const MEMBERS: &[&str] =
    &["\"authorization\"", "\"authorization_token\"", "\"domain_secrets\"", "\"client_secret\"", "\"ephemeral_key\""];
/// What a remote server is sent: a credential where the body names one, an ordinary word in everybody else's tools.
const HEADERS: &str = "\"headers\"";
/// Who names a remote server.
const SERVER: &str = "\"server_label\"";
/// Says that a value is the schema of a parameter of that name.
const SCHEMA: &str = "\"type\"";
/// How a text begins that is a key, whatever the member's name.
const STARTS: &[&str] = &["\"ek_", "\"sk-", "\"auth_tokens/"];
/// The most bytes of a compressed copy that are looked at.
const MAX_INFLATED: usize = 8 * 1024 * 1024;

static FINDERS: LazyLock<Vec<(Finder<'static>, Kind)>> = LazyLock::new(|| {
    let members = MEMBERS.iter().map(|name| (Finder::new(*name), Kind::Member));
    let headers = [(Finder::new(HEADERS), Kind::Headers)];
    members.chain(headers).chain(STARTS.iter().map(|start| (Finder::new(*start), Kind::Start))).collect()
});

#[derive(Debug, Clone, Copy)]
enum Kind {
    Member,
    Headers,
    Start,
}

/// What of a copy may be kept.
#[derive(Debug, PartialEq, Eq)]
pub enum Bare<'a> {
    /// Its head and its tail, credentials overwritten with `*`.
    Bytes(Cow<'a, [u8]>, Cow<'a, [u8]>),
    /// Nothing: a credential stands in it, and it is compressed.
    Nothing,
}

/// Overwrites the credentials in a copy; `coding` is its `Content-Encoding`.
pub fn without_credentials<'a>(copy: &BodyCopy<'a>, coding: Option<&str>) -> Bare<'a> {
    let coding = Coding::of(coding);
    if !matches!(coding, Coding::Identity | Coding::Unknown) {
        let is_bare = mask(&inflated(coding, copy)).is_none();
        return if is_bare { Bare::Bytes(copy.head.into(), copy.tail.into()) } else { Bare::Nothing };
    }
    let joins = !copy.tail.is_empty() && (copy.head.len() + copy.tail.len()) as u64 == copy.total_bytes;
    if joins {
        // A value may begin in one and end in the other.
        return match mask(&[copy.head, copy.tail].concat()) {
            None => Bare::Bytes(copy.head.into(), copy.tail.into()),
            Some(mut head) => {
                let tail = head.split_off(copy.head.len());
                Bare::Bytes(head.into(), tail.into())
            }
        };
    }
    let part = |bytes: &'a [u8]| mask(bytes).map_or(Cow::Borrowed(bytes), Cow::Owned);
    Bare::Bytes(part(copy.head), part(copy.tail))
}

/// The text with its credentials overwritten; `None` where it has none.
fn mask(text: &[u8]) -> Option<Vec<u8>> {
    let mut masked: Option<Vec<u8>> = None;
    for (finder, kind) in FINDERS.iter() {
        for at in finder.find_iter(text) {
            let after = at + finder.needle().len();
            let ranges = match kind {
                Kind::Member => member(text, after),
                Kind::Headers if memmem::find(text, SERVER.as_bytes()).is_none() => break,
                Kind::Headers => member(text, after),
                Kind::Start => {
                    Some(at + 1..string_end(text, at + 1)).filter(|_| !is_escaped(text, at)).into_iter().collect()
                }
            };
            for range in ranges {
                masked.get_or_insert_with(|| text.to_vec())[range].fill(b'*');
            }
        }
    }
    masked
}

/// The texts in the value of a member whose name ends at `after`.
fn member(text: &[u8], after: usize) -> Vec<Range<usize>> {
    let colon = skim::white(text, after);
    if text.get(colon) != Some(&b':') {
        return Vec::new();
    }
    let value = skim::white(text, colon + 1);
    match text.get(value) {
        Some(b'"') => std::iter::once(value + 1..string_end(text, value + 1)).collect(),
        Some(b'{' | b'[') => {
            // A value that was cut runs to the end of the copy.
            let end = skim::value_end(text, value).unwrap_or(text.len());
            if memmem::find(&text[value..end], SCHEMA.as_bytes()).is_some() {
                return Vec::new();
            }
            texts(text, value..end)
        }
        _ => Vec::new(),
    }
}

/// Every text within an object or list that is a value and no name.
fn texts(text: &[u8], within: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = within.start;
    while let Some(quote) = memchr::memchr(b'"', &text[at..within.end]) {
        let start = at + quote + 1;
        let end = string_end(text, start).min(within.end);
        at = (end + 1).min(within.end);
        if text.get(skim::white(text, at)) != Some(&b':') {
            found.push(start..end);
        }
    }
    found
}

/// Where the text that begins at `start` has its closing quote; the end of the copy where it was cut.
fn string_end(text: &[u8], start: usize) -> usize {
    skim::string_end(text, start).map_or(text.len(), |after| after - 1)
}

/// Says whether the quote at `at` stands inside a text: then it is something that was said.
fn is_escaped(text: &[u8], at: usize) -> bool {
    at > 0 && text[at - 1] == b'\\'
}

fn inflated(coding: Coding, copy: &BodyCopy<'_>) -> Vec<u8> {
    let sink = Bounded { bytes: Vec::new(), max: MAX_INFLATED, full: false };
    let Some(mut inflate) = Inflate::new(coding, sink) else { return Vec::new() };
    // What is broken, or too long, is looked at as far as it goes; behind a gap nothing can be read.
    let mut read = inflate.feed(copy.head);
    if read.is_ok() && (copy.head.len() + copy.tail.len()) as u64 == copy.total_bytes {
        read = inflate.feed(copy.tail);
    }
    drop(read);
    inflate.sink_mut().map(|sink| std::mem::take(&mut sink.bytes)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn copy<'a>(head: &'a [u8], tail: &'a [u8]) -> BodyCopy<'a> {
        BodyCopy { head, tail, total_bytes: (head.len() + tail.len()) as u64 }
    }

    fn kept(body: &str) -> String {
        let Bare::Bytes(head, tail) = without_credentials(&copy(body.as_bytes(), b""), None) else {
            panic!("{body} is not compressed")
        };
        assert_eq!((head.len(), tail.len()), (body.len(), 0));
        String::from_utf8(head.into_owned()).unwrap()
    }

    #[test]
    fn credentials_are_overwritten_and_every_other_byte_stays() {
        let cases = [
            (
                r#"{"tools":[{"type":"mcp","authorization":"abc\"d","headers" : {"X-Key":"v","n":1},"server_label":"u"}]}"#,
                r#"{"tools":[{"type":"mcp","authorization":"******","headers" : {"X-Key":"*","n":1},"server_label":"u"}]}"#,
            ),
            (r#"{"mcp_servers":[{"authorization_token":"t"}]}"#, r#"{"mcp_servers":[{"authorization_token":"*"}]}"#),
            (
                r#"{"domain_secrets":[{"domain":"a.b","value":"s"}],"x":"y"}"#,
                r#"{"domain_secrets":[{"domain":"***","value":"*"}],"x":"y"}"#,
            ),
            (r#"{"value":"ek_123","expires_at":1}"#, r#"{"value":"******","expires_at":1}"#),
            ("{\n  \"client_secret\": {\"value\": \"x\"}}", "{\n  \"client_secret\": {\"value\": \"*\"}}"),
            (r#"{"api_key":{"value":"sk-abc"}}"#, r#"{"api_key":{"value":"******"}}"#),
            (r#"data: {"authorization":"cut of"#, r#"data: {"authorization":"******"#),
            (r#"{"server_label":"a","headers":["cut","#, r#"{"server_label":"a","headers":["***","#),
        ];
        for (body, expected) in cases {
            assert_eq!(kept(body), expected);
        }
    }

    #[test]
    fn what_was_said_and_schemas_stay() {
        for body in [
            r#"{"content":"set \"authorization\": \"Bearer x\" or \"sk-1\""}"#,
            r#"{"content":"my key is sk-abc, authorization by mail"}"#,
            r#"{"input":{"headers":{"Accept":"text/html"}}}"#,
            r#"{"server_label":"a","properties":{"headers":{"type":"object"},"authorization":{"type":"string"}}}"#,
            r#"{"authorization":null,"headers":3,"required":["headers","authorization"]}"#,
            "",
            "\"authorization\"",
            "\"headers\":",
        ] {
            assert_eq!(kept(body), body);
        }
    }

    #[test]
    fn a_value_on_both_sides_of_the_copy_is_overwritten_on_both() {
        let (head, tail) = (&br#"{"authorization":"abc"#[..], &br#"def","x":"y"}"#[..]);
        let expected = Bare::Bytes(br#"{"authorization":"***"#.into(), br#"***","x":"y"}"#.into());
        assert_eq!(without_credentials(&copy(head, tail), None), expected);
        let gap = BodyCopy { total_bytes: 1000, ..copy(head, tail) };
        let expected = Bare::Bytes(br#"{"authorization":"***"#.into(), tail.into());
        assert_eq!(without_credentials(&gap, None), expected);
    }

    #[test]
    fn a_compressed_body_with_a_credential_is_not_kept() {
        let gzip = |text: &str| {
            let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            to.write_all(text.as_bytes()).unwrap();
            to.finish().unwrap()
        };
        let (with, without) = (gzip(r#"{"value":"ek_1"}"#), gzip(r#"{"value":"e"}"#));
        assert_eq!(without_credentials(&copy(&with, b""), Some("gzip")), Bare::Nothing);
        assert_eq!(without_credentials(&copy(&with[..9], &with[9..]), Some("gzip")), Bare::Nothing);
        let whole = Bare::Bytes((&without[..]).into(), b"".into());
        assert_eq!(without_credentials(&copy(&without, b""), Some("gzip")), whole);
        let broken = Bare::Bytes(b"{}".into(), b"".into());
        assert_eq!(without_credentials(&copy(b"{}", b""), Some("gzip")), broken);
    }
}
