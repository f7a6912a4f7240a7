//! What a tenant sets for itself, within what the installation allows.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::{Timestamp, word::words};

words! {
    /// Whether messages are stored; each keeps more than the one before it.
    CaptureContent {
        /// Everything about them: usage, cost, times, sizes; no message text.
        Metadata = "metadata",
        /// Messages, tool calls and everything about them.
        Full = "full",
    } "metadata, full"
}

words! {
    /// Of which exchanges the bytes are stored as they passed; each keeps more than the one before it.
    CaptureRaw {
        /// Of none.
        Off = "off",
        /// Of those that failed, and of those in which a body could not be read.
        Errors = "errors",
        /// Of all.
        All = "all",
    } "off, errors, all"
}

/// The settings of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantSettings {
    /// 1 when they were made, one more with every change.
    pub version: u32,
    /// What of its exchanges is kept.
    pub capture: TenantCapture,
    /// Its own policy, as it was written: what it may hold is not known here. `None` where the installation decides alone.
    pub guard: Option<Value>,
    /// When they were changed last.
    pub updated_at: Timestamp,
    /// What a newer version of this program has set beside.
    pub unknown: Unknown,
}

/// What is kept of a tenant's exchanges; `None` where the installation decides alone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TenantCapture {
    /// Whether messages are stored.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_or_least")]
    pub content: Option<CaptureContent>,
    /// Of which exchanges the bytes are stored.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_or_least")]
    pub raw: Option<CaptureRaw>,
    /// What a newer version of this program has set beside.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Members of a stored document that this version does not know: they come from reading one only, and are written back as
/// they were.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Unknown(Map<String, Value>);

/// The document that settings are stored as, beside version and time.
#[derive(Serialize, Deserialize)]
struct Document<C> {
    #[serde(default)]
    capture: C,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    guard: Option<Value>,
    #[serde(flatten)]
    unknown: Unknown,
}

impl TenantSettings {
    /// Settings that set nothing yet.
    pub fn new(now: Timestamp) -> Self {
        let unknown = Unknown::default();
        Self { version: 1, capture: TenantCapture::default(), guard: None, updated_at: now, unknown }
    }

    /// Reads what [`Self::document`] wrote, or what a newer version did: a member that is not known is kept, and a word that is
    /// not known is taken for the one that keeps least.
    pub fn read(version: u32, document: &str, updated_at: Timestamp) -> Result<Self, serde_json::Error> {
        let Document { capture, guard, unknown } = serde_json::from_str(document)?;
        Ok(Self { version, capture, guard, updated_at, unknown })
    }

    /// All of it but version and time, as one JSON object.
    pub fn document(&self) -> String {
        let Self { capture, guard, unknown, .. } = self;
        let document = Document { capture, guard: guard.clone(), unknown: unknown.clone() };
        serde_json::to_string(&document).expect("text keys and JSON values are JSON")
    }
}

impl TenantCapture {
    /// What is kept where the installation keeps this much: a tenant keeps less of its own, never more.
    pub fn within(&self, content: CaptureContent, raw: CaptureRaw) -> (CaptureContent, CaptureRaw) {
        (self.content.map_or(content, |own| own.min(content)), self.raw.map_or(raw, |own| own.min(raw)))
    }
}

/// A setting whose words have an order.
trait Least: Sized + std::str::FromStr {
    const LEAST: Self;
}

impl Least for CaptureContent {
    const LEAST: Self = Self::Metadata;
}

impl Least for CaptureRaw {
    const LEAST: Self = Self::Off;
}

fn known_or_least<'de, T: Least, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    let word = Option::<String>::deserialize(from)?;
    Ok(word.map(|word| word.parse().unwrap_or(T::LEAST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(document: &str) -> TenantSettings {
        TenantSettings::read(3, document, Timestamp::from_unix_us(5)).unwrap()
    }

    #[test]
    fn settings_survive_their_document() {
        let mut settings = TenantSettings::new(Timestamp::from_unix_us(5));
        assert_eq!(settings.document(), r#"{"capture":{}}"#);
        settings.capture.content = Some(CaptureContent::Metadata);
        settings.capture.raw = Some(CaptureRaw::Errors);
        assert_eq!(settings.document(), r#"{"capture":{"content":"metadata","raw":"errors"}}"#);
        assert_eq!(read(&settings.document()), TenantSettings { version: 3, ..settings });
        assert_eq!(read("{}").capture, TenantCapture::default());
    }

    #[test]
    fn what_a_newer_version_wrote_is_kept_however_deep() {
        let newer = r#"{"capture":{"content":"full","sampled":[0.5,"ü\u0000"]},"limits":{"of":{"a":[null]}}}"#;
        let mut settings = read(newer);
        assert_eq!(settings.document(), newer);
        settings.capture.content = None;
        assert_eq!(settings.document(), newer.replace(r#""content":"full","#, ""));
    }

    #[test]
    fn a_policy_is_kept_as_it_was_written_whatever_it_holds() {
        for guard in
            [r#"{"newer":{"a":[1]},"preset":"strict","rules":[{"action":"quarantine","min_score":0.9}]}"#, "[5]"]
        {
            let document = format!(r#"{{"capture":{{}},"guard":{guard},"limits":[]}}"#);
            let mut settings = read(&document);
            assert_eq!(settings.document(), document);
            settings.guard = None;
            assert_eq!(settings.document(), r#"{"capture":{},"limits":[]}"#);
        }
        assert_eq!(read(r#"{"guard":null}"#).guard, None);
    }

    #[test]
    fn a_word_of_a_newer_version_keeps_least() {
        let settings = read(r#"{"capture":{"content":"hashed","raw":"sampled"}}"#);
        assert_eq!(settings.capture.content, Some(CaptureContent::Metadata));
        assert_eq!(settings.capture.raw, Some(CaptureRaw::Off));
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for bad in ["", "[]", "{", "null", r#"{"capture":5}"#, r#"{"capture":{"content":5}}"#] {
            assert!(TenantSettings::read(1, bad, Timestamp::from_unix_us(0)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_tenant_keeps_less_than_the_installation_never_more() {
        let (mut own, full) = (TenantCapture::default(), (CaptureContent::Full, CaptureRaw::All));
        let least = (CaptureContent::Metadata, CaptureRaw::Off);
        assert_eq!(own.within(full.0, full.1), full);
        assert_eq!(own.within(least.0, least.1), least);
        (own.content, own.raw) = (Some(CaptureContent::Full), Some(CaptureRaw::Errors));
        assert_eq!(own.within(full.0, full.1), (CaptureContent::Full, CaptureRaw::Errors));
        assert_eq!(own.within(least.0, least.1), least);
        own.content = Some(CaptureContent::Metadata);
        assert_eq!(own.within(full.0, full.1), (CaptureContent::Metadata, CaptureRaw::Errors));
    }
}
