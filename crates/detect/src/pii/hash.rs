//! The checksums of wallet addresses: SHA-256 twice (base58check) and BCH (bech32).

use ring::digest::{SHA256, digest};

/// Whether a text is base58check of a version, twenty bytes and a checksum: a Bitcoin address that begins with 1 or 3.
pub(super) fn is_base58check(text: &str) -> bool {
    const DIGITS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    if !(26..=35).contains(&text.len()) || !text.starts_with(['1', '3']) {
        return false;
    }
    let mut whole = [0_u8; 25];
    for byte in text.bytes() {
        let Some(digit) = DIGITS.iter().position(|known| *known == byte) else { return false };
        let mut carry = u32::try_from(digit).expect("below 58");
        for place in whole.iter_mut().rev() {
            carry += u32::from(*place) * 58;
            *place = u8::try_from(carry & 0xFF).expect("eight bits");
            carry >>= 8;
        }
        if carry > 0 {
            return false;
        }
    }
    let once = digest(&SHA256, &whole[..21]);
    digest(&SHA256, once.as_ref()).as_ref()[..4] == whole[21..]
}

/// Whether a text is a Bitcoin address in bech32 or bech32m (BIP 173, BIP 350), in small or capital letters.
pub(super) fn is_bech32(text: &str) -> bool {
    const DIGITS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATORS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let step = |sum: u32, value: u32| {
        let top = sum >> 25;
        let sum = ((sum & 0x01ff_ffff) << 5) ^ value;
        (0..5).filter(|bit| (top >> bit) & 1 == 1).fold(sum, |sum, bit| sum ^ GENERATORS[bit])
    };
    let lower = text.to_ascii_lowercase();
    let Some((name, body)) = lower.rsplit_once('1') else { return false };
    let high = name.bytes().map(|byte| u32::from(byte >> 5));
    let low = name.bytes().map(|byte| u32::from(byte & 31));
    let sum = high.chain([0]).chain(low).fold(1, step);
    let mut values = body.bytes().map(|byte| DIGITS.iter().position(|known| *known == byte));
    let sum = values.try_fold(sum, |sum, value| Some(step(sum, u32::try_from(value?).expect("below 32"))));
    matches!(name, "bc" | "tb" | "ltc") && body.len() >= 14 && matches!(sum, Some(1 | 0x2bc8_30a3))
}
