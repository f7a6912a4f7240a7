//! Where clients put a provider's key: which of ours stands there, and the credential that the tenant has stored in its place.
//!
//! The value is replaced where it stands; every other field, and the order of all, stays. What is put there is recorded
//! nowhere: the slot was opened with the head as it came.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL},
};
use llmtrace_model::TenantId;

use super::{refusal::Refusal, upstreams::Upstream};
use crate::{
    config::Secret,
    tenancy::{Tenancy, Unavailable, holds_token, is_like_token},
};

/// Where providers' clients put their key as it is.
const KEY_HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
];
/// How the subprotocol begins that carries a key, where a browser can set no header (OpenAI, Realtime API with WebSockets).
const KEY_PROTOCOL: &str = "openai-insecure-api-key.";

/// What stands in the place of the provider's key, where it is one of ours.
pub(super) fn in_place<'a>(name: &HeaderName, value: &'a HeaderValue) -> Option<&'a str> {
    let is_key_header = KEY_HEADERS.contains(name);
    if !is_key_header && *name != AUTHORIZATION && *name != SEC_WEBSOCKET_PROTOCOL {
        return None;
    }
    let text = value.to_str().ok()?.trim();
    let key = if is_key_header {
        text
    } else if *name == AUTHORIZATION {
        let (scheme, key) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())?
    } else {
        text.split(',').find_map(|protocol| protocol.trim().strip_prefix(KEY_PROTOCOL))?
    };
    is_like_token(key).then_some(key)
}

/// Puts what the tenant has stored for this upstream wherever our key stands. An upstream that signs for itself needs nothing
/// stored: there our key is taken out.
pub(super) fn put(
    tenancy: &Tenancy,
    tenant: &TenantId,
    upstream: &Upstream,
    headers: &mut HeaderMap,
) -> Result<(), Refusal> {
    let (owner, name) = (|| tenant.clone(), || upstream.name().to_owned());
    let secret = match tenancy.credential(tenant, upstream.name()) {
        Ok(Some(secret)) => secret,
        Ok(None) if upstream.signer().is_some() => {
            *headers = taken_out(std::mem::take(headers))?;
            return Ok(());
        }
        Ok(None) => return Err(Refusal::NoCredential { tenant: owner(), upstream: name() }),
        Err(Unavailable::Unreadable) => {
            return Err(Refusal::UnreadableCredential { tenant: owner(), upstream: name() });
        }
        Err(Unavailable::StoreAway) => return Err(Refusal::CredentialsAway),
    };
    replace(headers, &secret, || Refusal::UnreadableCredential { tenant: owner(), upstream: name() })
}

/// Puts a secret wherever our key stands; `unfit` says that it can stand in no header.
fn replace(headers: &mut HeaderMap, secret: &Secret, unfit: impl Fn() -> Refusal) -> Result<(), Refusal> {
    for (name, value) in headers.iter_mut() {
        let Some(key) = in_place(name, value) else { continue };
        let text = only_there(name, value, key)?.replace(key, secret.expose());
        *value = HeaderValue::try_from(text).map_err(|_| unfit())?;
        // Shown by no debug output, and kept in no table of HTTP/2.
        value.set_sensitive(true);
    }
    Ok(())
}

/// The fields in their order, without those in which our key stands.
fn taken_out(headers: HeaderMap) -> Result<HeaderMap, Refusal> {
    let mut kept = HeaderMap::with_capacity(headers.len());
    let mut last = None;
    for (name, value) in headers {
        // A name comes once, with the first of its values.
        last = name.or(last);
        let Some(name) = &last else { continue };
        match in_place(name, &value) {
            Some(key) => only_there(name, &value, key).map(|_| ())?,
            None => {
                kept.append(name.clone(), value);
            }
        }
    }
    Ok(kept)
}

/// The text of a value in which no other key of ours stands than this one.
fn only_there<'a>(name: &HeaderName, value: &'a HeaderValue, key: &str) -> Result<&'a str, Refusal> {
    let text = value.to_str().unwrap_or_default();
    if holds_token(text.replace(key, " ").as_bytes()) {
        return Err(Refusal::MisplacedKey(format!("the header {name}")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenancy::Token;

    fn map(fields: &[(&'static str, &str)]) -> HeaderMap {
        let field = |(name, value): &(&'static str, &str)| (HeaderName::from_static(name), value.parse().unwrap());
        fields.iter().map(field).collect()
    }

    fn put_in(headers: &mut HeaderMap, secret: &str) -> Result<(), Refusal> {
        replace(headers, &Secret::new(secret), || Refusal::CredentialsAway)
    }

    #[test]
    fn only_the_key_changes_wherever_it_stands() {
        let key = Token::mint().unwrap();
        let key = key.expose();
        let sent = |key: &str| {
            map(&[
                ("accept", "a"),
                ("authorization", &format!("bearer  {key}")),
                ("x-api-key", key),
                ("b", "llmt_x"),
                ("api-key", "theirs"),
                ("x-goog-api-key", key),
                ("sec-websocket-protocol", &format!("realtime,openai-insecure-api-key.{key} , x")),
                ("c", "d"),
            ])
        };
        let mut headers = sent(key);
        put_in(&mut headers, "of-a-provider").unwrap();
        assert_eq!(headers, sent("of-a-provider"));
        let names = |of: &HeaderMap| of.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&headers), names(&sent(key)), "in their order");
        let sensitive: Vec<&str> = headers.iter().filter(|(_, v)| v.is_sensitive()).map(|(n, _)| n.as_str()).collect();
        assert_eq!(sensitive, ["authorization", "x-api-key", "x-goog-api-key", "sec-websocket-protocol"]);
        assert!(!format!("{headers:?}").contains("of-a-provider"));
    }

    #[test]
    fn a_second_key_in_the_same_value_goes_no_further() {
        let (key, other) = (Token::mint().unwrap(), Token::mint().unwrap());
        let (key, other) = (key.expose(), other.expose());
        let twice = format!("openai-insecure-api-key.{key}, openai-insecure-api-key.{other}");
        assert!(matches!(put_in(&mut map(&[("sec-websocket-protocol", &twice)]), "s"), Err(Refusal::MisplacedKey(_))));
        assert!(taken_out(map(&[("sec-websocket-protocol", &twice)])).is_err());
        let same = format!("openai-insecure-api-key.{key}, {key}");
        let mut headers = map(&[("sec-websocket-protocol", &same)]);
        put_in(&mut headers, "s").unwrap();
        assert_eq!(headers["sec-websocket-protocol"], "openai-insecure-api-key.s, s");
    }

    #[test]
    fn what_is_taken_out_leaves_all_else_in_its_order() {
        let key = Token::mint().unwrap();
        let bearer = format!("Bearer {}", key.expose());
        let sent = map(&[("a", "1"), ("authorization", &bearer), ("b", "2"), ("x-api-key", key.expose()), ("c", "3")]);
        let kept = taken_out(sent).unwrap();
        assert_eq!(kept.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn what_can_stand_in_no_header_is_no_credential() {
        let key = Token::mint().unwrap();
        assert!(put_in(&mut map(&[("x-api-key", key.expose())]), "line\nbreak").is_err());
    }
}
