//! Asia, Africa and Oceania.

use llmtrace_model::Severity;

use crate::pii::{
    candidate::Candidate,
    digits::{self, Order, weighted},
    recogniser::{Need, Recogniser},
};

pub(super) static ALL: [Recogniser; 17] = [
    Recogniser {
        subtype: "in_aadhaar",
        what: "an Indian Aadhaar number",
        severity: Severity::High,
        shapes: &[&[4, 4, 4], &[12]],
        separators: " -",
        check: |candidate| {
            let is_year = |at: usize| matches!(candidate.number(at..at + 4), Some(1900..2100));
            matches!(candidate.digit(0), Some(2..))
                && digits::verhoeff(candidate.compact)
                && ![0, 4, 8].into_iter().all(is_year)
        },
        need: Need::IfBare,
        words: &["aadhaar", "aadhar", "adhaar", "uidai", "uid", "आधार"],
    },
    Recogniser {
        subtype: "in_pan",
        what: "an Indian PAN",
        severity: Severity::High,
        shapes: &[&[10]],
        separators: "",
        check: is_pan,
        need: Need::Never,
        words: &["pan", "permanent account"],
    },
    Recogniser {
        subtype: "au_tfn",
        what: "an Australian tax file number",
        severity: Severity::High,
        shapes: &[&[9], &[3, 3, 3]],
        separators: " -",
        check: |candidate| {
            weighted(candidate, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_some_and(|sum| sum > 0 && sum % 11 == 0)
        },
        need: Need::Always,
        words: &["tfn", "tax file"],
    },
    Recogniser {
        subtype: "au_abn",
        what: "an Australian business number",
        severity: Severity::Low,
        shapes: &[&[2, 3, 3, 3], &[11]],
        separators: " ",
        check: is_abn,
        need: Need::IfBare,
        words: &["abn", "business number"],
    },
    Recogniser {
        subtype: "au_medicare",
        what: "an Australian Medicare number",
        severity: Severity::High,
        shapes: &[&[4, 5, 1], &[10], &[4, 5, 1, 1], &[11]],
        separators: " -/",
        check: |candidate| {
            let sum = weighted(candidate, &[1, 3, 7, 9, 1, 3, 7, 9]);
            (b'2'..=b'6').contains(&candidate.compact[0])
                && candidate.is_number()
                && sum.map(|sum| sum % 10) == candidate.digit(8)
        },
        need: Need::Always,
        words: &["medicare"],
    },
    Recogniser {
        subtype: "nz_ird",
        what: "a New Zealand IRD number",
        severity: Severity::High,
        shapes: &[&[8], &[9], &[3, 3, 3], &[2, 3, 3]],
        separators: "- ",
        check: is_ird,
        need: Need::Always,
        words: &["ird", "inland revenue"],
    },
    Recogniser {
        subtype: "za_id",
        what: "a South African id number",
        severity: Severity::High,
        shapes: &[&[13], &[6, 4, 2, 1], &[6, 4, 3]],
        separators: " ",
        check: |candidate| {
            digits::is_short_day(candidate, 0, Order::YearFirst)
                && matches!(candidate.digit(10), Some(0..=2))
                && digits::luhn(candidate.compact)
        },
        need: Need::Never,
        words: &["id number", "identity", "south africa", "rsa id", "sa id"],
    },
    Recogniser {
        subtype: "sg_nric",
        what: "a Singaporean NRIC or FIN",
        severity: Severity::High,
        shapes: &[&[9]],
        separators: "",
        check: is_nric,
        need: Need::Never,
        words: &["nric", "fin"],
    },
    Recogniser {
        subtype: "jp_my_number",
        what: "a Japanese individual number",
        severity: Severity::High,
        shapes: &[&[12], &[4, 4, 4]],
        separators: " -",
        check: |candidate| {
            let sum = weighted(candidate, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
            let check = sum.map(|sum| if sum % 11 < 2 { 0 } else { 11 - sum % 11 });
            sum != Some(0) && check.is_some() && check == candidate.digit(11)
        },
        need: Need::Always,
        words: &["マイナンバー", "個人番号", "my number", "individual number", "mynumber"],
    },
    Recogniser {
        subtype: "kr_rrn",
        what: "a Korean resident number",
        severity: Severity::High,
        shapes: &[&[6, 7], &[13]],
        separators: "-",
        check: is_rrn,
        need: Need::IfBare,
        words: &["주민등록번호", "주민번호", "resident registration", "rrn"],
    },
    Recogniser {
        subtype: "cn_resident_id",
        what: "a Chinese resident id",
        severity: Severity::High,
        shapes: &[&[18]],
        separators: "",
        check: is_resident_id,
        need: Need::Never,
        words: &["身份证", "resident id", "id card"],
    },
    Recogniser {
        subtype: "tw_id",
        what: "a Taiwanese id",
        severity: Severity::High,
        shapes: &[&[10]],
        separators: "",
        check: is_tw_id,
        need: Need::Never,
        words: &["身分證", "身份證", "national id"],
    },
    Recogniser {
        subtype: "th_id",
        what: "a Thai id",
        severity: Severity::High,
        shapes: &[&[13], &[1, 4, 5, 2, 1]],
        separators: "- ",
        check: |candidate| {
            let sum = weighted(candidate, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
            candidate.compact[0] != b'0'
                && sum.zip(candidate.digit(12)).is_some_and(|(sum, last)| (11 - sum % 11) % 10 == last)
        },
        need: Need::IfBare,
        words: &["บัตรประชาชน", "เลขประจำตัว", "thai id", "national id"],
    },
    Recogniser {
        subtype: "my_nric",
        what: "a Malaysian identity number",
        severity: Severity::High,
        shapes: &[&[6, 2, 4], &[12]],
        separators: "-",
        check: |candidate| {
            candidate.is_number()
                && digits::is_short_day(candidate, 0, Order::YearFirst)
                && !matches!(candidate.number(6..8), Some(0 | 17..=20 | 69 | 70 | 73))
        },
        need: Need::IfBare,
        words: &["mykad", "nric", "kad pengenalan", "no. kp"],
    },
    Recogniser {
        subtype: "tr_identity_number",
        what: "a Turkish identity number",
        severity: Severity::High,
        shapes: &[&[11]],
        separators: "",
        check: is_tckn,
        need: Need::Always,
        words: &[
            "tckn",
            "t.c.",
            "tc kimlik",
            "kimlik",
            "tc no",
            "vatandaşlık",
            "turkish id",
            "national id",
            "id number",
            "identity",
        ],
    },
    Recogniser {
        subtype: "il_id",
        what: "an Israeli identity number",
        severity: Severity::High,
        shapes: &[&[9], &[8, 1]],
        separators: "-",
        check: |candidate| candidate.is_number() && digits::luhn(candidate.compact),
        need: Need::Always,
        words: &["תעודת זהות", "ת.ז", "teudat zehut", "israeli id"],
    },
    Recogniser {
        subtype: "ae_emirates_id",
        what: "a number of the United Arab Emirates",
        severity: Severity::High,
        shapes: &[&[15], &[3, 4, 7, 1]],
        separators: "-",
        check: |candidate| {
            candidate.is_number() && candidate.compact.starts_with(b"784") && digits::luhn(candidate.compact)
        },
        need: Need::Never,
        words: &["emirates id"],
    },
];

/// Five letters, of which the fourth says what the holder is, four digits, a letter.
fn is_pan(candidate: &Candidate<'_>) -> bool {
    let compact = candidate.compact;
    candidate.is_capital()
        && compact[..5].iter().all(u8::is_ascii_uppercase)
        && b"ABCFGHJLPT".contains(&compact[3])
        && candidate.number(5..9).is_some_and(|number| number > 0)
        && compact[9].is_ascii_uppercase()
}

/// The first digit less one, then modulus 89.
fn is_abn(candidate: &Candidate<'_>) -> bool {
    let sum = weighted(candidate, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    candidate.compact[0] != b'0' && sum.is_some_and(|sum| (sum - 10) % 89 == 0)
}

fn is_ird(candidate: &Candidate<'_>) -> bool {
    let Some(number) =
        candidate.number(0..candidate.compact.len()).filter(|number| (10_000_000..150_000_000).contains(number))
    else {
        return false;
    };
    let check = |weights: [u64; 8]| {
        let body = number / 10;
        let sum: u64 = weights
            .iter()
            .rev()
            .enumerate()
            .map(|(at, weight)| body / 10_u64.pow(u32::try_from(at).expect("below eight")) % 10 * weight)
            .sum();
        (11 - sum % 11) % 11
    };
    let first = check([3, 2, 7, 6, 5, 4, 3, 2]);
    (if first == 10 { check([7, 4, 3, 2, 5, 2, 7, 6]) } else { first }) == number % 10
}

fn is_nric(candidate: &Candidate<'_>) -> bool {
    let compact = candidate.compact;
    let Some(sum) = [2, 7, 6, 5, 4, 3, 2]
        .into_iter()
        .zip(1..)
        .try_fold(0, |sum, (weight, at)| Some(sum + candidate.digit(at)? * weight))
    else {
        return false;
    };
    let (table, more): (&[u8; 11], u32) = match compact[0] {
        b'S' => (b"JZIHGFEDCBA", 0),
        b'T' => (b"JZIHGFEDCBA", 4),
        b'F' => (b"XWUTRQPNMLK", 0),
        b'G' => (b"XWUTRQPNMLK", 4),
        b'M' => (b"KLJNPQRTUWX", 3),
        _ => return false,
    };
    let place = ((sum + more) % 11) as usize;
    candidate.is_capital() && compact[8] == table[if compact[0] == b'M' { 10 - place } else { place }]
}

/// Those given out since October 2020 have no check digit, so that only day and sex are sure.
fn is_rrn(candidate: &Candidate<'_>) -> bool {
    candidate.is_number()
        && digits::is_short_day(candidate, 0, Order::YearFirst)
        && matches!(candidate.digit(6), Some(1..=8))
}

/// GB 11643: region, day of birth, order, ISO 7064 MOD 11-2.
fn is_resident_id(candidate: &Candidate<'_>) -> bool {
    let sum = weighted(candidate, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let [year, month, day] = [6..10, 10..12, 12..14].map(|range| candidate.number(range).unwrap_or(0));
    (1800..2100).contains(&year)
        && matches!(
            candidate.number(0..2),
            Some(11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83 | 91)
        )
        && digits::is_day(year, month, day)
        && sum.is_some_and(|sum| b"10X98765432"[(sum % 11) as usize] == candidate.compact[17])
}

fn is_tw_id(candidate: &Candidate<'_>) -> bool {
    const LETTERS: &[u8; 26] = b"ABCDEFGHJKLMNPQRSTUVXYWZIO";
    let Some(place) = LETTERS.iter().position(|letter| *letter == candidate.compact[0]) else { return false };
    let number = u32::try_from(place).expect("below 26") + 10;
    let sum = [8, 7, 6, 5, 4, 3, 2, 1, 1]
        .into_iter()
        .zip(1..)
        .try_fold(number / 10 + number % 10 * 9, |sum, (weight, at)| Some(sum + candidate.digit(at)? * weight));
    candidate.is_capital() && matches!(candidate.digit(1), Some(1 | 2 | 8 | 9)) && sum.is_some_and(|sum| sum % 10 == 0)
}

fn is_tckn(candidate: &Candidate<'_>) -> bool {
    let odd = weighted(candidate, &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
    let even = weighted(candidate, &[0, 1, 0, 1, 0, 1, 0, 1]);
    let all = weighted(candidate, &[1; 10]);
    let (Some(odd), Some(even), Some(all)) = (odd, even, all) else { return false };
    candidate.compact[0] != b'0'
        && candidate.digit(9) == Some((odd * 7 + 100 - even) % 10)
        && candidate.digit(10) == Some(all % 10)
}
