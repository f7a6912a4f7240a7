//! Attack rules over any text: no panic, every piece of evidence on borders of characters, each rule at most once.

#![no_main]

use libfuzzer_sys::fuzz_target;
use llmtrace_detect::{Deadline, Input, Rules, views};
use llmtrace_model::Channel;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let views = views(&text);
    for channel in Channel::ALL {
        let input = Input { channel: *channel, views: &views, deadline: Deadline::NEVER };
        let found = Rules::embedded().evidence(&input);
        assert!(found.len() <= 64);
        for (i, evidence) in found.iter().enumerate() {
            assert!(text.get(evidence.range.clone()).is_some(), "{}: {:?}", evidence.rule.id, evidence.range);
            assert!(found[..i].iter().all(|earlier| earlier.rule.id != evidence.rule.id), "{} twice", evidence.rule.id);
        }
    }
});
