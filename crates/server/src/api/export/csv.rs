//! Spans as comma-separated values (RFC 4180): lines end in CR LF, a cell is quoted where it must be, an absent value is an
//! empty cell and an empty text is `""`.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, tab, CR or LF for a formula, also where a client of the
//! proxy chose that text. Such a text gets an apostrophe in front; so does one that begins with an apostrophe, so that
//! taking one away always gives back what was recorded. Numbers, times and JSON are not text of that kind.

use std::io::Write as _;

use super::columns::{COLUMNS, Value, Written};
use crate::api::view::SpanDetail;

/// The names of the columns, as a line.
pub(super) fn header(out: &mut Vec<u8>) {
    for (at, column) in COLUMNS.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(column.name.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// One span as a line; `scratch` is a buffer that is reused from row to row.
pub(super) fn row(span: &SpanDetail, scratch: &mut Vec<u8>, out: &mut Vec<u8>) -> std::io::Result<()> {
    for (at, column) in COLUMNS.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        match column.value {
            Value::Text(get) => {
                if let Some(text) = get(span) {
                    client_text(&text, out);
                }
            }
            Value::Json(write) => {
                scratch.clear();
                if write(span, scratch)? == Written::Value {
                    quoted(b"", scratch, out);
                }
            }
            Value::Flag(get) => plain(get(span), out)?,
            Value::Short(get) => plain(get(span), out)?,
            Value::Count(get) => plain(get(span), out)?,
            Value::Millis(get) => plain(get(span), out)?,
            Value::Time(get) => plain(get(span), out)?,
            Value::Dollars(get) => plain(get(span), out)?,
        }
    }
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// A number, a time or a flag: never in need of quotes.
fn plain(value: Option<impl std::fmt::Display>, out: &mut Vec<u8>) -> std::io::Result<()> {
    value.map_or(Ok(()), |value| write!(out, "{value}"))
}

/// Text that a client may have chosen.
fn client_text(text: &str, out: &mut Vec<u8>) {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'']);
    let must_quote = text.is_empty()
        || text.starts_with(' ')
        || text.ends_with(' ')
        || memchr::memchr3(b',', b'"', b'\n', text.as_bytes()).is_some()
        || text.contains('\r');
    let guard: &[u8] = if is_formula { b"'" } else { b"" };
    if must_quote {
        quoted(guard, text.as_bytes(), out);
    } else {
        out.extend_from_slice(guard);
        out.extend_from_slice(text.as_bytes());
    }
}

/// A cell in quotes, each quote inside doubled.
fn quoted(guard: &[u8], text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(guard);
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'"', rest) {
        out.extend_from_slice(&rest[..=at]);
        out.push(b'"');
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> String {
        let mut out = Vec::new();
        client_text(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_cell_is_quoted_where_it_must_be() {
        for (text, expected) in [
            ("plain", "plain"),
            ("", "\"\""),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("two\rlines", "\"two\rlines\""),
            (" lead", "\" lead\""),
            ("ü🦀", "ü🦀"),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_formula_is_text_with_an_apostrophe() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\r=1", "\"'\r=1\""),
            ("\n=1", "\"'\n=1\""),
            ("=cmd|' /C calc'!\"A\",1", "\"'=cmd|' /C calc'!\"\"A\"\",1\""),
            ("'quoted'", "''quoted'"),
            ("a=1", "a=1"),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }
}
