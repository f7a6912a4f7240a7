//! A look at a server right after connecting: is it new enough, and does it keep what is counted in it.

use redis::{ErrorKind as Kind, RedisError, ServerErrorKind, Value};

use super::dial::Connection;

/// The oldest version that does all that is asked of it.
const OLDEST: (u32, u32) = (6, 2);

/// What a look found.
pub(super) enum Fit {
    /// It serves.
    Yes,
    /// It serves; an operator should change something.
    Complaint(String),
    /// It is not what it should be.
    No(String),
}

/// Looks at the server behind a connection, or at each of a cluster; `place` is how messages call it.
pub(super) async fn look(connection: &mut Connection, place: &str) -> Result<Fit, RedisError> {
    let info = match connection.send(redis::cmd("INFO").arg("everything")).await.and_then(Value::extract_error) {
        Ok(info) => info,
        // A user that may count may still not be allowed to ask this.
        Err(error) if matches!(error.kind(), Kind::Server(ServerErrorKind::NoPerm)) => {
            let why = format!("{place}: the user may not run INFO, so that maxmemory-policy is not checked");
            return Ok(Fit::Complaint(why));
        }
        Err(error) => return Err(error),
    };
    let mut fit = Fit::Yes;
    for text in texts(&info) {
        let version = field(&text, "redis_version").unwrap_or_default();
        if is_old(version) {
            let (major, minor) = OLDEST;
            return Ok(Fit::No(format!("{place} is version {version:?}, expected {major}.{minor} or newer")));
        }
        if let Some(policy) = field(&text, "maxmemory_policy").filter(|policy| *policy != "noeviction") {
            fit = Fit::Complaint(format!(
                "{place} has maxmemory-policy {policy}, expected noeviction: counters may vanish when memory is short"
            ));
        }
    }
    Ok(fit)
}

/// Whether a version is older than what is asked of it; one that cannot be read is.
pub(crate) fn is_old(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < OLDEST
}

/// The value of a line of `INFO`.
pub(crate) fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// The texts of an answer; a cluster gives one for each node.
pub(crate) fn texts(answer: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(answer, &mut found);
    found
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::BulkString(bytes) => texts.push(String::from_utf8_lossy(bytes).into_owned()),
        Value::VerbatimString { text, .. } => texts.push(text.clone()),
        Value::Map(pairs) => pairs.iter().for_each(|(_, value)| collect(value, texts)),
        Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
        _ => {}
    }
}
