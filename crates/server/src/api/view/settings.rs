//! What a tenant sets for itself, in JSON; and what of it a caller may send.

use llmtrace_model::{CaptureContent, CaptureRaw, TenantCapture, TenantId, TenantSettings, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    policy::{EffectiveGuardView, PolicyShape},
    shapes,
};
use crate::config::Ruling;

/// The settings of a tenant; `null` where the installation decides alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Settings)]
pub struct SettingsView {
    /// The tenant.
    #[schema(value_type = String)]
    pub tenant_id: TenantId,
    /// Whether its messages are stored, as it has set it.
    #[schema(value_type = Option<shapes::CaptureContent>, required)]
    pub capture_content: Option<CaptureContent>,
    /// Of which of its exchanges the bytes are stored, as it has set it.
    #[schema(value_type = Option<shapes::CaptureRaw>, required)]
    pub capture_raw: Option<CaptureRaw>,
    /// Its policy, as it has set it.
    #[schema(value_type = Option<PolicyShape>, required)]
    pub guard: Option<Value>,
    /// What applies.
    pub effective: EffectiveView,
    /// When they were changed last; `null` where they never were.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub updated_at: Option<Timestamp>,
}

/// What applies to a tenant: of what it has set and what the installation keeps, the lesser; of policies, as
/// `guard.tenant_policies` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = EffectiveSettings)]
pub struct EffectiveView {
    /// Whether its messages are stored.
    #[schema(value_type = shapes::CaptureContent)]
    pub capture_content: CaptureContent,
    /// Of which of its exchanges the bytes are stored: of none where no message is.
    #[schema(value_type = shapes::CaptureRaw)]
    pub capture_raw: CaptureRaw,
    /// What is done about what is found.
    pub guard: EffectiveGuardView,
}

impl SettingsView {
    /// The settings of a tenant where the installation keeps this much, and this is what is done about what is found.
    pub(in crate::api) fn of(
        tenant_id: TenantId,
        own: Option<&TenantSettings>,
        content: CaptureContent,
        raw: CaptureRaw,
        ruling: &Ruling,
    ) -> Self {
        let capture = own.map_or_else(TenantCapture::default, |own| own.capture.clone());
        let (capture_content, raw) = capture.within(content, raw);
        // Whoever keeps no message keeps none as bytes either.
        let capture_raw = if capture_content == CaptureContent::Metadata { CaptureRaw::Off } else { raw };
        Self {
            tenant_id,
            capture_content: capture.content,
            capture_raw: capture.raw,
            guard: own.and_then(|own| own.guard.clone()),
            effective: EffectiveView { capture_content, capture_raw, guard: ruling.into() },
            updated_at: own.map(|own| own.updated_at),
        }
    }
}

/// What a tenant sets. What is kept must be said, so that nothing is forgotten by leaving it out; a policy that is left out
/// stays.
#[derive(Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = SettingsBody)]
#[serde(deny_unknown_fields)]
pub struct SettingsBody {
    /// Whether its messages are stored: no more than the installation stores; `null` for as much.
    #[serde(deserialize_with = "said")]
    #[schema(value_type = Option<shapes::CaptureContent>, required)]
    pub(in crate::api) capture_content: Option<CaptureContent>,
    /// Of which of its exchanges the bytes are stored: no more than the installation stores; `null` for as much.
    #[serde(deserialize_with = "said")]
    #[schema(value_type = Option<shapes::CaptureRaw>, required)]
    pub(in crate::api) capture_raw: Option<CaptureRaw>,
    /// Its policy; `null` takes it away, and one that is left out stays as it is.
    #[serde(default, deserialize_with = "if_said")]
    #[schema(value_type = Option<PolicyShape>)]
    pub(in crate::api) guard: Option<Option<Value>>,
}

/// A member that may be `null`, and may be left out, which is something else.
fn if_said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// A member that may be `null` and must be there.
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Guarding;

    #[test]
    fn what_applies_is_the_lesser_and_no_bytes_without_messages() {
        let ruling = Guarding::default().installation();
        let of = |content, raw, installed: (CaptureContent, CaptureRaw)| {
            let mut own = TenantSettings::new(Timestamp::from_unix_us(0));
            (own.capture.content, own.capture.raw) = (content, raw);
            let view = SettingsView::of("a".parse().unwrap(), Some(&own), installed.0, installed.1, &ruling);
            (view.effective.capture_content, view.effective.capture_raw)
        };
        let all = (CaptureContent::Full, CaptureRaw::All);
        assert_eq!(of(None, None, all), all);
        assert_eq!(of(None, Some(CaptureRaw::Errors), all), (CaptureContent::Full, CaptureRaw::Errors));
        let nothing = (CaptureContent::Metadata, CaptureRaw::Off);
        assert_eq!(of(Some(CaptureContent::Metadata), Some(CaptureRaw::All), all), nothing);
        assert_eq!(of(Some(CaptureContent::Full), Some(CaptureRaw::All), nothing), nothing);
    }
}
