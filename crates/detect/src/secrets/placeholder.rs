//! Tells values from what stands in their place: examples, masks, variables, words of a programme.

/// Words in a value that say it is an example. No random key of fewer than a million has one by chance.
const EXAMPLE_WORDS: [&str; 15] = [
    "example",
    "xxxxx",
    "placeholder",
    "redacted",
    "changeme",
    "change_me",
    "change-me",
    "notreal",
    "not_real",
    "foobar",
    "my_api",
    "my-api",
    "api_key_",
    "api-key-",
    "_here_",
];

/// The same for shorter words, which count only where a word begins.
const EXAMPLE_BEGINNINGS: [&str; 10] =
    ["your", "put_", "enter_", "enter-", "insert", "replace", "sample", "dummy", "fake_", "todo_"];

/// What is given as a password where none is meant.
const NO_PASSWORDS: [&str; 48] = [
    "password",
    "passwd",
    "passw0rd",
    "pass",
    "pwd",
    "secret",
    "token",
    "string",
    "none",
    "null",
    "nil",
    "true",
    "false",
    "undefined",
    "required",
    "optional",
    "user",
    "username",
    "admin",
    "root",
    "test",
    "key",
    "value",
    "text",
    "hidden",
    "empty",
    "default",
    "number",
    "object",
    "varchar",
    "bearer",
    "basic",
    "apikey",
    "api_key",
    "input",
    "label",
    "field",
    "mypassword",
    "my_password",
    "secretpassword",
    "userpassword",
    "yourpassword",
    "not-set",
    "incorrect",
    "invalid",
    "wrong",
    "missing",
    "unknown",
];

/// Whether a value of a known format is an example and no key.
pub(super) fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let begins = |word: &&str| {
        lower
            .match_indices(*word)
            .any(|(at, _)| at == 0 || matches!(lower.as_bytes()[at - 1], b'_' | b'-' | b'.' | b' '))
    };
    let is_named = EXAMPLE_WORDS.iter().any(|word| lower.contains(word)) || EXAMPLE_BEGINNINGS.iter().any(begins);
    is_named || is_template(value) || is_monotonous(value) || lower.ends_with("_here") || lower.ends_with("-here")
}

/// Whether nothing is given: a variable, a mask, nothing.
pub(super) fn is_no_value(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_word = ["password", "passwd", "pass", "pwd", "null", "none", "nil", "true", "false", "undefined", "string"]
        .contains(&&*lower);
    is_word || is_template(value) || is_code(value) || lower.contains("your") || lower.contains("xxx") || is_mask(value)
}

/// Whether a plain word in quotes, with the name of a password, may be one: not the name of a field or the word for it.
pub(super) fn is_weak_password(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_sentence = lower.contains("is") && lower.len() > 12;
    !is_no_value(value) && !NO_PASSWORDS.contains(&&*lower) && (!lower.contains("passw") || is_sentence)
}

/// Whether a value with the name of a password is one: not a word, not code, not a template.
pub(super) fn is_password(value: &str) -> bool {
    let length = value.chars().count();
    if !(6..=200).contains(&length) || is_placeholder(value) || is_code(value) {
        return false;
    }
    // What stands between two texts of a list, and no text.
    if value.starts_with([',', ';', ')', ':']) {
        return false;
    }
    // A label ends so: "Password:".
    let value = value.trim_end_matches([':', '?', '.', ',']);
    let lower = value.to_ascii_lowercase();
    if NO_PASSWORDS.contains(&&*lower) {
        return false;
    }
    let classes = Classes::of(value);
    // A route, a selector or the name of a field: "#add-password", "/users/password".
    if classes.digits == 0 && lower.contains("pass") || value.starts_with('/') && value[1..].contains('/') {
        return false;
    }
    let has_two_kinds = classes.letters() > 0 && (classes.digits > 0 || (classes.symbols > 0 && !is_identifier(value)));
    has_two_kinds || classes.is_shuffled()
}

