//! Telephone numbers: E.164, and the ways in which countries write them.
//!
//! A number in international form, or in a form that nothing else has, is found by itself; others need a word nearby. Where
//! digits may also be a day, a range of years or an address, they are not taken for a telephone number.

use std::ops::Range;

use llmtrace_model::Severity;

use super::{
    Found,
    context::{Context, List},
    numbers::next_digit,
};

/// How many digits a number has (E.164: at most fifteen; six in the smallest countries).
const DIGITS: std::ops::RangeInclusive<usize> = 6..=15;
/// How many bytes of digits and separators are read at once.
const LONGEST: usize = 40;

/// Words that announce a telephone number.
pub(super) const WORDS: &[&str] = &[
    "phone",
    "telephone",
    "tel",
    "call",
    "mobile",
    "cell",
    "fax",
    "whatsapp",
    "sms",
    "text me",
    "contact number",
    "reach me",
    "reach us",
    "reach him",
    "reach her",
    "reached at",
    "hotline",
    "helpline",
    "dial",
    "ring me",
    "office",
    "answering at",
    "voicemail",
    "landline",
    "contact",
    "telefon",
    "telefonnummer",
    "handy",
    "rufnummer",
    "mobil",
    "anrufen",
    "téléphone",
    "portable",
    "appelez",
    "teléfono",
    "telefono",
    "móvil",
    "celular",
    "llámame",
    "cellulare",
    "telefone",
    "telemóvel",
    "ligue",
    "telefoon",
    "mobiel",
    "telefonu",
    "numer",
    "telefonní",
    "puhelin",
    "тел",
    "телефон",
    "номер",
    "звоните",
    "电话",
    "電話",
    "手机",
    "手機",
    "联系",
    "微信",
    "携帯",
    "전화",
    "휴대폰",
    "फोन",
    "मोबाइल",
    "هاتف",
    "جوال",
    "טלפון",
    "โทร",
    "điện thoại",
];

/// A stretch of digits and separators.
struct Run {
    range: Range<usize>,
    /// How many digits each group has.
    groups: Vec<usize>,
    digits: String,
    has_plus: bool,
    has_parens: bool,
    separators: String,
}

pub(super) fn find(text: &str, context: &Context<'_>, words: List, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(digit) = next_digit(bytes, at) {
        let run = read(text, at, digit);
        at = run.range.end;
        let Some(score) = judge(text, &run, context, words) else { continue };
        let range = run.range.start..run.range.end + extension(&text[run.range.end..]);
        at = range.end;
        found.push(Found { subtype: "phone", what: "a telephone number", score, severity: Severity::Medium, range });
    }
}

/// Reads digits and the separators between them; `from` is where the one before ended.
fn read(text: &str, from: usize, digit: usize) -> Run {
    let bytes = text.as_bytes();
    let before = &bytes[from..digit];
    let has_bracket = before.ends_with(b"(") || before.ends_with(b"(+");
    let has_plus = before.ends_with(b"+") || before.ends_with(b"+(");
    let start = digit - usize::from(has_bracket) - usize::from(has_plus);
    let mut run = Run {
        range: start..digit,
        groups: vec![0],
        digits: String::new(),
        has_plus,
        has_parens: false,
        separators: String::new(),
    };
    let (mut gap, mut length) = (0, 0);
    for (place, c) in text[digit..].char_indices().take(LONGEST) {
        if c.is_ascii_digit() {
            if gap > 0 {
                run.groups.push(0);
            }
            gap = 0;
            if let Some(last) = run.groups.last_mut() {
                *last += 1;
            }
            run.digits.push(c);
            run.range.end = digit + place + 1;
            length = run.separators.len();
            continue;
        }
        gap += 1;
        if gap > 2 || !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' | '\u{2011}' | '\u{2013}' | '\u{202f}')
        {
            break;
        }
        // A full stop and a space end a sentence, two spaces a column.
        if gap == 2 && c == ' ' && !run.separators.ends_with([')', '-']) {
            break;
        }
        run.separators.push(c);
    }
    // What follows the last digit is no part of it.
    run.separators.truncate(length);
    run.has_parens = run.separators.contains(')');
    // A bracket that is not closed belongs to the sentence.
    if has_bracket && !run.has_parens {
        run.range.start += 1;
    }
    run
}

