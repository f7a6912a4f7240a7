//! Hashes of secrets that have 256 random bits: what is stored of an API key, and of a login session's token.

/// Makes the SHA-256 of a secret a type of its own, which shows in no log.
macro_rules! secret_hash {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The hash of the whole secret.
            pub fn of(secret: &str) -> Self {
                let mut hash = [0; 32];
                hash.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, secret.as_bytes()).as_ref());
                Self(hash)
            }

            /// Takes the 32 bytes of a stored hash.
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("***")
            }
        }
    };
}
pub(crate) use secret_hash;
