//! What AWS checks of a signed request: Signature Version 4, from the receiver's side.
//!
//! Written for the receiver, apart from the product's signer, so that a mistake in one shows in the other.
//! Source: AWS, "Signature Version 4 for API requests", "Create a signed AWS API request" (2026-10).

use std::{
    fmt::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

use ring::{digest, hmac};

use crate::{Answer, Received, behaviour::aws_error};

/// How far a request's time may be from the receiver's, in seconds.
const TOLERANCE: i64 = 300;

/// Whom a fake AWS lets in.
#[derive(Debug, Clone, Default)]
pub struct AwsAccount {
    /// The id of the access key.
    pub access_key_id: String,
    /// The secret that signs.
    pub secret_access_key: String,
    /// The token that temporary keys come with.
    pub session_token: Option<String>,
    /// The region that must be signed for.
    pub region: String,
    /// A Bedrock API key that is taken instead of a signature.
    pub api_key: Option<String>,
    /// Seconds by which the receiver's clock is ahead.
    pub clock_ahead: i64,
}

impl AwsAccount {
    /// Checks a request for Bedrock; where there is something wrong, the answer says it in AWS's words.
    pub(crate) fn refuses(&self, received: &Received) -> Option<Answer> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let now = i64::try_from(now).unwrap_or(i64::MAX).saturating_add(self.clock_ahead);
        self.check_at(received, now).err().map(|(kind, message)| aws_error(403, kind, &message))
    }

    fn check_at(&self, received: &Received, now: i64) -> Result<(), (&'static str, String)> {
        let refuse = |kind: &'static str, message: &str| Err((kind, message.to_owned()));
        let Some(authorization) = received.header("authorization") else {
            return refuse("MissingAuthenticationTokenException", "Missing Authentication Token");
        };
        if let Some(key) = authorization.strip_prefix("Bearer ") {
            if self.api_key.as_deref() == Some(key) {
                return Ok(());
            }
            return refuse("AccessDeniedException", "Invalid API Key format or key");
        }
        let Some(said) = Said::read(authorization) else {
            return refuse("IncompleteSignatureException", "Authorization header is malformed");
        };
        let token = received.header("x-amz-security-token");
        if said.access_key != self.access_key_id || token != self.session_token.as_deref() {
            return refuse("UnrecognizedClientException", "The security token included in the request is invalid.");
        }
        let date = received.header("x-amz-date").unwrap_or_default();
        let [day, region, service, end] = said.scope[..] else {
            return refuse("IncompleteSignatureException", "Credential is malformed");
        };
        if region != self.region || service != "bedrock" || end != "aws4_request" || !date.starts_with(day) {
            return refuse("InvalidSignatureException", "Credential should be scoped to a valid region and service.");
        }
        let Some(at) = unix_seconds(date) else {
            return refuse("IncompleteSignatureException", "Date must be in ISO-8601 'basic format'");
        };
        if at < now - TOLERANCE {
            return refuse(
                "InvalidSignatureException",
                &format!("Signature expired: {date} is now earlier than allowed"),
            );
        }
        if at > now + TOLERANCE {
            return refuse("InvalidSignatureException", &format!("Signature not yet current: {date}"));
        }
        let unsigned = received.headers.iter().find(|(name, _)| {
            let name = name.to_ascii_lowercase();
            (name == "host" || name.starts_with("x-amz-")) && !said.headers.contains(&name.as_str())
        });
        if let Some((name, _)) = unsigned {
            return refuse("InvalidSignatureException", &format!("'{name}' must be a signed header"));
        }
        let request = canonical_request(received, &said.headers);
        let scope = said.scope.join("/");
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(request.as_bytes()));
        let mut key = format!("AWS4{}", self.secret_access_key).into_bytes();
        for part in &said.scope {
            key = sign(&key, part);
        }
        if hex(&sign(&key, &text)) == said.signature {
            return Ok(());
        }
        let message = "The request signature we calculated does not match the signature you provided.";
        refuse("InvalidSignatureException", message)
    }
}

/// What an `Authorization` header says.
struct Said<'a> {
    access_key: &'a str,
    /// Day, region, service and the end.
    scope: Vec<&'a str>,
    headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Said<'a> {
    fn read(authorization: &'a str) -> Option<Self> {
        let rest = authorization.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let part = |name: &str| rest.split(',').find_map(|part| part.trim().strip_prefix(name));
        let (access_key, scope) = part("Credential=")?.split_once('/')?;
        Some(Self {
            access_key,
            scope: scope.split('/').collect(),
            headers: part("SignedHeaders=")?.split(';').collect(),
            signature: part("Signature=")?,
        })
    }
}

