//! Northern and eastern Europe, Greece and Ireland.

use llmtrace_model::Severity;

use crate::pii::{
    candidate::Candidate,
    digits::{self, Order, weighted},
    recogniser::{Need, Recogniser},
};

pub(super) static ALL: [Recogniser; 17] = [
    Recogniser {
        subtype: "pl_pesel",
        what: "a Polish PESEL",
        severity: Severity::High,
        shapes: &[&[11]],
        separators: "",
        check: is_pesel,
        need: Need::Always,
        words: &["pesel", "national id", "id number", "identity"],
    },
    Recogniser {
        subtype: "pl_nip",
        what: "a Polish tax number",
        severity: Severity::Low,
        shapes: &[&[10], &[3, 3, 2, 2], &[3, 2, 2, 3]],
        separators: "-",
        check: |candidate| {
            weighted(candidate, &[6, 5, 7, 2, 3, 4, 5, 6, 7])
                .zip(candidate.digit(9))
                .is_some_and(|(sum, last)| sum > 0 && sum % 11 == last)
        },
        need: Need::Always,
        words: &["nip", "podatk"],
    },
    Recogniser {
        subtype: "se_personnummer",
        what: "a Swedish personal number",
        severity: Severity::High,
        shapes: &[&[6, 4], &[8, 4], &[10], &[12]],
        separators: "-+",
        check: is_personnummer,
        need: Need::IfBare,
        words: &["personnummer", "person nr", "personal number", "samordningsnummer", "personnr"],
    },
    Recogniser {
        subtype: "fi_hetu",
        what: "a Finnish personal code",
        severity: Severity::High,
        shapes: &[&[6, 4], &[11]],
        separators: "-+",
        check: is_hetu,
        need: Need::Never,
        words: &["hetu", "henkilötunnus", "personal identity code"],
    },
    Recogniser {
        subtype: "dk_cpr",
        what: "a Danish CPR number",
        severity: Severity::High,
        shapes: &[&[6, 4], &[10]],
        separators: "- ",
        check: is_cpr,
        need: Need::Always,
        words: &["cpr", "personnummer", "civil registration"],
    },
    Recogniser {
        subtype: "no_fodselsnummer",
        what: "a Norwegian birth number",
        severity: Severity::High,
        shapes: &[&[11], &[6, 5]],
        separators: " ",
        check: is_fodselsnummer,
        need: Need::Never,
        words: &["fødselsnummer", "fodselsnummer", "personnummer", "fnr", "d-nummer"],
    },
    Recogniser {
        subtype: "cz_sk_birth_number",
        what: "a Czech or Slovak birth number",
        severity: Severity::High,
        shapes: &[&[6, 4], &[10], &[6, 3]],
        separators: "/",
        check: is_rodne_cislo,
        need: Need::IfBare,
        words: &["rodné číslo", "rodne cislo", "birth number"],
    },
    Recogniser {
        subtype: "hr_oib",
        what: "a Croatian OIB",
        severity: Severity::High,
        shapes: &[&[11]],
        separators: "",
        check: |candidate| candidate.is_number() && digits::mod_11_10(candidate.compact),
        need: Need::Always,
        words: &["oib"],
    },
    Recogniser {
        subtype: "ro_cnp",
        what: "a Romanian personal code",
        severity: Severity::High,
        shapes: &[&[13]],
        separators: "",
        check: is_cnp,
        need: Need::Never,
        words: &["cnp", "cod numeric personal"],
    },
    Recogniser {
        subtype: "bg_egn",
        what: "a Bulgarian EGN",
        severity: Severity::High,
        shapes: &[&[10]],
        separators: "",
        check: is_egn,
        need: Need::Always,
        words: &["егн", "egn"],
    },
    Recogniser {
        subtype: "baltic_personal_code",
        what: "an Estonian or Lithuanian personal code",
        severity: Severity::High,
        shapes: &[&[11]],
        separators: "",
        check: is_baltic,
        need: Need::Always,
        words: &["isikukood", "asmens kodas", "personal code", "personal identification"],
    },
    Recogniser {
        subtype: "hu_tax_id",
        what: "a Hungarian tax id",
        severity: Severity::High,
        shapes: &[&[10]],
        separators: "",
        check: |candidate| {
            let sum = weighted(candidate, &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
            candidate.compact[0] == b'8' && sum.zip(candidate.digit(9)).is_some_and(|(sum, last)| sum % 11 == last)
        },
        need: Need::Always,
        words: &["adóazonosító", "adoazonosito", "tax id", "adójel"],
    },
    Recogniser {
        subtype: "jmbg",
        what: "a JMBG or EMŠO",
        severity: Severity::High,
        shapes: &[&[13]],
        separators: "",
        check: is_jmbg,
        need: Need::Always,
        words: &["jmbg", "emšo", "emso", "јмбг", "matični broj"],
    },
    Recogniser {
        subtype: "ru_snils",
        what: "a Russian insurance number",
        severity: Severity::High,
        shapes: &[&[3, 3, 3, 2], &[11]],
        separators: "- ",
        check: is_snils,
        need: Need::IfBare,
        words: &["снилс", "snils"],
    },
    Recogniser {
        subtype: "ru_inn",
        what: "a Russian or Ukrainian tax number",
        severity: Severity::Medium,
        shapes: &[&[12], &[10]],
        separators: "",
        check: is_inn,
        need: Need::Always,
        words: &["инн", "inn", "рнокпп", "ідентифікаційн"],
    },
    Recogniser {
        subtype: "ie_pps",
        what: "an Irish public service number",
        severity: Severity::High,
        shapes: &[&[8], &[9], &[7, 1], &[7, 2]],
        separators: " ",
        check: is_pps,
        need: Need::Always,
        words: &["pps", "ppsn", "personal public service"],
    },
    Recogniser {
        subtype: "gr_afm",
        what: "a Greek tax number",
        severity: Severity::High,
        shapes: &[&[9]],
        separators: "",
        check: |candidate| {
            weighted(candidate, &[256, 128, 64, 32, 16, 8, 4, 2])
                .zip(candidate.digit(8))
                .is_some_and(|(sum, last)| sum > 0 && sum % 11 % 10 == last)
        },
        need: Need::Always,
        words: &["αφμ", "α.φ.μ", "afm", "φορολογικ"],
    },
];

fn is_pesel(candidate: &Candidate<'_>) -> bool {
    let month = candidate.number(2..4).unwrap_or(0);
    let day = candidate.number(4..6).unwrap_or(0);
    digits::is_day(0, month % 20, day)
        && weighted(candidate, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_some_and(|sum| sum % 10 == 0)
}

/// Ten digits with Luhn; the day may be 60 more (samordningsnummer).
fn is_personnummer(candidate: &Candidate<'_>) -> bool {
    let from = candidate.compact.len() - 10;
    if from == 2 && !matches!(candidate.number(0..2), Some(18..=20)) {
        return false;
    }
    let [year, month, day] = [0, 2, 4].map(|at| candidate.number(from + at..from + at + 2).unwrap_or(99));
    digits::is_day(year, month, if day > 60 { day - 60 } else { day }) && digits::luhn(&candidate.compact[from..])
}

fn is_hetu(candidate: &Candidate<'_>) -> bool {
    // Without a hyphen or plus, the century is a letter between day and number.
    let at = if candidate.is_bare() { 7 } else { 6 };
    if candidate.compact.len() != at + 4 || (at == 7 && !b"ABCDEFYXWVU".contains(&candidate.compact[6])) {
        return false;
    }
    let Some((day, number)) = candidate.number(0..6).zip(candidate.number(at..at + 3)) else { return false };
    let check = b"0123456789ABCDEFHJKLMNPRSTUVWXY"[usize::try_from((day * 1000 + number) % 31).expect("below 31")];
    digits::is_short_day(candidate, 0, Order::DayFirst) && number >= 2 && candidate.compact[at + 3] == check
}

/// The check digit has not been given out for all since 2007, so that only the day is sure.
fn is_cpr(candidate: &Candidate<'_>) -> bool {
    candidate.is_number() && digits::is_short_day(candidate, 0, Order::DayFirst)
}

/// Two check digits; the day may be 40 more (D-nummer).
fn is_fodselsnummer(candidate: &Candidate<'_>) -> bool {
    let [day, month, year] = [0, 2, 4].map(|at| candidate.number(at..at + 2).unwrap_or(99));
    let first = weighted(candidate, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]);
    let second = weighted(candidate, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]);
    digits::is_day(year, month, if day > 40 { day - 40 } else { day })
        && first.is_some_and(|sum| sum % 11 == 0)
        && second.is_some_and(|sum| sum % 11 == 0)
}

