//! What holds for any text and any weights.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::{Error, Extent, Model, SIZES, WEIGHTS, windows_of, words::Words};
use crate::Deadline;

static MODEL: LazyLock<Model> = LazyLock::new(Model::built_in);

fn words(text: &str) -> Vec<&str> {
    Words::of(text).map(|word| &text[word.start..word.end]).collect()
}

#[test]
fn words_are_runs_of_letters_and_single_han_characters() {
    assert_eq!(words("don't [stop]: ну_вот 3.14"), ["don't", "stop", "ну", "вот", "3", "14"]);
    assert_eq!(words("忽略 it"), ["忽", "略", "it"]);
    assert_eq!(words("नमस्ते दुनिया।"), ["नमस्ते", "दुनिया"]);
    assert!(words(" .,'\u{200b}").is_empty());
}

#[test]
fn a_run_without_end_is_cut_into_words_of_bounded_length() {
    let text = "a".repeat(1000);
    assert!(words(&text).iter().all(|word| word.len() <= 32));
    assert_eq!(words(&text).concat(), text);
}

#[test]
fn the_committed_weights_load() {
    assert_eq!(Model::load(WEIGHTS).err(), None);
}

#[test]
fn weights_that_end_early_or_were_changed_are_refused() {
    assert_eq!(Model::load(b"").err(), Some(Error::Damaged));
    assert_eq!(Model::load(&WEIGHTS[..WEIGHTS.len() - 1]).err(), Some(Error::Damaged));
    let mut changed = WEIGHTS.to_vec();
    changed[1000] ^= 1;
    assert_eq!(Model::load(&changed).err(), Some(Error::Damaged));
    changed[0] = b'X';
    assert_eq!(Model::load(&changed).err(), Some(Error::Kind));
}

#[test]
fn windows_overlap_by_half_and_reach_the_end() {
    let text = (0..200).map(|n| format!("w{} ", ["a", "b", "c"][n % 3])).collect::<String>();
    let mut counts = [0, 0];
    windows_of(&text, |sizes, _| sizes.iter().for_each(|&size| counts[size] += 1));
    // Of the small size at 0, 12 … 180, of the large at 0, 64 and 128; the last one reaches word 200.
    assert_eq!(counts, [16, 3]);
}

#[test]
fn a_deadline_that_is_over_stops_the_reading() {
    let text = "word ".repeat(5000);
    let head = &MODEL.user;
    assert_eq!(head.read(&text, Deadline::NEVER).extent, Extent::Whole);
    let reading = head.read(&text, Deadline::within(std::time::Duration::ZERO));
    assert_eq!(reading.extent, Extent::Part);
    assert!(reading.words < 300, "{}", reading.words);
}

proptest! {
    #[test]
    fn reading_and_training_see_the_same_windows(text in "(\\PC{0,9} ){0,300}") {
        let head = &MODEL.user;
        let reading = head.read(&text, Deadline::NEVER);
        let mut best = [f32::NEG_INFINITY; 2];
        windows_of(&text, |sizes, names| {
            for &size in sizes {
                let sum = names.iter().map(|&name| i32::from(head.weights(name)[size])).sum();
                best[size] = best[size].max(head.score(size, sum, u16::try_from(names.len()).expect("few words")));
            }
        });
        prop_assert_eq!(reading.scores, best);
    }

    #[test]
    fn ranges_lie_on_borders_of_characters(text in "\\PC{0,400}") {
        let head = &MODEL.untrusted;
        let reading = head.read(&text, Deadline::NEVER);
        for (size, window) in reading.windows.iter().enumerate().take(SIZES.len()) {
            prop_assert!(text.get(window.clone()).is_some());
            for named in head.strongest(&text, window.clone(), size) {
                prop_assert!(text.get(named).is_some());
            }
        }
    }
}
