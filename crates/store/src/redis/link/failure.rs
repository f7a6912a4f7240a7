//! What a failure of Redis means to a caller, and to an operator: the setting, and the way out.

use redis::{ErrorKind as Kind, RedisError, ServerErrorKind};

use super::target::Target;
use crate::{Backend, Error, ErrorKind, error::Complaint};

/// Nobody answered in time.
pub(super) fn silent(target: &Target, op: &'static str, words: String) -> Error {
    let says = if target.is_tls() {
        "redis.url: no answer in time, see that the server runs and speaks TLS, or write redis:// for one without"
    } else {
        "redis.url: no answer in time, see whether the server is overloaded or a firewall is between, or correct host and port"
    };
    Error::new(ErrorKind::Timeout, Backend::Redis, op, Complaint::new(says, words))
}

pub(super) fn failed(target: &Target, op: &'static str, error: &RedisError) -> Error {
    let words = format!("{}: {error}", target.place());
    if error.is_timeout() {
        return silent(target, op, words);
    }
    let kind = match error.kind() {
        Kind::InvalidClientConfig => ErrorKind::Config,
        Kind::Parse | Kind::UnexpectedReturnType => ErrorKind::Corrupt,
        _ => ErrorKind::Unavailable,
    };
    match complaint(target, op, error) {
        Some(says) => Error::new(kind, Backend::Redis, op, Complaint::new(says, words)),
        None => Error::new(kind, Backend::Redis, op, words),
    }
}

/// Where a setting may be to blame; a text of the error chooses the sentence only where there is no other sign.
fn complaint(target: &Target, op: &str, error: &RedisError) -> Option<&'static str> {
    let text = error.to_string();
    Some(match (error.kind(), error.code()) {
        (Kind::AuthenticationFailed, _) => {
            "redis.password: the server refuses it, correct it, or the user in redis.url"
        }
        (_, Some("NOAUTH")) => "redis.password: the server asks for one, set it",
        (Kind::Server(ServerErrorKind::NoPerm), _) => {
            "redis.url: its user may not do that, give it the commands and keys that the guide names"
        }
        (Kind::MasterNameNotFoundBySentinel, _) => {
            "redis.url: the sentinels know no master of that name, correct what stands behind their hosts"
        }
        (_, Some("OOM")) => "redis.url: the server's memory is full, raise its maxmemory",
        _ if text.contains("certificate") => {
            "redis.ca_bundle: the server's certificate is not trusted, or the host in redis.url is none of its names"
        }
        _ if text.contains("corrupt message") => {
            "redis.url: the server speaks no TLS, write redis:// in place of rediss://"
        }
        _ if error.is_connection_refusal() => {
            "redis.url: the server cannot be reached, see that it runs, or correct host and port"
        }
        _ if op == "connect" && !target.is_tls() && error.is_io_error() => {
            "redis.url: the connection ends at once, write rediss:// where the server speaks TLS, or correct host and port"
        }
        _ => return None,
    })
}
