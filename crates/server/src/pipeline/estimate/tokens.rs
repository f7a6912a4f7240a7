//! Counts tokens of text: with OpenAI's own tokenizers for its models, by bytes for all others. Bounded in time.

use serde_json::Value;
use tiktoken_rs::{CoreBPE, cl100k_base_singleton, o200k_base_singleton};

/// Bytes of text that are read by a tokenizer, for each side of an exchange; what is beyond is taken to be like it.
const MAX_READ: usize = 256 << 10;
/// Bytes a tokenizer reads at once: its patterns look ahead, which a text made for it could draw out. A border costs at most a
/// token.
const AT_ONCE: usize = 8 << 10;
/// Bytes of a token where no tokenizer is known, as providers tell their users (OpenAI, "What are tokens and how to count
/// them"; Anthropic and Google say about four characters, too).
const BYTES_A_TOKEN: u64 = 4;

/// The models that are read by `cl100k_base`, by the beginning of their names (OpenAI's tiktoken, `model.py`).
const CL100K: [&str; 5] = ["gpt-4-", "gpt-3.5", "gpt-35", "text-embedding-", "davinci-002"];
/// Those read by `o200k_base`: every newer one.
const O200K: [&str; 6] = ["gpt-", "chatgpt-", "o1", "o3", "o4", "codex-"];

/// Adds up the tokens of many texts.
pub(super) struct Counter {
    tokenizer: Option<&'static CoreBPE>,
    read_bytes: u64,
    read_tokens: u64,
    /// Bytes beyond the bound.
    rest_bytes: u64,
}

impl Counter {
    /// Counts as a model does. The first use of a tokenizer reads its table, which takes part of a second.
    pub(super) fn of(model: &str) -> Self {
        Self { tokenizer: tokenizer(model), read_bytes: 0, read_tokens: 0, rest_bytes: 0 }
    }

    /// Says whether the model's own tokenizer counts.
    pub(super) fn knows_the_model(&self) -> bool {
        self.tokenizer.is_some()
    }

    /// Adds a text.
    pub(super) fn add(&mut self, text: &str) {
        let Some(tokenizer) = self.tokenizer else {
            self.rest_bytes = self.rest_bytes.saturating_add(text.len() as u64);
            return;
        };
        let mut rest = text;
        while !rest.is_empty() {
            let left = MAX_READ.saturating_sub(usize::try_from(self.read_bytes).unwrap_or(MAX_READ));
            if left < AT_ONCE {
                self.rest_bytes = self.rest_bytes.saturating_add(rest.len() as u64);
                return;
            }
            let (now, later) = rest.split_at(border(rest));
            self.read_tokens += tokenizer.count_ordinary(now) as u64;
            self.read_bytes += now.len() as u64;
            rest = later;
        }
    }

    /// Adds a value as its JSON text, a string as itself.
    pub(super) fn add_value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add(text),
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => self.add(&value.to_string()),
        }
    }

    /// The sum, rounded up once.
    pub(super) fn total(&self) -> u64 {
        let rest = if self.read_bytes > 0 {
            let like_it = u128::from(self.rest_bytes) * u128::from(self.read_tokens);
            u64::try_from(like_it.div_ceil(u128::from(self.read_bytes))).unwrap_or(u64::MAX)
        } else {
            self.rest_bytes.div_ceil(BYTES_A_TOKEN)
        };
        self.read_tokens.saturating_add(rest)
    }
}

/// Where to end the next piece: at the last line or space before the bound, else at a character.
fn border(text: &str) -> usize {
    if text.len() <= AT_ONCE {
        return text.len();
    }
    let bound = text.floor_char_boundary(AT_ONCE);
    let piece = text.get(..bound).unwrap_or(text);
    // Tokens begin with their space, so the space goes to the next piece.
    piece.rfind([' ', '\n']).filter(|at| *at > 0).unwrap_or(bound)
}

fn tokenizer(model: &str) -> Option<&'static CoreBPE> {
    // A fine-tuned model reads as its base does; a router puts the vendor before the name.
    let name = model.strip_prefix("ft:").unwrap_or(model);
    let name = name.strip_prefix("openai/").unwrap_or(name);
    let begins = |names: &[&str]| names.iter().any(|known| name.starts_with(known));
    if begins(&CL100K) || name == "gpt-4" {
        Some(cl100k_base_singleton())
    } else if begins(&O200K) {
        Some(o200k_base_singleton())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(model: &str, text: &str) -> u64 {
        let mut counter = Counter::of(model);
        counter.add(text);
        counter.total()
    }

    #[test]
    fn openai_models_are_counted_by_their_tokenizers() {
        // The cookbook's own examples of both encodings.
        assert_eq!(count("gpt-4o-2024-08-06", "tiktoken is great!"), 6);
        assert_eq!(count("gpt-4-0613", "tiktoken is great!"), 6);
        assert_eq!(count("gpt-4", "antidisestablishmentarianism"), 6);
        assert_eq!(count("gpt-4o", "お誕生日おめでとう"), 8);
        assert_eq!(count("gpt-4", "お誕生日おめでとう"), 9);
        for model in ["ft:gpt-4o-mini-2024-07-18:org::id", "openai/gpt-5", "o3", "gpt-oss-120b"] {
            assert!(Counter::of(model).knows_the_model(), "{model}");
        }
    }

    #[test]
    fn others_are_counted_by_four_bytes_rounded_up_once() {
        assert_eq!((count("claude-sonnet-4-5", ""), count("claude-sonnet-4-5", "12345")), (0, 2));
        let mut counter = Counter::of("llama-3");
        (0..4).for_each(|_| counter.add("ab"));
        assert_eq!(counter.total(), 2);
    }

    #[test]
    fn what_is_beyond_the_bound_is_taken_to_be_like_the_rest() {
        let text = "The quick brown fox jumps over the lazy dog. ".repeat(40_000);
        let (all, part) = (count("gpt-4o", &text), count("gpt-4o", &text[..200_000]));
        assert!(text.len() > 4 * MAX_READ);
        let expected = part as f64 / 200_000.0 * text.len() as f64;
        assert!((all as f64 / expected - 1.0).abs() < 0.01, "{all} {expected}");
    }

    #[test]
    fn text_that_is_made_to_be_slow_is_not() {
        let unbroken: String =
            (0..300_000u32).map(|n| char::from(b'a' + u8::try_from(n % 9973 * (n % 4801) % 23).unwrap())).collect();
        let texts = [" ".repeat(1 << 20), "a".repeat(1 << 20), "\n\r\n".repeat(300_000), "é".repeat(1 << 19), unbroken];
        for text in texts {
            let tokens = count("gpt-4o", &text);
            assert!(tokens > 0 && tokens <= text.len() as u64);
        }
    }

    #[test]
    fn values_are_counted_as_their_text() {
        let mut counter = Counter::of("other");
        counter.add_value(&serde_json::json!({"a": 1}));
        counter.add_value(&Value::Null);
        counter.add_value(&Value::String("12345".to_owned()));
        assert_eq!(counter.total(), 3);
    }
}
