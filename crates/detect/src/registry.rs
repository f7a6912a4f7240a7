//! The detectors there are. A new one is a file and a line here.

use crate::{
    Attack, Detector,
    detectors::{code_risk::CodeRisk, exfiltration::Exfiltration, harm::Harm},
    pii::Pii,
    secrets::Secrets,
};

/// All of them, in the order in which they look: what blocks most often first, so that a deadline costs least.
pub(crate) fn detectors() -> Vec<Box<dyn Detector>> {
    vec![
        Box::new(Attack::new()),
        Box::new(Secrets::new()),
        Box::new(Pii::new()),
        Box::new(Exfiltration::default()),
        Box::new(CodeRisk::default()),
        Box::new(Harm::default()),
    ]
}
