//! A secret that an installation makes for itself, in a file that only its owner may read.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// Says why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {op} the key file {}", path.display())]
pub struct KeyFileError {
    /// What was tried.
    pub op: &'static str,
    /// The key file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// Reads the text at `path` without blanks around it, or puts `fresh` there with mode 600 where there is no file; says
/// whether it did.
///
/// Two processes that start at once end with the same text: the file appears whole or not at all.
pub fn load_or_create(path: &Path, fresh: &str) -> Result<(String, bool), KeyFileError> {
    let failed = |op| move |source| KeyFileError { op, path: path.to_owned(), source };
    match load(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create(path, fresh).map_err(failed("create"))?;
            let text = load(path).map_err(failed("read"))?;
            let is_ours = text == fresh;
            Ok((text, is_ours))
        }
        loaded => Ok((loaded.map_err(failed("read"))?, false)),
    }
}

fn load(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o007 != 0 {
        tracing::warn!(path = %path.display(), mode = format!("{:o}", mode & 0o777), "the key file is open to everyone, expected mode 600");
    }
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(text.trim().to_owned())
}

fn create(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let draft = folder.join(format!(".{}.key", uuid::Uuid::new_v4().simple()));
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        // A link refuses to replace: whoever comes second reads the first one's key.
        match std::fs::hard_link(&draft, path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }?;
        File::open(folder)?.sync_all()
    })();
    let removed = std::fs::remove_file(&draft);
    written.and(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_text_stays_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.key");
        assert_eq!(load_or_create(&path, "one").unwrap(), ("one".to_owned(), true));
        assert_eq!(load_or_create(&path, "two").unwrap(), ("one".to_owned(), false));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no draft stays");
    }

    #[test]
    fn a_path_that_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = load_or_create(folder.path(), "x").unwrap_err();
        assert!(error.to_string().contains(&folder.path().display().to_string()));
    }
}
