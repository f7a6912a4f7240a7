//! The short forms in a rule's expressions.
//!
//! Expressions are those of the `regex` crate over bytes, ASCII classes only, so that they run in its fast automaton whatever
//! the script. Outside `[…]`, and unless `\` stands before it, this stands for more:
//!
//! | written | stands for |
//! |---|---|
//! | a space | anything that parts words: white space, quotes, dashes, commas, colons, brackets, markup |
//! | `\S` | what words are made of: anything but white space, the ends of sentences and what parts words |
//! | `~` | the same with up to four words in between, in one sentence |
//! | `≈` | the same with anything in between that ends no sentence; only the stretch that is looked at bounds it |
//! | `{name}` | any of the words of that name |

use std::collections::BTreeMap;

use crate::literals::{Place, SHORTEST};

/// What parts two words. `\xe2\x80` begins the dashes, curly quotes and the ellipsis.
const GAP: &str = r#"(?:(?:[\s*_"'`,:;>#()\[\]|=/\\-]|\xe2\x80[\x90-\xa6])+)"#;

/// What a word is made of: no sign that parts words, so that an automaton never has two ways to read a text.
const LETTER: &str = r#"[^\s.!?*_"'`,:;>#()\[\]|=/\\-]"#;

/// How deep words may name words.
const MAX_DEPTH: u8 = 4;

/// Writes an expression out in full.
///
/// # Errors
///
/// A sentence on the name that is not known.
pub(super) fn expand(short: &str, words: &BTreeMap<String, Vec<String>>) -> Result<String, String> {
    let mut full = String::with_capacity(short.len() * 4);
    expand_into(&mut full, short, words, 0)?;
    Ok(full)
}

fn expand_into(full: &mut String, short: &str, words: &BTreeMap<String, Vec<String>>, depth: u8) -> Result<(), String> {
    let mut in_class = false;
    let mut rest = short;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = after;
        match c {
            '\\' if after.starts_with('S') && !in_class => {
                full.push_str(LETTER);
                rest = &after[1..];
            }
            '\\' => {
                full.push(c);
                if let Some(escaped) = after.chars().next() {
                    full.push(escaped);
                    rest = &after[escaped.len_utf8()..];
                }
            }
            '[' | ']' => {
                in_class = c == '[';
                full.push(c);
            }
            _ if in_class => full.push(c),
            // The signs for words in between bring their own gaps.
            ' ' if after.trim_start_matches(' ').starts_with(['~', '≈']) => {}
            ' ' => full.push_str(GAP),
            '~' | '≈' => {
                let between =
                    if c == '~' { format!("(?:{LETTER}+{GAP}){{0,4}}") } else { format!("(?:[^.!?]*{GAP})?") };
                full.push_str(&format!("(?:{GAP}{between})"));
                rest = after.trim_start_matches(' ');
            }
            '{' if after.starts_with(|c: char| c.is_ascii_lowercase()) => {
                let end = after.find('}').ok_or_else(|| format!("`{{{after}` has no end, expected `}}`"))?;
                rest = &after[end + 1..];
                expand_name(full, &after[..end], words, depth)?;
            }
            _ => full.push(c),
        }
    }
    Ok(())
}

fn expand_name(full: &mut String, name: &str, words: &BTreeMap<String, Vec<String>>, depth: u8) -> Result<(), String> {
    let alternatives = named(name, words)?;
    if depth == MAX_DEPTH {
        return Err(format!("words {name:?} are named in themselves, or more than {MAX_DEPTH} deep"));
    }
    full.push_str("(?:");
    for (i, alternative) in alternatives.iter().enumerate() {
        if i > 0 {
            full.push('|');
        }
        expand_into(full, alternative, words, depth + 1)?;
    }
    full.push(')');
    Ok(())
}

fn named<'w>(name: &str, words: &'w BTreeMap<String, Vec<String>>) -> Result<&'w [String], String> {
    let known = || words.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    words.get(name).map(Vec::as_slice).ok_or_else(|| format!("words {name:?} are unknown, expected one of {}", known()))
}

/// A literal as written in `needs`, `with` and `also`, and where it may stand.
pub(super) fn placed(literal: &str) -> (&str, Place) {
    match literal.strip_prefix('*') {
        Some(literal) => (literal, Place::Anywhere),
        // What begins with no letter of ASCII has no such border.
        None if !literal.starts_with(|c: char| c.is_ascii_alphabetic()) => (literal, Place::Anywhere),
        None => (literal, Place::WordStart),
    }
}

/// The literals that one entry of `needs` stands for.
///
/// # Errors
///
/// A sentence on a name that is not known, or a literal that is too short to keep anything out.
pub(super) fn literals(need: &str, words: &BTreeMap<String, Vec<String>>) -> Result<Vec<String>, String> {
    let literals = match need.strip_prefix('{').and_then(|n| n.strip_suffix('}')) {
        Some(name) => named(name, words)?.iter().map(|w| surest(w)).collect(),
        None => vec![need.to_owned()],
    };
    for literal in &literals {
        if placed(literal).0.len() < SHORTEST {
            return Err(format!("{need:?} gives the literal {literal:?}, expected at least {SHORTEST} bytes"));
        }
        if literal.to_lowercase() != *literal {
            return Err(format!("{need:?} holds capital letters, expected lower case as in the folded text"));
        }
    }
    Ok(literals)
}

/// The longest run of letters that every match of an alternative holds: outside brackets, without what is optional. A `*`
/// stands before it where it may stand inside a word.
fn surest(alternative: &str) -> String {
    let (mut best, mut best_from) = ("", 0);
    let (mut from, mut depth) = (0, 0u32);
    let mut chars = alternative.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let is_letter =
            depth == 0 && (c.is_alphanumeric() || is_mark(c) || matches!(c, '<' | '>' | '/' | '#' | '_' | '-' | '!'));
        let is_optional = chars.peek().is_some_and(|(_, next)| matches!(next, '?' | '*'));
        if is_letter && !is_optional {
            let end = at + c.len_utf8();
            if end - from > best.len() {
                (best, best_from) = (&alternative[from..end], from);
            }
            continue;
        }
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            // What is escaped is a class or a sign, not a letter.
            '\\' => drop(chars.next()),
            _ => {}
        }
        from = chars.peek().map_or(alternative.len(), |(next, _)| *next);
    }
    let starts_word = alternative[..best_from].is_empty() || alternative[..best_from].ends_with(' ');
    if starts_word { best.to_owned() } else { format!("*{best}") }
}

/// Signs that belong to letters before them, as in Hindi and Thai.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && !matches!(c, '≈' | '’')
}
