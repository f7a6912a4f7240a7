//! Tests of the rules that are built in and of how they are looked for.

use llmtrace_model::Channel;
use proptest::prelude::*;

use super::{Secrets, checksum, load, rule::Rule, scan::Scanner};
use crate::{Deadline, Detector, Hit, Input, views};

/// Fills `<<class:count>>` with made-up characters, the same for the same seed.
fn fill(template: &str, seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("<<") {
        let Some((what, behind)) = after.split_once(">>") else { break };
        out.push_str(before);
        rest = behind;
        if what == "uuid" {
            let uuid: String = (0..32).map(|_| char::from(b"0123456789abcdef"[next(16)])).collect();
            out.push_str(
                &[&uuid[..8], "-", &uuid[8..12], "-4", &uuid[13..16], "-a", &uuid[17..20], "-", &uuid[20..]].concat(),
            );
            continue;
        }
        let (class, count) = what.split_once(':').unwrap_or((what, "1"));
        let count: usize = count.parse().unwrap();
        let alphabet: &[u8] = match class {
            "digit" => b"0123456789",
            "hex" => b"0123456789abcdef",
            "lower" => b"abcdefghijklmnopqrstuvwxyz",
            "upper" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "alpha" => b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "loweralnum" => b"abcdefghijklmnopqrstuvwxyz0123456789",
            "base32" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
            "base32lower" => b"abcdefghijklmnopqrstuvwxyz234567",
            "bech32" => b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
            "bech32lower" => b"qpzry9x8gf2tvdw0s3jn54khce6mua7l",
            "base58" => b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
            "b64" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
            "b64url" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
            "alnum" | "github" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            other => panic!("{other} is no class of characters"),
        };
        let mut text: String = (0..count).map(|_| char::from(alphabet[next(alphabet.len())])).collect();
        // Ends as it begins: with a letter or digit, as most tokens do.
        if class.starts_with("b64") && count > 1 {
            text.replace_range(..1, "k");
            text.replace_range(count - 1.., "7");
        }
        if class == "github" {
            let sum = checksum::base62(crc32fast::hash(text.as_bytes()));
            text.push_str(std::str::from_utf8(&sum).unwrap());
        }
        out.push_str(&text);
    }
    out + rest
}

fn scan(text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    let secrets = SECRETS.with(std::rc::Rc::clone);
    secrets.scan(&Input { channel: Channel::User, views: &views(text), deadline: Deadline::NEVER }, &mut hits);
    hits
}

/// The examples of every rule, filled in.
pub(crate) fn examples() -> Vec<String> {
    load::sources()
        .iter()
        .flat_map(|source| source.must_match.iter().map(|text| fill(text, 7)).collect::<Vec<_>>())
        .collect()
}

thread_local! {
    static SECRETS: std::rc::Rc<Secrets> = std::rc::Rc::new(Secrets::new());
}

