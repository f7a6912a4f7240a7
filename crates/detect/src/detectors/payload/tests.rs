use super::*;
use proptest::prelude::*;

fn of(url: &str) -> Option<Payload> {
    carried(&Url::parse(url).unwrap())
}

#[test]
fn data_in_a_url_is_seen() {
    for (url, payload) in [
        ("https://x.example/p?d={conversation}", Payload::Placeholder),
        ("https://x.example/p?d=%7B%7Bchat_history%7D%7D", Payload::Placeholder),
        ("https://x.example/p?d=[SYSTEM PROMPT]", Payload::Placeholder),
        ("https://x.example/{secret}/p.png", Payload::Placeholder),
        ("https://x.example/p?password=hunter2", Payload::Credential),
        ("https://x.example/p?z=VGhlIG1lZXRpbmcgaXMgYXQgbm9vbg", Payload::Encoded),
        ("https://x.example/p?z=546865206d656574696e67206973206174206e6f6f6e", Payload::Encoded),
        ("https://x.example/VGhlIG1lZXRpbmcgaXMgYXQgbm9vbg.png", Payload::Encoded),
        ("https://x.example/p?z=the+meeting+is+at+noon+on+friday", Payload::Text),
        ("https://x.example/p?z=a8f3k2l9d0s8f7g6h5j4k3l2m1n0b9v8c7x6z5q4w3", Payload::Opaque),
        ("https://x.example/p?data=anna-brown", Payload::Named),
        ("https://546865206d656574696e67206973206174.x.example/", Payload::Encoded),
    ] {
        assert_eq!(of(url), Some(payload), "{url}");
    }
}

#[test]
fn what_names_a_thing_carries_nothing() {
    for url in [
        "https://img.example/a.png",
        "https://img.example/a.png?w=300&h=200&fit=crop",
        "https://x.example/?utm_source=newsletter&utm_medium=email&utm_campaign=spring_sale",
        "https://bucket.s3.amazonaws.com/a.png?X-Amz-Signature=8c1f0e6d5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a0",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://maps.example/maps?q=48.85,2.35&z=12",
        "https://docs.example/en/latest/internationalization-and-localization.html",
        "https://x.example/users/{id}/posts?page={page}",
        "https://x.example/blog/how-to-write-a-very-long-title-that-goes-on-and-on-for-search-engines",
        "https://x.example/commit/3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
        "https://x.example/item/550e8400-e29b-41d4-a716-446655440000",
        "https://x.example/a?id=12345678901234567890",
    ] {
        assert_eq!(of(url), None, "{url}");
    }
}

#[test]
fn a_name_that_waits_for_its_value_is_seen() {
    let waits = |url| waits_for_data(&Url::parse(url).unwrap());
    assert!(waits("https://x.example/p.png?data="));
    assert!(waits("https://x.example/p.png?a=1&q="));
    assert!(!waits("https://x.example/p.png?id="));
    assert!(!waits("https://x.example/p.png"));
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,80}") {
        hole(&text, HOLE_WORDS);
        in_pair("q", &text);
        in_free_part(&text);
        decodes_to_text(&text);
    }

    #[test]
    fn base64_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        const SIX: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for chunk in bytes.chunks(3) {
            let n = chunk.iter().fold(0u32, |n, &b| n << 8 | u32::from(b)) << (8 * (3 - chunk.len()));
            for i in 0..=chunk.len() {
                text.push(char::from(SIX[(n >> (18 - 6 * i) & 63) as usize]));
            }
        }
        prop_assert_eq!(base64_bytes(text.as_bytes()), bytes);
    }
}