/// How long the extension is that a text begins with: `x123`, `ext. 123`.
fn extension(after: &str) -> usize {
    let word = after.strip_prefix(' ').unwrap_or(after);
    let number = ["extension", "ext.", "ext", "x"].into_iter().find_map(|name| {
        word.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name)).map(|_| {
            let number = &word[name.len()..];
            number.strip_prefix([' ', ':']).unwrap_or(number)
        })
    });
    let Some(number) = number else { return 0 };
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    let is_end = !number[digits..].starts_with(|c: char| c.is_alphanumeric());
    if (1..=6).contains(&digits) && is_end { after.len() - number.len() + digits } else { 0 }
}

/// How sure it is that a run is a telephone number; `None` if it is not.
fn judge(text: &str, run: &Run, context: &Context<'_>, words: List) -> Option<f32> {
    let count = run.digits.len();
    if !DIGITS.contains(&count) {
        return None;
    }
    let bytes = text.as_bytes();
    let after = bytes.get(run.range.end);
    let is_joined = |byte: u8| matches!(byte, b'.' | b'/' | b',' | b':' | b'-' | b'=');
    let is_joined_before = match bytes[..run.range.start] {
        [.., digit, joint] if is_joined(joint) => digit.is_ascii_digit() || joint == b'/' || joint == b'=',
        // The argument of a function.
        [.., name, b'('] if name.is_ascii_alphanumeric() => true,
        [.., byte] => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'#' | b'$' | b'/'),
        [] => false,
    };
    let is_in_word = is_joined_before && (!run.has_plus || text[..run.range.start].ends_with('_'));
    let is_extended = extension(&text[run.range.end..]) > 0;
    let is_cut =
        after.is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'@' | b'%')) && !is_extended;
    if is_in_word || is_cut || is_something_else(run) {
        return None;
    }
    let groups = &run.groups[..];
    if run.has_plus {
        return (count >= 8 && !run.digits.starts_with('0')).then_some(0.95);
    }
    let is_marked = run.separators.contains(['-', '.', ')']);
    let is_american = matches!(groups, [3, 3, 4] | [1, 3, 3, 4] | [3, 3, 3, 4] | [3, 7])
        && (is_marked || is_extended)
        && (groups.len() > 2 || run.has_parens);
    let is_spaced_american =
        groups == [3, 3, 4] && run.digits.starts_with(|c| c > '1') && run.digits[3..].starts_with(|c| c > '1');
    let is_bracketed = run.separators.contains(')')
        && text[run.range.clone()].starts_with('(')
        && groups[0] <= 5
        && (8..=13).contains(&count)
        && groups.len() >= 2;
    let is_international = run.digits.starts_with("00") && (10..=15).contains(&count) && groups.len() >= 2;
    let is_national = run.digits.starts_with('0') && (9..=12).contains(&count) && groups.len() >= 2 && groups[0] <= 5;
    if is_american || is_bracketed || is_international || is_spaced_american {
        return Some(0.85);
    }
    let near = if groups.len() > 1 { 48 } else { 32 };
    if (count > 6 || groups == [2, 2, 2]) && context.has_within(&run.range, near, 24, words) {
        return Some(0.8);
    }
    (is_national && (groups.len() >= 3 || is_marked)).then_some(0.7)
}

/// A day, a range of years, a time, four numbers of an address, one digit again and again.
fn is_something_else(run: &Run) -> bool {
    let number = |at: usize| {
        let start: usize = run.groups[..at].iter().sum();
        run.digits[start..start + run.groups[at]].parse::<u64>().unwrap_or(u64::MAX)
    };
    let is_year = |year: u64| (1000..2100).contains(&year);
    let is_day = match run.groups[..] {
        [1 | 2, 1 | 2, 4, ..] => is_year(number(2)) && number(0) <= 31 && number(1) <= 31,
        [4, 1 | 2, 1 | 2, ..] => is_year(number(0)) && number(1) <= 12 && number(2) <= 31,
        [4, 4] => is_year(number(0)) && is_year(number(1)),
        _ => false,
    };
    // A number in thousands.
    let is_thousands = matches!(run.groups[..], [1 | 2, 3, 3] | [1, 3, 3, 3])
        && run.separators.chars().all(|c| c == '\u{a0}' || c == '.');
    let is_ip = run.groups.len() == 4 && run.separators == "..." && (0..4).all(|at| number(at) < 256);
    let is_repeated = run.digits.bytes().all(|byte| run.digits.starts_with(char::from(byte)));
    let is_decimal = run.groups.len() == 2 && run.separators == "." && run.groups[1] <= 2;
    let is_listed = run.groups.iter().filter(|size| **size == 1).count() > 2;
    is_day || is_thousands || is_ip || is_repeated || is_decimal || is_listed
}
