//! Checksums and entropy of values.

/// Shannon entropy, in bits a byte.
pub(super) fn entropy(value: &str) -> f32 {
    let mut counts = [0_u16; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] = counts[usize::from(byte)].saturating_add(1);
    }
    let total: f32 = counts.iter().map(|count| f32::from(*count)).sum();
    let bits = |count: &u16| {
        let share = f32::from(*count) / total;
        -share * share.log2()
    };
    counts.iter().filter(|count| **count > 0).map(bits).sum()
}

/// Whether the last six characters are the CRC-32 of the others behind the last `_`, in base 62: GitHub and npm tokens.
///
/// GitHub engineering, "Behind GitHub's new authentication token formats" (2021-04-05).
pub(super) fn is_github(token: &str) -> bool {
    let body = token.rsplit('_').next().unwrap_or(token);
    let Some((random, sum)) = body.len().checked_sub(6).and_then(|at| body.split_at_checked(at)) else { return false };
    base62(crc32fast::hash(random.as_bytes())) == sum.as_bytes()
}

/// Six digits in base 62, in GitHub's order: digits, capitals, small letters.
pub(super) fn base62(mut number: u32) -> [u8; 6] {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = [b'0'; 6];
    for place in text.iter_mut().rev() {
        *place = DIGITS[(number % 62) as usize];
        number /= 62;
    }
    text
}