/// Whether a value with the name of a key is as random as a machine makes them.
pub(super) fn is_token(value: &str) -> bool {
    if value.len() < 16 || is_placeholder(value) || is_code(value) {
        return false;
    }
    let classes = Classes::of(value);
    let entropy = super::checksum::entropy(value);
    let is_hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let least = if is_hex { 2.7 } else { 3.3 };
    let is_mixed = classes.letters() >= 2 && (classes.digits >= 2 || classes.is_shuffled());
    is_mixed && entropy >= least && !is_path_or_words(value)
}

/// How many characters of each class there are.
#[derive(Default)]
struct Classes {
    lower: usize,
    upper: usize,
    digits: usize,
    symbols: usize,
}

impl Classes {
    fn of(value: &str) -> Self {
        let mut classes = Self::default();
        for character in value.chars() {
            let class = match character {
                '0'..='9' => &mut classes.digits,
                _ if character.is_lowercase() => &mut classes.lower,
                _ if character.is_alphabetic() => &mut classes.upper,
                _ => &mut classes.symbols,
            };
            *class += 1;
        }
        classes
    }

    fn letters(&self) -> usize {
        self.lower + self.upper
    }

    /// Letters alone, but of both cases in about equal numbers: no word is written so.
    fn is_shuffled(&self) -> bool {
        self.letters() >= 8 && self.upper * 4 > self.lower && self.lower * 4 > self.upper
    }
}

/// `<…>`, `${…}`, `{{…}}`, `%(…)s`, `$NAME`, `#{…}`, `process.env.…`.
fn is_template(value: &str) -> bool {
    const MARKS: [&str; 12] =
        ["${", "{{", "$(", "%(", "#{", "&lt;", "process.env", "os.environ", "getenv", "env.", "secrets.", "***"];
    let is_variable = value.strip_prefix('$').is_some_and(|name| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'[' | b']'))
    });
    let is_braced = value.starts_with(['{', '[', '%', '@']) && value.ends_with(['}', ']', '%', '@']);
    let is_bracketed = value.find('<').is_some_and(|at| value[at..].contains('>'));
    is_bracketed || MARKS.iter().any(|mark| value.contains(mark)) || is_variable || is_braced
}

/// The same character again and again, or the alphabet.
fn is_monotonous(value: &str) -> bool {
    let bytes = value.as_bytes();
    if bytes.len() < 8 {
        return is_mask(value);
    }
    let mut longest = [1_usize; 2];
    for (kind, step) in [0_u8, 1].into_iter().enumerate() {
        let mut run = 1;
        for pair in bytes.windows(2) {
            run = if pair[1] == pair[0].wrapping_add(step) { run + 1 } else { 1 };
            longest[kind] = longest[kind].max(run);
        }
    }
    let mut seen = [false; 256];
    bytes.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    let distinct = seen.iter().filter(|seen| **seen).count();
    (longest[0] >= 8 && bytes.len() < 64)
        || longest[0] * 2 > bytes.len()
        || longest[1] * 2 > bytes.len()
        || distinct <= 3
}

/// Nothing but `*`, `x`, `.`, `-`, `#`, `_`.
fn is_mask(value: &str) -> bool {
    value.bytes().all(|byte| matches!(byte, b'*' | b'x' | b'X' | b'.' | b'-' | b'#' | b'_' | b'?'))
}

/// A call, an index or a path of names: `config.password`, `get_password()`, `req["p"]`.
fn is_code(value: &str) -> bool {
    let has_call = value.contains("()") || value.contains("::") || value.contains("->") || value.contains("==");
    let opens = value.find(['(', '[']).is_some_and(|at| {
        at > 0 && value[..at].bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'.'))
    });
    let is_path = value.contains('.')
        && value.split('.').all(|part| {
            part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') && is_identifier(part)
        });
    has_call || opens || is_path || value.starts_with("http") || value.starts_with("arn:")
}

/// A name of a programme: letters, `_` and `-` alone.
fn is_identifier(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b' '))
}

/// A path, or words joined by `-`, `_`, `.` or `/` of which most are plain.
fn is_path_or_words(value: &str) -> bool {
    let parts: Vec<&str> = value.split(['-', '_', '.', '/']).filter(|part| !part.is_empty()).collect();
    let plain = |part: &&&str| part.bytes().all(|byte| byte.is_ascii_lowercase()) && part.len() < 14;
    parts.len() >= 3 && parts.iter().filter(plain).count() * 2 > parts.len()
}
