//! What an error of the engine means to a caller.

use crate::{
    Backend, Error, ErrorKind,
    connect::Section,
    error::{Complaint, causes},
};

const SECTION: Section = Section { name: "clickhouse", with_tls: "https://", without_tls: "http://" };
/// What is said where the server at the other end is another one.
const STRANGER: &str =
    "clickhouse.url: what answers is not ClickHouse, correct host and port, or see to the proxy before it";
const NO_HTTP: &str = "clickhouse.url: what answers does not speak HTTP, use https:// where the port speaks TLS, or correct host \
    and port (8123, with TLS 8443)";

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
    let says = format!(
        "clickhouse.url: no answer within {seconds} s, see whether the server is overloaded or a firewall is between, or correct \
         host and port"
    );
    Error::new(ErrorKind::Timeout, Backend::Clickhouse, op, Complaint::new(says, ""))
}

/// The number of the server's exception, where it is one.
pub(super) fn code(text: &str) -> Option<u32> {
    let rest = &text[text.find("Code: ")? + 6..];
    rest[..rest.find(|c: char| !c.is_ascii_digit())?].parse().ok()
}

fn judge(error: &clickhouse::error::Error) -> (ErrorKind, Box<dyn std::error::Error + Send + Sync>) {
    use clickhouse::error::Error as E;
    match error {
        E::TimedOut => (ErrorKind::Timeout, "no answer in time".into()),
        E::Network(why) => (ErrorKind::Unavailable, unreachable(&**why).into()),
        E::BadResponse(text) => answered(text),
        E::InvalidParams(why) => (ErrorKind::Config, short(&why.to_string()).into()),
        E::Unsupported(why) => (ErrorKind::Config, short(why).into()),
        // Every answer of the server is compressed as it was asked for.
        E::Decompression(why) => (ErrorKind::Unavailable, Complaint::new(STRANGER, short(&why.to_string())).into()),
        other => (ErrorKind::Corrupt, short(&other.to_string()).into()),
    }
}

/// Why no answer came.
fn unreachable(error: &(dyn std::error::Error + 'static)) -> Complaint {
    let words = short(&causes(error));
    if let Some(complaint) = SECTION.complaint(error) {
        return Complaint::new(complaint.says(), words);
    }
    let mut next = Some(error);
    while let Some(cause) = next {
        match cause.downcast_ref::<hyper::Error>() {
            Some(http) if http.is_parse() => return Complaint::new(NO_HTTP, words),
            Some(http) if http.is_incomplete_message() => return Complaint::new(SECTION.ended(), words),
            _ => next = cause.source(),
        }
    }
    Complaint::new("clickhouse.url: the server cannot be reached, see that it runs, or correct host and port", words)
}

/// What the server's own exception means.
fn answered(text: &str) -> (ErrorKind, Box<dyn std::error::Error + Send + Sync>) {
    let said = short(text);
    let complain = |kind, says: &str| (kind, Complaint::new(says, said.as_str()).into());
    let Some(code) = code(text) else { return complain(ErrorKind::Unavailable, STRANGER) };
    // Codes: ClickHouse, src/Common/ErrorCodes.cpp.
    match code {
        // Here the server's words begin with the user.
        192..=194 | 516 => {
            let says = "clickhouse.password: the server refuses the user or the password, correct it \
                (LLMTRACE_CLICKHOUSE_PASSWORD), or the user in clickhouse.url";
            (ErrorKind::Unavailable, Complaint::new(says, code.to_string()).into())
        }
        497 => {
            let says = "clickhouse.url: the user may not do this, grant it the rights that the guide lists";
            let words = said.find("Not enough").map_or("", |at| &said[at..]);
            (ErrorKind::Unavailable, Complaint::new(says, words).into())
        }
        81 => complain(
            ErrorKind::Unavailable,
            "clickhouse.database: the database is missing, create it, or start with storage.auto_migrate",
        ),
        243 => complain(ErrorKind::Unavailable, "clickhouse.url: the server's disk is full, make room there"),
        241 => complain(
            ErrorKind::Unavailable,
            "clickhouse.url: the server has no memory left, give it more, or lower pipeline.batch_rows",
        ),
        252 => complain(
            ErrorKind::Unavailable,
            "clickhouse.url: the server has too many parts, give it more CPU or disk, or raise pipeline.batch_rows and \
             pipeline.batch_ms",
        ),
        164 | 242 => complain(
            ErrorKind::Unavailable,
            "clickhouse.url: the server takes no writes, see whether its Keeper is there and whether the user is read-only",
        ),
        159 | 160 | 209 => (ErrorKind::Timeout, said.into()),
        48 | 62 | 47 | 43 | 36 | 46 | 115 => {
            (ErrorKind::Corrupt, format!("the server does not take a query of ours ({said})").into())
        }
        27 | 33 | 117 | 349 => {
            (ErrorKind::Corrupt, format!("the server does not take a row as it is written ({said})").into())
        }
        // Too many queries, a table that is just made or moved: later.
        _ => (ErrorKind::Unavailable, said.into()),
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
