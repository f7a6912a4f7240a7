//! The Americas.

use llmtrace_model::Severity;

use crate::pii::{
    candidate::Candidate,
    digits::{self, Order, weighted},
    recogniser::{Need, Recogniser},
};

pub(super) static ALL: [Recogniser; 15] = [
    Recogniser {
        subtype: "us_ssn",
        what: "a US social security number",
        severity: Severity::High,
        shapes: &[&[3, 2, 4], &[9]],
        separators: "-.",
        check: is_ssn,
        need: Need::IfBare,
        words: &["ssn", "social security", "social sec", "taxpayer", "tax id", "ss#"],
    },
    Recogniser {
        subtype: "us_ssn",
        what: "a US social security number",
        severity: Severity::High,
        shapes: &[&[3, 2, 4]],
        separators: " ",
        check: is_ssn,
        need: Need::Always,
        words: &["ssn", "social security", "social sec", "taxpayer", "tax id", "ss#"],
    },
    Recogniser {
        subtype: "us_itin",
        what: "a US taxpayer number",
        severity: Severity::High,
        shapes: &[&[3, 2, 4], &[9]],
        separators: "- ",
        check: is_itin,
        need: Need::IfBare,
        words: &["itin", "taxpayer", "tax id", "ssn"],
    },
    Recogniser {
        subtype: "us_ein",
        what: "a US employer number",
        severity: Severity::Low,
        shapes: &[&[2, 7], &[9]],
        separators: "-",
        check: |candidate| candidate.is_number(),
        need: Need::Always,
        words: &["ein", "employer identification", "federal tax id", "fein"],
    },
    Recogniser {
        subtype: "us_driver_license",
        what: "a driver's licence number",
        severity: Severity::Medium,
        shapes: &[
            &[6],
            &[7],
            &[8],
            &[9],
            &[10],
            &[11],
            &[12],
            &[13],
            &[14],
            &[15],
            &[16],
            &[4, 4, 4],
            &[3, 3, 3],
            &[1, 3, 3, 3],
            &[4, 4, 4, 2],
            &[1, 4, 4, 4],
        ],
        separators: "- ",
        check: |candidate| candidate.compact.iter().filter(|byte| byte.is_ascii_digit()).count() >= 5,
        need: Need::Always,
        words: &[
            "driver's licen",
            "drivers licen",
            "driver licen",
            "driving licen",
            "driver’s licen",
            "dl number",
            "dl no",
            "führerschein",
            "permis de conduire",
            "licencia de conducir",
            "license number",
        ],
    },
    Recogniser {
        subtype: "passport",
        what: "a passport number",
        severity: Severity::High,
        shapes: &[&[6], &[7], &[8], &[9], &[2, 7], &[1, 7], &[1, 8]],
        separators: " ",
        check: |candidate| {
            let figures = candidate.compact.iter().filter(|byte| byte.is_ascii_digit()).count();
            candidate.is_capital() && figures >= 5 && figures + 3 >= candidate.compact.len()
        },
        need: Need::Always,
        words: &[
            "passport",
            "reisepass",
            "passeport",
            "pasaporte",
            "passaporto",
            "passaporte",
            "paspoort",
            "паспорт",
            "护照",
            "パスポート",
            "여권",
        ],
    },
    Recogniser {
        subtype: "ca_sin",
        what: "a Canadian social insurance number",
        severity: Severity::High,
        shapes: &[&[3, 3, 3], &[9]],
        separators: "- ",
        check: |candidate| {
            candidate.is_number() && !b"08".contains(&candidate.compact[0]) && digits::luhn(candidate.compact)
        },
        need: Need::Always,
        words: &["sin", "social insurance", "assurance sociale", "nas"],
    },
    Recogniser {
        subtype: "br_cpf",
        what: "a Brazilian CPF",
        severity: Severity::High,
        shapes: &[&[3, 3, 3, 2], &[11]],
        separators: ".-",
        check: is_cpf,
        need: Need::IfBare,
        words: &["cpf", "cadastro de pessoa", "contribuinte"],
    },
    Recogniser {
        subtype: "br_cnpj",
        what: "a Brazilian CNPJ",
        severity: Severity::Low,
        shapes: &[&[2, 3, 3, 4, 2], &[14]],
        separators: "./-",
        check: is_cnpj,
        need: Need::IfBare,
        words: &["cnpj", "empresa"],
    },
    Recogniser {
        subtype: "mx_curp",
        what: "a Mexican CURP",
        severity: Severity::High,
        shapes: &[&[18]],
        separators: "",
        check: is_curp,
        need: Need::Never,
        words: &["curp"],
    },
    Recogniser {
        subtype: "cl_rut",
        what: "a Chilean RUT",
        severity: Severity::High,
        shapes: &[&[2, 3, 3, 1], &[8, 1], &[1, 3, 3, 1], &[3, 3, 1], &[7, 1], &[9]],
        separators: ".-",
        check: is_rut,
        need: Need::IfBare,
        words: &["rut", "run", "rol único"],
    },
    Recogniser {
        subtype: "ar_cuit",
        what: "an Argentine CUIT",
        severity: Severity::High,
        shapes: &[&[2, 8, 1], &[11]],
        separators: "-",
        check: is_cuit,
        need: Need::IfBare,
        words: &["cuit", "cuil"],
    },
    Recogniser {
        subtype: "us_medicare_beneficiary",
        what: "a US Medicare number",
        severity: Severity::High,
        shapes: &[&[11], &[4, 3, 4]],
        separators: "- ",
        check: is_mbi,
        need: Need::Always,
        words: &["medicare", "mbi", "beneficiary"],
    },
    Recogniser {
        subtype: "us_dea_number",
        what: "a DEA number",
        severity: Severity::Medium,
        shapes: &[&[9]],
        separators: "",
        check: is_dea,
        need: Need::Always,
        words: &["dea"],
    },
    Recogniser {
        subtype: "us_npi",
        what: "a US provider number",
        severity: Severity::Low,
        shapes: &[&[10]],
        separators: "",
        check: is_npi,
        need: Need::Always,
        words: &["npi", "provider identifier"],
    },
];

