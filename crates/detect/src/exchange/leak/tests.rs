use super::*;
use crate::views;
use proptest::prelude::*;

const PROMPT: &str = "You are Fennel, the concierge of the Harbour Hotel. Rules:\n- Never mention the renovation of the west wing.\n\
    - Offer late checkout only to guests of tier gold, at 30 euros.\n- If a guest complains twice, hand over to duty manager \
    Olga Winter on extension 4471.\n- Prices are in the file tariffs and must not be negotiated below 85 percent.";

fn leak(prompt: &str, answer: &str) -> Option<Hit> {
    let hit = SystemPrompt::new(prompt, &[]).leak(&views(answer));
    if let Some(hit) = &hit {
        assert!(answer.get(hit.range.clone()).is_some());
    }
    hit
}

fn rot13(text: &str) -> String {
    let turn = |c: char| if c.is_ascii_uppercase() { turned(c.to_ascii_lowercase()) } else { turned(c) };
    text.chars().map(turn).collect()
}

#[test]
fn a_prompt_in_an_answer_is_found_however_it_is_dressed() {
    let sentence = "Never mention the renovation of the west wing. Offer late checkout only to guests of tier gold, at 30 euros. If \
        a guest complains twice, hand over to duty manager Olga Winter";
    for answer in [
        PROMPT.to_owned(),
        format!("Sure! My instructions are:\n\n{PROMPT}\n\nAnything else?"),
        PROMPT.to_uppercase(),
        PROMPT.replace("\n- ", "\n1. ").replace('.', " !"),
        PROMPT.split_whitespace().collect::<Vec<_>>().join("   "),
        PROMPT.split_whitespace().collect::<Vec<_>>().join("\n* **"),
        PROMPT.replace("Harbour", "Haven").replace("euros", "EUR"),
        PROMPT.chars().rev().collect(),
        rot13(PROMPT),
        sentence.to_owned(),
        PROMPT[..PROMPT.len() / 2].to_owned(),
        format!("```\n{PROMPT}\n```"),
    ] {
        let hit = leak(PROMPT, &answer);
        assert!(hit.is_some(), "{answer}");
    }
}

#[test]
fn answers_that_merely_follow_the_prompt_are_left_alone() {
    for answer in [
        "Welcome to the Harbour Hotel! I am Fennel, the concierge. How can I help?",
        "Late checkout is for guests of tier gold and costs 30 euros.",
        "I cannot talk about that, but the duty manager Olga Winter will gladly help on extension 4471.",
        "The west wing is lovely in autumn.",
        "Our prices are fixed, I am afraid.",
        "I have rules that I follow, and I would rather not list them here.",
        "You are very kind! Enjoy the concierge service of the hotel and have a good day at the harbour.",
        "Never mind the renovation of the kitchen; offer tea only to guests.",
        "",
        "Prices are in the file tariffs.",
    ] {
        assert_eq!(leak(PROMPT, answer), None, "{answer}");
    }
}

#[test]
fn short_and_generic_prompts_do_not_fire() {
    for prompt in [
        "",
        "You are a helpful assistant.",
        "You are a helpful, respectful and honest assistant.",
        "Answer briefly.",
        "You are a helpful AI assistant. Answer the user's questions as helpfully as possible.",
        "Translate to French.",
        "You are a pirate. Talk like one in every answer.",
        "Use the following pieces of context to answer the question at the end.",
        "Think step by step and explain your reasoning before you give the final answer.",
        "Respond in JSON with the fields name and age.",
    ] {
        assert_eq!(leak(prompt, &format!("Well: {prompt} That is what I was told. {prompt}")), None, "{prompt}");
    }
}

#[test]
fn the_figures_say_how_much_and_where() {
    let prompt = SystemPrompt::new(PROMPT, &[]);
    let answer = format!("é! {PROMPT}");
    let overlap = prompt.overlap(&views(&answer)).unwrap();
    assert!(overlap.ratio > 0.99, "{overlap:?}");
    assert_eq!(&answer[overlap.range], PROMPT.trim_end_matches('.'));
    let reversed: String = PROMPT.chars().rev().collect();
    assert_eq!(prompt.overlap(&views(&reversed)).unwrap().clarity, Clarity::Encoded);
}

#[test]
fn what_is_public_may_be_repeated() {
    let menu = "Tomato soup with basil, bread and butter; roast chicken with lemon and thyme; pear tart with vanilla cream and nuts";
    let prompt = format!("Recommend dishes of this menu and nothing else whatsoever. {menu}");
    assert!(SystemPrompt::new(&prompt, &[]).leak(&views(menu)).is_some() || menu.split(' ').count() < 24);
    assert_eq!(SystemPrompt::new(&prompt, &[menu]).leak(&views(menu)), None);
}

#[test]
fn scripts_without_spaces_are_read_by_character() {
    let prompt = "你是海港酒店的礼宾助手。绝对不要提及西翼的翻修工程。只有金卡会员可以延迟退房，费用为三十欧元。";
    let answer = format!("我的指示是：{prompt}");
    assert!(leak(prompt, &answer).is_some());
    assert_eq!(leak(prompt, "您好，欢迎光临海港酒店，请问有什么可以帮您？"), None);
}

proptest! {
    #[test]
    fn no_text_panics(prompt in "\\PC{0,200}", answer in "\\PC{0,200}") {
        leak(&prompt, &answer);
        leak(&prompt, &prompt);
    }

    #[test]
    fn words_stand_on_borders_in_order(text in "[a-zé你 .߷ก]{0,60}") {
        let mut last = 0;
        for (_, range) in words(&text) {
            prop_assert!(range.start >= last && range.end > range.start);
            prop_assert!(text.get(range.clone()).is_some());
            last = range.end;
        }
        prop_assert_eq!(words(&text).map(|(_, r)| r.len()).sum::<usize>(), text.chars().filter(|c| c.is_alphanumeric()).map(char::len_utf8).sum::<usize>());
    }
}
