//! Base64 as strangers write it: of either alphabet, with or without padding, cut off anywhere.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The digit of the standard alphabet for a digit of that one or of the one for URLs.
pub(crate) fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => Some(byte),
        b'-' => Some(b'+'),
        b'_' => Some(b'/'),
        _ => None,
    }
}

/// The bytes that the digits at the beginning of a text say; a digit too many is left out.
pub(crate) fn base64_bytes(text: &[u8]) -> Vec<u8> {
    let mut digits: Vec<u8> = text.iter().map_while(|byte| digit(*byte)).collect();
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    LENIENT.decode(digits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn either_alphabet_and_any_end_are_read() {
        for (text, bytes) in [
            ("aGk_", &b"hi?"[..]),
            ("aGk/", b"hi?"),
            ("aGk=", b"hi"),
            ("aGk", b"hi"),
            ("aGl", b"hi"),
            ("aGk/a", b"hi?"),
            ("aGk/ and so on", b"hi?"),
            ("", b""),
            ("=", b""),
        ] {
            assert_eq!(base64_bytes(text.as_bytes()), bytes, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_back(bytes: Vec<u8>) {
            let packed = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&bytes);
            prop_assert_eq!(base64_bytes(packed.as_bytes()), bytes);
        }
    }
}
