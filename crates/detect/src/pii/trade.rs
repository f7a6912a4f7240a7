//! Numbers of money and things: cards, accounts, wallets, vehicles, devices.

use llmtrace_model::Severity;

use super::{
    candidate::Candidate,
    digits, hash,
    recogniser::{Need, Recogniser},
};

/// Words that announce a card.
const CARD_WORDS: &[&str] = &[
    "card",
    "maestro",
    "pay",
    "payment",
    "billing",
    "cc",
    "credit",
    "debit",
    "visa",
    "mastercard",
    "amex",
    "american express",
    "karte",
    "carte",
    "tarjeta",
    "cartão",
    "carta",
    "kaart",
    "kort",
    "карт",
    "卡",
    "カード",
    "카드",
];

/// All of them.
pub(super) static ALL: [Recogniser; 10] = [
    Recogniser {
        subtype: "credit_card",
        what: "a card number",
        severity: Severity::High,
        shapes: &[
            &[14],
            &[15],
            &[16],
            &[17],
            &[18],
            &[19],
            &[4, 4, 4, 4],
            &[4, 6, 5],
            &[4, 6, 4],
            &[4, 4, 4, 3],
            &[4, 4, 4, 2],
            &[4, 4, 4, 4, 3],
            &[4, 4, 4, 4, 2],
            &[8, 8],
            &[6, 13],
        ],
        separators: " -.",
        check: is_card,
        need: Need::Never,
        words: CARD_WORDS,
    },
    // So few digits are mostly something else.
    Recogniser {
        subtype: "credit_card",
        what: "a card number",
        severity: Severity::High,
        shapes: &[&[12], &[13], &[4, 4, 4], &[4, 4, 5], &[4, 4, 4, 1]],
        separators: " -.",
        check: is_card,
        need: Need::Always,
        words: CARD_WORDS,
    },
    Recogniser {
        subtype: "iban",
        what: "an IBAN",
        severity: Severity::High,
        shapes: &[
            &[15],
            &[16],
            &[18],
            &[19],
            &[20],
            &[21],
            &[22],
            &[23],
            &[24],
            &[25],
            &[26],
            &[27],
            &[28],
            &[29],
            &[30],
            &[31],
            &[32],
            &[33],
            &[4, 4, 4, 3],
            &[4, 4, 4, 4],
            &[4, 4, 4, 4, 2],
            &[4, 4, 4, 4, 3],
            &[4, 4, 4, 4, 4],
            &[4, 4, 4, 4, 4, 1],
            &[4, 4, 4, 4, 4, 2],
            &[4, 4, 4, 4, 4, 3],
            &[4, 4, 4, 4, 4, 4],
            &[4, 4, 4, 4, 4, 4, 1],
            &[4, 4, 4, 4, 4, 4, 2],
            &[4, 4, 4, 4, 4, 4, 3],
            &[4, 4, 4, 4, 4, 4, 4],
            &[4, 4, 4, 4, 4, 4, 4, 1],
            &[4, 4, 4, 4, 4, 4, 4, 2],
            &[4, 4, 4, 4, 4, 4, 4, 3],
            &[4, 4, 4, 4, 4, 4, 4, 4],
            &[4, 4, 4, 4, 4, 4, 4, 4, 1],
        ],
        separators: " -",
        check: is_iban,
        need: Need::Never,
        words: &["iban", "account", "konto", "compte", "cuenta", "conto", "rekening"],
    },
    Recogniser {
        subtype: "us_bank_routing",
        what: "a US bank routing number",
        severity: Severity::Medium,
        shapes: &[&[9]],
        separators: "",
        check: is_routing,
        need: Need::Always,
        words: &["routing", "aba", "rtn", "ach", "wire transfer"],
    },
    Recogniser {
        subtype: "bank_account",
        what: "the number of a bank account",
        severity: Severity::Medium,
        shapes: &[&[7], &[8], &[9], &[10], &[11], &[12], &[13], &[14], &[15], &[16], &[17]],
        separators: "",
        check: |candidate| candidate.is_number(),
        need: Need::Always,
        words: &[
            "account number",
            "account no",
            "acct no",
            "acct number",
            "bank account",
            "checking account",
            "savings account",
            "account #",
            "acct #",
            "kontonummer",
            "numéro de compte",
            "número de cuenta",
        ],
    },
    Recogniser {
        subtype: "uk_sort_code",
        what: "a British sort code",
        severity: Severity::Low,
        shapes: &[&[2, 2, 2], &[6]],
        separators: "-",
        check: |candidate| candidate.is_number(),
        need: Need::Always,
        words: &["sort code", "sortcode"],
    },
    Recogniser {
        subtype: "bitcoin_address",
        what: "a Bitcoin address",
        severity: Severity::Medium,
        shapes: &[&[26], &[27], &[28], &[29], &[30], &[31], &[32], &[33], &[34], &[35]],
        separators: "",
        check: |candidate| hash::is_base58check(&candidate.text[candidate.range.clone()]),
        need: Need::Never,
        words: &["bitcoin", "btc", "wallet"],
    },
    Recogniser {
        subtype: "vin",
        what: "the number of a vehicle",
        severity: Severity::Low,
        shapes: &[&[17]],
        separators: "",
        check: is_vin,
        need: Need::Never,
        words: &["vin", "vehicle", "chassis", "fahrgestell", "car"],
    },
    Recogniser {
        subtype: "imei",
        what: "the number of a telephone",
        severity: Severity::Low,
        shapes: &[&[15], &[2, 6, 6, 1], &[6, 2, 6, 1]],
        separators: " -",
        check: |candidate| candidate.is_number() && digits::luhn(candidate.compact),
        need: Need::Always,
        words: &["imei", "device id", "handset"],
    },
    Recogniser {
        subtype: "licence_plate",
        what: "a licence plate",
        severity: Severity::Low,
        shapes: &[
            &[7],
            &[6],
            &[8],
            &[2, 2, 4],
            &[3, 4],
            &[4, 3],
            &[2, 3, 2],
            &[1, 4, 2],
            &[2, 4, 2],
            &[1, 2, 4],
            &[2, 2, 3],
            &[3, 2, 4],
            &[2, 5],
            &[3, 3],
        ],
        separators: " -",
        check: is_plate,
        need: Need::Always,
        words: &[
            "license plate",
            "licence plate",
            "number plate",
            "plate number",
            "plate no",
            "kennzeichen",
            "matrícula",
            "immatriculation",
            "targa",
            "kenteken",
        ],
    },
];

