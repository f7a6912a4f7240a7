//! Changing a thing only if nobody else did: the entity tag of what can be edited, and the condition of a change.
//!
//! Every editable resource answers with an `ETag`, and takes a change only with an `If-Match` that fits (RFC 9110, 13.1.1).

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::error::Problem;

/// What `If-Match` looks like, for messages.
const EXPECTED: &str = "the ETag of what is changed, such as \"1\", or *";

/// The entity tag of one version of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    /// The version.
    pub(super) version: u32,
}

impl Tag {
    /// The header's value: a strong tag, since versions count every change.
    pub(super) fn header(self) -> HeaderValue {
        HeaderValue::try_from(format!("\"{}\"", self.version)).expect("digits in quotes are a header's value")
    }

    /// An answer that is this version of a thing.
    pub(super) fn on(self, status: StatusCode, view: impl Serialize) -> Response {
        (status, [(header::ETAG, self.header())], Json(view)).into_response()
    }

    /// The answer to whoever made a thing, which is at `place` from now on.
    pub(super) fn on_new(self, place: &str, view: impl Serialize) -> Response {
        let mut response = self.on(StatusCode::CREATED, view);
        let place = HeaderValue::try_from(place).expect("paths of ours with a UUID are a header's value");
        response.headers_mut().insert(header::LOCATION, place);
        response
    }
}

/// The condition of a change; a request without one is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum IfMatch {
    /// Whatever is there.
    Any,
    /// One of these versions; tags that are none of ours are left out, since they fit nothing.
    OneOf(Vec<Tag>),
}

impl IfMatch {
    /// Refuses a change of what is no longer what the caller saw.
    pub(super) fn check(&self, found: Tag) -> Result<(), Problem> {
        match self {
            Self::Any => Ok(()),
            Self::OneOf(tags) if tags.contains(&found) => Ok(()),
            Self::OneOf(_) => Err(Problem::ChangedMeanwhile),
        }
    }

    /// Reads the values of all `If-Match` lines.
    fn parse<'a>(values: impl Iterator<Item = &'a HeaderValue>) -> Result<Self, Problem> {
        let mut tags: Option<Vec<Tag>> = None;
        for value in values {
            let wrong = || Problem::bad("If-Match", &String::from_utf8_lossy(value.as_bytes()), EXPECTED);
            let text = value.to_str().map_err(|_| wrong())?.trim();
            if text == "*" {
                return Ok(Self::Any);
            }
            for tag in text.split(',').map(str::trim) {
                // A weak tag is well-formed, and never fits.
                let strong = tag.strip_prefix("W/").unwrap_or(tag);
                let inner = strong.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(wrong)?;
                let known = inner.parse().ok().map(|version| Tag { version }).filter(|known| known.header() == tag);
                tags.get_or_insert_default().extend(known);
            }
        }
        tags.map(Self::OneOf).ok_or(Problem::NoCondition)
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::parse(parts.headers.get_all(header::IF_MATCH).iter())
    }
}

/// The condition of a write that makes a thing, or puts another in the place of one; a request without one is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// There is none yet: `If-None-Match: *`.
    New,
    /// One of the versions that the caller has seen is there.
    Seen(IfMatch),
}

impl Condition {
    /// Reads both headers, of which there must be one.
    fn parse(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(absent) = headers.get(header::IF_NONE_MATCH) else {
            return IfMatch::parse(headers.get_all(header::IF_MATCH).iter()).map(Self::Seen);
        };
        let is_alone =
            headers.get_all(header::IF_NONE_MATCH).iter().count() == 1 && !headers.contains_key(header::IF_MATCH);
        if is_alone && absent.as_bytes().trim_ascii() == b"*" {
            return Ok(Self::New);
        }
        let found = String::from_utf8_lossy(absent.as_bytes());
        Err(Problem::bad("If-None-Match", &found, "*, and no If-Match beside it"))
    }
}

impl<S: Sync> FromRequestParts<S> for Condition {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::parse(&parts.headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(lines: &[&str]) -> Result<IfMatch, Problem> {
        let values: Vec<HeaderValue> = lines.iter().map(|line| line.parse().unwrap()).collect();
        IfMatch::parse(values.iter())
    }

    fn one_of(versions: &[u32]) -> Result<IfMatch, Problem> {
        Ok(IfMatch::OneOf(versions.iter().map(|version| Tag { version: *version }).collect()))
    }

    #[test]
    fn every_line_and_every_tag_counts() {
        assert_eq!(parse(&["\"1\""]), one_of(&[1]));
        assert_eq!(parse(&["\"1\", \"22\"", "\"3\""]), one_of(&[1, 22, 3]));
        assert_eq!(parse(&[" * "]), Ok(IfMatch::Any));
        assert_eq!(parse(&[]), Err(Problem::NoCondition));
    }

    #[test]
    fn a_tag_that_is_none_of_ours_fits_nothing() {
        for foreign in ["W/\"1\"", "\"\"", "\"01\"", "\"+1\"", "\"x\"", "\"99999999999\""] {
            assert_eq!(parse(&[foreign]), one_of(&[]), "{foreign}");
            assert_eq!(parse(&[foreign]).unwrap().check(Tag { version: 1 }), Err(Problem::ChangedMeanwhile));
        }
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for bad in ["1", "\"1", "\"1\" \"2\"x", "\"1\",", ""] {
            assert!(matches!(parse(&[bad]), Err(Problem::BadParameter { name: "If-Match", .. })), "{bad:?}");
        }
    }

    #[test]
    fn what_is_new_says_so_and_nothing_else() {
        let parse = |fields: &[(header::HeaderName, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(name.clone(), value.parse().unwrap());
            }
            Condition::parse(&headers)
        };
        let (none, some) = (header::IF_NONE_MATCH, header::IF_MATCH);
        assert_eq!(parse(&[(none.clone(), " *")]), Ok(Condition::New));
        assert_eq!(parse(&[(some.clone(), "\"3\"")]), one_of(&[3]).map(Condition::Seen));
        assert_eq!(parse(&[]), Err(Problem::NoCondition));
        for bad in [
            vec![(none.clone(), "\"1\"")],
            vec![(none.clone(), "*"), (some, "*")],
            vec![(none.clone(), "*"), (none, "*")],
        ] {
            assert!(matches!(parse(&bad), Err(Problem::BadParameter { name: "If-None-Match", .. })), "{bad:?}");
        }
    }
}
