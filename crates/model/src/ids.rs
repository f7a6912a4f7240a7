//! Identifiers: the exchange, the saved view, the erasure, the key, the user, the credential and the audit entry (ours), the trace
//! and span of W3C Trace Context.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The identity of one exchange, a UUIDv7: the idempotency key of every effect after the journal.
///
/// Its first 48 bits are the Unix time in milliseconds at which the front lane minted it, so ids sort by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExchangeId(Uuid);

impl ExchangeId {
    /// The id below all others; no exchange has it.
    pub const MIN: Self = Self(Uuid::nil());

    /// The id above all others; no exchange has it.
    pub const MAX: Self = Self(Uuid::max());

    /// Mints an id from the time and 80 random bits; the caller owns clock and randomness.
    pub fn mint(unix_ms: u64, random: [u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid())
    }

    /// The 16 bytes in network order.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Reads the 16 bytes of a stored id.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The trace an exchange starts when the client sent no `traceparent`.
    pub fn trace_id(&self) -> TraceId {
        TraceId(*self.as_bytes())
    }

    /// The span of this exchange: its 62 random bits, so that replaying a record names the same span.
    pub fn span_id(&self) -> SpanId {
        let mut id = [0; 8];
        id.copy_from_slice(&self.as_bytes()[8..]);
        SpanId(id)
    }
}

impl fmt::Display for ExchangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for ExchangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ExchangeId {
    type Err = IdError;

    fn from_str(s: &str) -> Result<Self, IdError> {
        Uuid::try_parse(s).map(Self).map_err(|_| IdError { what: "exchange id", expected: "a UUID" })
    }
}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The 16 bytes in network order.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// Takes 16 random or stored bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(s: &str) -> Result<Self, IdError> {
                Uuid::try_parse(s).map(Self).map_err(|_| IdError { what: $what, expected: "a UUID" })
            }
        }
    };
}

random_id! {
    /// The identity of a saved view, a UUID.
    ViewId, "view id"
}

random_id! {
    /// The identity of an erasure, a UUID.
    ErasureId, "erasure id"
}

random_id! {
    /// The identity of an API key, a UUID. It is no secret and opens nothing.
    KeyId, "key id"
}

random_id! {
    /// The identity of a person who can log in, a UUID.
    UserId, "user id"
}

random_id! {
    /// The identity of a stored credential, a UUID.
    CredentialId, "credential id"
}

random_id! {
    /// The identity of an entry of the audit log, a UUID.
    AuditId, "audit id"
}

/// Says that a text is no identifier of the expected form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}, expected {expected}")]
pub struct IdError {
    what: &'static str,
    expected: &'static str,
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $len:literal, $what:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Takes the bytes; `None` where they are all zero, which W3C Trace Context forbids.
            pub fn new(bytes: [u8; $len]) -> Option<Self> {
                (bytes != [0; $len]).then_some(Self(bytes))
            }

            /// The bytes in network order.
            pub fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                let mut out = [0u8; $len * 2];
                for (i, byte) in self.0.iter().enumerate() {
                    out[i * 2] = HEX[usize::from(byte >> 4)];
                    out[i * 2 + 1] = HEX[usize::from(byte & 15)];
                }
                f.write_str(std::str::from_utf8(&out).expect("hex digits are ASCII"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(s: &str) -> Result<Self, IdError> {
                let error = IdError { what: $what, expected: $expected };
                let digits = s.as_bytes();
                if digits.len() != $len * 2 {
                    return Err(error);
                }
                let mut bytes = [0u8; $len];
                for (i, pair) in digits.chunks_exact(2).enumerate() {
                    bytes[i] = nibble(pair[0]).ok_or(error)? << 4 | nibble(pair[1]).ok_or(error)?;
                }
                Self::new(bytes).ok_or(error)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                if s.is_human_readable() { s.collect_str(self) } else { self.0.serialize(s) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                if d.is_human_readable() {
                    let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    let bytes = <[u8; $len]>::deserialize(d)?;
                    Self::new(bytes).ok_or_else(|| serde::de::Error::custom("all bytes are zero"))
                }
            }
        }
    };
}

hex_id!(
    /// A W3C trace id: 16 bytes, not all zero, written as 32 lower-case hex digits.
    TraceId, 16, "trace id", "32 hex digits, not all zero"
);
hex_id!(
    /// A W3C span (parent) id: 8 bytes, not all zero, written as 16 lower-case hex digits.
    SpanId, 8, "span id", "16 hex digits, not all zero"
);

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_their_text_form() {
        let id = ExchangeId::mint(1_760_000_000_000, [7; 10]);
        assert_eq!(id.to_string().parse::<ExchangeId>(), Ok(id));
        assert_eq!(id.trace_id().to_string().parse::<TraceId>(), Ok(id.trace_id()));
        assert_eq!(id.span_id().to_string().parse::<SpanId>(), Ok(id.span_id()));
    }

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        assert!(ExchangeId::mint(2, [0; 10]) > ExchangeId::mint(1, [255; 10]));
    }

    #[test]
    fn the_zero_trace_is_refused() {
        assert!("00000000000000000000000000000000".parse::<TraceId>().is_err());
        assert!("xyz".parse::<SpanId>().is_err());
    }
}
