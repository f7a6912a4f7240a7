//! Takes URLs apart as leniently as the programs that follow them do, and says where they lead.
//!
//! Not a validator: what no client would open may come out as a URL here, and nothing is looked up in the DNS. Read by
//! `exfiltration` (what an answer links to) and by `exchange/tool_misuse` (what a tool is told to fetch).

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

#[cfg(test)]
mod tests;

/// A URL longer than this is read up to here.
const MAX_BYTES: usize = 8 * 1024;

/// The parts of a URL, as they stand in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Url<'t> {
    /// Without the colon; empty for `//host/path`.
    pub(crate) scheme: &'t str,
    /// What stands before the `@`.
    pub(crate) user: Option<&'t str>,
    /// Without brackets and port.
    pub(crate) host: &'t str,
    /// With its leading slash, or empty.
    pub(crate) path: &'t str,
    /// Without the question mark.
    pub(crate) query: &'t str,
    /// Without the hash sign.
    pub(crate) fragment: &'t str,
}

/// Where a host leads, as far as its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Somewhere in the internet.
    Public,
    /// A name that a public DNS answers with an address of the caller's choice.
    Rebinding,
    /// This machine.
    Loopback,
    /// A network that is not reached from outside.
    Private,
    /// The service that hands out a cloud machine's credentials.
    Metadata,
}

/// How an address is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    /// As people write it, or a name.
    Plain,
    /// As one number, in hexadecimal or octal, with missing parts, or an IPv4 address inside an IPv6 one.
    Disguised,
}

impl<'t> Url<'t> {
    /// Takes apart what starts with a scheme or `//`. `None` if it does not, or names no host and is not `file:`.
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        let text = text.get(..MAX_BYTES).unwrap_or(text);
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
            _ => ("", text),
        };
        let is_file = scheme.eq_ignore_ascii_case("file");
        let after = match rest.strip_prefix("//") {
            // A file's host may be empty: the third slash begins its path.
            Some(after) if is_file => after,
            _ if is_file => rest,
            _ => rest.trim_start_matches(['/', '\\']),
        };
        if rest.len() - after.len() < 2 && !is_file {
            return None;
        }
        let (before_hash, fragment) = after.split_once('#').unwrap_or((after, ""));
        let (before_query, query) = before_hash.split_once('?').unwrap_or((before_hash, ""));
        let (authority, path) = match before_query.find(['/', '\\']) {
            Some(at) => before_query.split_at(at),
            None => (before_query, ""),
        };
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let host = match host.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            Some((six, _)) => six,
            None => host.split_once(':').map_or(host, |(name, _)| name),
        };
        if host.is_empty() && !is_file {
            return None;
        }
        Some(Self { scheme, user, host, path, query, fragment })
    }

    /// The names and values of the query, as they stand, split at `&` and `;`.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&'t str, &'t str)> {
        self.query
            .split(['&', ';'])
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or(("", pair)))
    }

    /// Whether the host is one of these or below one of them. Entries are in lower case, without a leading dot.
    pub(crate) fn host_is_in(&self, hosts: &[impl AsRef<str>]) -> bool {
        hosts.iter().any(|known| is_below(self.host, known.as_ref()))
    }

    /// Where the host leads.
    pub(crate) fn reach(&self) -> (Reach, Writing) {
        reach(&percent_decoded(self.host))
    }
}

/// Whether a name is a domain or below it, whatever its case.
pub(crate) fn is_below(name: &str, domain: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let Some(start) = name.len().checked_sub(domain.len()) else { return false };
    name.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(domain))
        && (start == 0 || name.as_bytes()[start - 1] == b'.')
}

