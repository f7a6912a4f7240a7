use std::sync::Arc;

use proptest::prelude::*;

use super::*;

fn masks(texts: &[(&str, &str)]) -> Masks {
    let mut masks = Masks::default();
    for (subtype, text) in texts {
        assert!(masks.mask(subtype, text, |_| false));
    }
    masks
}

fn restored(masks: &Arc<Masks>, is_json: bool, pieces: &[&str]) -> String {
    let mut restorer = Restorer::new(Arc::clone(masks), is_json);
    let mut text: String = pieces.iter().map(|piece| restorer.push(piece)).collect();
    text.push_str(&restorer.finish());
    text
}

#[test]
fn every_text_has_one_placeholder_by_its_first_appearance() {
    let masks =
        masks(&[("email", "a@b.example"), ("email", "c@d.example"), ("email", "a@b.example"), ("iban", "DE89")]);
    let hidden = masks.hide("to c@d.example, cc a@b.example and a@b.example, from DE89").unwrap();
    assert_eq!(hidden, "to [EMAIL_2], cc [EMAIL_1] and [EMAIL_1], from [IBAN_1]");
    assert_eq!(masks.hide("nothing"), None);
}

#[test]
fn a_placeholder_that_stands_there_already_is_not_used() {
    let mut masks = Masks::default();
    assert!(masks.mask("email", "a@b.example", |placeholder| placeholder == "[EMAIL_1]"));
    assert_eq!(masks.hide("a@b.example").unwrap(), "[EMAIL_2]");
    assert!(!masks.mask("pin", "12", |_| false), "what is so short stands everywhere");
}

#[test]
fn of_two_texts_one_in_the_other_the_longer_is_hidden() {
    let masks = masks(&[("card", "4111 1111"), ("card", "4111 1111 1111 1111")]);
    assert_eq!(masks.hide("4111 1111 1111 1111, 4111 1111").unwrap(), "[CARD_2], [CARD_1]");
}

#[test]
fn a_text_is_hidden_in_json_inside_json_too_and_comes_back_so() {
    let key = "-----BEGIN\n\"x\"\n-----END";
    let masks = Arc::new(masks(&[("private_key", key)]));
    let document = serde_json::to_string(&serde_json::json!({"key": key})).unwrap();
    let hidden = masks.hide(&document).unwrap();
    assert_eq!(hidden, r#"{"key":"[PRIVATE_KEY_1]"}"#);
    assert_eq!(restored(&masks, true, &[&hidden]), document);
    let twice = serde_json::to_string(&document).unwrap();
    assert!(masks.hide(&twice).unwrap().contains("[PRIVATE_KEY_1]"));
}

#[test]
fn what_is_no_placeholder_stays() {
    let masks = Arc::new(masks(&[("email", "a@b.example")]));
    for text in ["[EMAIL_2] [x] [[EMAIL_1", "[EMAIL_1 ]", "a[b", "[", "[[[[", "]EMAIL_1[", "[EMAIL", "ü[EMAIL_ü]"] {
        assert_eq!(restored(&masks, false, &[text]), text);
    }
    assert_eq!(restored(&masks, false, &["[[EMAIL_1]] [", "EMAIL", "_1", "]"]), "[a@b.example] a@b.example");
}

#[test]
fn a_stored_token_is_the_same_for_the_same_and_for_nobody_else() {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
    let token = |tenant, subtype, text| stable(Some(&key), tenant, subtype, text);
    let one = token("acme", "email", "a@b.example");
    assert_eq!(one, token("acme", "email", "a@b.example"));
    assert!(one.starts_with("[EMAIL:") && one.len() == "[EMAIL:]".len() + 12, "{one}");
    let others =
        [token("other", "email", "a@b.example"), token("acme", "emai", "la@b.example"), token("acme", "email", "b")];
    assert!(others.iter().all(|other| *other != one));
    assert_eq!(stable(None, "acme", "email", "a@b.example"), "[EMAIL]");
}

#[test]
fn a_stretch_moves_with_what_is_replaced_before_it() {
    let replacer = Replacer::new(&[("long".to_owned(), "[X]".to_owned()), ("ab".to_owned(), "[LETTERS]".to_owned())]);
    let before = "a long way, ab, so long";
    let replaced = replacer.replaced(before).unwrap();
    assert_eq!(replaced.text, "a [X] way, [LETTERS], so [X]");
    for (was, is) in [("long", "[X]"), ("way", "way"), ("ab", "[LETTERS]"), ("so", "so"), ("a long way", "a [X] way")] {
        let start = before.find(was).unwrap();
        let moved = replaced.moved(start..start + was.len());
        assert_eq!(&replaced.text[moved], is, "{was}");
    }
    let inside = replaced.moved(3..5);
    assert_eq!(&replaced.text[inside], "[X]", "a part of what was replaced is all of what stands there");
    assert_eq!(replacer.replaced("nothing"), None);
}

#[test]
fn stretches_that_overlap_become_one() {
    let merged = merged(vec![(5..9, "c"), (0..3, "a"), (2..4, "b"), (9..10, "d")]);
    assert_eq!(merged, [(0..4, "a"), (5..9, "c"), (9..10, "d")]);
}

proptest! {
    #[test]
    fn placeholders_come_back_however_the_text_is_cut(texts in proptest::collection::vec("\\PC{3,12}", 1..5), cuts in proptest::collection::vec(0usize..80, 0..12)) {
        let mut masks = Masks::default();
        let said = texts.join(" and ");
        for text in &texts {
            masks.mask("sort", text, |placeholder| said.contains(placeholder));
        }
        let hidden = masks.hide(&said).unwrap();
        let masks = Arc::new(masks);
        let mut cuts: Vec<_> = cuts.into_iter().map(|at| at.min(hidden.len())).filter(|at| hidden.is_char_boundary(*at)).collect();
        cuts.extend([0, hidden.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|cut| &hidden[cut[0]..cut[1]]).collect();
        prop_assert_eq!(restored(&masks, false, &pieces), said);
    }
}
