//! Walks over JSON bytes without reading them: where a value ends, and the members of the outermost object.
//!
//! Strings are crossed with `memchr`; brackets must match, but what stands between them is not checked. For the front
//! lane ([`crate::inspect()`]) and for members the decoders leave out.

use std::ops::Range;

use memchr::memchr;

use crate::json::Fault;

/// Deepest nesting that is followed.
pub(crate) const MAX_DEPTH: u32 = 128;

/// One member of the outermost object.
pub(crate) struct Member<'a> {
    /// The key between its quotes, escapes as written.
    pub key: &'a [u8],
    /// Where its value is.
    pub value: Range<usize>,
}

/// Calls `each` for every member of the object that is the whole of `body`.
pub(crate) fn members<'a>(body: &'a [u8], each: impl FnMut(Member<'a>)) -> Result<(), Fault> {
    let mut pos = white(body, 0);
    if *body.get(pos).ok_or(Fault::Eof)? != b'{' {
        return Err(Fault::Syntax);
    }
    pos = white(body, pos + 1);
    if body.get(pos) == Some(&b'}') {
        return end_of(body, pos + 1);
    }
    members_from(body, pos, each)
}

/// The value of the member whose key starts at `at`; `None` where that is no member of the outermost object, which shows
/// when what follows does not end with the body. What stands before is taken for granted.
pub(crate) fn outermost_value(body: &[u8], at: usize) -> Option<Range<usize>> {
    let mut value = None;
    let crossed = members_from(body, at, |member| {
        value.get_or_insert(member.value);
    });
    value.filter(|_| crossed.is_ok())
}

/// Calls `each` for the members from the one whose key starts at `pos` to the end of the outermost object.
fn members_from<'a>(body: &'a [u8], mut pos: usize, mut each: impl FnMut(Member<'a>)) -> Result<(), Fault> {
    loop {
        if *body.get(pos).ok_or(Fault::Eof)? != b'"' {
            return Err(Fault::Syntax);
        }
        let key_end = string_end(body, pos + 1)?;
        let key = &body[pos + 1..key_end - 1];
        pos = white(body, key_end);
        if *body.get(pos).ok_or(Fault::Eof)? != b':' {
            return Err(Fault::Syntax);
        }
        pos = white(body, pos + 1);
        let end = value_end(body, pos)?;
        each(Member { key, value: pos..end });
        pos = white(body, end);
        match *body.get(pos).ok_or(Fault::Eof)? {
            b',' => pos = white(body, pos + 1),
            b'}' => return end_of(body, pos + 1),
            _ => return Err(Fault::Syntax),
        }
    }
}

fn end_of(body: &[u8], pos: usize) -> Result<(), Fault> {
    if white(body, pos) == body.len() { Ok(()) } else { Err(Fault::Syntax) }
}

/// The first position from `pos` that is no white space.
pub(crate) fn white(body: &[u8], mut pos: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = body.get(pos) {
        pos += 1;
    }
    pos
}

/// The position after the closing quote of a string whose text starts at `start`.
pub(crate) fn string_end(body: &[u8], start: usize) -> Result<usize, Fault> {
    let mut pos = start;
    loop {
        let rest = body.get(pos..).ok_or(Fault::Eof)?;
        let quote = pos + memchr(b'"', rest).ok_or(Fault::Eof)?;
        // Escapes other than of quotes need no stop: prompts are full of them.
        let escapes = body[start..quote].iter().rev().take_while(|byte| **byte == b'\\').count();
        pos = quote + 1;
        if escapes % 2 == 0 {
            return Ok(pos);
        }
    }
}

/// The position after the value that starts at `pos`.
pub(crate) fn value_end(body: &[u8], pos: usize) -> Result<usize, Fault> {
    match *body.get(pos).ok_or(Fault::Eof)? {
        b'"' => string_end(body, pos + 1),
        b'{' | b'[' => nested_end(body, pos),
        b't' => word_end(body, pos, b"true"),
        b'f' => word_end(body, pos, b"false"),
        b'n' => word_end(body, pos, b"null"),
        _ => number_end(body, pos).ok_or(Fault::Syntax),
    }
}

fn word_end(body: &[u8], pos: usize, word: &[u8]) -> Result<usize, Fault> {
    let rest = &body[pos..];
    if rest.starts_with(word) {
        return Ok(pos + word.len());
    }
    Err(if word.starts_with(rest) { Fault::Eof } else { Fault::Syntax })
}

/// The position after the list or object that starts at `pos`.
fn nested_end(body: &[u8], mut pos: usize) -> Result<usize, Fault> {
    // One bit for each open bracket, 1 for an object: a mismatch is no JSON, whatever stands inside.
    let mut open: u128 = 0;
    let mut depth = 0;
    while let Some(&byte) = body.get(pos) {
        pos += 1;
        match byte {
            b'"' => pos = string_end(body, pos)?,
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Fault::TooDeep);
                }
                open = open << 1 | u128::from(byte == b'{');
            }
            b'}' | b']' => {
                if (open & 1 == 1) != (byte == b'}') {
                    return Err(Fault::Syntax);
                }
                open >>= 1;
                depth -= 1;
                if depth == 0 {
                    return Ok(pos);
                }
            }
            _ => {}
        }
    }
    Err(Fault::Eof)
}

/// The position after the number that starts at `pos`; `None` where there is no whole one.
pub(crate) fn number_end(body: &[u8], pos: usize) -> Option<usize> {
    let digits = |mut at: usize| {
        let start = at;
        while body.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        (at > start).then_some(at)
    };
    let whole = if body.get(pos) == Some(&b'-') { pos + 1 } else { pos };
    let mut end = if body.get(whole) == Some(&b'0') { whole + 1 } else { digits(whole)? };
    if body.get(end) == Some(&b'.') {
        end = digits(end + 1)?;
    }
    if let Some(b'e' | b'E') = body.get(end) {
        let sign = usize::from(matches!(body.get(end + 1), Some(b'+' | b'-')));
        end = digits(end + 1 + sign)?;
    }
    Some(end)
}