#[test]
fn every_rule_finds_its_examples_and_leaves_the_others() {
    let mut wrong = std::collections::BTreeMap::new();
    for source in load::sources() {
        let (id, must, must_not) = (source.id.clone(), source.must_match.clone(), source.must_not_match.clone());
        assert!(!must.is_empty() && !must_not.is_empty(), "{id} has no examples");
        let alone = Scanner::new(vec![Rule::try_from(source).unwrap()]);
        for seed in 1..20 {
            for (templates, wanted) in [(&must, true), (&must_not, false)] {
                for template in templates {
                    let text = fill(template, seed);
                    let found = !alone.scan(&text, Deadline::NEVER).is_empty();
                    let among = !alone.scan(&format!("è {text} è"), Deadline::NEVER).is_empty();
                    if found != wanted || among != wanted {
                        wrong.entry((id.clone(), template.clone())).or_insert((found, text));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_example_is_found_by_all_rules_together() {
    for source in load::sources() {
        for text in source.must_match.iter().map(|text| fill(text, 7)) {
            assert!(!scan(&text).is_empty(), "{text}");
        }
    }
}

#[test]
fn every_rule_says_whose_format_it_is_and_where_that_is_documented() {
    for source in load::sources() {
        assert!(!source.provider.is_empty() && source.reference.starts_with("https://"), "{}", source.id);
        assert!(source.what.starts_with("a ") || source.what.starts_with("an ") || source.what.starts_with("the "));
    }
}

#[test]
fn a_named_key_is_found_in_every_way_in_which_code_and_files_give_it() {
    for form in [
        "ACME_API_TOKEN={}",
        "acme_api_token = \"{}\"",
        "acmeApiToken := `{}`",
        "var acmeToken string = \"{}\"",
        "String acmeToken = \"{}\";",
        "const acmeToken: string = '{}';",
        "<acmeToken>{}</acmeToken>",
        "\"acme_token\" => \"{}\"",
        "$acmeToken .= \"{}\"",
        "ACME_TOKEN ?= \"{}\"",
        "ACME_TOKEN ::= \"{}\"",
        "if (acmeToken == '{}') {",
        "System.setProperty(\"ACME_TOKEN\", \"{}\")",
        "\\\"acmeToken\\\":\\\"{}\\\"",
        "os.environ['ACME_TOKEN'] = '{}'",
        "os.getenv(\"ACME_TOKEN\", \"{}\")",
        "process.env.ACME_TOKEN || '{}'",
        "-H 'X-Api-Key: {}'",
        "  - name: ACME_TOKEN\n    value: {}",
        "<add key=\"AcmeToken\" value=\"{}\" />",
        "https://api.example.com/v1?api_key={}&x=1",
        "https://api.example.com/v1?access_token={}",
        "My API key is {}.",
        "here is my token: {}",
        "acme.token {}",
        "--token {}",
        "setToken(\"{}\")",
        "ACME_KEY=\"{}\"",
        "acme-key: {}",
        "export ACME_SECRET='{}'",
        "client_secret\\u003d{}",
        "| API Key | {} |",
        "token\n{}",
    ] {
        for template in ["<<alnum:32>>", "<<hex:40>>", "<<alnum:24>>", "<<b64url:43>>", "<<uuid>>"] {
            let key = fill(template, 11);
            let text = form.replace("{}", &key);
            let found: Vec<_> = scan(&text).into_iter().map(|hit| text[hit.range].to_owned()).collect();
            assert_eq!(found, [key], "{text}");
        }
    }
}

#[test]
fn a_key_in_base64_is_found_with_the_whole_run_as_its_place() {
    let key = fill("sk_live_<<alnum:24>>", 3);
    let run = base64_of(&format!("stripe: {key}\n"));
    let text = format!("data:\n  config: {run}\n");
    let hits = scan(&text);
    let hit = hits.iter().find(|hit| hit.subtype == "stripe_key").unwrap();
    assert_eq!(text[hit.range.clone()].trim_end_matches('='), run);
}

#[test]
fn a_token_with_a_wrong_checksum_is_less_sure_and_less_severe() {
    let [right, wrong] = ["ghp_<<github:30>>", "ghp_<<alnum:36>>"].map(|template| scan(&fill(template, 5)).remove(0));
    assert!(right.score.get() > wrong.score.get() && right.severity > wrong.severity);
}

/// Base64 without padding.
fn base64_of(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = text.bytes().flat_map(|byte| (0..8).rev().map(move |bit| (byte >> bit) & 1)).collect();
    bits.chunks(6)
        .map(|six| six.iter().chain([&0; 6]).take(6).fold(0, |number, bit| number * 2 + usize::from(*bit)))
        .map(|digit| char::from(DIGITS[digit]))
        .collect()
}

proptest! {
    #[test]
    fn any_text_is_scanned_without_a_panic_and_hits_stand_on_borders(
        parts in prop::collection::vec(prop_oneof!["\\PC{0,12}", Just("password = \"".to_owned()), Just("AKIA".to_owned()),
            Just("-----BEGIN PRIVATE KEY-----".to_owned()), Just("eyJ".to_owned()), Just("://é:ü@".to_owned()),
            Just(":AA".to_owned()), "[A-Za-z0-9+/=]{0,80}"], 0..12)
    ) {
        let text = parts.concat();
        for hit in scan(&text) {
            prop_assert!(text.get(hit.range.clone()).is_some_and(|value| !value.is_empty()));
        }
    }

    #[test]
    fn a_key_is_found_exactly_wherever_it_stands(seed in 1_u64.., before in "[ \\n\"=(:,é]{0,5}", after in "[ \\n\",;)é]{0,5}") {
        for template in ["ghp_<<github:30>>", "AKIA<<base32:16>>", "sk_live_<<alnum:24>>", "glpat-<<alnum:20>>", "hf_<<alpha:34>>"] {
            let key = fill(template, seed);
            let text = format!("{before}{key}{after}");
            let found: Vec<_> = scan(&text).into_iter().map(|hit| hit.range).collect();
            let place = before.len()..before.len() + key.len();
            prop_assert_eq!(found, std::slice::from_ref(&place), "{}", text);
        }
    }

    #[test]
    fn reasons_and_rules_hold_nothing_of_the_secret(seed in 1_u64..) {
        let key = fill("sk_live_<<alnum:24>>", seed);
        for hit in scan(&format!("api_key = \"{key}\"")) {
            let said = format!("{}{}{}", hit.reason, hit.rule, hit.subtype);
            prop_assert!(!said.contains(&key) && !said.contains(&key[8..]));
        }
    }
}

#[test]
fn every_rule_has_a_name_of_its_own() {
    let mut ids: Vec<_> = load::sources().into_iter().map(|source| source.id).collect();
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
}
