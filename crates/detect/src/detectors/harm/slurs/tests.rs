use super::super::pieces::piece_hash;
use super::*;
use proptest::prelude::*;

/// A list of words that nobody uses.
fn made_up() -> Slurs {
    let mut lines = String::new();
    for word in ["blorpface", "snérk", "zqyx"] {
        let bytes = word.as_bytes();
        lines.push_str(&format!("{:016x} {:04x}", hash(bytes), piece_hash(&bytes[..4])));
        if bytes.len() > 4 {
            lines.push_str(&format!(" {:04x}", piece_hash(&bytes[1..5])));
        } else {
            for sign in [b' ', b'\n'] {
                lines.push_str(&format!(" {:04x}", piece_hash(&[sign, bytes[0], bytes[1], bytes[2]])));
            }
        }
        lines.push('\n');
    }
    Slurs::read(lines.trim_end()).unwrap()
}

fn uses(text: &str) -> Vec<Use> {
    made_up().find(text).into_iter().map(|(_, usage)| usage).collect()
}

#[test]
fn a_word_of_the_list_is_found_with_its_use() {
    assert_eq!(uses("you blorpface"), [Use::Aimed]);
    assert_eq!(uses("a blorpface, snérk!"), [Use::Said, Use::Said]);
    assert_eq!(
        uses("they called sam \"blorpface\", which hurt, and said the slur blorpface"),
        [Use::Spoken, Use::Spoken]
    );
    assert_eq!(uses("blorpfaces and blorp face, ablorpface"), []);
}

#[test]
fn a_word_is_found_at_every_place() {
    for before in 0..6 {
        for word in ["blorpface", "snérk", "zqyx"] {
            let text = format!("{} {word} x", "a".repeat(before));
            assert_eq!(uses(&text), [Use::Said], "{text}");
        }
    }
}

#[test]
fn the_list_is_read_and_sorted() {
    let lines: Vec<_> =
        include_str!("../../../../rules/output/slurs.txt").lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.is_sorted() && lines.len() > 40);
    assert_eq!(Slurs::known().hashes.len(), lines.len());
}

#[test]
fn ordinary_words_are_not_in_the_list() {
    let text = "the quick brown fox jumps over lazy dogs while queer spaniards in kenya cook negroni and chink in armour polish";
    assert_eq!(Slurs::known().find(text), []);
}

proptest! {
    #[test]
    fn words_stand_on_borders(text in "(\\PC|blorpface|snérk| ){0,30}") {
        for (range, _) in made_up().find(&text) {
            prop_assert!(text.get(range).is_some());
        }
    }
}
