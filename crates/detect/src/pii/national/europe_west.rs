//! Western and southern Europe.

use llmtrace_model::Severity;

use crate::pii::{
    candidate::Candidate,
    digits::{self, Order, weighted},
    recogniser::{Need, Recogniser},
};

pub(super) static ALL: [Recogniser; 15] = [
    Recogniser {
        subtype: "uk_nino",
        what: "a British national insurance number",
        severity: Severity::High,
        shapes: &[&[9], &[2, 2, 2, 2, 1], &[2, 6, 1], &[8, 1]],
        separators: " -",
        check: is_nino,
        need: Need::Never,
        words: &["national insurance", "nino", "ni number", "insurance number", "ni no"],
    },
    Recogniser {
        subtype: "uk_nhs",
        what: "a British NHS number",
        severity: Severity::High,
        shapes: &[&[10], &[3, 3, 4]],
        separators: " -",
        check: is_nhs,
        need: Need::Always,
        words: &["nhs", "patient", "health service"],
    },
    Recogniser {
        subtype: "uk_utr",
        what: "a British tax reference",
        severity: Severity::Medium,
        shapes: &[&[10], &[5, 5]],
        separators: " ",
        check: is_utr,
        need: Need::Always,
        words: &["utr", "tax reference", "self assessment"],
    },
    Recogniser {
        subtype: "de_tax_id",
        what: "a German tax id",
        severity: Severity::High,
        shapes: &[&[11], &[2, 3, 3, 3]],
        separators: " /",
        check: is_de_tax_id,
        need: Need::Always,
        words: &[
            "steuer",
            "steuer-id",
            "steueridentifikationsnummer",
            "idnr",
            "identifikationsnummer",
            "tax id",
            "tax number",
            "tin",
            "tax identification",
            "german tax",
        ],
    },
    Recogniser {
        subtype: "de_social_insurance",
        what: "a German social insurance number",
        severity: Severity::High,
        shapes: &[&[12], &[2, 6, 1, 3]],
        separators: " ",
        check: is_de_insurance,
        need: Need::Never,
        words: &["sozialversicherung", "rentenversicherung", "versicherungsnummer", "svnr", "rvnr"],
    },
    Recogniser {
        subtype: "fr_nir",
        what: "a French social security number",
        severity: Severity::High,
        shapes: &[&[15], &[1, 2, 2, 2, 3, 3, 2], &[13, 2]],
        separators: " .-",
        check: is_nir,
        need: Need::Never,
        words: &["sécurité sociale", "securite sociale", "nir", "insee", "numéro de sécu", "social security"],
    },
    Recogniser {
        subtype: "es_dni",
        what: "a Spanish identity number",
        severity: Severity::High,
        shapes: &[&[9], &[8, 1], &[1, 7, 1], &[2, 3, 3, 1], &[2, 3, 4], &[1, 8]],
        separators: " -.",
        check: is_dni,
        need: Need::Never,
        words: &["dni", "nif", "nie", "documento", "identidad"],
    },
    Recogniser {
        subtype: "it_codice_fiscale",
        what: "an Italian tax code",
        severity: Severity::High,
        shapes: &[&[16], &[3, 3, 5, 5], &[6, 5, 5], &[3, 3, 2, 3, 5]],
        separators: " -",
        check: is_codice_fiscale,
        need: Need::Never,
        words: &["codice fiscale", "fiscale", "tax code"],
    },
    Recogniser {
        subtype: "it_partita_iva",
        what: "an Italian VAT number",
        severity: Severity::Low,
        shapes: &[&[11]],
        separators: "",
        check: |candidate| candidate.is_number() && digits::luhn(candidate.compact),
        need: Need::Always,
        words: &["partita iva", "p.iva", "p. iva", "vat"],
    },
    Recogniser {
        subtype: "nl_bsn",
        what: "a Dutch citizen number",
        severity: Severity::High,
        shapes: &[&[9], &[3, 3, 3], &[4, 2, 3]],
        separators: " .-",
        check: |candidate| {
            weighted(candidate, &[9, 8, 7, 6, 5, 4, 3, 2])
                .zip(candidate.digit(8))
                .is_some_and(|(sum, last)| sum > 0 && sum % 11 == last % 11 && sum >= last)
        },
        need: Need::Always,
        words: &["bsn", "burgerservicenummer", "sofinummer", "sofi", "citizen service"],
    },
    Recogniser {
        subtype: "be_national_number",
        what: "a Belgian national number",
        severity: Severity::High,
        shapes: &[&[11], &[2, 2, 2, 3, 2], &[6, 3, 2]],
        separators: ".- ",
        check: is_be_number,
        need: Need::Never,
        words: &["rijksregister", "registre national", "numéro national", "insz", "niss", "national number"],
    },
    Recogniser {
        subtype: "pt_nif",
        what: "a Portuguese tax number",
        severity: Severity::High,
        shapes: &[&[9], &[3, 3, 3]],
        separators: " ",
        check: is_pt_nif,
        need: Need::Always,
        words: &["nif", "contribuinte", "número fiscal", "identificação fiscal"],
    },
    Recogniser {
        subtype: "ch_ahv",
        what: "a Swiss social insurance number",
        severity: Severity::High,
        shapes: &[&[13], &[3, 4, 4, 2]],
        separators: ". ",
        check: |candidate| candidate.compact.starts_with(b"756") && is_ean(candidate),
        need: Need::Never,
        words: &["ahv", "avs", "sozialversicherung"],
    },
    Recogniser {
        subtype: "at_social_insurance",
        what: "an Austrian social insurance number",
        severity: Severity::High,
        shapes: &[&[10], &[4, 6], &[4, 2, 2, 2]],
        separators: " -",
        check: is_at_insurance,
        need: Need::Always,
        words: &["sozialversicherung", "versicherungsnummer", "svnr", "sv-nr", "sv nr"],
    },
    Recogniser {
        subtype: "eu_vat",
        what: "a European VAT number",
        severity: Severity::Low,
        shapes: &[&[11], &[10], &[12], &[13], &[14], &[2, 9], &[2, 3, 3, 3]],
        separators: " ",
        check: |candidate| {
            candidate.compact[..2].iter().all(u8::is_ascii_uppercase)
                && candidate.is_capital()
                && candidate.compact[4..].iter().filter(|byte| byte.is_ascii_digit()).count() >= 5
        },
        need: Need::Always,
        words: &["vat", "ust-id", "ustid", "umsatzsteuer", "tva", "btw", "iva"],
    },
];

