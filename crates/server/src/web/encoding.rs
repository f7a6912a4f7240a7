//! Which of the stored encodings of a file a client gets.

use axum::http::{HeaderMap, header};

/// How a stored file is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// The word of `Content-Encoding`; none where nothing was done to the bytes.
    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// The encodings a client takes, smallest first; identity is always the last resort.
    pub(super) fn taken_by(headers: &HeaderMap) -> impl Iterator<Item = Self> {
        let asked: Vec<&str> = headers
            .get_all(header::ACCEPT_ENCODING)
            .into_iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        let takes = |word: &str| {
            let named = asked.iter().find_map(|entry| weight_of(entry, word));
            named.or_else(|| asked.iter().find_map(|entry| weight_of(entry, "*"))).unwrap_or(0.0) > 0.0
        };
        let packed = [Self::Brotli, Self::Gzip].into_iter().filter(|it| it.word().is_some_and(takes));
        packed.collect::<Vec<_>>().into_iter().chain([Self::Identity])
    }
}

/// The weight an entry such as `gzip;q=0.5` gives to `word`, if it is about it (RFC 9110, section 12.5.3).
fn weight_of(entry: &str, word: &str) -> Option<f32> {
    let mut parts = entry.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case(word) {
        return None;
    }
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some(weight.map_or(1.0, |text| text.parse().unwrap_or(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(values: &[&'static str]) -> Vec<Encoding> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::ACCEPT_ENCODING, value.parse().unwrap());
        }
        Encoding::taken_by(&headers).collect()
    }

    #[test]
    fn what_a_client_names_is_taken_and_nothing_else() {
        use Encoding::{Brotli, Gzip, Identity};
        assert_eq!(taken(&[]), [Identity]);
        assert_eq!(taken(&["gzip, deflate, br, zstd"]), [Brotli, Gzip, Identity]);
        assert_eq!(taken(&["GZIP"]), [Gzip, Identity]);
        assert_eq!(taken(&["br;q=0, gzip;q=0.5"]), [Gzip, Identity]);
        assert_eq!(taken(&["*", "br;q=0"]), [Gzip, Identity]);
        assert_eq!(taken(&["gzip; q=nonsense"]), [Identity]);
        assert_eq!(taken(&["brotli, gzipped"]), [Identity]);
    }
}