/// Divisible by eleven; the months of women are 50 more, of full days 20 more.
fn is_rodne_cislo(candidate: &Candidate<'_>) -> bool {
    let [year, month, day] = [0, 2, 4].map(|at| candidate.number(at..at + 2).unwrap_or(99));
    let month = month % 50;
    // Until 1953 there were nine digits and no check.
    let is_checked =
        candidate.compact.len() == 9 && year < 54 || candidate.number(0..10).is_some_and(|whole| whole % 11 == 0);
    candidate.is_number() && digits::is_day(year, if month > 20 { month - 20 } else { month }, day) && is_checked
}

fn is_cnp(candidate: &Candidate<'_>) -> bool {
    let sum = weighted(candidate, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]);
    let check = sum.map(|sum| if sum % 11 == 10 { 1 } else { sum % 11 });
    let county = candidate.number(7..9).unwrap_or(0);
    candidate.compact[0] != b'0'
        && digits::is_short_day(candidate, 1, Order::YearFirst)
        && matches!(county, 1..=52 | 70 | 80..=83)
        && check.is_some()
        && check == candidate.digit(12)
}

fn is_egn(candidate: &Candidate<'_>) -> bool {
    let [year, month, day] = [0, 2, 4].map(|at| candidate.number(at..at + 2).unwrap_or(99));
    let sum = weighted(candidate, &[2, 4, 8, 5, 10, 9, 7, 3, 6]);
    digits::is_day(year, month % 20, day)
        && sum.zip(candidate.digit(9)).is_some_and(|(sum, last)| sum % 11 % 10 == last)
}

