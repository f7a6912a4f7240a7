use super::*;
use proptest::prelude::*;

fn reach_of_url(url: &str) -> (Reach, Writing) {
    Url::parse(url).unwrap().reach()
}

#[test]
fn parts_stand_where_they_stand() {
    let url = Url::parse("https://ann:pw@host.example:8443/a/b?q=1&r=2#top").unwrap();
    assert_eq!(url.scheme, "https");
    assert_eq!(url.user, Some("ann:pw"));
    assert_eq!(url.host, "host.example");
    assert_eq!(url.path, "/a/b");
    assert_eq!(url.pairs().collect::<Vec<_>>(), [("q", "1"), ("r", "2")]);
    assert_eq!(url.fragment, "top");
    assert_eq!(Url::parse("//host/x").unwrap().host, "host");
    assert_eq!(Url::parse("file:///etc/hosts").unwrap().path, "/etc/hosts");
    assert!(Url::parse("just text").is_none());
    assert!(Url::parse("mailto:a@b.example").is_none());
}

#[test]
fn addresses_are_seen_through_their_disguises() {
    for (url, reach) in [
        ("http://169.254.169.254/latest/meta-data/", Reach::Metadata),
        ("http://2852039166/", Reach::Metadata),
        ("http://0xA9FEA9FE/", Reach::Metadata),
        ("http://0251.0376.0251.0376/", Reach::Metadata),
        ("http://[::ffff:169.254.169.254]/", Reach::Metadata),
        ("http://metadata.google.internal/computeMetadata/v1/", Reach::Metadata),
        ("http://①⑥⑨.②⑤④.①⑥⑨.②⑤④/", Reach::Metadata),
        ("http://127.1/", Reach::Loopback),
        ("http://2130706433/", Reach::Loopback),
        ("http://[::1]:80/", Reach::Loopback),
        ("http://0/", Reach::Loopback),
        ("http://example.com@127.0.0.1/", Reach::Loopback),
        ("http://LOCALHOST:3000/", Reach::Loopback),
        ("http://10.0.0.5/", Reach::Private),
        ("http://192.168.1.1/", Reach::Private),
        ("http://vault.internal/", Reach::Private),
        ("http://10.0.0.1.nip.io/", Reach::Rebinding),
        ("http://%31%32%37.0.0.1/", Reach::Loopback),
    ] {
        assert_eq!(reach_of_url(url).0, reach, "{url}");
    }
    assert_eq!(reach_of_url("http://0x7f.0.0.1/").1, Writing::Disguised);
    assert_eq!(reach_of_url("http://127.0.0.1/").1, Writing::Plain);
}

#[test]
fn public_hosts_are_public() {
    for url in [
        "https://example.com/",
        "https://8.8.8.8/dns",
        "https://172.32.0.1/",
        "https://169.255.1.1/",
        "https://localhost.example.com/",
        "https://mylocalhost/",
        "https://internal/",
        "https://1password.com/",
        "https://[2606:4700::1111]/",
        "https://metadata.example.org/",
    ] {
        assert_eq!(reach_of_url(url).0, Reach::Public, "{url}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*") {
        let url = Url::parse(&text).map(|url| (url.reach(), url.pairs().count()));
        prop_assert!(url.is_none_or(|(_, pairs)| pairs <= text.len()));
        percent_decoded(&text);
    }

    #[test]
    fn what_looks_like_a_url_does_not_panic(host in "[0-9a-fx.:\\[\\]@%①。]{0,40}", rest in "\\PC{0,40}") {
        let text = format!("http://{host}{rest}");
        if let Some(url) = Url::parse(&text) {
            url.reach();
        }
    }
}
