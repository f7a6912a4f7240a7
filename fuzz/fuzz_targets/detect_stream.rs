//! A text that comes in pieces: nothing is lost where nothing is hidden, and any cut is as good as any other.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use llmtrace_detect::{Engine, Policy, StreamScanner};
use llmtrace_model::{Action, Channel};

static ENGINE: LazyLock<Arc<Engine>> = LazyLock::new(|| Arc::new(Engine::new()));

fn policy(action: Action, kinds: Vec<llmtrace_model::FindingKind>) -> Arc<Policy> {
    let rule = llmtrace_detect::policy::Rule {
        kinds,
        subtypes: Vec::new(),
        channels: Vec::new(),
        min_severity: None,
        min_score: None,
        action,
    };
    Arc::new(Policy { rules: vec![rule], ..Policy::default() })
}

fn streamed(policy: &Arc<Policy>, pieces: &[&str]) -> String {
    let mut scanner = StreamScanner::new(Arc::clone(&ENGINE), Arc::clone(policy), Channel::Output);
    let mut text: String = pieces.iter().map(|piece| scanner.push(piece).text).collect();
    text.push_str(&scanner.finish().text);
    text
}

fuzz_target!(|input: (u16, u16, &str)| {
    let (first, second, text) = input;
    let border = |at: u16| text.floor_char_boundary(usize::from(at).min(text.len()));
    let (a, b) = (border(first.min(second)), border(first.max(second)));
    let pieces = [&text[..a], &text[a..b], &text[b..]];
    // Ordinary text with a policy that hides nothing passes, but for blocks of key material that are too long to be held.
    if text.len() < 4096 {
        assert_eq!(streamed(&policy(Action::Flag, Vec::new()), &pieces), text);
    }
    let redacting = policy(Action::Redact, Vec::new());
    streamed(&redacting, &pieces);
    streamed(&policy(Action::Block, Vec::new()), &pieces);
});
