//! What an operator wants to know of an engine: its version, its schema, how full it is, and what stands in its way.
//!
//! Looks and changes nothing. The command `doctor` asks; a new engine is one file in `examine/` and one arm here.

mod clickhouse;
mod postgres;
mod redis;
mod sqlite;

use crate::{Error, OpenError, Options, Schema, error::causes, open::Target, schema};

/// How good a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be.
    Ok,
    /// It works; somebody should look.
    Warn,
    /// It does not work.
    Fail,
}

impl Grade {
    /// A stable word, for reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The setting it hangs on.
    pub setting: String,
    /// How good it is.
    pub grade: Grade,
    /// What was found, without credentials.
    pub found: String,
    /// What to do; `None` where nothing is to be done.
    pub remedy: Option<String>,
}

impl Note {
    /// Something that is as it should be.
    pub fn ok(setting: &str, found: impl Into<String>) -> Self {
        Self { setting: setting.to_owned(), grade: Grade::Ok, found: found.into(), remedy: None }
    }

    /// Something that somebody should look at.
    pub fn warn(setting: &str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { setting: setting.to_owned(), grade: Grade::Warn, found: found.into(), remedy: Some(remedy.into()) }
    }

    /// Something that does not work.
    pub fn fail(setting: &str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { setting: setting.to_owned(), grade: Grade::Fail, found: found.into(), remedy: Some(remedy.into()) }
    }
}

/// Looks at the store that `url` names, whatever it keeps. `setting` is the configuration key the URL comes from.
pub async fn examine(setting: &str, url: &str, options: &Options) -> Vec<Note> {
    let target = match Target::parse(setting, url) {
        Ok(target) => target,
        Err(error) => return vec![refused(setting, &error)],
    };
    match target {
        Target::Memory => vec![Note::ok(setting, "memory: lives in the proxy and ends with it")],
        Target::Sqlite(path) => {
            let mut notes = Vec::new();
            if of_schema(setting, url, options, &mut notes).await {
                notes.extend(sqlite::examine(setting, path, &options.sqlite).await);
            }
            notes
        }
        Target::Clickhouse => {
            let mut notes = Vec::new();
            // Its disks and logs are worth a look before there is a schema, too.
            of_schema(setting, url, options, &mut notes).await;
            if notes.iter().all(|note| note.grade != Grade::Fail) {
                notes.extend(clickhouse::examine(setting, options).await);
            }
            notes
        }
        Target::Postgres => {
            let mut notes = Vec::new();
            // As above.
            of_schema(setting, url, options, &mut notes).await;
            if notes.iter().all(|note| note.grade != Grade::Fail) {
                notes.extend(postgres::examine(setting, options).await);
            }
            notes
        }
        Target::Redis => redis::examine(setting, &options.redis).await,
    }
}

/// Notes the version of the schema; says whether there is one to look into.
async fn of_schema(setting: &str, url: &str, options: &Options, notes: &mut Vec<Note>) -> bool {
    match schema(setting, url, options).await {
        Err(error) => {
            notes.push(refused(setting, &error));
            false
        }
        Ok(Schema { found: 0, .. }) => {
            let remedy = "run `llmtrace-proxy migrate`, or start with storage.auto_migrate";
            notes.push(Note::warn(setting, format!("{url}: there is no schema yet"), remedy));
            false
        }
        Ok(schema) if schema.is_current() => {
            notes.push(Note::ok(setting, format!("{url} has schema {}", schema.found)));
            true
        }
        Ok(Schema { found, known }) => {
            let found = format!("{url} has schema {found}, this program writes {known}");
            notes.push(Note::warn(setting, found, "run `llmtrace-proxy migrate`, or start with storage.auto_migrate"));
            true
        }
    }
}

fn refused(setting: &str, error: &OpenError) -> Note {
    let remedy = match error {
        OpenError::Url { .. } => "correct the setting",
        OpenError::Schema { .. } => "do what it says; nothing was changed",
        OpenError::Engine { source, .. } => remedy(source),
    };
    let whole = causes(error);
    let found = whole.strip_prefix(setting).map_or(whole.as_str(), |rest| rest.trim_start_matches(": "));
    Note::fail(setting, found, remedy)
}

/// What a store said when it was asked.
fn of_error(setting: &str, error: &Error) -> Note {
    Note::fail(setting, causes(error), remedy(error))
}

fn remedy(error: &Error) -> &'static str {
    match error.complaint() {
        Some(_) => "do what it says, and run doctor again",
        None => "see that it is there, that it may be used, and what its own log says",
    }
}

/// A field of an engine's answer; an absent one is empty, or 0.
fn text(row: &[String], n: usize) -> &str {
    row.get(n).map_or("", String::as_str)
}

fn number(row: &[String], n: usize) -> u64 {
    text(row, n).parse().unwrap_or(0)
}

/// Writes a number of bytes for people: `1.5 GiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [(&str, u32); 4] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    match UNITS.into_iter().find(|(_, bits)| bytes >= 1 << bits) {
        Some((unit, bits)) => {
            let tenths = (u128::from(bytes) * 10) >> bits;
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::builders::span;

    #[tokio::test]
    async fn a_store_that_is_there_is_fit_and_one_that_is_not_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options::default();
        let url = format!("sqlite:{}", folder.path().join("s.db").display());
        let notes = examine("storage.spans", &url, &options).await;
        assert_eq!(notes.len(), 1);
        assert_eq!(notes[0].grade, Grade::Warn);
        assert!(notes[0].remedy.as_ref().unwrap().contains("migrate"), "{notes:?}");

        let store = crate::open_spans("s", &url, &options).await.unwrap();
        store.write(&[span().record()]).await.unwrap();
        let notes = examine("storage.spans", &url, &options).await;
        assert!(notes.iter().all(|note| note.grade == Grade::Ok), "{notes:?}");
        assert!(notes.iter().any(|note| note.found.contains("1 spans")), "{notes:?}");
        store.close().await.unwrap();

        std::fs::write(folder.path().join("other.db"), "not a database at all, whatever its name says").unwrap();
        let url = format!("sqlite:{}", folder.path().join("other.db").display());
        let notes = examine("storage.spans", &url, &options).await;
        assert_eq!(notes[0].grade, Grade::Fail, "{notes:?}");
        assert!(!notes[0].found.starts_with("storage.spans"), "{notes:?}");
    }

    #[tokio::test]
    async fn a_file_that_others_may_read_is_told_with_the_way_out() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let url = format!("sqlite:{}", path.display());
        crate::migrate("s", &url, &Options::default()).await.unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let notes = examine("storage.spans", &url, &Options::default()).await;
        let told = notes.iter().find(|note| note.grade == Grade::Warn).expect("somebody should look");
        assert!(told.remedy.as_ref().unwrap().contains("chmod 600"), "{told:?}");
    }
}