fn letters_at(candidate: &Candidate<'_>, range: std::ops::Range<usize>) -> bool {
    candidate.compact[range].iter().all(u8::is_ascii_uppercase)
}

/// HMRC, National Insurance Manual NIM39110.
fn is_nino(candidate: &Candidate<'_>) -> bool {
    let compact = candidate.compact;
    let [first, second] = [compact[0], compact[1]];
    let is_prefix = letters_at(candidate, 0..2)
        && !b"DFIQUV".contains(&first)
        && !b"DFIQUVO".contains(&second)
        && ![*b"BG", *b"GB", *b"KN", *b"NK", *b"NT", *b"TN", *b"ZZ"].contains(&[first, second]);
    is_prefix && candidate.number(2..8).is_some() && (b'A'..=b'D').contains(&compact[8])
}

fn is_nhs(candidate: &Candidate<'_>) -> bool {
    let sum = weighted(candidate, &[10, 9, 8, 7, 6, 5, 4, 3, 2]);
    sum.zip(candidate.digit(9)).is_some_and(|(sum, last)| (11 - sum % 11) % 11 == last && sum > 0)
}

fn is_utr(candidate: &Candidate<'_>) -> bool {
    let sum: Option<u32> = [6, 7, 8, 9, 10, 5, 4, 3, 2]
        .into_iter()
        .zip(1..)
        .try_fold(0, |sum, (weight, at)| Some(sum + candidate.digit(at)? * weight));
    sum.is_some_and(|sum| b"21987654321"[(sum % 11) as usize] == candidate.compact[0])
}

/// BZSt: of the first ten digits one stands twice or three times, another none; ISO 7064 MOD 11,10.
fn is_de_tax_id(candidate: &Candidate<'_>) -> bool {
    let mut counts = [0_u8; 10];
    for at in 0..10 {
        let Some(digit) = candidate.digit(at) else { return false };
        counts[digit as usize] += 1;
    }
    let repeated: Vec<_> = counts.into_iter().filter(|count| *count > 1).collect();
    candidate.compact[0] != b'0' && matches!(repeated[..], [2 | 3]) && digits::mod_11_10(candidate.compact)
}

/// Area, birthday, letter, serial and check digit (SGB VI section 147, VKVV section 4).
fn is_de_insurance(candidate: &Candidate<'_>) -> bool {
    const WEIGHTS: [u32; 12] = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1];
    let Some(letter) = candidate.compact[8].checked_sub(b'A').filter(|letter| *letter < 26) else { return false };
    let number = u32::from(letter) + 1;
    let values = (0..8)
        .map(|at| candidate.digit(at))
        .chain([Some(number / 10), Some(number % 10)])
        .chain((9..11).map(|at| candidate.digit(at)));
    let sum = values.zip(WEIGHTS).try_fold(0, |sum, (value, weight)| {
        let product = value? * weight;
        Some(sum + product / 10 + product % 10)
    });
    let day = [2, 4, 6].map(|at| candidate.number(at..at + 2));
    let is_birthday = matches!(day, [Some(day), Some(month), Some(year)] if digits::is_day(year, month, day));
    is_birthday && sum.zip(candidate.digit(11)).is_some_and(|(sum, last)| sum % 10 == last)
}

