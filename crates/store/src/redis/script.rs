//! Scripts, and calling them.

use std::sync::LazyLock;

use llmtrace_model::ExchangeId;
use redis::Cmd;

use super::{answer::Answer, link::Link};
use crate::{Error, Window, counter::REMEMBERED, counting::ms};

/// One script of this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Take,
    Settle,
    Renew,
    Release,
    Counters,
    Claim,
    Rebuild,
}

/// The text of each script and its hash.
static SCRIPTS: LazyLock<[(String, redis::Script); 7]> = LazyLock::new(|| {
    [
        include_str!("take.lua"),
        include_str!("settle.lua"),
        include_str!("renew.lua"),
        include_str!("release.lua"),
        include_str!("counters.lua"),
        include_str!("claim.lua"),
        include_str!("rebuild.lua"),
    ]
    .map(|body| {
        let whole = format!("{}{body}", include_str!("common.lua"));
        let hashed = redis::Script::new(&whole);
        (whole, hashed)
    })
});

/// A call of a script, argument by argument.
pub(super) struct Call {
    op: &'static str,
    script: Script,
    stem: String,
    arguments: Vec<Vec<u8>>,
}

impl Call {
    pub(super) fn new(op: &'static str, script: Script, stem: String) -> Self {
        Self { op, script, stem, arguments: Vec::new() }
    }

    pub(super) fn text(mut self, text: &str) -> Self {
        self.arguments.push(text.as_bytes().to_vec());
        self
    }

    pub(super) fn number(self, number: impl std::fmt::Display + Copy) -> Self {
        self.text(&number.to_string())
    }

    pub(super) fn maybe(self, number: Option<i64>) -> Self {
        self.text(&number.map(|number| number.to_string()).unwrap_or_default())
    }

    /// Its name, and until when it is kept.
    pub(super) fn window(self, window: &Window) -> Self {
        let until = window.ends_at.map(|end| end.unix_ms().saturating_add(ms(REMEMBERED)));
        self.text(window.name.as_str()).maybe(until)
    }

    /// Its id, and where it is remembered: those of one second in one hash, by the 62 random bits of their ids. Small hashes are
    /// kept compactly, unlike keys of their own.
    pub(super) fn exchange(self, id: ExchangeId) -> Self {
        let mut first = [0; 8];
        first[2..].copy_from_slice(&id.as_bytes()[..6]);
        let second = u64::from_be_bytes(first) / 1000;
        let mut call = self.text(&id.to_string()).text(&format!("{second:x}"));
        call.arguments.push(id.span_id().as_bytes().to_vec());
        call
    }

    /// Runs it by its hash; a server that does not know it yet gets it whole.
    pub(super) async fn run(self, link: &Link, now: Option<i64>) -> Result<Answer, Error> {
        let (whole, hashed) = &SCRIPTS[self.script as usize];
        let now = now.map(|now| now.to_string()).unwrap_or_default();
        let command = |name: &str, script: &str| {
            let mut command = Cmd::new();
            command.arg(name).arg(script).arg(1).arg(&self.stem).arg(&now).arg(&self.arguments);
            command
        };
        let answer = link.send(self.op, &command("EVALSHA", hashed.get_hash())).await?;
        let answer = match answer {
            Ok(answer) => answer,
            Err(_) => link
                .send(self.op, &command("EVAL", whole))
                .await?
                .map_err(|error| super::answer::odd(self.op, &error))?,
        };
        Answer::of(self.op, answer)
    }
}
