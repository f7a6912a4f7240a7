//! Percent-encoding, character references of HTML, escapes of programming languages, quoted-printable.

use super::{
    How, Pieces, Signs, Source,
    edit::{Edit, Said, apply},
};
use crate::normalize::vocabulary::is_readable;

/// How far apart escapes are that are one stretch.
const APART: usize = 24;
/// How long a stretch is at most.
const LONGEST: usize = 1 << 14;

/// One escape: where it ends, and what it stands for.
struct Escape {
    end: usize,
    value: Value,
}

enum Value {
    Byte(u8),
    Char(char),
}

/// How a family of escapes is read.
struct Family {
    how: How,
    lead: u8,
    read: fn(&[u8]) -> Option<(usize, Value)>,
    /// How many escapes in a row make it sure that they are some.
    row: usize,
}

/// Decodes the escapes of each family that there may be.
pub(super) fn decode(source: &Source<'_>, signs: &Signs, pieces: &mut Pieces) {
    let families = [
        (signs.percent, Family { how: How::Percent, lead: b'%', read: percent, row: 1 }),
        (signs.ampersand, Family { how: How::Entities, lead: b'&', read: entity, row: 1 }),
        (signs.backslash, Family { how: How::Escapes, lead: b'\\', read: backslash, row: 1 }),
        (signs.equals, Family { how: How::QuotedPrintable, lead: b'=', read: percent, row: 3 }),
    ];
    for (seen, family) in families {
        if seen {
            let edits = family.edits(source.text);
            apply(source.text, &edits, family.how, pieces);
        }
    }
}

impl Family {
    fn edits(&self, text: &str) -> Vec<Edit> {
        let bytes = text.as_bytes();
        let mut edits = Vec::new();
        let mut at = 0;
        while let Some(start) = self.next(bytes, at).map(|(start, _)| start) {
            let mut escapes: Vec<(usize, Escape)> = Vec::new();
            let mut end = start;
            while let Some((begin, escape)) = self.next(&bytes[..bytes.len().min(end + APART + 12)], end) {
                if begin - end > APART || begin - start > LONGEST {
                    break;
                }
                end = escape.end;
                escapes.push((begin, escape));
            }
            at = end.max(start + 1);
            if self.is_worth(&escapes)
                && let Some(said) = self.said(text, &escapes)
            {
                edits.push(Edit { range: start..end, text: said });
            }
        }
        edits
    }

    /// The next escape from there on.
    fn next(&self, bytes: &[u8], from: usize) -> Option<(usize, Escape)> {
        memchr::memchr_iter(self.lead, bytes.get(from..)?).find_map(|skip| {
            let start = from + skip;
            let (len, value) = (self.read)(&bytes[start..])?;
            Some((start, Escape { end: start + len, value }))
        })
    }

    /// Whether a stretch spells words: escapes of marks alone are how such marks are written.
    fn is_worth(&self, escapes: &[(usize, Escape)]) -> bool {
        let counts = |wanted: fn(&Value) -> bool| escapes.iter().filter(|(_, escape)| wanted(&escape.value)).count();
        let letters = counts(|value| match value {
            Value::Byte(c) => c.is_ascii_alphabetic() || *c >= 0xc2,
            Value::Char(c) => c.is_alphabetic(),
        });
        let spaces = counts(|value| matches!(value, Value::Byte(b' ') | Value::Char(' ')));
        let row = escapes.windows(2).fold((1, 1), |(best, row), pair| {
            let row = if pair[0].1.end == pair[1].0 { row + 1 } else { 1 };
            (best.max(row), row)
        });
        (letters > 0 || spaces > 1) && row.0 >= self.row
    }

    /// A stretch with its escapes replaced.
    fn said(&self, text: &str, escapes: &[(usize, Escape)]) -> Option<Said> {
        let mut chars = Vec::new();
        let mut at = escapes.first()?.0;
        let mut nth = 0;
        while let Some((start, _)) = escapes.get(nth) {
            for (offset, c) in text[at..*start].char_indices() {
                // In a query a plus is a space.
                let c = if c == '+' && self.how == How::Percent { ' ' } else { c };
                chars.push((c, at + offset..at + offset + c.len_utf8()));
            }
            let row = escapes[nth..].windows(2).take_while(|pair| pair[0].1.end == pair[1].0).count() + 1;
            let row = &escapes[nth..nth + row];
            at = run(row, &mut chars);
            nth += row.len();
        }
        let said = Said::Chars(chars);
        let text = said.text();
        (text.chars().count() < 4 || is_readable(&text)).then_some(said)
    }
}

