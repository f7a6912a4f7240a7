//! Which end of a text is still open: what comes next may make it part of a match.

/// The longest run of groups that is held as one: an IBAN in groups of four, a card with spaces, a number with its name.
const LONGEST_RUN: usize = 96;
/// The longest group of such a run.
const LONGEST_GROUP: usize = 24;
/// The longest name of a month, in bytes, in the languages whose dates are known.
const LONGEST_NAME: usize = 20;

/// From where on a text is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Open {
    /// From this byte on; the end of the text where nothing is.
    From(usize),
    /// A block of key material began here, and has not ended.
    Block(usize),
}

/// Where a block ends that begins in a text, behind its last byte.
type End = fn(&str) -> Option<usize>;

/// What begins a block of key material, and what ends it.
const BLOCKS: [(&str, End); 3] =
    [("-----BEGIN", end_of_pem), ("$ANSIBLE_VAULT;", end_of_vault), ("Private-Lines:", end_of_putty)];

/// Where the open end of a text begins.
pub(super) fn open(text: &str) -> Open {
    let blocks = BLOCKS.iter().filter_map(|(begin, end)| text.rfind(begin).map(|at| (at, end)));
    if let Some((at, _)) = blocks.filter(|(at, end)| end(&text[*at..]).is_none()).min_by_key(|(at, _)| *at) {
        return Open::Block(at);
    }
    Open::From(run_start(text))
}

/// Behind the end of the first block, where it has come.
pub(super) fn end_of_block(text: &str) -> Option<usize> {
    BLOCKS.iter().filter_map(|(_, end)| end(text)).min()
}

fn end_of_pem(text: &str) -> Option<usize> {
    const DASHES: &str = "-----";
    let at = text.find("-----END")? + "-----END".len();
    text[at..].find(DASHES).map(|dashes| at + dashes + DASHES.len())
}

/// Lines of hexadecimal digits behind the first: up to what is none.
fn end_of_vault(text: &str) -> Option<usize> {
    let body = text.find("$ANSIBLE_VAULT;").and_then(|at| text[at..].find('\n').map(|line| at + line))?;
    let end = text[body..].find(|c: char| !c.is_ascii_hexdigit() && !c.is_ascii_whitespace())?;
    Some(body + end)
}

fn end_of_putty(text: &str) -> Option<usize> {
    text.find("Private-MAC")
}

/// Where the run of words begins that may go on with what comes next: the unfinished word, and before it the groups of a number
/// that is written in groups, with a name of a month or the like between them or in front.
fn run_start(text: &str) -> usize {
    let mut first = word_start(text, text.len());
    let mut word = &text[first..];
    loop {
        let is_open = word.len() <= 3 || is_group(word) || is_name(word);
        let Some(before) = Word::before(text, first) else { return first };
        if !is_open || text.len() - before.start > LONGEST_RUN {
            return first;
        }
        if is_group(before.text) {
            (first, word) = (before.start, before.text);
            continue;
        }
        if !is_name(before.text) || word.len() > 3 && !is_group(word) {
            return first;
        }
        match Word::before(text, before.start) {
            Some(number) if has_digit(number.text) && is_group(number.text) => {
                (first, word) = (number.start, number.text);
            }
            Some(_) | None if before.text.starts_with(char::is_uppercase) => return before.start,
            Some(_) | None => return first,
        }
    }
}

/// A word of a text, and where it begins.
struct Word<'t> {
    start: usize,
    text: &'t str,
}

impl<'t> Word<'t> {
    /// The word before a place, with little between.
    fn before(text: &'t str, at: usize) -> Option<Self> {
        let before = text[..at].trim_end_matches([' ', '\t', '\n', '\r', '\u{a0}', '\u{202f}', '\u{2009}']);
        let gap = at - before.len();
        let start = word_start(text, before.len());
        (gap <= 4 && (gap > 0 || at == text.len()) && start < before.len())
            .then(|| Self { start, text: &text[start..before.len()] })
    }
}

/// Where the word begins that ends at `end`. Scripts in which words are not set apart end one, and so do their sentences.
fn word_start(text: &str, end: usize) -> usize {
    let in_word = |c: char| {
        c.is_ascii_graphic() || is_folded(c) || is_invisible(c) || is_date_sign(c) || c.is_alphabetic() && c < '\u{590}'
    };
    text[..end].char_indices().rev().take_while(|(_, c)| in_word(*c)).last().map_or(end, |(at, _)| at)
}

/// Whether a word is one group of a number that is written in groups: it has a digit, or is a short word in capitals.
fn is_group(word: &str) -> bool {
    let is_mark = word.len() <= 4 && !word.bytes().any(|byte| byte.is_ascii_lowercase());
    !word.is_empty() && word.len() <= LONGEST_GROUP && (has_digit(word) || is_mark)
}

fn has_digit(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit()) || word.chars().any(is_folded)
}

/// Whether a word may be the name of a month, or what stands before an extension: a short word of letters.
fn is_name(word: &str) -> bool {
    let letters = word.trim_end_matches(['.', ',']);
    !letters.is_empty() && letters.len() <= LONGEST_NAME && letters.chars().all(char::is_alphabetic)
}

/// Full-width forms of ASCII, which are read as it.
fn is_folded(c: char) -> bool {
    ('\u{ff01}'..='\u{ff5e}').contains(&c)
}

/// What stands behind the numbers of a date in Chinese, Japanese and Korean.
fn is_date_sign(c: char) -> bool {
    matches!(c, '年' | '月' | '日' | '号' | '년' | '월' | '일')
}

/// What is not seen and left out when a text is read.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(text: &str) -> &str {
        match open(text) {
            Open::From(at) | Open::Block(at) => &text[at..],
        }
    }

    #[test]
    fn a_word_is_held_until_it_ends() {
        assert_eq!(held("the key is sk-abc"), "sk-abc");
        assert_eq!(held("the key is "), "");
        assert_eq!(held("und dann für"), "für");
        assert_eq!(held("密码是abc"), "abc");
        assert_eq!(held(""), "");
    }

    #[test]
    fn groups_are_held_as_one() {
        assert_eq!(held("pay with 4111 1111 "), "4111 1111 ");
        assert_eq!(held("pay with 4111 1111 11"), "4111 1111 11");
        assert_eq!(held("to DE89 3704 0044 05"), "DE89 3704 0044 05");
        assert_eq!(held("call +1 (555) 010-99"), "+1 (555) 010-99");
        assert_eq!(held("I have 3 cats"), "3 cats");
        assert_eq!(held("I have 3 cats and "), "");
        assert_eq!(held("born March 3rd, 19"), "March 3rd, 19");
        assert_eq!(held("geboren 3. März "), "3. März ");
        assert_eq!(held("出生于1985年3月5"), "1985年3月5");
    }

    #[test]
    fn a_block_of_key_material_is_held_to_its_end() {
        let block = "-----BEGIN KEY-----\nabc\n-----END KEY--";
        assert_eq!(open(&format!("see {block}")), Open::Block(4));
        assert_eq!(held(&format!("see {block}--- ok ")), "");
    }
}
