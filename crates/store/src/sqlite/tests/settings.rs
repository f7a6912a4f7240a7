//! Settings and credentials in a file that others have open, too.

use llmtrace_model::CaptureContent;

use super::{ALL, File, Options, open_meta, plan_steps};
use crate::{
    MAX_CHANGES, MAX_CREDENTIALS, MAX_TENANTS, Replacing, Written,
    conformance::{credentials::credential, settings::settings},
    sqlite::{credentials, settings as statements},
};

const NUMBERS: &str = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)";

#[tokio::test]
async fn settings_are_bounded_and_so_is_what_is_remembered_of_those_taken_away() {
    let file = File::new();
    let store = open_meta("test", &file.url(), &Options::default()).await.unwrap();
    let id = |name: &str| name.parse().unwrap();
    let some = settings(CaptureContent::Full);
    let many = format!("{NUMBERS} INSERT INTO tenant_settings SELECT 't' || n, 1, '{{}}', 0, -n FROM numbers");
    file.other().execute(&many, [MAX_TENANTS.cast_signed() - 1]).unwrap();
    for (name, told) in [("a", Written::Done), ("b", Written::Full), ("a", Written::Changed)] {
        assert_eq!(store.put_settings(&id(name), &some, Replacing::Nothing).await.unwrap(), told, "{name}");
    }
    file.other().execute("UPDATE tenant_settings SET document = NULL WHERE tenant_id <> 'a'", []).unwrap();
    // Now as many are remembered as may be, less one.
    assert!(store.delete_tenant(&id("a"), some.updated_at).await.unwrap());
    assert_eq!(store.put_settings(&id("b"), &some, Replacing::Nothing).await.unwrap(), Written::Done);
    assert!(store.delete_tenant(&id("b"), some.updated_at).await.unwrap());
    let rows = "SELECT count(*), min(changed), sum(document IS NULL) FROM tenant_settings";
    let kept: (isize, isize, isize) =
        file.other().query_row(rows, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let most = MAX_TENANTS.cast_signed();
    assert_eq!(kept, (most, 2 - most, most), "the oldest is gone");
}

#[tokio::test]
async fn credentials_are_bounded_and_so_is_what_is_remembered_of_those_deleted() {
    let file = File::new();
    let store = open_meta("test", &file.url(), &Options::default()).await.unwrap();
    let many = format!(
        "{NUMBERS} INSERT INTO provider_credentials \
        SELECT 't', n, randomblob(16), 1, x'01', randomblob(8), NULL, 0, 0, -n FROM numbers"
    );
    file.other().execute(&many, [MAX_CREDENTIALS.cast_signed() - 1]).unwrap();
    for (n, told) in [(1, Written::Done), (2, Written::Full), (1, Written::Changed)] {
        let one = credential(n, "a", &format!("u{n}"));
        assert_eq!(store.put_credential(&one, Replacing::Nothing).await.unwrap(), told);
    }
    assert_eq!(store.credentials(&ALL).await.unwrap().len(), MAX_CREDENTIALS);
    assert!(store.delete_tenant(&"t".parse().unwrap(), credential(1, "a", "").created_at).await.unwrap());
    assert_eq!(store.credential_changes(0).await.unwrap().credentials.len(), MAX_CHANGES);
    assert_eq!(store.delete_credential(&"a".parse().unwrap(), "u1", 1).await.unwrap(), Written::Done);
    assert_eq!(store.put_credential(&credential(2, "a", "u2"), Replacing::Nothing).await.unwrap(), Written::Done);
    assert_eq!(store.delete_credential(&"a".parse().unwrap(), "u2", 1).await.unwrap(), Written::Done);
    let rows = "SELECT count(*), sum(coalesce(id, sealed, sealed_with, hint) IS NULL) FROM provider_credentials";
    let kept: (isize, isize) = file.other().query_row(rows, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let most = MAX_CREDENTIALS.cast_signed();
    assert_eq!(kept, (most, most), "nothing but that they were");
}

#[tokio::test]
async fn changes_of_settings_and_credentials_are_found_by_their_numbers() {
    let file = File::new();
    open_meta("test", &file.url(), &Options::default()).await.unwrap();
    let connection = file.other();
    for (sql, range) in [
        (statements::CHANGED, "tenant_settings_changed (changed>?)"),
        (credentials::CHANGED, "provider_credentials_changed (changed>?)"),
        (credentials::ALL, "SCAN provider_credentials"),
        (credentials::OF_TENANT, "PRIMARY KEY (tenant_id=?)"),
        (credentials::ONE, "PRIMARY KEY (tenant_id=? AND upstream=?)"),
    ] {
        let steps = plan_steps(connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap());
        assert!(steps.len() == 1 && steps[0].contains(range), "{sql}: {steps:?}");
    }
}
