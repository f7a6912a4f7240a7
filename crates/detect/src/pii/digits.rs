//! Check digits.

use super::candidate::Candidate;

/// Luhn's: cards, Swedish and Canadian numbers, IMEI (ISO/IEC 7812-1 annex B).
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: Option<u32> = digits.iter().rev().enumerate().try_fold(0, |sum, (place, byte)| {
        let digit = char::from(*byte).to_digit(10)?;
        let doubled = if place % 2 == 1 { digit * 2 } else { digit };
        Some(sum + doubled / 10 + doubled % 10)
    });
    !digits.is_empty() && sum.is_some_and(|sum| sum % 10 == 0)
}

/// ISO/IEC 7064 MOD 97-10 as IBANs use it: the first four characters go to the end.
pub(super) fn mod_97(compact: &[u8]) -> bool {
    if compact.len() < 5 {
        return false;
    }
    let turned = compact[4..].iter().chain(&compact[..4]);
    let rest = turned.map(|byte| char::from(*byte).to_digit(36)).try_fold(0_u32, |rest, value| {
        let value = value?;
        Some(if value > 9 { rest * 100 + value } else { rest * 10 + value } % 97)
    });
    rest == Some(1)
}

/// ISO/IEC 7064 MOD 11,10: German and Croatian tax numbers.
pub(super) fn mod_11_10(digits: &[u8]) -> bool {
    let Some((last, body)) = digits.split_last() else { return false };
    let product = body.iter().map(|byte| char::from(*byte).to_digit(10)).try_fold(10_u32, |product, digit| {
        let sum = (digit? + product) % 10;
        Some(if sum == 0 { 10 } else { sum } * 2 % 11)
    });
    product.is_some_and(|product| (11 - product) % 10 == u32::from(last.wrapping_sub(b'0')))
}

/// Verhoeff's: Aadhaar.
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    const PRODUCT: [[u8; 10]; 10] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ];
    const TURN: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let turned = |digit: u8, times: usize| (0..times).fold(digit, |digit, _| TURN[usize::from(digit)]);
    digits.iter().all(u8::is_ascii_digit)
        && digits
            .iter()
            .rev()
            .enumerate()
            .fold(0_u8, |sum, (place, byte)| PRODUCT[usize::from(sum)][usize::from(turned(byte - b'0', place % 8))])
            == 0
}

/// The sum of digits, each times its weight, from the first; `None` where a letter is in the way.
pub(super) fn weighted(candidate: &Candidate<'_>, weights: &[u32]) -> Option<u32> {
    weights.iter().enumerate().try_fold(0, |sum, (at, weight)| Some(sum + candidate.digit(at)? * weight))
}

/// Whether a day is in the calendar, of a year of any century.
pub(super) fn is_day(year: u64, month: u64, day: u64) -> bool {
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) => 29,
        2 => 28,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// Whether six digits from a place on are a day, in the order given.
pub(super) fn is_short_day(candidate: &Candidate<'_>, at: usize, order: Order) -> bool {
    let [a, b, c] = [0, 2, 4].map(|more| candidate.number(at + more..at + more + 2));
    let (Some(a), Some(b), Some(c)) = (a, b, c) else { return false };
    match order {
        Order::YearFirst => is_day(a, b, c),
        Order::DayFirst => is_day(c, b, a),
    }
}

/// In which order a day is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// `yymmdd`
    YearFirst,
    /// `ddmmyy`
    DayFirst,
}
