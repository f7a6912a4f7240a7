//! Where settings come from. The only place that reads the process's environment.

use std::{fmt, path::PathBuf};

/// What a configuration is loaded from. Tests fill it by hand; the process fills it once, by [`Sources::from_process`].
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file of `--config`; else the variable `LLMTRACE_CONFIG` names it; else there is none.
    pub file: Option<PathBuf>,
    /// The environment: our own variables, the usual proxy variables, and whatever an `env:NAME` points at.
    pub env: Vec<(String, String)>,
    /// Settings of the command line.
    pub flags: Vec<Flag>,
}

/// A setting of the command line.
#[derive(Debug, Clone)]
pub struct Flag {
    /// The flag as it was typed: `--log-level`.
    pub name: &'static str,
    /// The key it sets: `logging.level`.
    pub key: &'static str,
    /// Its text.
    pub value: String,
}

impl Sources {
    /// Takes the environment of the process, beside what the command line said.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn from_process(file: Option<PathBuf>, flags: Vec<Flag>) -> Self {
        // A variable that is not UTF-8 keeps its marks of replacement: a key that reads it says what it found.
        let text = |s: std::ffi::OsString| s.to_string_lossy().into_owned();
        let env = std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect();
        Self { file, env, flags }
    }

    /// The value of a variable.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.env.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The file to read.
    pub(super) fn config_file(&self) -> Option<PathBuf> {
        let named = || self.variable("LLMTRACE_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
        self.file.clone().or_else(named)
    }
}

/// The source of one setting, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The embedded defaults.
    Default,
    /// Filled in by the storage profile.
    Profile,
    /// A configuration file.
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Profile => f.write_str("storage.profile"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Env(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}
