//! What an error of the engine means to a caller.

use crate::{Backend, Error, ErrorKind, error::causes};

/// The longest piece of a server's own words in a message.
const WORDS: usize = 240;

/// Turns an error of the client into that of a store.
pub(super) fn failed(op: &'static str) -> impl Fn(clickhouse::error::Error) -> Error {
    move |error| {
        let (kind, why) = judge(&error);
        Error::new(kind, Backend::Clickhouse, op, why)
    }
}

/// A row, or an answer, that is not what was written.
pub(super) fn damaged(op: &'static str, why: impl Into<String>) -> Error {
    Error::new(ErrorKind::Corrupt, Backend::Clickhouse, op, why.into())
}

/// The answer of an engine that did not answer in time.
pub(super) fn late(op: &'static str, seconds: u64) -> Error {
    Error::new(ErrorKind::Timeout, Backend::Clickhouse, op, format!("no answer within {seconds} s"))
}

/// The number of the server's exception, where it is one.
pub(super) fn code(text: &str) -> Option<u32> {
    let rest = &text[text.find("Code: ")? + 6..];
    rest[..rest.find(|c: char| !c.is_ascii_digit())?].parse().ok()
}

fn judge(error: &clickhouse::error::Error) -> (ErrorKind, String) {
    use clickhouse::error::Error as E;
    match error {
        E::TimedOut => (ErrorKind::Timeout, "no answer in time".to_owned()),
        E::Network(why) => (
            ErrorKind::Unavailable,
            format!("clickhouse.url: the server cannot be reached ({})", short(&causes(&**why))),
        ),
        E::BadResponse(text) => answered(text),
        E::InvalidParams(why) => (ErrorKind::Config, short(&why.to_string())),
        E::Unsupported(why) => (ErrorKind::Config, short(why)),
        other => (ErrorKind::Corrupt, short(&other.to_string())),
    }
}

/// What the server's own exception means.
fn answered(text: &str) -> (ErrorKind, String) {
    let said = short(text);
    match code(text) {
        // Codes: ClickHouse, src/Common/ErrorCodes.cpp.
        Some(192..=194 | 516) => (
            ErrorKind::Unavailable,
            format!("the server refuses the user or password: check clickhouse.url and clickhouse.password ({said})"),
        ),
        Some(497) => (ErrorKind::Unavailable, format!("the user of clickhouse.url may not do this ({said})")),
        Some(81) => (ErrorKind::Unavailable, format!("the database of clickhouse.database is missing ({said})")),
        Some(159 | 160 | 209) => (ErrorKind::Timeout, said),
        Some(48 | 62 | 47 | 43 | 36 | 46 | 115) => {
            (ErrorKind::Corrupt, format!("the server does not take a query of ours ({said})"))
        }
        Some(27 | 33 | 117 | 349) => {
            (ErrorKind::Corrupt, format!("the server does not take a row as it is written ({said})"))
        }
        // Too many parts or queries, no memory, no space, read-only, a table that is just made or moved: later.
        _ => (ErrorKind::Unavailable, said),
    }
}

/// The beginning of the first line: the rest may hold values of a query.
fn short(text: &str) -> String {
    text.trim().lines().next().unwrap_or_default().chars().take(WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_caller_can_do_follows_from_the_servers_code() {
        for (text, kind) in [
            ("Code: 516. DB::Exception: default: Authentication failed", ErrorKind::Unavailable),
            ("Code: 252. DB::Exception: Too many parts", ErrorKind::Unavailable),
            ("Code: 241. DB::Exception: memory", ErrorKind::Unavailable),
            ("Code: 159. DB::Exception: timeout", ErrorKind::Timeout),
            ("Code: 62. DB::Exception: syntax", ErrorKind::Corrupt),
            ("<html>502</html>", ErrorKind::Unavailable),
        ] {
            assert_eq!(answered(text).0, kind, "{text}");
        }
    }
}
