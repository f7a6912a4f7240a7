//! Texts to values, strictly: `None` for whatever is not exactly of the form that is asked for.

use llmtrace_model::{Money, Timestamp};

use super::kind::MAX_TEXT;

/// The greatest whole number: the greatest that every JSON reader takes exactly, 2^53 - 1.
pub(super) const MAX_WHOLE: u64 = (1 << 53) - 1;
/// The first and the last time RFC 3339 can write.
const FIRST: Timestamp = Timestamp::from_unix_us(-62_167_219_200_000_000);
const LAST: Timestamp = Timestamp::from_unix_us(253_402_207_200_000_000);

/// A text of bounded length.
pub(super) fn text(text: &str) -> Option<String> {
    (text.chars().nth(MAX_TEXT).is_none() && !text.is_empty()).then(|| text.to_owned())
}

/// An RFC 3339 time; the parser also takes other forms of ISO 8601.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let is_year = bytes.iter().take(4).all(u8::is_ascii_digit) && bytes.get(4) == Some(&b'-');
    let has_time =
        matches!(bytes.get(10), Some(b'T' | b't')) && bytes.get(13) == Some(&b':') && bytes.get(16) == Some(&b':');
    if !is_year || !has_time || text.contains('[') {
        return None;
    }
    Timestamp::parse_rfc3339(text).filter(|time| is_written(*time))
}

/// Says whether RFC 3339 can write a time.
pub(super) fn is_written(time: Timestamp) -> bool {
    (FIRST..=LAST).contains(&time)
}

/// The earliest time RFC 3339 can write, or this one where it is later.
pub(super) fn at_least_first(time: Timestamp) -> Timestamp {
    time.max(FIRST)
}

/// A whole number without a sign.
pub(super) fn whole(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|n| digits && *n <= MAX_WHOLE)
}

/// An HTTP status.
pub(super) fn http_status(text: &str) -> Option<u16> {
    whole(text).and_then(|n| u16::try_from(n).ok()).filter(|n| (100..=599).contains(n))
}

/// Milliseconds with at most three decimals, as microseconds.
pub(super) fn ms(text: &str) -> Option<u64> {
    let (whole, part) = decimal(text, 12, 3)?;
    // Twelve digits of milliseconds are fifteen of microseconds.
    Some(whole.parse::<u64>().ok()? * 1000 + format!("{part:0<3}").parse::<u64>().ok()?)
}

/// An amount of dollars that is not negative.
pub(super) fn usd(text: &str) -> Option<Money> {
    decimal(text, 9, 9)?;
    text.parse().ok()
}

/// The digits before and behind the point, so many of them at most.
fn decimal(text: &str, whole: usize, part: usize) -> Option<(&str, &str)> {
    let (before, behind) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some(pair) => pair,
        None => (text, ""),
    };
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let fits = (1..=whole).contains(&before.len()) && behind.len() <= part;
    (fits && digits(before) && digits(behind)).then_some((before, behind))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn milliseconds_become_exact_microseconds() {
        for (text, us) in [("0", 0), ("1", 1000), ("0.001", 1), ("30.25", 30_250), ("007.1", 7100)] {
            assert_eq!(ms(text), Some(us), "{text}");
        }
        assert_eq!(ms("999999999999.999"), Some(999_999_999_999_999));
        for wrong in ["", ".", "1.", ".5", "-1", "+1", "1e3", "0.0001", "1,5", " 1", "1000000000000", "NaN", "inf", "٣"]
        {
            assert_eq!(ms(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn dollars_are_exact_and_not_negative() {
        assert_eq!(usd("0.000000001"), Some(Money::from_nanos(1)));
        assert_eq!(usd("999999999.999999999"), Some(Money::from_nanos(999_999_999_999_999_999)));
        for wrong in ["", "-0", "-1", "1.", ".1", "0.0000000001", "1000000000", "1e-3", "$1", "inf"] {
            assert_eq!(usd(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_rfc_3339_is_a_time() {
        for right in
            ["2026-01-31T12:00:00Z", "2026-01-31t12:00:00.123456z", "2026-01-31T12:00:00+02:00", "0000-01-01T00:00:00Z"]
        {
            assert!(time(right).is_some(), "{right}");
        }
        let wrong = [
            "2026-01-31",
            "2026-01-31T12:00:00",
            "20260131T120000Z",
            "2026-01-31T12Z",
            "-002026-01-31T12:00:00Z",
            "2026-01-31 12:00:00Z",
            "2026-01-31T12:00:00+02:00[Europe/Berlin]",
            "+002026-01-31T12:00:00Z",
            "2026-13-31T12:00:00Z",
            "ü",
            "",
        ];
        for wrong in wrong {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_a_span_says_is_what_a_filter_takes(us in 0u64..1_000_000_000_000_000) {
            #[expect(clippy::cast_precision_loss, reason = "as the view does")]
            let written = us as f64 / 1000.0;
            prop_assert_eq!(ms(&written.to_string()), Some(us));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            let read = [ms(&text).is_some(), usd(&text).is_some(), time(&text).is_some(), whole(&text).is_some()];
            prop_assert!(!text.is_empty() || !read.contains(&true));
        }
    }
}
