//! The bare hyper pass-through: hyper's server, hyper-util's pooled client, bodies streamed both ways, nothing else.
//!
//! The floor of our stack: whatever LLMTrace costs above this, it costs for what it does.

use std::{convert::Infallible, net::SocketAddr};

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{Either, Empty};
use hyper::{
    Request, Response, StatusCode, Uri,
    body::Incoming,
    http::uri::{Authority, Scheme},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use crate::serving;

/// Answers with upstream's body, or with nothing when upstream failed.
type Answer = Response<Either<Incoming, Empty<Bytes>>>;

/// Forwards everything to `upstream` until standard input ends. Tokio's multi-thread runtime, as the product.
pub(crate) fn serve(listen: SocketAddr, upstream: SocketAddr) -> anyhow::Result<()> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let authority: Authority = upstream.to_string().parse().context("upstream")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serving::until_input_ends(listen, move |request| {
        let (client, authority) = (client.clone(), authority.clone());
        async move { Ok::<_, Infallible>(forward(&client, authority, request).await) }
    }))
}

async fn forward(
    client: &Client<HttpConnector, Incoming>,
    authority: Authority,
    mut request: Request<Incoming>,
) -> Answer {
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    let answer = match Uri::from_parts(parts) {
        Ok(uri) => {
            *request.uri_mut() = uri;
            client.request(request).await.ok()
        }
        Err(_) => None,
    };
    answer.map(|answer| answer.map(Either::Left)).unwrap_or_else(bad_gateway)
}

fn bad_gateway() -> Answer {
    let mut answer = Response::new(Either::Right(Empty::new()));
    *answer.status_mut() = StatusCode::BAD_GATEWAY;
    answer
}
