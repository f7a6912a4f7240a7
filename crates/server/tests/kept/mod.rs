//! Compares what the code generates with the copy that is kept in the tree.

use std::path::Path;

/// Fails where `path` (from the repository's root) is not `text`; with `UPDATE_SNAPSHOTS=1` writes it instead.
pub(crate) fn compare(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    if update_is_asked() {
        std::fs::write(&file, text).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = kept.lines().zip(text.lines()).position(|(a, b)| a != b);
    assert!(
        kept == text,
        "{path} is not what the code says (first at line {:?}); look at the change, then run with UPDATE_SNAPSHOTS=1",
        differs.map(|line| line + 1)
    );
}

#[expect(clippy::disallowed_methods, reason = "a test's own switch, not configuration")]
fn update_is_asked() -> bool {
    std::env::var("UPDATE_SNAPSHOTS").is_ok_and(|v| v == "1")
}
