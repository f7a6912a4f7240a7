//! Days of birth, where a word says so.

use llmtrace_model::Severity;

use regex::Regex;

use super::{
    Found,
    candidate::Candidate,
    context::{Context, List},
    digits,
    numbers::next_digit,
    recogniser::{Need, Recogniser},
};

pub(super) static ALL: [Recogniser; 1] = [Recogniser {
    subtype: "date_of_birth",
    what: "a date of birth",
    severity: Severity::Medium,
    shapes: &[
        &[2, 2, 4],
        &[1, 2, 4],
        &[2, 1, 4],
        &[1, 1, 4],
        &[4, 2, 2],
        &[4, 1, 1],
        &[4, 1, 2],
        &[4, 2, 1],
        &[2, 2, 2],
        &[1, 2, 2],
        &[2, 1, 2],
    ],
    separators: "/.-",
    check: is_date,
    need: Need::Always,
    words: WORDS,
}];

/// Words that announce a day of birth.
pub(super) const WORDS: &[&str] = &[
    "born",
    "birth",
    "birthday",
    "dob",
    "d.o.b",
    "geboren",
    "geburtsdatum",
    "geb.",
    "naissance",
    "né le",
    "née le",
    "nacimiento",
    "nacido",
    "nacida",
    "nascita",
    "nato il",
    "nata il",
    "nascimento",
    "nascido",
    "geboortedatum",
    "født",
    "född",
    "syntymä",
    "urodz",
    "doğum",
    "рожден",
    "родил",
    "出生",
    "生年月日",
    "생년월일",
    "जन्म",
];

/// A day of the calendar in any of the usual orders.
fn is_date(candidate: &Candidate<'_>) -> bool {
    let mut at = 0;
    let mut parts = [0_u64; 3];
    for (part, size) in parts.iter_mut().zip(candidate.groups) {
        let Some(number) = candidate.number(at..at + usize::from(*size)) else { return false };
        *part = number;
        at += usize::from(*size);
    }
    let [a, b, c] = parts;
    let is_uniform = candidate.separators.windows(2).all(|pair| pair[0] == pair[1]);
    let is_year = |year: u64| year < 100 || (1880..2100).contains(&year);
    let is_any = if candidate.groups[0] == 4 {
        is_year(a) && digits::is_day(a, b, c)
    } else {
        is_year(c) && (digits::is_day(c, a, b) || digits::is_day(c, b, a))
    };
    is_uniform && is_any
}

/// How the months begin in English, German, French, Spanish, Italian, Portuguese and Dutch.
const MONTHS: &str = "jan|feb|fev|fév|mar|mär|mrz|maa|apr|abr|avr|may|mai|mag|mei|maio|jun|juin|giu|jul|juil|lug|aug|ago|août|aou|sep|set|oct|okt|ott|out|nov|dec|dez|dic|déc|ene|gen";
/// How many bytes before and after a year the day and the month stand.
const NEAR: usize = 32;

/// Days with the month in letters.
pub(super) struct Written {
    form: Regex,
}

impl Written {
    pub(super) fn new() -> Self {
        const ORDINAL: &str = "(?:st|nd|rd|th|er|º|\\.)?";
        let western = format!(
            "(?i:\\b(?:\\d{{1,2}}{ORDINAL}[ \\-](?:of |de )?(?:{MONTHS})\\p{{L}}{{0,8}}\\.?,?[ \\-](?:de |of )?|(?:{MONTHS})\\p{{L}}{{0,8}}\\.? \\d{{1,2}}{ORDINAL},? )(?:18|19|20)\\d\\d\\b)"
        );
        let eastern = "(?:18|19|20)\\d\\d ?年 ?\\d{1,2} ?月 ?\\d{1,2} ?日|(?:18|19|20)\\d\\d년 ?\\d{1,2}월 ?\\d{1,2}일";
        let form = Regex::new(&format!("{western}|{eastern}")).expect("a constant, tested");
        Self { form }
    }

    /// Adds those near a word that says so.
    pub(super) fn find(&self, text: &str, context: &Context<'_>, words: List, found: &mut Vec<Found>) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(start) = next_digit(bytes, at) {
            at = start + bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let is_year = at - start == 4 && matches!(&bytes[start..start + 2], b"18" | b"19" | b"20");
            if !is_year
                || !(follows_month(&text[..start]) || text[at..].trim_start_matches(' ').starts_with(['年', '년']))
            {
                continue;
            }
            let from = text.ceil_char_boundary(start.saturating_sub(NEAR));
            let window = &text[from..text.floor_char_boundary((at + NEAR).min(text.len()))];
            let day = self
                .form
                .find_iter(window)
                .map(|day| from + day.start()..from + day.end())
                .find(|day| day.contains(&start));
            if let Some(range) = day.filter(|day| context.has_within(day, 32, 16, words)) {
                found.push(Found {
                    subtype: "date_of_birth",
                    what: "a date of birth",
                    score: 0.95,
                    severity: Severity::Medium,
                    range,
                });
            }
        }
    }
}

/// Whether a month may stand before a year: `March 1985`, `3, 1985`, `marzo de 1985`.
fn follows_month(before: &str) -> bool {
    let Some(before) = before.strip_suffix([' ', '-']) else { return false };
    if before.ends_with(',') {
        return true;
    }
    let near = &before[before.ceil_char_boundary(before.len().saturating_sub(20))..];
    let word =
        near.rsplit(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty()).unwrap_or_default().to_lowercase();
    matches!(&*word, "de" | "of") || MONTHS.split('|').any(|month| word.starts_with(month))
}
