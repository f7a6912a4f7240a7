//! `/api/v1/policies/evaluate`: what a draft of a policy would change about exchanges that are stored. Nothing of it is kept.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::Json;
use llmtrace_model::{PageRequest, SpanFilter, SpanId, SpanRecord, TenantId, TenantSettings, Timestamp};

use super::{
    Api, body,
    error::{Problem, ProblemView, WriteProblems},
    query::NoParams,
    read::Asked,
    view::{EvaluationBody, EvaluationView, MAX_EVALUATED, MAX_NAMED},
};
use crate::{
    analysis::{NotAnalysed, Replay},
    config::{OwnGuard, Ruling},
};

/// How long an evaluation may take, reading included; what it did not get to by then is left out.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest body that holds a policy.
pub(super) const MAX_POLICY: usize = 256 * 1024;
/// Spans that are read at once: what was said in a few of them may be megabytes.
const PAGE: u32 = 25;
/// Spans that are looked at where nothing is said.
const DEFAULT_LIMIT: u32 = 200;

/// Looks again at stored exchanges and says what a draft would do about them that the policy in force does not. Nothing is
/// changed by it, and no text is answered.
///
/// The draft is taken for the tenant's own, as it would stand in its settings. Where all tenants are asked for, it is taken for
/// that of each.
#[utoipa::path(
    post, path = "/api/v1/policies/evaluate", tag = "detection", operation_id = "evaluate_policy",
    request_body = EvaluationBody,
    responses(
        (status = 200, description = "What would change", body = EvaluationView),
        (status = 422, description = "The question covers more than is looked at for one answer", body = ProblemView,
         content_type = "application/problem+json"),
        (status = 500, description = "The store is broken, its cause is in the log", body = ProblemView,
         content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(super) async fn evaluate(
    asked: Asked<NoParams>,
    body::Json(body): body::Json<EvaluationBody, MAX_POLICY>,
) -> Result<Json<EvaluationView>, Problem> {
    let EvaluationBody { policy, since, until, span_ids, limit } = body;
    let draft = read_policy(&policy, "policy")?;
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_EVALUATED).contains(&limit) {
        return Err(wrong("limit", format!("found {limit}, expected 1 to {MAX_EVALUATED}")));
    }
    if let Some(ids) = span_ids.as_ref().filter(|ids| !(1..=MAX_NAMED).contains(&ids.len())) {
        return Err(wrong("span_ids", format!("found {} ids, expected 1 to {MAX_NAMED}", ids.len())));
    }
    let evaluation = Evaluation { asked, draft: Arc::new(draft), within: (since, until), begun: Instant::now() };
    let view = match span_ids {
        Some(ids) => evaluation.of_these(ids, limit).await,
        None => evaluation.of_all(limit).await,
    };
    view.map(Json)
}

/// Reads a policy of a body; `place` is the member that holds it.
pub(super) fn read_policy(policy: &serde_json::Value, place: &str) -> Result<OwnGuard, Problem> {
    OwnGuard::read(policy, place).map_err(|error| wrong(&error.place, error.why))
}

fn wrong(field: &str, why: String) -> Problem {
    Problem::BadBody { field: field.to_owned(), why }
}

/// A draft on its way through spans.
struct Evaluation {
    asked: Asked<NoParams>,
    draft: Arc<OwnGuard>,
    within: (Option<Timestamp>, Option<Timestamp>),
    begun: Instant,
}

impl Evaluation {
    /// The newest spans of the time that is asked for.
    async fn of_all(&self, limit: u32) -> Result<EvaluationView, Problem> {
        let Asked { api, scope, .. } = &self.asked;
        let (from, until) = self.within;
        let filter = SpanFilter { from, until, ..SpanFilter::default() };
        let (mut view, mut left) = (EvaluationView::default(), limit);
        let mut page = PageRequest { limit: PAGE, after: None };
        loop {
            page.limit = PAGE.min(left);
            let found = api.read("evaluate_policy", api.spans.list_records(scope, &filter, &page)).await?;
            left = left.saturating_sub(u32::try_from(found.items.len()).unwrap_or(u32::MAX));
            if !self.look(&mut view, found.items).await? {
                return Ok(view);
            }
            page.after = found.next;
            if page.after.is_none() || left == 0 {
                view.is_whole = true;
                return Ok(view);
            }
        }
    }

    /// The spans that are named, newest first.
    async fn of_these(&self, ids: Vec<SpanId>, limit: u32) -> Result<EvaluationView, Problem> {
        let Asked { api, scope, .. } = &self.asked;
        let (from, until) = self.within;
        let (mut view, mut seen) = (EvaluationView { is_whole: true, ..EvaluationView::default() }, 0);
        for id in ids {
            let found = api.read("evaluate_policy", api.spans.span(scope, id)).await?;
            let is_within = |record: &SpanRecord| {
                let at = record.span.started_at;
                from.is_none_or(|from| at >= from) && until.is_none_or(|until| at < until)
            };
            let Some(record) = found.filter(is_within) else { continue };
            seen += 1;
            if seen > limit {
                break;
            }
            if !self.look(&mut view, vec![record]).await? {
                view.is_whole = false;
                break;
            }
        }
        view.changed.sort_by_key(|changed| std::cmp::Reverse((changed.started_at, changed.exchange_id)));
        Ok(view)
    }

    /// Looks at some spans; `false` where there is no time for more.
    async fn look(&self, view: &mut EvaluationView, records: Vec<SpanRecord>) -> Result<bool, Problem> {
        let api = &self.asked.api;
        let left = PATIENCE.saturating_sub(self.begun.elapsed());
        if left.is_zero() {
            return Ok(records.is_empty());
        }
        let (tenancy, draft) = (Arc::clone(&api.tenancy), Arc::clone(&self.draft));
        let looked = api.analysts.run_aside(left, move |engine, deadline| {
            let then = Arc::new(tenancy.guarding().with(&draft, 0));
            let rulings = |tenant: &TenantId| (tenancy.ruling_of(tenant), Arc::clone(&then));
            Replay::of(engine, &rulings, records, deadline)
        });
        match looked.await {
            Ok(replay) => {
                view.add(replay);
                Ok(self.begun.elapsed() < PATIENCE)
            }
            // Others were first, all the time.
            Err(NotAnalysed::Late) if view.looked_at == 0 => Err(Problem::AnalysisBusy),
            Err(NotAnalysed::Late) => Ok(false),
            Err(NotAnalysed::Failed) => Err(Problem::AnalysisFailed),
        }
    }
}

impl Api {
    /// What a tenant with these settings is met with: its own word where it can be read, else what is in force.
    pub(super) fn ruling_with(&self, tenant: &TenantId, own: Option<&TenantSettings>) -> Arc<Ruling> {
        let Some((guard, version)) = own.and_then(|own| Some((own.guard.as_ref()?, own.version))) else {
            return Arc::new(self.tenancy.guarding().installation());
        };
        match OwnGuard::read(guard, "guard") {
            Ok(own) => Arc::new(self.tenancy.guarding().with(&own, version)),
            Err(_) => self.tenancy.ruling_of(tenant),
        }
    }
}
