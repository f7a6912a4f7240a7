//! A whole chain, as lines that can be verified elsewhere.

use std::sync::Arc;

use llmtrace_model::{AuditHead, AuditId, AuditRecord};
use llmtrace_server::api::{Access, router, view::AuditLine};
use llmtrace_store::{ErrorKind, MAX_AUDIT};

use super::{house::Audited, lists::entry};
use crate::world::{Answer, FickleMeta, Mood, api, events, get, houses, stores};

/// The records of an export, each of which follows on the one before it.
fn verified(answer: &Answer, mut head: AuditHead) -> Vec<AuditRecord> {
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/jsonl"));
    let text = std::str::from_utf8(&answer.body).unwrap();
    let mut records = Vec::new();
    for line in text.lines() {
        let record = AuditLine::read(line).unwrap();
        assert!(record.follows(head), "{line}");
        head = record.head();
        records.push(record);
    }
    records
}

async fn fill(house: &Audited, owner: Option<&str>, count: usize) {
    let entries: Vec<_> = (0..count)
        .map(|n| {
            let mut id = [u8::from(owner.is_none()); 16];
            id[8..].copy_from_slice(&(n as u64).to_be_bytes());
            let mut entry = entry(1, owner, "keys.create");
            (entry.id, entry.target, entry.after) =
                (AuditId::from_bytes(id), n.to_string(), Some("{\"b\": 1.0}".into()));
            entry
        })
        .collect();
    house.meta.append_audit(&entries).await.unwrap();
}

#[tokio::test]
async fn a_chain_is_exported_whole_from_its_first_record_on() {
    let houses = houses().await;
    for (_, meta) in &houses.all {
        let house = Audited::over(meta).await;
        fill(&house, Some("a"), 2 * MAX_AUDIT + 500).await;
        fill(&house, None, MAX_AUDIT).await;
        let whole = house.get("admin of a", "/api/v1/audit/chain").await;
        assert_eq!(whole.header("content-disposition"), "attachment; filename=\"llmtrace-audit-a.jsonl\"");
        let records = verified(&whole, AuditHead::default());
        // Its own line may be there in time to be the last one.
        assert!(records.len() - (2 * MAX_AUDIT + 500) <= 1, "{}", records.len());
        house.settle().await;
        let named = house.get("root", "/api/v1/audit/chain?tenant_id=a&after=2498").await;
        assert_eq!(verified(&named, records[2497].head())[..2], records[2498..2500]);

        let installation = house.get("root", "/api/v1/audit/chain").await;
        assert!(verified(&installation, AuditHead::default()).len() >= MAX_AUDIT);
        assert!(installation.header("content-disposition").contains("llmtrace-audit-installation.jsonl"));
        let none = house.get("root", "/api/v1/audit/chain?tenant_id=nobody").await;
        assert_eq!((none.status.as_u16(), none.body.len()), (200, 0));
        let behind = house.get("root", "/api/v1/audit/chain?tenant_id=nobody&after=9007199254740991").await;
        assert_eq!((behind.status.as_u16(), behind.body.len()), (200, 0));
    }
}

#[tokio::test]
async fn an_export_is_written_down_in_the_chain_it_is_of() {
    let houses = houses().await;
    for (_, meta) in &houses.all {
        let house = Audited::over(meta).await;
        fill(&house, Some("a"), 1).await;
        house.get("admin of a", "/api/v1/audit/chain").await;
        house.settle().await;
        let again = verified(&house.get("admin of a", "/api/v1/audit/chain").await, AuditHead::default());
        assert_eq!((again.len(), again[1].entry.action.as_str()), (2, "audit.export"));
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_a_problem() {
    let meta = FickleMeta::new(Mood::Fails(ErrorKind::Unavailable));
    let spans = stores().await.0.swap_remove(0);
    let app = router(api(spans, meta, events(), Arc::new(Access::default())));
    for path in ["/api/v1/audit", "/api/v1/audit/chain"] {
        assert_eq!(get(&app, path).await.status, 503, "{path}");
    }
}