/// A text with its `%xx` decoded; bytes that are no UTF-8 become replacement characters.
pub(crate) fn percent_decoded(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'%', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match pair.and_then(|pair| Some(hex_digit(pair[0])? << 4 | hex_digit(pair[1])?)) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// The value of a hexadecimal digit.
pub(crate) fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

fn is_scheme(text: &str) -> bool {
    text.len() <= 16
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// Names under which clouds serve credentials to their machines (their documentation, 2026).
const METADATA_NAMES: &[&str] =
    &["metadata.google.internal", "metadata", "metadata.goog", "instance-data", "instance-data.ec2.internal"];

/// Public names that answer with an address that is part of the name, or with the loopback address.
const REBINDING: &[&str] = &[
    "nip.io",
    "sslip.io",
    "xip.io",
    "rbndr.us",
    "1u.ms",
    "localtest.me",
    "lvh.me",
    "vcap.me",
    "lacolhost.com",
    "yoogle.com",
    "traefik.me",
    "backname.io",
];

/// Top-level names that no public DNS answers.
const INTERNAL: &[&str] = &["internal", "local", "lan", "intranet", "corp", "home.arpa", "svc"];

fn reach(host: &str) -> (Reach, Writing) {
    let dotted: Cow<'_, str> =
        if host.is_ascii() { Cow::Borrowed(host) } else { Cow::Owned(host.chars().map(plain_character).collect()) };
    let name = dotted.strip_suffix('.').unwrap_or(&dotted);
    let disguised = if host.is_ascii() { Writing::Plain } else { Writing::Disguised };
    if METADATA_NAMES.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        return (Reach::Metadata, disguised);
    }
    if is_below(name, "localhost") {
        return (Reach::Loopback, disguised);
    }
    if let Some((address, writing)) = address(name) {
        let writing = if host.is_ascii() { writing } else { Writing::Disguised };
        return (reach_of(address), writing);
    }
    if REBINDING.iter().any(|known| is_below(name, known)) {
        return (Reach::Rebinding, disguised);
    }
    if INTERNAL.iter().any(|known| is_below(name, known) && name.len() > known.len()) {
        return (Reach::Private, disguised);
    }
    (Reach::Public, disguised)
}

/// Full-width and circled digits and the dots that IDNA takes for dots, as clients map them before they resolve a name.
fn plain_character(c: char) -> char {
    let mapped = match u32::from(c) {
        0x3002 | 0xff0e | 0xff61 => u32::from('.'),
        n @ 0xff01..=0xff5e => n - 0xff01 + 0x21,
        n @ 0x2460..=0x2468 => n - 0x2460 + u32::from('1'),
        0x24ea => u32::from('0'),
        n @ 0x24d0..=0x24e9 => n - 0x24d0 + u32::from('a'),
        n => n,
    };
    char::from_u32(mapped).unwrap_or(c)
}

/// An address in any of the forms that `inet_aton` and browsers take: `127.1`, `2130706433`, `0x7f.0.0.1`, `0177.0.0.1`, `::1`.
fn address(name: &str) -> Option<(IpAddr, Writing)> {
    if let Ok(six) = name.split('%').next().unwrap_or(name).parse::<Ipv6Addr>() {
        return Some(match six.to_ipv4() {
            Some(four) if !six.is_loopback() && !six.is_unspecified() => (four.into(), Writing::Disguised),
            _ => (six.into(), Writing::Plain),
        });
    }
    if !name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut value: u32 = 0;
    let mut parts = 0;
    let mut plain = true;
    let mut pieces = name.split('.').peekable();
    while let Some(piece) = pieces.next() {
        let (number, is_decimal) = number(piece)?;
        plain &= is_decimal;
        parts += 1;
        if pieces.peek().is_none() {
            // The last part fills what is left of the four bytes.
            let room = u64::from(u32::MAX) >> (8 * (parts - 1));
            value |= u32::try_from(number).ok().filter(|_| number <= room)?;
        } else {
            if parts > 3 || number > 255 {
                return None;
            }
            value |= u32::try_from(number).ok()? << (8 * (4 - parts));
        }
    }
    let writing = if plain && parts == 4 { Writing::Plain } else { Writing::Disguised };
    Some((Ipv4Addr::from(value).into(), writing))
}

fn number(piece: &str) -> Option<(u64, bool)> {
    if let Some(hex) = piece.strip_prefix("0x").or_else(|| piece.strip_prefix("0X")) {
        return Some((u64::from_str_radix(hex, 16).ok()?, false));
    }
    if piece.len() > 1 && piece.starts_with('0') {
        return Some((u64::from_str_radix(piece, 8).ok()?, false));
    }
    if !piece.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((piece.parse().ok()?, true))
}

fn reach_of(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(four) => reach_of_four(four),
        IpAddr::V6(six) if six.is_loopback() || six.is_unspecified() => Reach::Loopback,
        // AWS serves its metadata over IPv6 at this one address.
        IpAddr::V6(six) if six == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254) => Reach::Metadata,
        IpAddr::V6(six) if six.is_unique_local() || six.is_unicast_link_local() => Reach::Private,
        IpAddr::V6(_) => Reach::Public,
    }
}

fn reach_of_four(four: Ipv4Addr) -> Reach {
    match four.octets() {
        // AWS, Azure, Google and others; AWS containers; Alibaba; Oracle; Azure's host.
        [169, 254, 169, 254]
        | [169, 254, 170, 2 | 23]
        | [100, 100, 100, 200]
        | [192, 0, 0, 192]
        | [168, 63, 129, 16] => Reach::Metadata,
        [127, ..] | [0, ..] => Reach::Loopback,
        [100, second, ..] if (64..128).contains(&second) => Reach::Private,
        _ if four.is_private() || four.is_link_local() => Reach::Private,
        _ => Reach::Public,
    }
}