/// INSEE: sex, year, month, department (2A and 2B on Corsica), commune, order, key 97.
fn is_nir(candidate: &Candidate<'_>) -> bool {
    let mut plain = [0; 15];
    plain.copy_from_slice(candidate.compact);
    let less = match &plain[5..7] {
        b"2A" => 1_000_000,
        b"2B" => 2_000_000,
        _ => 0,
    };
    if less > 0 {
        plain[6] = b'0';
    }
    let parse = |range: std::ops::Range<usize>| {
        std::str::from_utf8(&plain[range]).ok().and_then(|text| text.parse::<u64>().ok())
    };
    let (Some(body), Some(key), Some(month)) = (parse(0..13), parse(13..15), parse(3..5)) else { return false };
    matches!(plain[0], b'1' | b'2' | b'3' | b'4' | b'7' | b'8')
        && matches!(month, 1..=12 | 20..=42 | 50..=99)
        && body >= less
        && 97 - (body - less) % 97 == key
}

/// Twenty-three letters check eight digits; X, Y and Z of foreigners stand for 0, 1 and 2.
fn is_dni(candidate: &Candidate<'_>) -> bool {
    let compact = candidate.compact;
    let first = match compact[0] {
        b'X' => 0,
        b'Y' => 1,
        b'Z' => 2,
        digit @ b'0'..=b'9' => u64::from(digit - b'0'),
        _ => return false,
    };
    let Some(rest) = candidate.number(1..8) else { return false };
    let number = first * 10_000_000 + rest;
    candidate.is_capital()
        && number > 99
        && compact[8] == b"TRWAGMYFPDXBNJZSQVHLCKE"[usize::try_from(number % 23).expect("below 23")]
}

/// Six letters, birthday, place and a check letter (D.M. 23 December 1976).
fn is_codice_fiscale(candidate: &Candidate<'_>) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let compact = candidate.compact;
    let is_digit = |byte: u8| byte.is_ascii_digit() || b"LMNPQRSTUV".contains(&byte);
    let is_form = letters_at(candidate, 0..6)
        && [6, 7, 9, 10, 12, 13, 14].iter().all(|at| is_digit(compact[*at]))
        && b"ABCDEHLMPRST".contains(&compact[8])
        && compact[11].is_ascii_uppercase()
        && compact[15].is_ascii_uppercase();
    let value = |byte: u8| u32::from(if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' });
    let sum = || -> u32 {
        compact[..15]
            .iter()
            .enumerate()
            .map(|(at, byte)| if at % 2 == 0 { ODD[value(*byte) as usize] } else { value(*byte) })
            .sum()
    };
    is_form && sum() % 26 == value(compact[15])
}

/// 97 less the rest of the nine digits, with a 2 before them for those born since 2000.
fn is_be_number(candidate: &Candidate<'_>) -> bool {
    let (Some(body), Some(key), Some(month)) =
        (candidate.number(0..9), candidate.number(9..11), candidate.number(2..4))
    else {
        return false;
    };
    let is_key = [body, 2_000_000_000 + body].into_iter().any(|number| 97 - number % 97 == key);
    let day = candidate.number(4..6).unwrap_or(99);
    is_key && body > 0 && digits::is_day(0, month % 20, day)
}

fn is_pt_nif(candidate: &Candidate<'_>) -> bool {
    let sum = weighted(candidate, &[9, 8, 7, 6, 5, 4, 3, 2]);
    let check = sum.map(|sum| if sum % 11 < 2 { 0 } else { 11 - sum % 11 });
    check.is_some() && check == candidate.digit(8) && b"1235689".contains(&candidate.compact[0])
}

/// EAN-13.
fn is_ean(candidate: &Candidate<'_>) -> bool {
    weighted(candidate, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_some_and(|sum| sum % 10 == 0)
}

fn is_at_insurance(candidate: &Candidate<'_>) -> bool {
    let sum = weighted(candidate, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]);
    candidate.compact[0] != b'0'
        && digits::is_short_day(candidate, 4, Order::DayFirst)
        && sum.zip(candidate.digit(3)).is_some_and(|(sum, check)| sum % 11 == check)
}
