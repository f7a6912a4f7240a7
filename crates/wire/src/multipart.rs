//! `multipart/form-data` as uploads send it: the small text fields by name, files by name and size (RFC 7578).
//!
//! Reads a copy that may have been cut: what lies before the cut, and the whole fields behind it.

use memchr::memmem;

/// Most parts that are read.
const MAX_PARTS: usize = 64;
/// Longest text field that is kept.
const MAX_TEXT: usize = 64 * 1024;
/// Longest head of a part.
const MAX_HEAD: usize = 4096;

/// One part of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it holds.
    pub value: Value<'a>,
}

/// What a part holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// A text field.
    Text(&'a str),
    /// A file.
    File {
        /// Its stated media type.
        media: Option<&'a str>,
        /// Bytes of it that are in the copy: all of them, unless the copy was cut inside.
        size_bytes: u64,
    },
    /// A text that is none, or too long.
    Unread,
}

/// The boundary a media type names; `None` where it is no form.
pub fn boundary(media: &str) -> Option<&str> {
    let (essence, parameters) = media.split_once(';')?;
    if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let is_boundary = |name: &str| name.trim().eq_ignore_ascii_case("boundary");
    let (_, value) = parameters.split(';').filter_map(|p| p.split_once('=')).find(|(name, _)| is_boundary(name))?;
    let value = value.trim().trim_matches('"');
    // RFC 2046: at most 70 characters.
    (!value.is_empty() && value.len() <= 70).then_some(value)
}

/// Reads the fields of a form: those of the head, then those that begin in the tail behind a gap.
pub fn fields<'a>(boundary: &str, head: &'a [u8], tail: Option<&'a [u8]>) -> Vec<Field<'a>> {
    let delimiter = format!("--{boundary}");
    let mut found = Vec::new();
    for piece in [Some(head), tail].into_iter().flatten() {
        read(&delimiter, piece, &mut found);
    }
    found
}

fn read<'a>(delimiter: &str, piece: &'a [u8], found: &mut Vec<Field<'a>>) {
    let starts: Vec<usize> = memmem::find_iter(piece, delimiter.as_bytes()).take(MAX_PARTS + 1).collect();
    for (at, start) in starts.iter().enumerate() {
        let from = start + delimiter.len();
        let to = starts.get(at + 1).copied().unwrap_or(piece.len());
        if found.len() < MAX_PARTS
            && let Some(part) = piece.get(from..to)
            && let Some(field) = field(part)
        {
            found.push(field);
        }
    }
}

/// One part, from behind its delimiter up to the next; the last delimiter is followed by `--`.
fn field(part: &[u8]) -> Option<Field<'_>> {
    let part = part.strip_prefix(b"\r\n").or_else(|| part.strip_prefix(b"\n"))?;
    let (head, body) = split_head(part)?;
    let head = std::str::from_utf8(head).ok()?;
    let line = |wanted: &str| {
        head.lines()
            .filter_map(|l| l.split_once(':'))
            .find(|(n, _)| n.trim().eq_ignore_ascii_case(wanted))
            .map(|(_, v)| v.trim())
    };
    let disposition = line("content-disposition")?;
    let name = parameter(disposition, "name")?;
    let body = body.strip_suffix(b"\r\n").or_else(|| body.strip_suffix(b"\n")).unwrap_or(body);
    let is_file = parameter(disposition, "filename").is_some() || disposition.contains("filename*=");
    let value = if is_file {
        Value::File { media: line("content-type"), size_bytes: body.len() as u64 }
    } else {
        match std::str::from_utf8(body) {
            Ok(text) if text.len() <= MAX_TEXT => Value::Text(text),
            Ok(_) | Err(_) => Value::Unread,
        }
    };
    Some(Field { name, value })
}

fn split_head(part: &[u8]) -> Option<(&[u8], &[u8])> {
    let within = &part[..part.len().min(MAX_HEAD)];
    let (at, len) = match (memmem::find(within, b"\r\n\r\n"), memmem::find(within, b"\n\n")) {
        (Some(crlf), Some(lf)) if lf < crlf => (lf, 2),
        (Some(crlf), _) => (crlf, 4),
        (None, lf) => (lf?, 2),
    };
    Some((&part[..at], &part[at + len..]))
}

/// `name="value"` among the parameters of a header.
fn parameter<'h>(header: &'h str, wanted: &str) -> Option<&'h str> {
    header.split(';').skip(1).filter_map(|p| p.split_once('=')).find_map(|(name, value)| {
        let is_it = name.trim().eq_ignore_ascii_case(wanted);
        is_it.then(|| value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FORM: &[u8] = b"--x1\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n\
        --x1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\nBYTES\r\n\
        --x1\r\ncontent-disposition: form-data; name=\"language\"\r\n\r\nde\r\n--x1--\r\n";

    fn text<'a>(name: &'a str, text: &'a str) -> Field<'a> {
        Field { name, value: Value::Text(text) }
    }

    #[test]
    fn fields_are_read_and_files_are_named() {
        let file = Field { name: "file", value: Value::File { media: Some("audio/mpeg"), size_bytes: 5 } };
        assert_eq!(fields("x1", FORM, None), [text("model", "whisper-1"), file, text("language", "de")]);
    }

    #[test]
    fn fields_behind_a_gap_are_read_too() {
        let (head, tail) = (&FORM[..170], &FORM[FORM.len() - 80..]);
        let found = fields("x1", head, Some(tail));
        assert_eq!(found.first(), Some(&text("model", "whisper-1")));
        assert_eq!(found.last(), Some(&text("language", "de")));
    }

    #[test]
    fn the_boundary_is_a_parameter_of_a_form() {
        assert_eq!(boundary("multipart/form-data; boundary=\"a b\""), Some("a b"));
        assert_eq!(boundary("Multipart/Form-Data; charset=utf-8; Boundary=q"), Some("q"));
        assert_eq!(boundary("application/json"), None);
        assert_eq!(boundary("multipart/mixed; boundary=q"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived_and_bounded(bytes in proptest::collection::vec(any::<u8>(), 0..600), cut in 0usize..600) {
            let at = cut.min(bytes.len());
            prop_assert!(fields("x", &bytes[..at], Some(&bytes[at..])).len() <= MAX_PARTS);
            let mut form = FORM.to_vec();
            form.truncate(cut);
            form.extend_from_slice(&bytes);
            prop_assert!(fields("x1", &form, None).len() <= MAX_PARTS);
        }
    }
}