/// The request in the form that is signed. The path came encoded, and is encoded once more.
fn canonical_request(received: &Received, signed: &[&str]) -> String {
    let path: Vec<String> = received.path().split('/').map(encoded).collect();
    let query = received.target.split_once('?').map_or("", |(_, query)| query);
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encoded(&decoded(name)), encoded(&decoded(value))))
        .collect();
    pairs.sort();
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut text = format!("{}\n{}\n{}\n", received.method, path.join("/"), query.join("&"));
    for name in signed {
        let of_name = received.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        let values: Vec<String> = of_name
            .map(|(_, value)| String::from_utf8_lossy(value).split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        writeln!(text, "{name}:{}", values.join(",")).expect("a String takes every text");
    }
    // Whatever a header claims: Bedrock takes no payload that is not signed.
    format!("{text}\n{}\n{}", signed.join(";"), sha256(&received.body))
}

fn decoded(text: &str) -> String {
    crate::behaviour::decoded(text)
}

/// Every byte but RFC 3986's unreserved ones as `%XX`.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a String takes every text");
        }
    }
    out
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn sign(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").expect("a String takes every text");
        out
    })
}

/// `20150830T123600Z` in seconds since 1970.
fn unix_seconds(date: &str) -> Option<i64> {
    let number = |from: usize, to: usize| date.get(from..to)?.parse::<i64>().ok();
    let shape = date.len() == 16 && date.as_bytes()[8] == b'T' && date.ends_with('Z');
    let (year, month, day) = (number(0, 4).filter(|_| shape)?, number(4, 6)?, number(6, 8)?);
    // Days since 1970, counted in years that begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(days * 86_400 + number(9, 11)? * 3600 + number(11, 13)? * 60 + number(13, 15)?)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// The example keys of AWS's own documentation, which open nothing.
    fn account() -> AwsAccount {
        AwsAccount {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: concat!("wJalrXUtnFEMI/K7MDENG+", "bPxRfiCYEXAMPLEKEY").to_owned(),
            region: "us-east-1".to_owned(),
            ..AwsAccount::default()
        }
    }

    fn request(authorization: &str) -> Received {
        let headers = [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")];
        let headers = headers.into_iter().chain([("authorization", authorization)]);
        Received {
            method: "GET".to_owned(),
            target: "/".to_owned(),
            headers: headers.map(|(n, v)| (n.to_owned(), Bytes::copy_from_slice(v.as_bytes()))).collect(),
            ..Received::default()
        }
    }

    #[test]
    fn times_are_read_to_the_second() {
        assert_eq!(unix_seconds("20150830T123600Z"), Some(1_440_938_160));
        assert_eq!(unix_seconds("20000229T235959Z"), Some(951_868_799));
        assert_eq!(unix_seconds("2015-08-30T12:36Z"), None);
    }

    #[test]
    fn the_published_request_has_the_published_signature() {
        // "get-vanilla" of the AWS Signature Version 4 test suite, whose service is called "service".
        let text = canonical_request(&request(""), &["host", "x-amz-date"]);
        assert_eq!(sha256(text.as_bytes()), "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63");
        let scope = ["20150830", "us-east-1", "service", "aws4_request"];
        let key = scope.iter().fold(format!("AWS4{}", account().secret_access_key).into_bytes(), |k, p| sign(&k, p));
        let text = format!("AWS4-HMAC-SHA256\n20150830T123600Z\n{}\n{}", scope.join("/"), sha256(text.as_bytes()));
        let expected = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        assert_eq!(hex(&sign(&key, &text)), expected);
    }

    #[test]
    fn what_is_wrong_is_said_in_awss_words() {
        let now = 1_440_938_160;
        let refused = |authorization: &str, at: i64| account().check_at(&request(authorization), at).err().map(|e| e.0);
        let signed = |scope: &str, signature: &str| {
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={signature}")
        };
        let fine = "AKIDEXAMPLE/20150830/us-east-1/bedrock/aws4_request";
        assert_eq!(refused(&signed(fine, "00"), now), Some("InvalidSignatureException"));
        assert_eq!(refused(&signed(fine, "00"), now + 301), Some("InvalidSignatureException"));
        let other = signed("AKIDOTHER/20150830/us-east-1/bedrock/aws4_request", "00");
        assert_eq!(refused(&other, now), Some("UnrecognizedClientException"));
        let region = signed("AKIDEXAMPLE/20150830/eu-west-1/bedrock/aws4_request", "00");
        assert_eq!(refused(&region, now), Some("InvalidSignatureException"));
        assert_eq!(refused("Basic x", now), Some("IncompleteSignatureException"));
        assert_eq!(refused("Bearer x", now), Some("AccessDeniedException"));
    }
}