/// SSA: no area 000, 666 or from 900 on, no group 00, no serial 0000; two numbers known from advertisements.
fn is_ssn(candidate: &Candidate<'_>) -> bool {
    let (Some(area), Some(group), Some(serial)) =
        (candidate.number(0..3), candidate.number(3..5), candidate.number(5..9))
    else {
        return false;
    };
    let is_known_fake = matches!((area, group, serial), (78, 5, 1120) | (219, 9, 9999));
    let is_uniform = candidate.separators.windows(2).all(|pair| pair[0] == pair[1]);
    !matches!(area, 0 | 666 | 900..) && group > 0 && serial > 0 && !is_known_fake && is_uniform
}

/// IRS: 9xx with a group of 50 to 65, 70 to 88, 90 to 92 or 94 to 99.
fn is_itin(candidate: &Candidate<'_>) -> bool {
    let group = candidate.number(3..5);
    candidate.is_number()
        && candidate.compact[0] == b'9'
        && matches!(group, Some(50..=65 | 70..=88 | 90..=92 | 94..=99))
}

/// The check digit of Brazil: eleven less the rest, none above nine.
fn brazilian(candidate: &Candidate<'_>, weights: &[u32]) -> bool {
    let check = weighted(candidate, weights).map(|sum| if sum % 11 < 2 { 0 } else { 11 - sum % 11 });
    check.is_some() && check == candidate.digit(weights.len())
}

fn is_cpf(candidate: &Candidate<'_>) -> bool {
    let is_varied = candidate.compact.windows(2).any(|pair| pair[0] != pair[1]);
    is_varied
        && brazilian(candidate, &[10, 9, 8, 7, 6, 5, 4, 3, 2])
        && brazilian(candidate, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
}

fn is_cnpj(candidate: &Candidate<'_>) -> bool {
    let is_varied = candidate.compact.windows(2).any(|pair| pair[0] != pair[1]);
    is_varied
        && brazilian(candidate, &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
        && brazilian(candidate, &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
}

/// RENAPO: four letters, birthday, sex, state, three consonants, one more, a check digit.
fn is_curp(candidate: &Candidate<'_>) -> bool {
    let compact = candidate.compact;
    let letters = |range: std::ops::Range<usize>| compact[range].iter().all(u8::is_ascii_uppercase);
    // In the order of the Spanish alphabet: an N with tilde stands between N and O.
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'N' => u32::from(byte - b'A') + 10,
        _ => u32::from(byte - b'A') + 11,
    };
    let sum: u32 = compact[..17].iter().zip((2..=18).rev()).map(|(byte, weight)| value(*byte) * weight).sum();
    letters(0..4)
        && digits::is_short_day(candidate, 4, Order::YearFirst)
        && b"HMX".contains(&compact[10])
        && letters(11..16)
        && candidate.digit(17) == Some((10 - sum % 10) % 10)
}

fn is_rut(candidate: &Candidate<'_>) -> bool {
    let Some((last, body)) = candidate.compact.split_last() else { return false };
    let sum = body
        .iter()
        .rev()
        .zip([2, 3, 4, 5, 6, 7].into_iter().cycle())
        .try_fold(0, |sum, (byte, weight)| Some(sum + char::from(*byte).to_digit(10)? * weight));
    let check = sum.map(|sum| match 11 - sum % 11 {
        11 => b'0',
        10 => b'K',
        digit => b'0' + u8::try_from(digit).expect("below ten"),
    });
    check == Some(*last) && body[0] != b'0'
}

fn is_cuit(candidate: &Candidate<'_>) -> bool {
    let sum = weighted(candidate, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
    let check = sum.map(|sum| (11 - sum % 11) % 11);
    matches!(candidate.number(0..2), Some(20 | 23 | 24 | 25 | 26 | 27 | 30 | 33 | 34))
        && check.is_some()
        && check == candidate.digit(10)
}

/// Letters and digits at the places that CMS gives ("Understanding the MBI format", 2017).
fn is_mbi(candidate: &Candidate<'_>) -> bool {
    let letter = |at: usize| candidate.compact[at].is_ascii_uppercase() && !b"SLOIBZ".contains(&candidate.compact[at]);
    let digit = |at: usize| candidate.compact[at].is_ascii_digit();
    (digit(0) && candidate.compact[0] != b'0')
        && letter(1)
        && digit(3)
        && letter(4)
        && digit(6)
        && letter(7)
        && letter(8)
        && digit(9)
        && digit(10)
}

fn is_dea(candidate: &Candidate<'_>) -> bool {
    let [a, b, c, d, e, f, check] = [2, 3, 4, 5, 6, 7, 8].map(|at| candidate.digit(at));
    let sum = || Some(a? + c? + e? + 2 * (b? + d? + f?));
    candidate.compact[..2].iter().all(u8::is_ascii_uppercase) && sum().is_some_and(|sum| Some(sum % 10) == check)
}

/// Luhn over the number with the prefix 80840 (45 CFR 162.406).
fn is_npi(candidate: &Candidate<'_>) -> bool {
    let whole: Vec<u8> = b"80840".iter().chain(candidate.compact).copied().collect();
    matches!(candidate.compact[0], b'1' | b'2') && digits::luhn(&whole)
}
