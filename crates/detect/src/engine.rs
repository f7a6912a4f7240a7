//! Runs the detectors over one text.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use llmtrace_model::{Channel, Confidence, FindingKind, Severity};

use crate::{Deadline, Detector, Hit, Input, Views, registry, views};

/// Every detector, built once and shared by all requests.
pub struct Engine {
    detectors: Vec<Box<dyn Detector>>,
}

/// What a scan says of one text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// What was found, in the order of the text.
    pub hits: Vec<Hit>,
    /// The detectors that looked at all of it.
    pub ran: Vec<&'static str>,
    /// The detectors that did not, because time was over.
    pub late: Vec<&'static str>,
    /// What of the text was brought into no form, for its length or for how much is encoded in it.
    pub unread: Vec<String>,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// Builds every detector with the rules and weights of this version: some 0.1 s of one core, once.
    pub fn new() -> Self {
        Self { detectors: registry::detectors() }
    }

    /// Makes now what detectors would make when it is first needed: the first text of each kind costs no more than others then.
    pub fn prepare(&self) {
        self.detectors.iter().for_each(|detector| detector.prepare());
    }

    /// Where in a text credentials stand.
    pub(crate) fn secrets(&self, text: &str, deadline: Deadline) -> Vec<Range<usize>> {
        let (views, mut hits) = (views(text), Vec::new());
        for detector in self.detectors.iter().filter(|detector| detector.name() == "secrets") {
            detector.scan(&Input { channel: Channel::Output, views: &views, deadline }, &mut hits);
        }
        hits.into_iter().filter(|hit| hit.kind == FindingKind::Secret).map(|hit| hit.range).collect()
    }

    /// Looks at one text until the deadline.
    pub fn scan(&self, channel: Channel, text: &str, deadline: Deadline) -> Report {
        let views = views(text);
        let input = Input { channel, views: &views, deadline };
        let mut report = Report { unread: unread(&views), ..Report::default() };
        for detector in self.detectors.iter().filter(|detector| detector.reads(channel)) {
            if deadline.is_over() {
                report.late.push(detector.name());
                continue;
            }
            detector.scan(&input, &mut report.hits);
            if deadline.is_over() { &mut report.late } else { &mut report.ran }.push(detector.name());
        }
        report.hits = joined(std::mem::take(&mut report.hits));
        report
    }
}

fn unread(views: &Views<'_>) -> Vec<String> {
    let middle = views.truncated.as_ref().map(|range| format!("{} bytes in the middle", range.len()));
    let encoded = views.undecoded.then(|| "a part of what is encoded".to_owned());
    middle.into_iter().chain(encoded).collect()
}

/// Hits in the order of the text; of those of one sort that overlap, one: the worst, surest and longest, over the stretch of all of them.
fn joined(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by_key(|hit| (hit.range.start, hit.range.end));
    let mut kept: Vec<Hit> = Vec::with_capacity(hits.len());
    let mut last_of: HashMap<(FindingKind, Cow<'static, str>), usize> = HashMap::new();
    for hit in hits {
        let sort = (hit.kind, hit.subtype.clone());
        match last_of.get(&sort).and_then(|last| kept.get_mut(*last)) {
            Some(last) if hit.range.start < last.range.end => {
                let range = last.range.start..last.range.end.max(hit.range.end);
                if weight(&hit) > weight(last) {
                    *last = hit;
                }
                last.range = range;
            }
            Some(_) | None => {
                last_of.insert(sort, kept.len());
                kept.push(hit);
            }
        }
    }
    kept
}

fn weight(hit: &Hit) -> (Severity, Confidence, usize) {
    (hit.severity, hit.score, hit.range.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(subtype: &'static str, rule: &'static str, severity: Severity, range: Range<usize>) -> Hit {
        let (kind, score) = (FindingKind::Injection, Confidence::CERTAIN);
        Hit {
            kind,
            subtype: subtype.into(),
            rule: rule.into(),
            score,
            severity,
            range,
            quote: None,
            reason: "why".into(),
        }
    }

    #[test]
    fn what_several_rules_say_of_one_stretch_is_one_finding() {
        let told = joined(vec![
            hit("override", "b", Severity::High, 4..20),
            hit("override", "a", Severity::Medium, 0..10),
            hit("extraction", "c", Severity::Low, 5..8),
            hit("override", "d", Severity::Low, 20..30),
            hit("override", "e", Severity::Low, 25..28),
            hit("hijack", "f", Severity::Low, 0..9),
            hit("hijack", "g", Severity::Low, 0..30),
        ]);
        let told: Vec<_> = told.iter().map(|hit| (&*hit.rule, hit.range.clone())).collect();
        assert_eq!(told, [("g", 0..30), ("b", 0..20), ("c", 5..8), ("d", 20..30)]);
    }

    #[test]
    fn every_expression_that_is_built_in_can_be_built() {
        Engine::new().prepare();
    }

    #[test]
    fn what_is_too_long_to_be_read_whole_says_so() {
        let scan = |text: &str| Engine::new().scan(Channel::User, text, Deadline::NEVER).unread;
        assert_eq!(scan(&"word ".repeat(300_000)), ["451424 bytes in the middle"]);
        assert!(scan("word ").is_empty());
    }

    #[test]
    fn no_time_is_no_word() {
        let report = Engine::new().scan(Channel::User, "hello", Deadline::within(std::time::Duration::ZERO));
        assert!(report.ran.is_empty() && report.late.contains(&"attack"), "{report:?}");
    }
}
