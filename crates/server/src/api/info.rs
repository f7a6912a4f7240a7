//! `/api/v1/info`: what is installed, for whoever shows it.

use std::net::SocketAddr;

use axum::{
    Json,
    http::{HeaderMap, Uri, header, uri::Authority},
};

use llmtrace_model::{CaptureContent, CaptureRaw};

use super::{
    error::{Problem, ReadProblems},
    query::NoParams,
    read::Asked,
    view::{InfoStorage, InfoView},
};

/// What is installed; made once by boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The storage profile.
    pub profile: String,
    /// Whether messages are stored, as configured.
    pub capture_content: CaptureContent,
    /// Of which exchanges the bytes are stored: of none where no message is.
    pub capture_raw: CaptureRaw,
    /// The names of the upstreams.
    pub upstreams: Vec<String>,
    /// Where clients send, when that is another listener than the API's.
    pub proxy: Option<ProxyAddress>,
}

/// Where clients send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyAddress {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// The listener.
    pub addr: SocketAddr,
}

/// What is installed: version, storage, what is kept, where clients send; and how far index and sums have come.
#[utoipa::path(
    get, path = "/api/v1/info", tag = "operation", operation_id = "get_info",
    responses((status = 200, description = "What is installed", body = InfoView), ReadProblems)
)]
pub(super) async fn info(
    Asked { api, .. }: Asked<NoParams>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<InfoView>, Problem> {
    let backlog = api.spans.backlog();
    let installation = &api.installation;
    Ok(Json(InfoView {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        profile: installation.profile.clone(),
        capture_content: installation.capture_content.as_str().to_owned(),
        capture_raw: installation.capture_raw.as_str().to_owned(),
        upstreams: installation.upstreams.clone(),
        proxy_url: installation.proxy.map(|proxy| proxy.url(&uri, &headers)),
        storage: InfoStorage {
            spans: api.spans.backend().as_str().to_owned(),
            meta: api.meta.backend().as_str().to_owned(),
        },
        text_index: backlog.into(),
        rollups: backlog.into(),
    }))
}

impl ProxyAddress {
    /// Its URL as the asker would reach it: a listener on every address is reached by the name this question came by.
    fn url(&self, uri: &Uri, headers: &HeaderMap) -> String {
        let Self { scheme, addr } = self;
        // HTTP/2 puts the host into the URI, HTTP/1.1 into the header.
        let header = || headers.get(header::HOST)?.to_str().ok()?.parse::<Authority>().ok();
        match uri.authority().cloned().or_else(header) {
            Some(host) if addr.ip().is_unspecified() => format!("{scheme}://{}:{}", host.host(), addr.port()),
            Some(_) | None => format!("{scheme}://{addr}"),
        }
    }
}
