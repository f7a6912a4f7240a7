//! What a browser keeps for us while somebody is at the provider: nobody else reads or changes it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom as _, SystemRandom},
};
use serde::{Deserialize, Serialize};

/// What it is for: bytes that were sealed for anything else open nothing here.
const ABOUT: &[u8] = b"llmtrace oidc login 1";

/// What is to be remembered.
#[derive(Serialize, Deserialize)]
pub(super) struct Sealed {
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
    pub(super) redirect: String,
    pub(super) next: String,
    pub(super) until_us: i64,
}

/// Seals and opens, AES-256-GCM with random nonces: ten minutes of logins are far from the 2^32 that a key allows.
pub(super) struct Seal(LessSafeKey);

impl Seal {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("32 bytes are a key")))
    }

    pub(super) fn close(&self, what: &Sealed) -> Option<String> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        let mut bytes = serde_json::to_vec(what).ok()?;
        self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(ABOUT), &mut bytes).ok()?;
        Some(URL_SAFE_NO_PAD.encode([&nonce[..], &bytes].concat()))
    }

    pub(super) fn open(&self, text: &str) -> Option<Sealed> {
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.0.open_in_place(nonce, Aad::from(ABOUT), sealed).ok()?;
        serde_json::from_slice(opened).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn something() -> Sealed {
        let text = |text: &str| text.to_owned();
        let (state, nonce, verifier) = (text("s"), text("n"), text("v"));
        Sealed { state, nonce, verifier, redirect: text("r"), next: text("/dashboard/"), until_us: 7 }
    }

    #[test]
    fn what_was_sealed_opens_again_and_nothing_else_does() {
        let seal = Seal::new(&[7; 32]);
        let text = seal.close(&something()).unwrap();
        assert_ne!(seal.close(&something()).unwrap(), text);
        let opened = seal.open(&text).unwrap();
        assert_eq!((opened.state.as_str(), opened.until_us), ("s", 7));
        assert!(Seal::new(&[8; 32]).open(&text).is_none());
        for at in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert!(seal.open(std::str::from_utf8(&other).unwrap()).is_none(), "{at}");
        }
        for bad in ["", "x", "AAAAAAAAAAAAAAAA", &text[..20]] {
            assert!(seal.open(bad).is_none());
        }
    }
}
