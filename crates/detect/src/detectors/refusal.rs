//! Says whether an answer refuses. No finding: a tag for the span.

/// What an answer does with what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// It refuses, in its first sentences.
    Refusal,
    /// Anything else.
    Answer,
}

/// How far a refusal may begin into an answer: models refuse first and explain then.
const OPENING_BYTES: usize = 240;

const REFUSALS: &[&str] = &[
    "i can't help with",
    "i cannot help with",
    "i can't assist",
    "i cannot assist",
    "i'm not able to help",
    "i am not able to help",
    "i can't provide",
    "i cannot provide",
    "i won't provide",
    "i will not provide",
    "i'm unable to",
    "i am unable to",
    "i can't fulfill",
    "i cannot fulfill",
    "i can't comply",
    "i cannot comply",
    "i must decline",
    "i have to decline",
    "i can't do that",
    "i cannot do that",
    "i won't help",
    "i will not help",
    "i can't create",
    "i cannot create",
    "i can't write",
    "i cannot write",
    "i can't generate",
    "i cannot generate",
    "i can't share",
    "i cannot share",
    "i can't engage",
    "i cannot engage",
    "i can't support",
    "i cannot support",
    "i'm not going to",
    "i can't discuss",
    "i cannot discuss",
    "not comfortable",
    "against my guidelines",
    "goes against my",
    "i can't participate",
    "i cannot participate",
    "ich kann dabei nicht helfen",
    "ich kann dir dabei nicht",
    "ich kann ihnen dabei nicht",
    "dabei kann ich nicht helfen",
    "das kann ich nicht",
    "je ne peux pas vous aider",
    "je ne peux pas t'aider",
    "je ne peux pas fournir",
    "je ne peux pas répondre",
    "no puedo ayudar",
    "no puedo proporcionar",
    "no puedo cumplir",
    "non posso aiutar",
    "non posso fornire",
    "não posso ajudar",
    "não posso fornecer",
    "ik kan je daar niet",
    "ik kan hier niet",
    "я не могу помочь",
    "не могу помочь",
    "我无法",
    "我不能提供",
    "抱歉，我不能",
    "お手伝いできません",
    "申し訳ありませんが",
    "도와드릴 수 없",
    "لا أستطيع مساعدتك",
    "لا يمكنني",
];

/// Words that make an inability one of knowledge or ability rather than of will: "I'm unable to find that file".
const INABILITIES: &[&str] = &[
    "find",
    "access",
    "open",
    "see",
    "locate",
    "browse",
    "connect",
    "reproduce",
    "determine",
    "verify",
    "read",
    "retrieve",
    "reach",
];

/// Says whether an answer begins with a refusal. A word list in some ten languages: a hint, not a measurement.
pub fn reply(answer: &str) -> Reply {
    let start = answer.trim_start();
    let opening = start[..start.floor_char_boundary(OPENING_BYTES)].to_lowercase().replace('’', "'");
    let refuses = REFUSALS.iter().any(|phrase| {
        opening.find(phrase).is_some_and(|at| {
            let rest = opening[at + phrase.len()..].trim_start();
            !(phrase.contains("unable") && INABILITIES.iter().any(|word| rest.starts_with(word)))
        })
    });
    if refuses { Reply::Refusal } else { Reply::Answer }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refusals_are_told_from_answers() {
        for text in [
            "I'm sorry, but I can't help with that.",
            "I cannot assist with creating malware.",
            "Sorry, I’m unable to provide that.",
            "  I must decline.",
            "I won't provide instructions for that.",
            "Es tut mir leid, dabei kann ich nicht helfen.",
            "Je ne peux pas vous aider avec cela.",
            "Lo siento, no puedo ayudar con eso.",
            "Извините, я не могу помочь с этим.",
            "抱歉，我不能帮助你。",
        ] {
            assert_eq!(reply(text), Reply::Refusal, "{text}");
        }
        for text in [
            "",
            "Sure, here is the code.",
            "I can help with that!",
            "I'm unable to find the file you mention.",
            "You can't help it.",
            "Here is a sentence: she said she would not go.",
            "Sorry for the confusion! The answer is 4.",
            "Unable to connect means the server is down.",
            "Natürlich, gern.",
            "Bien sûr, voici.",
        ] {
            assert_eq!(reply(text), Reply::Answer, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,300}") {
            reply(&text);
        }
    }
}