fn is_baltic(candidate: &Candidate<'_>) -> bool {
    let first = weighted(candidate, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]).map(|sum| sum % 11);
    let second = weighted(candidate, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]).map(|sum| sum % 11 % 10);
    let check = if first == Some(10) { second } else { first };
    (b'1'..=b'8').contains(&candidate.compact[0])
        && digits::is_short_day(candidate, 1, Order::YearFirst)
        && check.is_some()
        && check == candidate.digit(10)
}

fn is_jmbg(candidate: &Candidate<'_>) -> bool {
    let [day, month] = [0, 2].map(|at| candidate.number(at..at + 2).unwrap_or(99));
    let sum = weighted(candidate, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
    digits::is_day(0, month, day)
        && sum.zip(candidate.digit(12)).is_some_and(|(sum, last)| (11 - sum % 11) % 11 % 10 == last && sum % 11 != 1)
}

fn is_snils(candidate: &Candidate<'_>) -> bool {
    let sum = weighted(candidate, &[9, 8, 7, 6, 5, 4, 3, 2, 1]);
    sum.zip(candidate.number(9..11)).is_some_and(|(sum, check)| sum > 0 && u64::from(sum % 101 % 100) == check)
}

fn is_inn(candidate: &Candidate<'_>) -> bool {
    let check = |weights: &[u32], at: usize| {
        weighted(candidate, weights)
            .zip(candidate.digit(at))
            .is_some_and(|(sum, digit)| sum > 0 && sum % 11 % 10 == digit)
    };
    if candidate.compact.len() == 10 {
        // Ukraine weighs the first digit with -1, which is 10 modulo 11.
        return check(&[2, 4, 10, 3, 5, 9, 4, 6, 8], 9) || check(&[10, 5, 7, 9, 4, 6, 10, 5, 7], 9);
    }
    check(&[7, 2, 4, 10, 3, 5, 9, 4, 6, 8], 10) && check(&[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8], 11)
}

fn is_pps(candidate: &Candidate<'_>) -> bool {
    let compact = candidate.compact;
    if !compact[7..].iter().all(u8::is_ascii_uppercase) || compact[7] > b'W' {
        return false;
    }
    let more = compact.get(8).map_or(0, |second| if *second == b'W' { 0 } else { u32::from(second - b'A' + 1) * 9 });
    let letter = |rest: u32| if rest == 0 { b'W' } else { b'A' + u8::try_from(rest - 1).expect("below 23") };
    weighted(candidate, &[8, 7, 6, 5, 4, 3, 2]).is_some_and(|sum| letter((sum + more) % 23) == compact[7])
}