/// Adds the characters of escapes in a row; returns where they end. Bytes that are no UTF-8 are left out.
fn run(row: &[(usize, Escape)], chars: &mut Vec<(char, std::ops::Range<usize>)>) -> usize {
    let mut nth = 0;
    while let Some((start, escape)) = row.get(nth) {
        match escape.value {
            Value::Char(c) => {
                chars.push((c, *start..escape.end));
                nth += 1;
            }
            Value::Byte(lead) => {
                let len = match lead {
                    0xf0.. => 4,
                    0xe0.. => 3,
                    0xc2.. => 2,
                    _ => 1,
                };
                let bytes: Vec<u8> = row[nth..].iter().take(len).map_while(|(_, escape)| escape.value.byte()).collect();
                match std::str::from_utf8(&bytes).ok().and_then(|text| text.chars().next()) {
                    Some(c) => {
                        chars.push((c, *start..row[nth + bytes.len() - 1].1.end));
                        nth += bytes.len();
                    }
                    None => nth += 1,
                }
            }
        }
    }
    row.last().map_or(0, |(_, escape)| escape.end)
}

impl Value {
    fn byte(&self) -> Option<u8> {
        match self {
            Self::Byte(byte) => Some(*byte),
            Self::Char(_) => None,
        }
    }
}

/// The number in the first so many digits.
fn number(bytes: &[u8], digits: std::ops::Range<usize>, radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(bytes.get(digits)?).ok()?;
    digits.bytes().all(|c| c.is_ascii_alphanumeric()).then(|| u32::from_str_radix(digits, radix).ok())?
}

/// `%69` and `=69`.
fn percent(bytes: &[u8]) -> Option<(usize, Value)> {
    Some((3, Value::Byte(u8::try_from(number(bytes, 1..3, 16)?).ok()?)))
}

/// `&#105;`, `&#x69;` and the names of the commonest marks, the `;` left out or not.
fn entity(bytes: &[u8]) -> Option<(usize, Value)> {
    const NAMES: [(&[u8], char); 14] = [
        (b"&amp;", '&'),
        (b"&lt;", '<'),
        (b"&gt;", '>'),
        (b"&quot;", '"'),
        (b"&apos;", '\''),
        (b"&nbsp;", ' '),
        (b"&colon;", ':'),
        (b"&tab;", '\t'),
        (b"&newline;", '\n'),
        (b"&lpar;", '('),
        (b"&rpar;", ')'),
        (b"&period;", '.'),
        (b"&comma;", ','),
        (b"&excl;", '!'),
    ];
    if bytes.get(1) != Some(&b'#') {
        return NAMES.iter().find(|(name, _)| bytes.starts_with(name)).map(|(name, c)| (name.len(), Value::Char(*c)));
    }
    let (start, radix) = if matches!(bytes.get(2), Some(b'x' | b'X')) { (3, 16) } else { (2, 10) };
    let len = bytes.get(start..)?.iter().take(8).take_while(|c| char::from(**c).is_digit(radix)).count();
    let c = char::from_u32(number(bytes, start..start + len, radix)?)?;
    let end = start + len;
    Some((end + usize::from(bytes.get(end) == Some(&b';')), Value::Char(c)))
}

/// `\x69`, `\u0069`, `\u{69}`, `\151`, and `\n` and its like.
fn backslash(bytes: &[u8]) -> Option<(usize, Value)> {
    let simple = |c| Some((2, Value::Char(c)));
    match bytes.get(1)? {
        b'x' | b'X' => Some((4, Value::Byte(u8::try_from(number(bytes, 2..4, 16)?).ok()?))),
        b'u' | b'U' if bytes.get(2) == Some(&b'{') => {
            let len = bytes.iter().skip(3).take(6).take_while(|c| c.is_ascii_hexdigit()).count();
            let c = char::from_u32(number(bytes, 3..3 + len, 16)?)?;
            (bytes.get(3 + len) == Some(&b'}')).then_some((4 + len, Value::Char(c)))
        }
        b'u' | b'U' => {
            let high = number(bytes, 2..6, 16)?;
            if !(0xd800..0xdc00).contains(&high) {
                return Some((6, Value::Char(char::from_u32(high)?)));
            }
            let low =
                number(bytes.get(6..)?, 2..6, 16).filter(|low| (0xdc00..0xe000).contains(low) && bytes[6] == b'\\')?;
            Some((12, Value::Char(char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))?)))
        }
        b'0'..=b'3' => {
            let value = number(bytes, 1..4, 8).filter(|value| (32..127).contains(value))?;
            Some((4, Value::Byte(u8::try_from(value).ok()?)))
        }
        b'n' => simple('\n'),
        b't' => simple('\t'),
        b'"' => simple('"'),
        b'/' => simple('/'),
        _ => None,
    }
}
