//! `/api/v1/me`: who is asking.

use axum::Json;

use super::{error::ReadProblems, query::NoParams, read::Asked, view::MeView};

/// Who is asking, and how far they reach: what a page shows follows from it.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "access", operation_id = "get_me",
    responses((status = 200, description = "Who is asking", body = MeView), ReadProblems)
)]
pub(super) async fn me(Asked { api, asking, .. }: Asked<NoParams>) -> Json<MeView> {
    Json(MeView::of(&asking.caller, api.tenancy.mode()))
}
