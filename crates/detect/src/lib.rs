//! Text in, findings out.
//!
//! Sync and pure: no network, no clock but the one a [`Deadline`] looks at, no provider's JSON, no storage. [`Engine::scan`]
//! shows the order: a text is brought into the forms that detectors read ([`views`]), then every detector of `registry` that
//! reads its channel looks at them, as long as there is time.

mod attack;
mod base64_bytes;
mod deadline;
mod detector;
mod detectors;
mod engine;
mod examine;
pub mod exchange;
mod expression;
mod hit;
pub mod linear;
mod literals;
pub mod masks;
mod normalize;
mod pii;
pub mod policy;
mod registry;
mod rules;
mod secrets;
mod stream;

pub use attack::{Attack, Points};
pub use deadline::Deadline;
pub use detector::{Detector, Input};
pub use detectors::{
    code_risk::CodeRisk,
    exfiltration::Exfiltration,
    harm::Harm,
    refusal::{Reply, reply},
};
pub use engine::{Engine, Report};
pub use examine::{Examined, Found};
pub use hit::{Hit, Quoting};
pub use masks::{Masks, Restorer};
pub use normalize::{Hidden, HiddenKind, How, LONGEST_TEXT, View, Views, views};
pub use policy::{Answers, Policy, PolicyError};
pub use rules::{Evidence, Rule, RuleError, Rules, Seen};
pub use stream::{Decides, Released, StreamScanner};
