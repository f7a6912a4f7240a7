//! Closed sets of words.

/// Says that a stored or queried word is not one of an enum's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is unknown, expected one of {expected}")]
pub struct UnknownWord {
    word: String,
    expected: &'static str,
}

impl UnknownWord {
    pub(crate) fn new(word: &str, expected: &'static str) -> Self {
        Self { word: word.chars().take(64).collect(), expected }
    }
}

/// Makes an enum of stable words: in JSON, SQL and metrics each has one spelling.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? } $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every one, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable word for it, in JSON, SQL and metrics.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownWord;

            fn from_str(s: &str) -> Result<Self, $crate::UnknownWord> {
                match s {
                    $($word => Ok(Self::$variant),)+
                    other => Err($crate::UnknownWord::new(other, $expected)),
                }
            }
        }
    };
}
pub(crate) use words;
