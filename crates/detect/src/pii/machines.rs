//! Addresses of machines and of wallets in letters: IPv4, IPv6, MAC, Ethereum, bech32.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ops::Range,
};

use llmtrace_model::Severity;

use super::{Found, hash, numbers::next_digit};

/// The longest run that can be one.
const LONGEST: usize = 128;

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'.' | b'-');
    let mut at = 0;
    while let Some(digit) = next_digit(bytes, at) {
        let start = at + bytes[at..digit].iter().rposition(|byte| !is_part(byte)).map_or(0, |last| last + 1);
        let end = digit + bytes[digit..].iter().take_while(|byte| is_part(byte)).count();
        at = end;
        let is_word = start > 0 && bytes[start - 1] == b'_' || bytes.get(end) == Some(&b'_');
        if end - start <= LONGEST && !is_word {
            let run = text[start..end].trim_end_matches(['.', ':', '-']);
            judge(text, start..start + run.len(), found);
        }
    }
}

fn judge(text: &str, range: Range<usize>, found: &mut Vec<Found>) {
    let run = &text[range.clone()];
    let mut push = |subtype, what, severity, range| found.push(Found { subtype, what, score: 0.92, severity, range });
    if run.len() == 42 && run.starts_with("0x") && is_varied_hex(&run[2..]) {
        return push("ethereum_address", "an Ethereum address", Severity::Medium, range);
    }
    if run.len() >= 26 && hash::is_bech32(run) {
        return push("bitcoin_address", "a Bitcoin address", Severity::Medium, range);
    }
    if is_mac(run) {
        return push("mac_address", "the address of a network card", Severity::Low, range);
    }
    if let Some(address) = ipv6(run) {
        let (subtype, what) = ip_kind(IpAddr::V6(address));
        return push(subtype, what, Severity::Low, range);
    }
    if run.bytes().filter(|byte| *byte == b'.').count() < 3 {
        return;
    }
    let mut start = range.start;
    for part in run.split([':', '-']) {
        let is_named = text[range.start..start].trim_end_matches('-').ends_with(|c: char| c.is_ascii_alphabetic());
        if !(is_named && text[..start].ends_with('-'))
            && let Ok(address) = part.parse::<Ipv4Addr>()
            && !is_version(&text[..start], address)
        {
            let (subtype, what) = ip_kind(IpAddr::V4(address));
            push(subtype, what, Severity::Low, start..start + part.len());
        }
        start += part.len() + 1;
    }
}

/// Public addresses lead to a person or firm; the others are told apart, so that a policy can leave them.
fn ip_kind(address: IpAddr) -> (&'static str, &'static str) {
    let is_private = match address {
        IpAddr::V4(v4) => {
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_multicast()
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || v6.is_multicast()
        }
    };
    if is_private { ("ip_address_private", "a private IP address") } else { ("ip_address", "an IP address") }
}

/// Whether four numbers are the version of something.
fn is_version(before: &str, address: Ipv4Addr) -> bool {
    let word = before.trim_end().rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
    let is_named = matches!(
        &*word,
        "version"
            | "ver"
            | "v"
            | "release"
            | "section"
            | "chapter"
            | "build"
            | "update"
            | "firmware"
            | "chrome"
            | "safari"
    );
    is_named
        || (address.octets()[0] == 0 && !address.is_unspecified())
        || before.ends_with("Chrome/")
        || before.ends_with("Version/")
}

/// An address in full, or shortened and not to be taken for a path of a programme.
fn ipv6(run: &str) -> Option<Ipv6Addr> {
    let colons = run.bytes().filter(|byte| *byte == b':').count();
    if !(2..=7).contains(&colons) {
        return None;
    }
    let address: Ipv6Addr = run.parse().ok()?;
    let is_full = colons == 7 && !run.contains("::");
    let is_usual = matches!(address.segments()[0], 0x2000..=0x3fff | 0xfc00..=0xfdff | 0xfe80..=0xfebf | 0xff00..)
        && colons >= 2
        && run.len() >= 6;
    (is_full || is_usual || run == "::1" || run.starts_with("::ffff:")).then_some(address)
}

fn is_mac(run: &str) -> bool {
    let [separator, size, count] = match (run.len(), run.as_bytes().get(2), run.as_bytes().get(4)) {
        (17, Some(b':' | b'-'), _) => [run.as_bytes()[2], 2, 6],
        (14, _, Some(b'.')) => [b'.', 4, 3],
        _ => return false,
    };
    let mut parts = run.split(char::from(separator));
    let is_form = parts.clone().count() == usize::from(count)
        && parts.all(|part| part.len() == usize::from(size) && is_hex(part));
    is_form && is_varied_hex(&run.replace([':', '-', '.'], ""))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_varied_hex(text: &str) -> bool {
    is_hex(text) && text.bytes().any(|byte| !text.starts_with(char::from(byte)))
}
