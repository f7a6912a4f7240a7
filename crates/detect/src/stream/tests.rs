use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

static ENGINE: LazyLock<Arc<Engine>> = LazyLock::new(|| Arc::new(Engine::new()));

fn policy(yaml: &str) -> Arc<Policy> {
    Arc::new(serde_saphyr::from_str(yaml).unwrap())
}

fn redacting() -> Arc<Policy> {
    policy("rules: [{kinds: [secret, pii], action: redact}]")
}

fn streamed<'p>(policy: &Arc<Policy>, pieces: impl IntoIterator<Item = &'p str>) -> (String, bool) {
    let mut scanner = StreamScanner::new(Arc::clone(&ENGINE), Arc::clone(policy), Channel::Output);
    let mut text = String::new();
    for piece in pieces {
        text.push_str(&scanner.push(piece).text);
    }
    let released = scanner.finish();
    text.push_str(&released.text);
    (text, released.is_cut)
}

fn characters(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()])
}

fn key() -> String {
    ["AKIA", "Q2W3E4R5T6Y7UIOP"].concat()
}

#[test]
fn a_secret_is_masked_however_it_is_cut() {
    let text = format!("The key is {} and the address jane.roe@example.com, as you asked.", key());
    let whole = streamed(&redacting(), [text.as_str()]).0;
    assert!(whole.ends_with("and the address [EMAIL], as you asked."), "{whole}");
    assert_eq!(streamed(&redacting(), characters(&text)).0, whole);
    for at in 0..=text.len() {
        assert_eq!(streamed(&redacting(), [&text[..at], &text[at..]]).0, whole, "cut at {at}");
    }
}

/// Where of each example something is masked in the whole text, the same is masked of it in pieces.
#[test]
fn every_example_of_every_rule_is_masked_in_a_stream_as_in_a_whole_text() {
    let examples = [crate::secrets::tests::examples(), crate::pii::tests::examples()].concat();
    assert!(examples.len() > 500, "{}", examples.len());
    let (policy, mut different) = (redacting(), Vec::new());
    for example in &examples {
        for text in [format!("Here it is: {example} and so on."), example.clone()] {
            let whole = streamed(&policy, [text.as_str()]).0;
            assert_ne!(whole, text, "is found in the whole text");
            let letters: Vec<_> = characters(&text).collect();
            for size in [1, 4, 23] {
                let pieces: Vec<_> = letters.chunks(size).map(<[&str]>::concat).collect();
                let left = streamed(&policy, pieces.iter().map(String::as_str)).0;
                if left != whole {
                    different.push(format!("{text}\n  whole: {whole}\n  in {size}: {left}"));
                }
            }
        }
    }
    assert!(different.is_empty(), "{} of {}:\n{}", different.len(), 6 * examples.len(), different.join("\n"));
}

#[test]
fn what_is_blocked_ends_the_text_before_it() {
    let blocking = policy("rules: [{kinds: [secret], action: block}]");
    let text = format!("The key is {} and more.", key());
    let (left, is_cut) = streamed(&blocking, characters(&text));
    assert_eq!((left.as_str(), is_cut), ("The key is ", true));
    let shadow = policy("{mode: shadow, rules: [{kinds: [secret], action: block}]}");
    assert_eq!(streamed(&shadow, characters(&text)), (text, false));
}

#[test]
fn a_block_of_key_material_never_leaves_however_long_it_is() {
    for lines in [3, 2_000] {
        let body = "MIIEowIBAAKCAQEAxWz4Qk2l0p9nZb7v8YtR5sD3fG6hJ1kLqWeRtYuIoP9aSdFg\n".repeat(lines);
        let text =
            format!("Here: -----BEGIN RSA PRIVATE KEY-----\n{body}-----END RSA PRIVATE KEY-----\nDone, and no more.");
        let (left, _) =
            streamed(&redacting(), text.as_bytes().chunks(61).map(|piece| std::str::from_utf8(piece).unwrap()));
        assert!(left.contains("[PRIVATE_KEY]") && left.ends_with("Done, and no more."), "{left}");
        assert!(!left.contains("MIIE") && !left.contains("DSdFg"), "{left}");
    }
}

#[test]
fn ordinary_text_leaves_a_word_late() {
    let prose = include_str!("../../../../docs/guide/detection.md");
    let mut scanner = StreamScanner::new(Arc::clone(&ENGINE), redacting(), Channel::Output);
    let (mut most, mut sum, mut pushes) = (0, 0, 0);
    for piece in characters(prose) {
        scanner.push(piece);
        let held = scanner.text.len() - scanner.held_from;
        (most, sum, pushes) = (most.max(held), sum + held, pushes + 1);
    }
    let mean = sum / pushes;
    println!("held: {mean} bytes on average, {most} at most");
    assert!(mean <= 20, "{mean}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_hides_nothing_leaves_as_it_came(text in "([a-zé ,.\n]|[0-9]|密|\u{200b}|-----BEGIN |\\PC){0,120}") {
        let (left, is_cut) = streamed(&policy("rules: [{kinds: [code_risk], subtypes: [no_such], action: redact}]"), characters(&text));
        prop_assert_eq!(left, text);
        prop_assert!(!is_cut);
    }

    #[test]
    fn what_leaves_does_not_depend_on_the_cuts(words in proptest::collection::vec("[a-z]{2,9}|[0-9]{4}|[a-z]{3}@[a-z]{5}\\.com|4111 1111 1111 1111|\\+49 30 901820", 1..12), size in 1usize..9) {
        let text = words.join(" ");
        let letters: Vec<_> = characters(&text).collect();
        let pieces: Vec<_> = letters.chunks(size).map(<[&str]>::concat).collect();
        let cut = streamed(&redacting(), pieces.iter().map(String::as_str)).0;
        prop_assert_eq!(cut, streamed(&redacting(), characters(&text)).0);
    }
}
