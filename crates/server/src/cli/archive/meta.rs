//! What is no span, as rows of an archive: read from one store, put into another without taking the place of anything there.

use std::collections::BTreeMap;

use anyhow::Context as _;
use llmtrace_model::{
    Erased, Erasure, ErasureId, Retention, SavedView, Subject, TenantId, TenantScope, Timestamp, ViewId, ViewPage,
};
use llmtrace_store::{MetaStore, Replacing, Written};
use serde::{Deserialize, Serialize};

/// One thing that is no span; times are microseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum MetaRow {
    Tenant {
        id: TenantId,
        first_seen_us: i64,
        last_seen_us: i64,
    },
    View {
        id: ViewId,
        tenant: Option<TenantId>,
        name: String,
        page: ViewPage,
        query: BTreeMap<String, String>,
        created_at_us: i64,
        updated_at_us: i64,
    },
    Retention {
        tenant: TenantId,
        retention: Retention,
    },
    Erasure {
        id: ErasureId,
        tenant: Option<TenantId>,
        subject: Subject,
        requested_at_us: i64,
        done_at_us: Option<i64>,
        repeat_until_us: i64,
        erased: Erased,
    },
}

/// Everything of a scope.
pub(super) async fn read(store: &dyn MetaStore, scope: &TenantScope) -> anyhow::Result<Vec<MetaRow>> {
    let tenants = store.tenants().await.context("reading tenants")?;
    let tenants = tenants.into_iter().filter(|tenant| scope.allows(&tenant.id)).map(|tenant| MetaRow::Tenant {
        id: tenant.id,
        first_seen_us: tenant.first_seen.unix_us(),
        last_seen_us: tenant.last_seen.unix_us(),
    });
    let views = store.views(scope).await.context("reading saved views")?.into_iter().map(of_view);
    let retentions = store.retentions().await.context("reading retentions")?;
    let retentions = retentions.into_iter().filter(|(tenant, _)| scope.allows(tenant));
    let retentions = retentions.map(|(tenant, retention)| MetaRow::Retention { tenant, retention });
    let erasures = store.erasures(scope).await.context("reading erasures")?.into_iter().map(of_erasure);
    Ok(tenants.chain(views).chain(retentions).chain(erasures).collect())
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// It is there now.
    Done,
    /// What is there already stays as it is.
    Kept,
    /// There is no room for it.
    Full,
}

/// Puts one thing into a store.
pub(super) async fn put(store: &dyn MetaStore, row: MetaRow) -> anyhow::Result<Put> {
    let time = Timestamp::from_unix_us;
    match row {
        MetaRow::Tenant { id, first_seen_us, last_seen_us } => {
            let seen = [(id.clone(), time(first_seen_us)), (id, time(last_seen_us))];
            store.touch_tenants(&seen).await.context("noting a tenant")?;
            Ok(Put::Done)
        }
        MetaRow::View { id, tenant, name, page, query, created_at_us, updated_at_us } => {
            let (created_at, updated_at) = (time(created_at_us), time(updated_at_us));
            let view = SavedView { id, tenant, version: 1, name, page, query, created_at, updated_at };
            let written = store.put_view(&TenantScope::All, &view, Replacing::Nothing).await;
            Ok(match written.context("adding a saved view")? {
                Written::Done => Put::Done,
                Written::Changed | Written::Absent | Written::Taken | Written::Outside => Put::Kept,
                Written::Full => Put::Full,
            })
        }
        MetaRow::Retention { tenant, retention } => {
            if store.retentions().await.context("reading retentions")?.contains_key(&tenant) {
                return Ok(Put::Kept);
            }
            store.put_retention(&tenant, Some(retention)).await.context("setting a retention")?;
            Ok(Put::Done)
        }
        MetaRow::Erasure { id, tenant, subject, requested_at_us, done_at_us, repeat_until_us, erased } => {
            let erasure = Erasure {
                id,
                tenant_id: tenant,
                subject,
                requested_at: time(requested_at_us),
                done_at: done_at_us.map(time),
                // What stands in this store was not looked at yet.
                due_at: Some(time(requested_at_us)),
                repeat_until: time(repeat_until_us),
                erased,
            };
            let is_new = store.add_erasure(&erasure).await.context("adding an erasure")?;
            Ok(if is_new { Put::Done } else { Put::Kept })
        }
    }
}

/// A view's version says which of two changes came first, in one store; in another it begins anew.
fn of_view(view: SavedView) -> MetaRow {
    let SavedView { id, tenant, version: _, name, page, query, created_at, updated_at } = view;
    let (created_at_us, updated_at_us) = (created_at.unix_us(), updated_at.unix_us());
    MetaRow::View { id, tenant, name, page, query, created_at_us, updated_at_us }
}

fn of_erasure(erasure: Erasure) -> MetaRow {
    let Erasure { id, tenant_id, subject, requested_at, done_at, due_at: _, repeat_until, erased } = erasure;
    MetaRow::Erasure {
        id,
        tenant: tenant_id,
        subject,
        requested_at_us: requested_at.unix_us(),
        done_at_us: done_at.map(Timestamp::unix_us),
        repeat_until_us: repeat_until.unix_us(),
        erased,
    }
}
