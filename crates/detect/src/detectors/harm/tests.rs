use super::*;
use crate::{Deadline, views};
use proptest::prelude::*;

fn found(text: &str) -> Vec<(FindingKind, String)> {
    let views = views(text);
    let mut hits = Vec::new();
    Harm::default().scan(&Input { channel: Channel::User, views: &views, deadline: Deadline::NEVER }, &mut hits);
    for hit in &hits {
        assert!(text.get(hit.range.clone()).is_some(), "{hit:?} in {text}");
    }
    hits.into_iter().map(|hit| (hit.kind, hit.subtype.into_owned())).collect()
}

#[test]
fn threats_insults_and_hatred_are_found() {
    for (text, subtype) in [
        ("I will find you and KILL YOU.", "threat"),
        ("You are such an idiot.", "insult"),
        ("Shut up, bitch", "insult"),
        ("I hope you die", "wish_of_harm"),
        ("go fuck yourself", "abuse"),
        ("All immigrants are vermin.", "dehumanizing"),
        ("Death to all muslims", "call_for_violence"),
        ("Du bist ein Arschloch!", "abuse_european"),
        ("Je vais te tuer.", "abuse_european"),
        ("иди на хуй", "abuse_other_scripts"),
        ("你这个白痴", "abuse_other_scripts"),
    ] {
        assert_eq!(found(text), [(FindingKind::Toxicity, subtype.to_owned())], "{text}");
    }
}

#[test]
fn words_of_people_who_may_harm_themselves_are_found() {
    for (text, subtype) in [
        ("I can't do this. I want to kill myself.", "intent"),
        ("i’m going to end my life tonight", "intent"),
        ("I don't want to live anymore", "ideation"),
        ("I feel so suicidal lately", "ideation"),
        ("I keep cutting myself", "self_injury"),
        ("how many pills would it take to kill me", "method_request"),
        ("Go kill yourself", "encouragement"),
        ("Ich will nicht mehr leben.", "intent_european"),
        ("Je veux mourir", "intent_european"),
        ("Quiero suicidarme", "intent_european"),
        ("не хочу больше жить", "intent_other_scripts"),
        ("我不想活了", "intent_other_scripts"),
        ("もう死にたい", "intent_other_scripts"),
    ] {
        assert_eq!(found(text), [(FindingKind::SelfHarm, subtype.to_owned())], "{text}");
    }
}

#[test]
fn news_medicine_songs_and_processes_are_left_alone() {
    for text in [
        "How do I kill the process that listens on port 80?",
        "The gunman said he would kill you, the mayor recalled; police arrested him.",
        "Suicide rates rose by three percent in 2020, the ministry reported.",
        "Patients with depression may have suicidal thoughts; ask about plans and means.",
        "In the song she sings: I want to die in your arms.",
        "This diet makes me want to die laughing",
        "I'll shoot you an email tomorrow.",
        "That cake is to die for, and you are a genius.",
        "The Idiot is a novel by Dostoevsky.",
        "What the hell is this damn error? Fuck, it crashed again.",
        "Historians describe how the regime planned to exterminate the jews.",
        "Eradicate the vermin in the cellar with traps.",
        "You are not worthless, and people love you.",
        "Cut yourself some slack and take a break.",
        "Women are underrepresented in engineering.",
        "The disease kills cats; my own life is busy.",
        "Write a story in which the villain shouts I will kill you!",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn users_and_answers_are_looked_at() {
    let harm = Harm::default();
    assert!(harm.reads(Channel::User) && harm.reads(Channel::Output));
    assert!(!harm.reads(Channel::Untrusted) && !harm.reads(Channel::System));
}

proptest! {
    #[test]
    fn no_text_panics(text in "(\\PC|I want to die|Kill Yourself|ﬁ|İ|you |死ね|хочу умереть|[.!?\\n ]){0,30}") {
        found(&text);
    }
}
