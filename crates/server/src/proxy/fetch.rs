//! One small question to a server that is no upstream, over a connection of its own: as upstreams are connected to, through the
//! same forward proxies, and bounded in time and size. It follows no redirect.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header, uri::PathAndQuery};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::{http1, http2};
use hyper_util::{client::legacy::connect::Connection as _, rt::TokioExecutor};
use tokio::time::timeout;
use tower::{BoxError, ServiceExt as _};

use super::Client;

/// The longest that it takes.
const LIMIT: Duration = Duration::from_secs(10);
/// The largest answer.
const MAX_BYTES: usize = 1 << 20;

impl Client {
    /// Asks, and waits for the whole answer. Cancel-safe: who leaves closes the connection.
    pub async fn fetch(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, BoxError> {
        timeout(LIMIT, self.ask(request)).await.map_err(|_| "no answer in time")?
    }

    async fn ask(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, BoxError> {
        let (mut parts, body) = request.into_parts();
        let uri = parts.uri.clone();
        let (scheme, authority) =
            uri.scheme().cloned().zip(uri.authority().cloned()).ok_or("the address is no whole one")?;
        let io = self.connector.clone().oneshot(uri).await?;
        let is_http2 = self.is_http2_only() || io.connected().is_negotiated_h2();
        let path = parts.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        parts.headers.insert(header::HOST, HeaderValue::from_str(authority.as_str())?);
        let body = Full::new(Bytes::from(body));
        if is_http2 {
            parts.headers.remove(header::HOST);
            parts.uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build()?;
            let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
            let asked = Request::from_parts(parts, body);
            return driven(connection, async move { whole(sender.send_request(asked).await?).await }).await;
        }
        parts.uri = Uri::from(path);
        let (mut sender, connection) = http1::handshake(io).await?;
        let asked = Request::from_parts(parts, body);
        driven(connection, async move { whole(sender.send_request(asked).await?).await }).await
    }
}

/// Waits for an answer while its connection is worked on, here and by no task of its own.
async fn driven<T>(
    connection: impl Future<Output = Result<(), hyper::Error>>,
    answer: impl Future<Output = Result<T, BoxError>>,
) -> Result<T, BoxError> {
    let (mut connection, mut answer) = (std::pin::pin!(connection), std::pin::pin!(answer));
    tokio::select! {
        answer = &mut answer => answer,
        ended = &mut connection => {
            ended?;
            answer.await
        }
    }
}

async fn whole(response: Response<hyper::body::Incoming>) -> Result<Response<Vec<u8>>, BoxError> {
    let (head, body) = response.into_parts();
    let body = Limited::new(body, MAX_BYTES).collect().await?.to_bytes();
    Ok(Response::from_parts(head, body.to_vec()))
}
