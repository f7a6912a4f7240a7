//! Regular expressions of rules, built when they are first asked.
//!
//! There are hundreds, each takes about half a millisecond to build, and most processes ask few of them: an expression is asked
//! only where a literal of its rule stands.

use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};

/// An expression over bytes, of ASCII classes: classes of all of Unicode make large automata, and what is looked for is ASCII.
#[derive(Debug)]
pub(crate) struct Expression {
    source: String,
    size_limit: usize,
    built: OnceLock<Regex>,
}

impl Expression {
    /// Takes an expression unseen; [`Expression::check`] says whether it is one.
    pub(crate) fn new(source: String, size_limit: usize) -> Self {
        Self { source, size_limit, built: OnceLock::new() }
    }

    /// Builds it and says what is wrong with it.
    pub(crate) fn check(&self) -> Result<&Regex, Box<regex::Error>> {
        if let Some(built) = self.built.get() {
            return Ok(built);
        }
        let built = RegexBuilder::new(&self.source).unicode(false).size_limit(self.size_limit).build()?;
        Ok(self.built.get_or_init(|| built))
    }

    /// The expression, built.
    pub(crate) fn get(&self) -> &Regex {
        // Whoever loads rules of somebody else checks them.
        self.check().expect("rules that are built in are tested, others were checked when they were loaded")
    }
}
