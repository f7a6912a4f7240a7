//! Tests of what is found, where, and what is left alone.

use llmtrace_model::Channel;
use proptest::prelude::*;

use super::{Pii, hash};
use crate::{Deadline, Detector, Hit, Input, views};

fn scan(text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    thread_local! {
        static PII: Pii = Pii::new();
    }
    PII.with(|pii| {
        pii.scan(&Input { channel: Channel::User, views: &views(text), deadline: Deadline::NEVER }, &mut hits)
    });
    hits
}

/// What is found in a text, each with its kind.
fn found(text: &str) -> Vec<(String, &str)> {
    scan(text).into_iter().map(|hit| (hit.subtype.into_owned(), &text[hit.range])).collect()
}

/// The examples of every kind, with the words they need.
pub(crate) fn examples() -> Vec<String> {
    FOUND.iter().map(|(_, before, text)| format!("{before}{text}")).collect()
}

/// Examples that the issuers publish, or made to their rules; with the words they need.
const FOUND: &[(&str, &str, &str)] = &[
    ("credit_card", "pay with ", "4111 1111 1111 1111"),
    ("credit_card", "", "5555555555554444"),
    ("credit_card", "amex ", "3782-822463-10005"),
    ("credit_card", "卡号", "6011111111111117"),
    ("iban", "", "GB82 WEST 1234 5698 7654 32"),
    ("iban", "to ", "DE89370400440532013000"),
    ("iban", "iban: ", "nl91abna0417164300"),
    ("us_ssn", "", "856-45-6789"),
    ("us_ssn", "my social security number is ", "856456789"),
    ("us_itin", "", "900-70-0001"),
    ("uk_nino", "", "AB 12 34 56 C"),
    ("uk_nhs", "NHS number ", "943 476 5919"),
    ("de_tax_id", "Meine Steuer-ID ist ", "86095742719"),
    ("de_social_insurance", "", "65180539W001"),
    ("fr_nir", "", "2 55 08 14 168 025 38"),
    ("es_dni", "", "12345678Z"),
    ("es_dni", "", "X1234567L"),
    ("it_codice_fiscale", "", "RSSMRA85T10A562S"),
    ("nl_bsn", "BSN: ", "111222333"),
    ("be_national_number", "", "85.07.30-033.28"),
    ("pt_nif", "NIF ", "123456789"),
    ("ch_ahv", "", "756.9217.0769.85"),
    ("pl_pesel", "PESEL ", "44051401359"),
    ("se_personnummer", "", "811228-9874"),
    ("fi_hetu", "", "131052-308T"),
    ("dk_cpr", "CPR-nr. ", "211062-5629"),
    ("no_fodselsnummer", "", "17054026641"),
    ("ro_cnp", "", "1800101221144"),
    ("br_cpf", "", "529.982.247-25"),
    ("br_cnpj", "", "11.222.333/0001-81"),
    ("in_aadhaar", "", "2341 2341 2346"),
    ("in_pan", "", "ABCPE1234F"),
    ("au_tfn", "TFN ", "123 456 782"),
    ("au_abn", "", "51 824 753 556"),
    ("au_medicare", "Medicare ", "2123 45670 1"),
    ("ca_sin", "SIN ", "130 692 544"),
    ("za_id", "", "8001015009087"),
    ("sg_nric", "", "S1234567D"),
    ("jp_my_number", "マイナンバー：", "123456789018"),
    ("kr_rrn", "", "900101-1234567"),
    ("mx_curp", "", "HEGG560427MVZRRL04"),
    ("mx_curp", "", "HEGG560427MVZRRL04"),
    ("cn_resident_id", "身份证", "11010519491231002X"),
    ("tr_identity_number", "TC Kimlik No: ", "10000000146"),
    ("tw_id", "", "A123456789"),
    ("cl_rut", "", "12.345.678-5"),
    ("ar_cuit", "", "20-12345678-6"),
    ("us_bank_routing", "routing number ", "021000021"),
    ("vin", "", "1M8GDM9AXKP042788"),
    ("email", "mail ", "jürgen.o'neil+x@sub.example.co.uk"),
    ("phone", "", "+49 (0)30 1234-5678"),
    ("phone", "call ", "555-0123-44"),
    ("phone", "", "(212) 555-0187"),
    ("phone", "", "+1-202-555-0173 ext. 123"),
    ("phone", "我的手机是", "13812345678"),
    ("ip_address", "from ", "8.8.8.8"),
    ("ip_address_private", "", "192.168.0.12"),
    ("ip_address", "", "2a00:1450:4001:81b::200e"),
    ("mac_address", "", "00:1A:2b:3c:4D:5e"),
    ("bitcoin_address", "", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("bitcoin_address", "", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    ("ethereum_address", "", "0x52908400098527886E0F7030069857D2E4169EE7"),
    ("passport", "passport no. ", "C01X00T47"),
    ("date_of_birth", "born on ", "04/07/1985"),
    ("date_of_birth", "born ", "January 3rd, 1985"),
    ("date_of_birth", "Geburtsdatum: ", "3. März 1985"),
    ("date_of_birth", "née le ", "12 février 1990"),
    ("date_of_birth", "出生于", "1985年3月5日"),
    ("licence_plate", "license plate ", "ABC-1234"),
    ("us_ssn", "SSN-", "856-45-6789"),
];

#[test]
fn every_kind_is_found_with_its_exact_place() {
    for (kind, before, value) in FOUND {
        for text in [
            format!("{before}{value}"),
            format!("Well, {before}{value}, he said."),
            format!("{{\"a\":\"{before}{value}\"}}"),
        ] {
            assert_eq!(found(&text), [((*kind).to_owned(), *value)], "{text}");
        }
    }
}

#[test]
fn numbers_of_other_things_are_left_alone() {
    for text in [
        "In 2019 we sold 1234567 units at 12.50 each, 2020-2021 more.",
        "version 1.2.3.4 of Chrome/120.0.0.0",
        "550e8400-e29b-41d4-a716-446655440000",
        "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "at 12:30:45 on 2024-01-31T12:30:45Z",
        "timestamp 1712345678901",
        "std::vec::Vec and a::b::c",
        "icon@2x.png and @angular/core@1.2.3",
        "git@github.com:a/b.git",
        "pi is 3.14159265358979323846",
        "ISBN 978-3-16-148410-0",
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
        "call foo(1234567, 89)",
        "the word passport alone",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn one_changed_digit_of_a_checked_number_is_not_found() {
    for (kind, value) in [
        ("credit_card", "4111111111111111"),
        ("iban", "DE89370400440532013000"),
        ("fr_nir", "255081416802538"),
        ("es_dni", "12345678Z"),
        ("it_codice_fiscale", "RSSMRA85T10A562S"),
        ("no_fodselsnummer", "17054026641"),
        ("br_cpf", "529.982.247-25"),
        ("in_aadhaar", "2341 2341 2346"),
        ("cn_resident_id", "11010519491231002X"),
        ("ch_ahv", "756.9217.0769.85"),
        ("sg_nric", "S1234567D"),
        ("vin", "1M8GDM9AXKP042788"),
    ] {
        for (at, _) in value.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
            for digit in '0'..='9' {
                let mut changed = value.to_owned();
                changed.replace_range(at..=at, &digit.to_string());
                let is_found = found(&changed).iter().any(|(found, _)| found == kind);
                assert_eq!(is_found, changed == value, "{kind} {changed}");
            }
        }
    }
}

#[test]
fn a_card_in_a_long_row_of_numbers_is_found_wherever_the_row_is_cut() {
    for before in 236..262 {
        let row = "7 ".repeat(before);
        let text = format!("{row}4111 1111 1111 1111 {row}");
        let cards: Vec<_> = found(&text).into_iter().filter(|(kind, _)| kind == "credit_card").collect();
        assert_eq!(cards, [("credit_card".to_owned(), "4111 1111 1111 1111")], "{before}");
    }
}

#[test]
fn checksums_of_wallets_are_those_of_the_standards() {
    assert!(hash::is_base58check("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"));
    assert!(!hash::is_base58check("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLz"));
    assert!(hash::is_bech32("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"));
    assert!(!hash::is_bech32("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj1"));
}

/// A number of digits that Luhn's check digit ends.
fn with_luhn(body: &str) -> String {
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let doubled = u32::from(byte - b'0') * if place % 2 == 0 { 2 } else { 1 };
            doubled / 10 + doubled % 10
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

proptest! {
    #[test]
    fn any_text_is_scanned_without_a_panic_and_hits_stand_on_borders(
        parts in prop::collection::vec(prop_oneof!["\\PC{0,8}", "[0-9 .+()/x@:-]{0,24}", "[A-Z0-9]{0,40}", "é?[0-9]{1,50}\u{a0}?",
            Just("born ".to_owned()), Just("tel ".to_owned()), Just("IBAN ".to_owned()), Just("a@b.co".to_owned())], 0..12)
    ) {
        let text = parts.concat();
        for hit in scan(&text) {
            prop_assert!(text.get(hit.range.clone()).is_some_and(|value| !value.is_empty()));
        }
    }

    #[test]
    fn a_card_is_found_anywhere_and_its_neighbours_are_not(
        body in "4[0-9]{5}([0-8][0-9]){4}[0-9]", before in "([a-zé]{1,9} ){0,4}", after in "[ ,;)\"\n]([a-zé]{1,9} ){0,4}"
    ) {
        let number = with_luhn(&body);
        let text = format!("{before}{number}{after}");
        let cards: Vec<_> = scan(&text).into_iter().filter(|hit| hit.subtype == "credit_card").map(|hit| hit.range).collect();
        let place = before.len()..before.len() + 16;
        prop_assert_eq!(cards, std::slice::from_ref(&place));
        let wrong = format!("{body}{}", (number.as_bytes()[15] - b'0' + 1) % 10);
        let text = format!("{before}{wrong}{after}");
        let is_found = found(&text).iter().any(|(kind, _)| kind == "credit_card");
        prop_assert!(!is_found);
    }

    #[test]
    fn an_iban_is_found_whatever_its_account(bank in "[0-9]{8}", account in "[0-9]{10}", is_grouped in any::<bool>()) {
        let rest = format!("{bank}{account}131400").bytes().fold(0_u32, |rest, byte| (rest * 10 + u32::from(byte - b'0')) % 97);
        let whole = format!("DE{:02}{bank}{account}", 98 - rest);
        let written = if is_grouped { whole.as_bytes().chunks(4).map(|group| str::from_utf8(group).unwrap()).collect::<Vec<_>>().join(" ") } else { whole };
        let text = format!("é {written}, x");
        prop_assert_eq!(found(&text), [("iban".to_owned(), &*written)]);
    }

    #[test]
    fn a_brazilian_number_is_found_and_with_another_check_digit_is_not(body in "[0-9]{9}") {
        prop_assume!(body.as_bytes().windows(2).any(|pair| pair[0] != pair[1]));
        let check = |digits: &str| {
            let sum: usize = digits.bytes().rev().zip(2..).map(|(byte, weight)| usize::from(byte - b'0') * weight).sum();
            if sum % 11 < 2 { 0 } else { 11 - sum % 11 }
        };
        let first = check(&body);
        let second = check(&format!("{body}{first}"));
        let written = |second| format!("{}.{}.{}-{first}{second}", &body[..3], &body[3..6], &body[6..]);
        let is_found = |text: String| found(&text).iter().any(|(kind, _)| kind == "br_cpf");
        prop_assert!(is_found(written(second)));
        prop_assert!(!is_found(written((second + 1) % 10)));
    }

    #[test]
    fn reasons_hold_nothing_of_what_was_found(body in "4[0-9]{14}") {
        let number = with_luhn(&body);
        for hit in scan(&number) {
            prop_assert!(!hit.reason.contains(&number[..4]) && !hit.rule.contains(&number[..4]));
        }
    }
}