/// Issuer ranges and lengths (ISO/IEC 7812, the schemes' public tables), then Luhn.
fn is_card(candidate: &Candidate<'_>) -> bool {
    let length = candidate.compact.len();
    let Some(first) = candidate.number(0..6.min(length)) else { return false };
    let (two, three, four) = (first / 10_000, first / 1_000, first / 100);
    let is_known = match two {
        34 | 37 => length == 15,
        40..=49 => matches!(length, 13 | 16 | 19),
        51..=55 => length == 16,
        30 | 36 | 38 | 39 if two != 30 || three <= 305 => (14..=19).contains(&length),
        // JCB has 3528 to 3589; what makes up examples takes all of 35.
        35 => (15..=19).contains(&length),
        22..=27 => {
            (2221..=2720).contains(&four) && length == 16
                || (2200..=2205).contains(&four) && (16..=19).contains(&length)
        }
        21 | 18 => matches!(four, 2131 | 1800) && length == 15,
        60 | 64 | 65 | 62 | 81 | 82 => (16..=19).contains(&length),
        50 | 56..=58 | 61 | 63 | 66..=69 => (12..=19).contains(&length),
        _ => false,
    };
    is_known && digits::luhn(candidate.compact) && candidate.compact.iter().any(|byte| *byte != candidate.compact[0])
}

/// Country, length (ISO 13616 registry), form and MOD 97-10.
fn is_iban(candidate: &Candidate<'_>) -> bool {
    const LENGTHS: &str = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";
    let compact = candidate.compact;
    let is_length = LENGTHS.as_bytes().chunks(4).any(|entry| {
        compact.starts_with(&entry[..2]) && compact.len() == usize::from((entry[2] - b'0') * 10 + entry[3] - b'0')
    });
    is_length && compact[2..4].iter().all(u8::is_ascii_digit) && digits::mod_97(compact)
}

fn is_routing(candidate: &Candidate<'_>) -> bool {
    let prefix = candidate.number(0..2);
    prefix.is_some_and(|prefix| matches!(prefix, 1..=12 | 21..=32 | 61..=72 | 80))
        && digits::weighted(candidate, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_some_and(|sum| sum % 10 == 0)
}

/// 49 CFR 565.15: the ninth character checks the others. Used in North America and China.
fn is_vin(candidate: &Candidate<'_>) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let value = |byte: &u8| match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'A'..=b'H' => Some(u32::from(byte - b'A') + 1),
        b'J'..=b'N' => Some(u32::from(byte - b'J') + 1),
        b'P' => Some(7),
        b'R' => Some(9),
        b'S'..=b'Z' => Some(u32::from(byte - b'S') + 2),
        _ => None,
    };
    let compact = candidate.compact;
    let sum = compact.iter().zip(WEIGHTS).try_fold(0, |sum, (byte, weight)| Some(sum + value(byte)? * weight));
    let check = sum.map(|sum| if sum % 11 == 10 { b'X' } else { b'0' + u8::try_from(sum % 11).expect("a digit") });
    let is_mixed = compact.iter().filter(|byte| byte.is_ascii_uppercase()).count() >= 3
        && compact[13..].iter().all(u8::is_ascii_digit);
    is_mixed && candidate.is_capital() && check == compact.get(8).copied()
}

fn is_plate(candidate: &Candidate<'_>) -> bool {
    let letters = candidate.compact.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    candidate.is_capital() && (1..=5).contains(&letters)
}
