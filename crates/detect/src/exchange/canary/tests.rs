use super::*;
use proptest::prelude::*;

fn token() -> String {
    canary(b"a key of thirty-two made-up bytes", "acme", 20_000)
}

fn subtypes(text: &str) -> Vec<String> {
    let hits = Canaries::new([token()]).find(text);
    for hit in &hits {
        assert!(text.get(hit.range.clone()).is_some(), "{hit:?}");
    }
    hits.into_iter().map(|hit| hit.subtype.into_owned()).collect()
}

fn base64(text: &str) -> String {
    const SIX: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut padded = text.as_bytes().to_vec();
    padded.resize(padded.len().next_multiple_of(3), b' ');
    let groups = padded.chunks_exact(3).flat_map(|three| {
        let bits = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
        [18, 12, 6, 0].map(|down| char::from(SIX[(bits >> down & 63) as usize]))
    });
    groups.collect()
}

#[test]
fn a_token_depends_on_key_tenant_and_day_and_on_nothing_else() {
    assert_eq!(token(), token());
    assert_eq!(token().len(), LENGTH);
    let others = [canary(b"another key", "acme", 20_000), canary(b"a key of thirty-two made-up bytes", "acmf", 20_000)];
    assert!(!others.contains(&token()));
    assert_ne!(token(), canary(b"a key of thirty-two made-up bytes", "acme", 20_001));
}

#[test]
fn a_token_is_found_in_every_form() {
    let token = token();
    let spaced = |between: &str| token.chars().map(String::from).collect::<Vec<_>>().join(between);
    for text in [
        token.clone(),
        format!("My notes say {token}."),
        token.to_uppercase(),
        spaced(" "),
        spaced("-"),
        spaced("\n* "),
        token.chars().rev().collect(),
        token.chars().map(rot13).collect(),
        token.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02X} ")),
        base64(&token),
        base64(&format!("x{token}")),
        base64(&format!("The prompt: {token}.")),
        base64(&token.to_uppercase()),
        token[..14].to_owned(),
        token[10..].to_owned(),
        format!("é{}é{token}", " ".repeat(40_000)),
        format!("{}{token}", "word ".repeat(PIECE / 4 - 3)),
    ] {
        assert_eq!(subtypes(&text).len(), 1, "{text:.200}");
    }
}

#[test]
fn other_texts_hold_no_token() {
    let token = token();
    for text in [
        "",
        "A canary sings.",
        &token[..8],
        &token[20..],
        &canary(b"another key", "acme", 20_000),
        &canary(b"a key of thirty-two made-up bytes", "acme", 19_999),
        "3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
        "550e8400-e29b-41d4-a716-446655440000",
        "abcdefghijkmnpqrstvwxyz23456789",
        &"a".repeat(100_000),
    ] {
        assert_eq!(subtypes(text), [""; 0], "{text:.200}");
    }
    assert!(Canaries::new(["short"]).find("short").is_empty());
    assert!(Canaries::new([""; 0]).find(&token).is_empty());
}

proptest! {
    #[test]
    fn a_token_between_any_texts_is_found(before in "\\PC{0,40}", after in "\\PC{0,40}") {
        let text = format!("{before}{}{after}", token());
        prop_assert!(!subtypes(&text).is_empty());
    }
}
