//! The requests of the load: OpenAI chat requests with prompts of a given size, rendered once, head and body.

use std::net::SocketAddr;

use crate::plan::{self, StreamPlan};

/// How many different requests a set holds; the client walks round them.
const VARIANTS: u64 = 16;

const WORDS: &str = "the a of to and in that it is was for on are with as his they be at one have this from or had by \
    hot word but what some we can out other were all there when up use your how said an each she which do their time \
    if will way about many then them write would like so these her long make thing see him two has look more day could \
    go come did number sound no most people my over know water than call first who may down side been now find any new \
    work part take get place made live where after back little only round man year came show every good me give our \
    under name very through just form sentence great think say help low line differ turn cause much mean before move";

/// The prompt sizes of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, clap::ValueEnum)]
pub(crate) enum Size {
    /// 1,024 characters.
    Kb1,
    /// 8,192 characters.
    Kb8,
    /// 102,400 characters.
    Kb100,
}

impl Size {
    pub(crate) const ALL: [Self; 3] = [Self::Kb1, Self::Kb8, Self::Kb100];

    fn chars(self) -> usize {
        match self {
            Self::Kb1 => 1024,
            Self::Kb8 => 8 * 1024,
            Self::Kb100 => 100 * 1024,
        }
    }

    /// How the table names it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Kb1 => "1 KB",
            Self::Kb8 => "8 KB",
            Self::Kb100 => "100 KB",
        }
    }
}

/// Rendered requests that differ in their text.
#[derive(Debug)]
pub(crate) struct Requests(Vec<Vec<u8>>);

impl Requests {
    /// Chat requests that are answered whole.
    pub(crate) fn chat(addr: SocketAddr, size: Size) -> Self {
        Self((0..VARIANTS).map(|seed| render(addr, &body(size, seed, false), None)).collect())
    }

    /// Chat requests that are answered by a stream paced as `plan` says.
    pub(crate) fn stream(addr: SocketAddr, plan: StreamPlan) -> Self {
        Self((0..VARIANTS).map(|seed| render(addr, &body(Size::Kb1, seed, true), Some(plan))).collect())
    }

    /// The request of turn `n`.
    pub(crate) fn get(&self, n: usize) -> &[u8] {
        &self.0[n % self.0.len()]
    }
}

fn body(size: Size, seed: u64, stream: bool) -> String {
    serde_json::json!({
        "model": "gpt-4o-mini",
        "messages": [
            { "role": "system", "content": "You are a careful assistant. Answer in two sentences." },
            { "role": "user", "content": text(size.chars(), seed) },
        ],
        "temperature": 0.2,
        "max_tokens": 256,
        "stream": stream,
    })
    .to_string()
}

fn render(addr: SocketAddr, body: &str, plan: Option<StreamPlan>) -> Vec<u8> {
    let plan = plan.map(|plan| format!("{}: {plan}\r\n", plan::HEADER)).unwrap_or_default();
    let length = body.len();
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: {addr}\r\nAccept: application/json\r\n\
         Content-Type: application/json\r\nUser-Agent: llmtrace-bench\r\nAuthorization: Bearer sk-bench\r\n\
         {plan}Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Words in an order that `seed` decides, cut to exactly `chars` characters.
fn text(chars: usize, seed: u64) -> String {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let count = u64::try_from(words.len()).unwrap_or(1);
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1);
    let mut text = String::with_capacity(chars + 16);
    while text.len() < chars {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(words[usize::try_from((state >> 33) % count).unwrap_or_default()]);
        text.push(' ');
    }
    text.truncate(chars);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_have_their_size_and_differ() {
        for size in Size::ALL {
            assert_eq!(text(size.chars(), 1).len(), size.chars());
        }
        assert_ne!(text(1024, 1), text(1024, 2));
    }
}
