//! `/api/v1/views`: pages of the dashboard with their filters, under names that users gave.

use axum::{
    Json,
    extract::{Path, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use llmtrace_model::{SavedView, TenantScope, ViewId};
use llmtrace_store::{MAX_VIEWS_OF_TENANT, Replacing, Written};

use super::{
    Api, body,
    error::{Problem, ProblemView, ReadProblems, WriteProblems},
    etag::{IfMatch, Tag},
    query::OneParams,
    read::{Asked, changed, missing, part},
    view::{SavedViewBody, SavedViewList, SavedViewView},
};

/// What one is called in answers.
const VIEW: &str = "saved view";

/// The parameter of the path.
type Id = Result<Path<String>, PathRejection>;

/// Lists saved views by name: those of the tenant that is named, else all.
#[utoipa::path(
    get, path = "/api/v1/views", tag = "views", operation_id = "list_views", params(OneParams),
    responses(
        (status = 200, description = "The saved views", body = SavedViewList),
        ReadProblems,
    )
)]
pub(super) async fn list(Asked { api, scope, .. }: Asked<OneParams>) -> Result<Json<SavedViewList>, Problem> {
    let found = api.read("list_views", api.meta.views(&scope)).await?;
    Ok(Json(SavedViewList { items: found.into_iter().map(SavedViewView::from).collect() }))
}

/// Saves a view, of the tenant that is named, else of the whole installation; at most 500 each.
#[utoipa::path(
    post, path = "/api/v1/views", tag = "views", operation_id = "create_view", params(OneParams),
    request_body = SavedViewBody,
    responses(
        (status = 201, description = "The saved view", body = SavedViewView,
         headers(("ETag" = String, description = "Its version"), ("Location" = String, description = "Its path"))),
        (status = 409, description = "There are too many", body = ProblemView, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(super) async fn create(
    Asked { api, scope, asking, .. }: Asked<OneParams>,
    body::Json(body): body::Json<SavedViewBody>,
) -> Result<Response, Problem> {
    let now = api.clock.now();
    let SavedViewBody { name, page, query } = body;
    let view = SavedView {
        id: ViewId::from_bytes(*uuid::Uuid::new_v4().as_bytes()),
        tenant: owner(&scope),
        version: 1,
        name: name.into(),
        page,
        query: query.into(),
        created_at: now,
        updated_at: now,
    };
    match api.read("put_view", api.meta.put_view(&scope, &view, Replacing::Nothing)).await? {
        Written::Done => {}
        Written::Full => return Err(Problem::TooMany { what: "saved views", most: MAX_VIEWS_OF_TENANT }),
        // A new id is nobody's: only a store that wrote twice what it said failed would know it.
        Written::Changed | Written::Absent | Written::Taken | Written::Outside => return Err(Problem::StoreAway),
    }
    asking.targets(&view.id.to_string());
    asking.changes(None, Some(&SavedViewView::from(view.clone())));
    let place = format!("/api/v1/views/{}", view.id);
    Ok(Tag { version: view.version }.on_new(&place, SavedViewView::from(view)))
}

/// One saved view.
#[utoipa::path(
    get, path = "/api/v1/views/{view_id}", tag = "views", operation_id = "get_view",
    params(("view_id" = String, Path, description = "Its UUID"), OneParams),
    responses(
        (status = 200, description = "The saved view", body = SavedViewView,
         headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "There is no such view", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn one(Asked { api, scope, .. }: Asked<OneParams>, id: Id) -> Result<Response, Problem> {
    let id = view_id(id)?;
    Ok(answer(find(&api, &scope, id).await?))
}

/// Changes a saved view, if it is still the one whose `ETag` is in `If-Match`.
#[utoipa::path(
    put, path = "/api/v1/views/{view_id}", tag = "views", operation_id = "replace_view",
    params(
        ("view_id" = String, Path, description = "Its UUID"),
        ("If-Match" = String, Header, description = "The `ETag` of what is changed, or `*`"),
        OneParams,
    ),
    request_body = SavedViewBody,
    responses(
        (status = 200, description = "The saved view, changed", body = SavedViewView,
         headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "There is no such view", body = ProblemView, content_type = "application/problem+json"),
        (status = 412, description = "It was changed meanwhile", body = ProblemView, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing", body = ProblemView, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(super) async fn replace(
    Asked { api, scope, asking, .. }: Asked<OneParams>,
    id: Id,
    condition: IfMatch,
    body::Json(body): body::Json<SavedViewBody>,
) -> Result<Response, Problem> {
    let id = view_id(id)?;
    let stored = find(&api, &scope, id).await?;
    asking.is_of(stored.tenant.as_ref());
    let version = stored.version;
    condition.check(Tag { version })?;
    let before = SavedViewView::from(stored.clone());
    let SavedViewBody { name, page, query } = body;
    let view = SavedView { name: name.into(), page, query: query.into(), updated_at: api.clock.now(), ..stored };
    let written = api.read("put_view", api.meta.put_view(&scope, &view, Replacing::Version(version))).await?;
    changed(written, VIEW, id)?;
    let view = SavedView { version: version.saturating_add(1), ..view };
    asking.changes(Some(&before), Some(&SavedViewView::from(view.clone())));
    Ok(answer(view))
}

/// Deletes a saved view, if it is still the one whose `ETag` is in `If-Match`.
#[utoipa::path(
    delete, path = "/api/v1/views/{view_id}", tag = "views", operation_id = "delete_view",
    params(
        ("view_id" = String, Path, description = "Its UUID"),
        ("If-Match" = String, Header, description = "The `ETag` of what is deleted, or `*`"),
        OneParams,
    ),
    responses(
        (status = 204, description = "It is deleted"),
        (status = 404, description = "There is no such view", body = ProblemView, content_type = "application/problem+json"),
        (status = 412, description = "It was changed meanwhile", body = ProblemView, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn remove(
    Asked { api, scope, asking, .. }: Asked<OneParams>,
    id: Id,
    condition: IfMatch,
) -> Result<StatusCode, Problem> {
    let id = view_id(id)?;
    let stored = find(&api, &scope, id).await?;
    asking.is_of(stored.tenant.as_ref());
    let version = stored.version;
    condition.check(Tag { version })?;
    changed(api.read("delete_view", api.meta.delete_view(&scope, id, version)).await?, VIEW, id)?;
    asking.changes(Some(&SavedViewView::from(stored)), None);
    Ok(StatusCode::NO_CONTENT)
}

fn view_id(id: Id) -> Result<ViewId, Problem> {
    part("view_id", id, "the UUID of a saved view")
}

async fn find(api: &Api, scope: &TenantScope, id: ViewId) -> Result<SavedView, Problem> {
    api.read("get_view", api.meta.view(scope, id)).await?.ok_or_else(|| missing(VIEW, id))
}

/// Whose a thing is that is asked for in a scope; `None` for the whole installation.
pub(super) fn owner(scope: &TenantScope) -> Option<llmtrace_model::TenantId> {
    match scope {
        TenantScope::One(tenant) => Some(tenant.clone()),
        TenantScope::All => None,
    }
}

fn answer(view: SavedView) -> Response {
    Tag { version: view.version }.on(StatusCode::OK, SavedViewView::from(view))
}
